//! A gateway in this process, and clients of its feed.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use baton_api::event::Event;
use baton_core::{Shard, ShardCount, TaskId};
use baton_gateway::{App, Settings, serve};
use baton_store::calls::task::{NewTask, Submission, SubmitAnswer};
use baton_store::{Error, Options, Store};
use baton_testkit::{Launch, PrivateRedis, kind};
use futures_util::{Stream, StreamExt};
use sse_stream::{Sse, SseStream};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// No test waits this long: it only turns a hang into a failure.
pub(crate) const LONG: Duration = Duration::from_secs(90);

pub(crate) async fn in_time<T>(what: &str, wait: impl Future<Output = T>) -> T {
    match tokio::time::timeout(LONG, wait).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {LONG:?}"),
    }
}

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    in_time(what, async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}

/// A Redis, a store on it, and a gateway in front of it.
pub(crate) struct World {
    pub(crate) redis: PrivateRedis,
    pub(crate) store: Store,
    pub(crate) gateway: Gateway,
}

pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) app: App,
    pub(crate) shutdown: CancellationToken,
    pub(crate) serving: JoinHandle<std::io::Result<()>>,
}

impl World {
    pub(crate) async fn new() -> World {
        World::with(Launch::default(), 1).await
    }

    pub(crate) async fn with(launch: Launch, shards: u32) -> World {
        let redis = launch.start().await;
        let mut options = Options::new(redis.url().parse().unwrap());
        options.shards = ShardCount::new(shards).unwrap();
        let (store, _) = Store::open(options).await.unwrap();
        let gateway = Gateway::start(&store).await;
        World { redis, store, gateway }
    }

    /// Submits so many tasks to one shard, in one call.
    pub(crate) async fn submit(&self, count: usize) -> Vec<TaskId> {
        submit(&self.store, Shard::FIRST, count).await.unwrap()
    }
}

pub(crate) async fn submit(store: &Store, shard: Shard, count: usize) -> Result<Vec<TaskId>, Error> {
    let tasks: Vec<NewTask> =
        (0..count).map(|_| NewTask::new(store.draw(shard), kind("noop"), *b"{}")).collect();
    match store.submit(&Submission { tasks: &tasks, by: None, op: None }).await? {
        SubmitAnswer::Tasks { .. } => Ok(tasks.iter().map(|task| task.id).collect()),
        SubmitAnswer::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

impl Gateway {
    pub(crate) async fn start(store: &Store) -> Gateway {
        let shutdown = CancellationToken::new();
        let app = App::start(store.clone(), Settings::default(), shutdown.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, app.clone(), shutdown.clone(), LONG));
        Gateway { address, app, shutdown, serving }
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        get(self.address, path).await
    }

    /// Listens with this query from now on, or from where this id ends.
    pub(crate) async fn listen(&self, query: &str, after: Option<&str>) -> Events {
        Events::listen(self.address, query, after).await
    }
}

pub(crate) fn client() -> reqwest::Client {
    // Nothing is asked over TLS here, but the client wants to know how it would be.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let answer = in_time(path, client().get(format!("http://{address}{path}")).send()).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// What a client of the feed got.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) id: String,
    pub(crate) topic: String,
    pub(crate) data: String,
}

impl Got {
    pub(crate) fn event(&self) -> Event {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// `submit 1`: the event and the version of the task.
    pub(crate) fn short(&self) -> String {
        let event = self.event();
        event.version.map_or(event.event.clone(), |version| format!("{} {version}", event.event))
    }
}

/// A client of the feed over server-sent events.
pub(crate) struct Events {
    stream: Pin<Box<dyn Stream<Item = Result<Sse, sse_stream::Error>> + Send>>,
    pub(crate) headers: reqwest::header::HeaderMap,
    /// With which it would go on.
    pub(crate) id: String,
}

impl Events {
    pub(crate) async fn listen(address: SocketAddr, query: &str, after: Option<&str>) -> Events {
        let mut request = client().get(format!("http://{address}/api/v1/events?{query}"));
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after);
        }
        let answer = in_time("the head of the feed", request.send()).await.unwrap();
        assert_eq!(answer.status(), 200);
        let headers = answer.headers().clone();
        let stream = Box::pin(SseStream::from_bytes_stream(answer.bytes_stream()));
        let mut events = Events { stream, headers, id: String::new() };
        // The first thing said is where it begins.
        while events.id.is_empty() {
            let hello = events.raw().await.expect("a hello");
            assert_eq!((hello.event, hello.data), (None, None));
        }
        events
    }

    async fn raw(&mut self) -> Option<Sse> {
        let next = in_time("an event", self.stream.next()).await?.ok()?;
        if let Some(id) = &next.id {
            self.id.clone_from(id);
        }
        Some(next)
    }

    /// The next event; none when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Got> {
        loop {
            let next = self.raw().await?;
            if let (Some(topic), Some(data)) = (next.event, next.data) {
                return Some(Got { id: self.id.clone(), topic, data });
            }
        }
    }

    pub(crate) async fn take(&mut self, count: usize) -> Vec<Got> {
        let mut taken = Vec::new();
        while taken.len() < count {
            taken.push(self.next().await.expect("the stream goes on"));
        }
        taken
    }
}
