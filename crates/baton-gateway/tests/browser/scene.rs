//! A gateway of one's own, for browsers to look at.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use baton_auth::ring::Ring;
use baton_core::Shard;
use baton_gateway::{App, Settings, serve};
use baton_store::behind::Step;
use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::driver::{Browser, LONG, Look};

/// How long a gateway that ends waits for those who hold on.
const DRAIN: Duration = Duration::from_millis(100);

pub(crate) struct Scene {
    redis: PrivateRedis,
    settings: Settings,
    address: SocketAddr,
    client: reqwest::Client,
    gateway: Option<Gateway>,
}

struct Gateway {
    app: App,
    address: SocketAddr,
    ends: DropGuard,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Gateway {
    async fn start(redis: &PrivateRedis, settings: &Settings, address: SocketAddr) -> Gateway {
        let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.expect("a store");
        let ends = CancellationToken::new();
        let app = App::start(store, settings.clone(), ends.clone());
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, app.clone(), ends.clone(), DRAIN));
        Gateway { app, address, ends: ends.drop_guard(), serving }
    }
}

impl Scene {
    /// With nothing in it.
    pub(crate) async fn empty() -> Scene {
        Scene::with(Settings::default()).await
    }

    pub(crate) async fn with(mut settings: Settings) -> Scene {
        let redis = PrivateRedis::start().await;
        // The secrets of webhooks come from it.
        let secret = std::array::from_fn(|at| 17_u8.wrapping_mul(at as u8 + 3) ^ 0x5a);
        let ring = Ring::parse(Ring::line(1, secret).expose()).expect("a ring");
        settings.logins.ring = Some(Arc::new(ring));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(LONG).build().unwrap();
        let gateway = Gateway::start(&redis, &settings, "127.0.0.1:0".parse().unwrap()).await;
        Scene { redis, settings, address: gateway.address, gateway: Some(gateway), client }
    }

    /// A browser that is at this page of it, and hears what happens.
    pub(crate) async fn live(&self, path: &str) -> Browser {
        let browser = Browser::start(Look::default()).await;
        browser.open_live(&self.url(path)).await;
        browser
    }

    /// The command line, as built beside this test, of somebody who asks this gateway.
    pub(crate) async fn baton(&self, words: &[&str]) {
        let this = std::env::current_exe().expect("this test");
        let built = this.ancestors().nth(2).expect("the target directory").join("baton");
        assert!(built.is_file(), "{} is not built: cargo build --workspace --bins", built.display());
        let url = self.url("");
        let run = Command::new(built).args(words).env("BATON_URL", url).kill_on_drop(true).output();
        let run = timeout(LONG, run).await.expect("an end").expect("a run");
        assert!(run.status.success(), "{words:?}: {}", String::from_utf8_lossy(&run.stderr));
    }

    /// The gateway is gone, and its streams with it.
    pub(crate) async fn stop(&mut self) {
        let Gateway { ends, serving, .. } = self.gateway.take().expect("it runs");
        drop(ends);
        serving.await.expect("no panic").expect("an end");
    }

    /// Another one is in its place.
    pub(crate) async fn start_again(&mut self) {
        self.gateway = Some(Gateway::start(&self.redis, &self.settings, self.address).await);
    }

    /// What is written behind the work is there.
    pub(crate) async fn written(&self) {
        let store = &self.gateway.as_ref().expect("it runs").app.store;
        while !matches!(store.write_behind(Shard::FIRST, false).await, Ok(Step::Idle)) {}
    }

    /// How many streams there are.
    pub(crate) fn listeners(&self) -> usize {
        self.gateway.as_ref().map_or(0, |gateway| gateway.app.feed.listeners())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{}", self.address, self.settings.base.to(path))
    }

    /// The same, as another host of the network.
    pub(crate) fn url_at(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{}", self.address.port(), self.settings.base.to(path))
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.send(self.client.post(self.url(path)), path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        self.send(self.client.put(self.url(path)), path, body).await
    }

    async fn send(&self, request: reqwest::RequestBuilder, path: &str, body: Value) -> Value {
        let answer = request.json(&body).send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(self.url(path)).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    pub(crate) async fn submit(&self, body: Value) -> String {
        self.post("/api/v1/tasks", body).await["id"].as_str().expect("an id").to_owned()
    }
}
