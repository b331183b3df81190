use super::*;
use deadpool_redis::redis::AsyncCommands;
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn a_server_boots_in_a_private_directory_and_leaves_nothing_behind() {
    let mut server = PrivateRedis::start().await;
    let directory = server.directory().to_owned();
    assert_eq!(directory.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(server.url(), format!("unix://{}/redis.sock", directory.display()));
    assert_eq!(server.tcp_url(), None);

    let pong: String = cmd("PING").query_async(&mut server.connection().await).await.unwrap();
    assert_eq!(pong, "PONG");
    assert!(server.log().contains("ready to accept connections"));

    let process = format!("/proc/{}", server.process().child().id());
    assert!(Path::new(&process).exists());
    drop(server);
    assert!(!Path::new(&process).exists());
    assert!(!directory.exists());
}

#[tokio::test]
async fn debug_commands_are_there_and_nothing_is_saved() {
    let server = PrivateRedis::start().await;
    let mut connection = server.connection().await;
    cmd("DEBUG").arg("SLEEP").arg(0).exec_async(&mut connection).await.unwrap();
    let (_, save): (String, String) =
        cmd("CONFIG").arg("GET").arg("save").query_async(&mut connection).await.unwrap();
    assert_eq!(save, "");
}

#[tokio::test]
async fn a_kill_keeps_what_a_durable_server_was_told() {
    let mut server = Launch::default().durable().start().await;
    let _: () = server.connection().await.set("fact", "kept").await.unwrap();
    server.kill();
    assert!(!server.is_running());
    assert!(UnixStream::connect(server.socket()).is_err());
    server.restart().await;
    assert!(server.is_running());
    let fact: Option<String> = server.connection().await.get("fact").await.unwrap();
    assert_eq!(fact.as_deref(), Some("kept"));
}

#[tokio::test]
async fn a_kill_takes_what_a_bare_server_was_told() {
    let mut server = PrivateRedis::start().await;
    let _: () = server.connection().await.set("fact", "lost").await.unwrap();
    server.restart().await;
    let fact: Option<String> = server.connection().await.get("fact").await.unwrap();
    assert_eq!(fact, None);
}

#[tokio::test]
async fn a_frozen_server_answers_only_after_the_thaw() {
    let mut server = PrivateRedis::start().await;
    let mut connection = server.connection().await;
    server.freeze();
    let asking = tokio::spawn(async move { cmd("PING").query_async::<String>(&mut connection).await });
    // The process stands, so no number of turns can bring an answer.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!asking.is_finished());
    server.thaw();
    assert_eq!(asking.await.unwrap().unwrap(), "PONG");
}

#[tokio::test]
async fn a_frozen_server_can_be_killed() {
    let mut server = PrivateRedis::start().await;
    server.freeze();
    server.kill();
    assert!(!server.is_running());
}

#[tokio::test]
async fn tcp_on_a_free_port_survives_a_restart() {
    let mut server = Launch::default().tcp(0).start().await;
    let url = server.tcp_url().unwrap();
    server.restart().await;
    assert_eq!(server.tcp_url().unwrap(), url);
    let mut connection = Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    assert_eq!(cmd("PING").query_async::<String>(&mut connection).await.unwrap(), "PONG");
}

#[tokio::test]
async fn a_cluster_of_one_owns_every_slot_and_refuses_to_cross_them() {
    let server = Launch::default().cluster().start().await;
    let mut connection = server.connection().await;
    let _: () = connection.set("{a}x", "1").await.unwrap();
    let crossed: Result<Vec<Option<String>>, _> = connection.mget(&["{a}x", "{b}x"]).await;
    assert!(crossed.unwrap_err().to_string().contains("CrossSlot"));
}

#[tokio::test]
async fn a_server_that_cannot_boot_says_why() {
    let start = tokio::spawn(Launch::default().with("maxmemory", "plenty").start());
    let panic = start.await.unwrap_err().into_panic();
    let sentence = panic.downcast_ref::<String>().unwrap();
    assert!(sentence.contains("ended while booting") && sentence.contains("maxmemory"), "{sentence}");
}

#[tokio::test]
async fn booting_is_quick_enough_for_one_server_per_test() {
    #[expect(clippy::disallowed_methods, reason = "this test measures real time")]
    let begin = Instant::now();
    for _ in 0..20 {
        drop(PrivateRedis::start().await);
    }
    let each = begin.elapsed() / 20;
    println!("a private Redis boots, answers and ends in {each:?}");
    assert!(each < Duration::from_millis(500), "{each:?}");
}
