use super::*;
use crate::PrivateRedis;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{AsyncConnectionConfig, Client, RedisError, RedisResult, cmd};

/// No test waits this long: it only turns a hang into a failure.
const LONG: Duration = Duration::from_secs(20);

async fn pair() -> (PrivateRedis, FaultProxy) {
    let server = PrivateRedis::start().await;
    let proxy = FaultProxy::start(server.socket()).await;
    (server, proxy)
}

async fn try_connect(url: String) -> RedisResult<MultiplexedConnection> {
    let config =
        AsyncConnectionConfig::new().set_response_timeout(Some(LONG)).set_connection_timeout(Some(LONG));
    Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await
}

async fn connect(url: String) -> MultiplexedConnection {
    try_connect(url).await.unwrap()
}

async fn incr(connection: &mut MultiplexedConnection) -> RedisResult<i64> {
    cmd("INCR").arg("count").query_async(connection).await
}

async fn count(server: &PrivateRedis) -> i64 {
    let count: Option<i64> =
        cmd("GET").arg("count").query_async(&mut server.connection().await).await.unwrap();
    count.unwrap_or(0)
}

fn is_closed(error: &RedisError) -> bool {
    error.is_connection_dropped() || error.is_io_error()
}

#[tokio::test]
async fn it_passes_over_both_sockets() {
    let (server, proxy) = pair().await;
    assert_eq!(incr(&mut connect(proxy.url()).await).await.unwrap(), 1);
    assert_eq!(incr(&mut connect(proxy.tcp_url()).await).await.unwrap(), 2);
    let hits = proxy.hits();
    assert_eq!((hits.accepted, hits.refused, hits.lost), (2, 0, 0));
    assert!(hits.requests >= 2 && hits.replies >= 2, "{hits:?}");
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn a_large_value_passes_unharmed() {
    let (_server, proxy) = pair().await;
    let mut client = connect(proxy.url()).await;
    let value: Vec<u8> = (0..1_000_000_u32).map(|byte| byte as u8).collect();
    cmd("SET").arg("large").arg(&value).exec_async(&mut client).await.unwrap();
    let back: Vec<u8> = cmd("GET").arg("large").query_async(&mut client).await.unwrap();
    assert!(back == value);
}

#[tokio::test]
async fn a_lost_reply_was_carried_out_and_closes_the_connection() {
    let (server, proxy) = pair().await;
    let mut client = connect(proxy.url()).await;
    proxy.lose(Loss::next(Then::Close));
    let error = incr(&mut client).await.unwrap_err();
    assert!(is_closed(&error), "{error:?}");
    assert_eq!(proxy.lost().await.lost, 1);
    assert_eq!(count(&server).await, 1);
    assert_eq!(incr(&mut connect(proxy.url()).await).await.unwrap(), 2);
}

#[tokio::test]
async fn everything_sent_before_the_loss_is_carried_out() {
    let (server, proxy) = pair().await;
    let client = connect(proxy.url()).await;
    proxy.lose(Loss::next(Then::Close));
    let mut senders = JoinSet::new();
    for _ in 0..100 {
        let mut client = client.clone();
        senders.spawn(async move { incr(&mut client).await });
    }
    assert!(senders.join_all().await.iter().all(Result::is_err));
    // What the proxy had passed on was carried out; what it had not read yet was not.
    assert!(count(&server).await >= 1);
    assert_eq!(proxy.hits().lost, 1);
}

#[tokio::test]
async fn a_lost_reply_may_leave_the_connection_open_and_silent() {
    let (server, proxy) = pair().await;
    let mut client = connect(proxy.url()).await;
    proxy.lose(Loss::next(Then::StaySilent));
    let mut again = client.clone();
    let first = tokio::spawn(async move { incr(&mut client).await });
    proxy.lost().await;
    assert_eq!(count(&server).await, 1);

    let before = proxy.hits().requests;
    let second = tokio::spawn(async move { incr(&mut again).await });
    proxy.until(|hits| hits.requests > before).await;
    assert!(!first.is_finished() && !second.is_finished());
    proxy.sever();
    assert!(is_closed(&first.await.unwrap().unwrap_err()));
    assert!(is_closed(&second.await.unwrap().unwrap_err()));
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn only_the_reply_to_the_named_request_is_lost() {
    let (server, proxy) = pair().await;
    proxy.lose(Loss::to("INCR", Then::Close).times(2));
    for _ in 0..2 {
        // A new connection's greeting is answered: it does not contain the word.
        let mut client = connect(proxy.url()).await;
        cmd("PING").exec_async(&mut client).await.unwrap();
        assert!(incr(&mut client).await.is_err());
    }
    assert_eq!(proxy.lost().await.lost, 2);
    assert_eq!(incr(&mut connect(proxy.url()).await).await.unwrap(), 3);
    assert_eq!(count(&server).await, 3);
}

#[tokio::test]
async fn the_named_request_is_found_across_chopped_pieces() {
    let (_server, proxy) = pair().await;
    let outer = FaultProxy::start(proxy.socket()).await;
    outer.set(Direction::Requests, Mode::Chop(1));
    let mut client = connect(outer.url()).await;
    proxy.lose(Loss::to("count", Then::Close));
    assert!(incr(&mut client).await.is_err());
    assert_eq!(proxy.lost().await.lost, 1);
}

#[tokio::test]
async fn a_stalled_request_arrives_after_its_client_has_left() {
    let (server, proxy) = pair().await;
    let mut client = connect(proxy.url()).await;
    proxy.set(Direction::Requests, Mode::Stall);
    let asking = tokio::spawn(async move { incr(&mut client).await });
    proxy.until(|hits| hits.stalled == 1).await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    assert_eq!(count(&server).await, 0);

    let before = proxy.hits().requests;
    proxy.pass();
    proxy.until(|hits| hits.requests > before).await;
    assert_eq!(settled(&server, 1).await, 1);
}

/// The count, once it is what it should be; a zombie's request has no reply to wait for.
async fn settled(server: &PrivateRedis, expected: i64) -> i64 {
    tokio::time::timeout(LONG, async {
        while count(server).await != expected {}
        expected
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_stalled_reply_comes_when_released() {
    let (server, proxy) = pair().await;
    let mut client = connect(proxy.url()).await;
    proxy.set(Direction::Replies, Mode::Stall);
    let asking = tokio::spawn(async move { incr(&mut client).await });
    proxy.until(|hits| hits.stalled == 1).await;
    assert_eq!(count(&server).await, 1);
    assert!(!asking.is_finished());
    proxy.set(Direction::Replies, Mode::Pass);
    assert_eq!(asking.await.unwrap().unwrap(), 1);
}

#[tokio::test]
async fn refusing_closes_old_and_new_connections_until_it_passes_again() {
    let (_server, proxy) = pair().await;
    let mut client = connect(proxy.url()).await;
    assert_eq!(incr(&mut client).await.unwrap(), 1);
    proxy.refuse();
    assert!(is_closed(&incr(&mut client).await.unwrap_err()));
    assert!(try_connect(proxy.url()).await.is_err());
    assert!(try_connect(proxy.tcp_url()).await.is_err());
    let hits = proxy.until(|hits| hits.severed == 1).await;
    assert_eq!((hits.accepted, hits.refused), (1, 2));
    proxy.pass();
    assert_eq!(incr(&mut connect(proxy.url()).await).await.unwrap(), 2);
}

#[tokio::test]
async fn a_severed_client_may_connect_again() {
    let (_server, proxy) = pair().await;
    let mut client = connect(proxy.url()).await;
    proxy.sever();
    assert!(incr(&mut client).await.is_err());
    assert_eq!(incr(&mut connect(proxy.url()).await).await.unwrap(), 1);
}

#[tokio::test]
async fn a_delay_holds_each_piece_for_its_time() {
    let (_server, proxy) = pair().await;
    let mut client = connect(proxy.url()).await;
    proxy.set(Direction::Replies, Mode::Delay(Duration::from_millis(30)));
    #[expect(clippy::disallowed_methods, reason = "this test measures real time")]
    let begin = std::time::Instant::now();
    assert_eq!(incr(&mut client).await.unwrap(), 1);
    assert!(begin.elapsed() >= Duration::from_millis(30));
    assert_eq!(proxy.hits().delayed, 1);
}

#[tokio::test]
async fn chopped_bytes_arrive_whole() {
    let (_server, proxy) = pair().await;
    proxy.set(Direction::Requests, Mode::Chop(1));
    proxy.set(Direction::Replies, Mode::Chop(3));
    let mut client = connect(proxy.tcp_url()).await;
    for expected in 1..=20 {
        assert_eq!(incr(&mut client).await.unwrap(), expected);
    }
    assert!(proxy.hits().chopped >= 40);
}

#[tokio::test]
async fn the_server_may_be_restarted_behind_it() {
    let (mut server, proxy) = pair().await;
    let mut client = connect(proxy.url()).await;
    server.kill();
    assert!(is_closed(&incr(&mut client).await.unwrap_err()));
    assert!(try_connect(proxy.url()).await.is_err());
    proxy.until(|hits| hits.unreachable == 1).await;
    server.restart().await;
    assert_eq!(incr(&mut connect(proxy.url()).await).await.unwrap(), 1);
}

#[tokio::test]
async fn a_forgotten_loss_is_not_waited_for() {
    let (_server, proxy) = pair().await;
    proxy.lose(Loss::to("never sent", Then::Close).times(3));
    proxy.pass();
    assert_eq!(proxy.lost().await.lost, 0);
    assert_eq!(incr(&mut connect(proxy.url()).await).await.unwrap(), 1);
}

#[tokio::test]
async fn a_request_for_a_forgotten_loss_does_not_count_for_the_next() {
    let (server, proxy) = pair().await;
    let mut client = connect(proxy.url()).await;
    proxy.lose(Loss::to("INCR", Then::Close));
    proxy.set(Direction::Replies, Mode::Stall);
    let mut asking = client.clone();
    let asked = tokio::spawn(async move { incr(&mut asking).await });
    proxy.until(|hits| hits.stalled == 1).await;
    proxy.lose(Loss::to("never sent", Then::Close));
    proxy.set(Direction::Replies, Mode::Pass);
    assert_eq!(asked.await.unwrap().unwrap(), 1);
    assert_eq!(incr(&mut client).await.unwrap(), 2);
    assert_eq!((proxy.hits().lost, count(&server).await), (0, 2));
}

#[tokio::test]
async fn dropping_it_closes_everything_and_removes_its_directory() {
    let (_server, proxy) = pair().await;
    let mut client = connect(proxy.url()).await;
    let socket = proxy.socket();
    drop(proxy);
    assert!(is_closed(&incr(&mut client).await.unwrap_err()));
    assert!(!socket.parent().unwrap().exists());
}
