//! The Rust SDK against a real gateway and real workers.

mod examples;
mod flows;
mod handlers;
mod logins;
mod many;
mod operate;
mod submits;

use std::net::SocketAddr;

use baton::worker::{Worker, WorkerError};
use baton::{Client, Payload};
use baton_gateway::config::Config;
use baton_service::config::Sources;
use baton_service::signals::Shutdown;
use baton_testkit::PrivateRedis;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A Redis, a gateway, and a client of it. Workers are added.
struct House {
    client: Client,
    gateway: Shutdown,
    serving: JoinHandle<()>,
    // Last: whoever still speaks to it must end before it does.
    redis: PrivateRedis,
}

impl House {
    async fn open() -> House {
        let redis = PrivateRedis::start().await;
        let settings = [("BATON_REDIS_URL", redis.url()), ("BATON_LISTEN", "127.0.0.1:0".to_owned())];
        let environment = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let config = Config::resolve(&Sources { environment, ..Sources::default() }).unwrap();
        let gateway = Shutdown::default();
        let (bound, address) = oneshot::channel::<SocketAddr>();
        let shutdown = gateway.clone();
        let serving = tokio::spawn(async move {
            baton_gateway::run::run(config, shutdown, |address| bound.send(address).unwrap()).await.unwrap();
        });
        let client = Client::new(&format!("http://{}", address.await.unwrap())).unwrap();
        House { client, gateway, serving, redis }
    }

    /// A worker of this house, put together by the test.
    fn worker(&self, make: impl FnOnce(Worker) -> Worker) -> Working {
        let worker = make(Worker::connect(self.redis.url()));
        let drain = CancellationToken::new();
        Working { running: tokio::spawn(worker.run_until(drain.clone(), CancellationToken::new())), drain }
    }

    async fn close(self) {
        self.gateway.drain.cancel();
        self.serving.await.unwrap();
    }
}

/// A worker at work.
struct Working {
    drain: CancellationToken,
    running: JoinHandle<Result<baton::worker::Ended, WorkerError>>,
}

impl Working {
    async fn end(self) {
        self.drain.cancel();
        assert_eq!(self.running.await.unwrap().unwrap().abandoned, 0);
    }
}

/// What the tests submit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    number: u64,
    #[serde(default)]
    note: String,
}

impl Order {
    fn new(number: u64) -> Order {
        Order { number, note: String::new() }
    }
}

impl Payload for Order {
    const KIND: &'static str = "order.ship";
    type Output = u64;
}
