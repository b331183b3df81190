//! What the service manager hears of a supervisor.

use std::time::Duration;

use baton_testkit::process::Signal;
use tokio::net::UnixDatagram;

use super::support::{Keeper, Yard, until};

/// No test waits this long: it only turns a hang into a failure.
const LONG: Duration = Duration::from_secs(90);

/// The manager's end of the socket.
struct Manager {
    socket: UnixDatagram,
    path: String,
}

impl Manager {
    fn new(yard: &Yard) -> Manager {
        let path = yard.redis.directory().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        Manager { socket, path: path.to_str().expect("a text").to_owned() }
    }

    fn watching(&self, yard: &Yard, count: &str) -> Keeper {
        let variables = [
            ("BATON_SUPERVISOR_COUNT", count),
            ("NOTIFY_SOCKET", &self.path),
            // Twice as often as its loop turns by itself.
            ("WATCHDOG_USEC", "1000000"),
        ];
        yard.supervisor("one", &variables)
    }

    async fn next(&self) -> String {
        let mut buffer = [0; 4_096];
        let heard = tokio::time::timeout(LONG, self.socket.recv(&mut buffer)).await;
        let length = heard.expect("a word to the manager").expect("a message");
        String::from_utf8(buffer[..length].to_vec()).expect("a text")
    }

    /// Everything up to this message.
    async fn until(&self, message: &str) -> Vec<String> {
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last| last != message) {
            heard.push(self.next().await);
        }
        heard
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_and_alive_with_and_without_redis_and_says_how_its_workers_do() {
    let mut yard = Yard::open().await;
    let manager = Manager::new(&yard);
    let mut keeper = manager.watching(&yard, "2");
    let begun = manager.until("READY=1\n").await;
    assert!(begun.iter().all(|message| message != "STOPPING=1\n"), "{begun:?}");
    manager.until("STATUS=2 of 2 workers ready, steady\n").await;
    yard.redis().freeze();
    for _ in 0..5 {
        manager.until("WATCHDOG=1\n").await;
    }
    yard.redis().thaw();
    yard.set(Some(1), None).await;
    manager.until("STATUS=1 of 1 workers ready, steady\n").await;
    keeper.0.signal(Signal::TERM);
    let heard = manager.until("STOPPING=1\n").await;
    assert!(heard.iter().all(|message| !message.contains("READY")), "once is enough: {heard:?}");
    until("it ends", async || !keeper.0.is_running()).await;
    assert!(keeper.0.child().wait().expect("a status").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_after_a_while_without_a_redis() {
    let mut yard = Yard::open().await;
    yard.redis().kill();
    let manager = Manager::new(&yard);
    let _keeper = manager.watching(&yard, "1");
    manager.until("READY=1\n").await;
    manager.until("WATCHDOG=1\n").await;
    yard.redis().restart().await;
    manager.until("STATUS=1 of 1 workers ready, steady\n").await;
}
