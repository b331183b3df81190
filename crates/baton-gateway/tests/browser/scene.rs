//! A gateway with something to look at, some of which would do harm if it were anything but text.

use std::net::SocketAddr;

use baton_gateway::{App, Settings, serve};
use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::driver::LONG;

/// Each of these puts a mark on the page if it runs.
const HOSTILE: &str =
    "</pre><script>window.harmed=1</script>\"><img src=x onerror=window.harmed=1>\u{202e}\u{1b}[31m";

pub(crate) struct Scene {
    _redis: PrivateRedis,
    address: SocketAddr,
    client: reqwest::Client,
    _ends: DropGuard,
}

impl Scene {
    /// With nothing in it.
    pub(crate) async fn empty() -> Scene {
        let redis = PrivateRedis::start().await;
        let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.expect("a store");
        let ends = CancellationToken::new();
        let app = App::start(store, Settings::default(), ends.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, app, ends.clone(), LONG));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(LONG).build().unwrap();
        Scene { _redis: redis, address, client, _ends: ends.drop_guard() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.client.post(self.url(path)).json(&body).send().await.expect("an answer");
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

    /// A task in every place where other people's text is shown, and a worker that runs one.
    pub(crate) async fn set(&self) -> Vec<String> {
        let ids = [
            self.submit(json!({ "kind": "report.build", "payload": { HOSTILE: HOSTILE }, "tags": ["a"] }))
                .await,
            self.submit(
                json!({ "kind": "report.build", "payload": 12345678901234567890_u64, "max_attempts": 1 }),
            )
            .await,
            self.submit(json!({ "kind": "echo", "queue": "emails", "delay_ms": 86_400_000 })).await,
            self.submit(json!({ "kind": "echo", "queue": "emails" })).await,
        ];
        let worker = "worker-001-web";
        let register =
            json!({ "worker_id": worker, "boot": "b1", "queues": ["default"], "slots": 4, "host": HOSTILE });
        self.post("/api/v1/workers/register", register).await;
        for (id, verb) in [(&ids[1], "fail"), (&ids[0], "")] {
            let taken = self.post(&format!("/api/v1/tasks/{id}/claim"), json!({ "worker": worker })).await;
            let held = json!({ "worker": worker, "fence": taken["fence"] });
            let mut log = held.clone();
            log["logs"] = json!([{ "level": "warning", "text": HOSTILE }]);
            self.post(&format!("/api/v1/leases/{id}/logs"), log).await;
            if verb == "fail" {
                let mut fail = held.clone();
                fail["error"] = json!(HOSTILE);
                self.post(&format!("/api/v1/leases/{id}/fail"), fail).await;
            }
        }
        ids.to_vec()
    }
}
