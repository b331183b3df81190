//! What a service manager hears from the program.

use baton_testkit::{Launch, PrivateRedis};
use tokio::net::UnixDatagram;

use crate::program::Program;
use crate::support::{get, in_time};

/// The manager's end of the socket.
struct Manager {
    socket: UnixDatagram,
    path: String,
}

impl Manager {
    fn new(redis: &PrivateRedis) -> Manager {
        let path = redis.directory().join("notify");
        Manager { socket: UnixDatagram::bind(&path).unwrap(), path: path.to_str().unwrap().to_owned() }
    }

    async fn watching(&self, redis_url: &str) -> Program {
        let environment = [("NOTIFY_SOCKET", self.path.as_str()), ("WATCHDOG_USEC", "10000000")];
        Program::start_with(redis_url, &environment).await
    }

    async fn next(&self) -> String {
        let mut buffer = [0; 4_096];
        let length = in_time("a word to the manager", self.socket.recv(&mut buffer)).await.unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// Everything up to the first message that has `part` in it.
    async fn until(&self, part: &str) -> Vec<String> {
        let mut heard = Vec::new();
        let wait = async {
            while !heard.last().is_some_and(|last: &String| last.contains(part)) {
                heard.push(self.next().await);
            }
        };
        in_time(part, wait).await;
        heard
    }
}

#[tokio::test]
async fn it_hears_that_the_gateway_is_ready_alive_and_ends_whether_or_not_redis_answers() {
    let mut redis = Launch::default().start().await;
    let manager = Manager::new(&redis);
    let mut program = manager.watching(&redis.url()).await;
    assert_eq!(manager.next().await, "READY=1\n");
    assert_eq!(get(program.address, "/ready").await.0, 200);
    assert_eq!(manager.next().await, format!("STATUS=answers at http://{}\n", program.address));
    assert_eq!(manager.next().await, "WATCHDOG=1\n");
    redis.freeze();
    manager.until("not from Redis: no answer").await;
    for _ in 0..3 {
        manager.until("WATCHDOG=1\n").await;
    }
    redis.thaw();
    manager.until(&format!("http://{}\n", program.address)).await;
    program.terminate();
    manager.until("STOPPING=1\n").await;
    assert_eq!(manager.next().await, "STATUS=takes nothing new, and finishes what runs\n");
    assert!(program.ended().await.success());
}
