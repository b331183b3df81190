//! Many listeners, and slow ones.

use baton_core::Shard;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{World, in_time, submit, until};

/// A listener that is nothing but a socket.
async fn plain_listener(world: &World, receive_buffer: u32) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(receive_buffer).unwrap();
    let mut stream = socket.connect(world.gateway.address).await.unwrap();
    let request = "GET /api/v1/events?topics=tasks HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    read_until(&mut stream, ": hello").await;
    stream
}

/// Reads on until this text came.
async fn read_until(stream: &mut TcpStream, wanted: &str) {
    let (mut seen, mut chunk) = (String::new(), vec![0; 65_536]);
    while !seen.contains(wanted) {
        // The text may be cut in two; the rest is of no interest.
        let keep = seen.len().saturating_sub(wanted.len());
        seen = seen.split_off((keep..=seen.len()).find(|at| seen.is_char_boundary(*at)).unwrap());
        let length = in_time(wanted, stream.read(&mut chunk)).await.unwrap();
        assert!(length > 0, "the stream ended before {wanted}");
        seen += &String::from_utf8_lossy(&chunk[..length]);
    }
}

async fn connections(world: &World) -> usize {
    let list: String = world.redis.say(&["CLIENT", "LIST"]).await;
    list.lines().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_listeners_share_one_reader() {
    let world = World::new().await;
    let mut first = world.gateway.listen("topics=tasks", None).await;
    world.submit(1).await;
    first.next().await.unwrap();
    let before = connections(&world).await;
    let mut crowd = Vec::new();
    for _ in 0..1_000 {
        crowd.push(plain_listener(&world, 4_096).await);
    }
    assert!(connections(&world).await <= before, "listeners cost connections to Redis");
    let (_, metrics) = world.gateway.get("/metrics").await;
    let open =
        metrics.lines().find_map(|line| line.strip_prefix("baton_http_streams{kind=\"sse\"} ")).unwrap();
    assert!(open.parse::<f64>().unwrap() >= 1_001.0, "{open}");
    // And all of them hear.
    let id = world.submit(1).await[0].to_string();
    for listener in &mut crowd {
        read_until(listener, &id).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_keep_up_is_told_and_holds_nobody_up() {
    let world = World::new().await;
    let mut quick = world.gateway.listen("topics=tasks", None).await;
    let mut slow = plain_listener(&world, 4_096).await;
    // Far more than lies in the ring and in the buffers of a socket together. The quick one reads along.
    for _ in 0..40 {
        for _ in 0..10 {
            submit(&world.store, Shard::FIRST, 200).await.unwrap();
        }
        for got in quick.take(2_000).await {
            assert_eq!(got.topic, "task");
        }
    }
    read_until(&mut slow, "event: reset").await;
    let id = world.submit(1).await[0].to_string();
    read_until(&mut slow, &id).await;
    assert_eq!(quick.next().await.unwrap().event().task, Some(id));
}

#[tokio::test]
async fn listeners_that_leave_are_forgotten() {
    let world = World::new().await;
    let feed = &world.gateway.app.feed;
    let listener = plain_listener(&world, 65_536).await;
    let events = world.gateway.listen("topics=counts", None).await;
    assert_eq!(feed.listeners(), 2);
    drop((listener, events));
    until("both are gone", async || (feed.listeners() == 0).then_some(())).await;
}
