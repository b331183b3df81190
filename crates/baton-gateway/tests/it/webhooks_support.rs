//! A receiver of webhooks that answers what it is told to, and a gateway that delivers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use baton_core::ShardCount;
use baton_outbound::Secret;
use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;
use baton_testkit::fixture::START_MS;
use serde_json::{Value, json};

use crate::support::{Gateway, LONG};
use crate::webhooks::{ALL, put, settings};

/// One request, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether one of its signatures is of this secret.
    pub(crate) fn is_signed_by(&self, secret: &str) -> bool {
        let at = self.header("webhook-timestamp").parse().unwrap();
        let own = Secret::parse(secret).unwrap().sign(self.header("webhook-id"), at, &self.body);
        self.header("webhook-signature").split(' ').any(|signature| signature == own)
    }
}

/// Answers under each path what it was told to; 200 where it was told nothing, and never where it was told 0.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<HashMap<String, u16>>>,
}

async fn receive(
    State(receiver): State<Receiver>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    receiver.got.lock().unwrap().push(Got { path: path.clone(), headers, body });
    let status = receiver.answers.lock().unwrap().get(&path).copied().unwrap_or(200);
    match status {
        0 => std::future::pending().await,
        302 => {
            let mut answer = StatusCode::FOUND.into_response();
            answer.headers_mut().insert("location", HeaderValue::from_static("/elsewhere"));
            answer
        }
        status => StatusCode::from_u16(status).unwrap().into_response(),
    }
}

/// A gateway that delivers, a receiver, and a clock that the test tells.
pub(crate) struct Fleet {
    pub(crate) gateway: Gateway,
    receiver: Receiver,
    pub(crate) base: String,
    pub(crate) clock: Arc<AtomicU64>,
}

impl Fleet {
    pub(crate) async fn start(private: bool) -> Fleet {
        let redis = PrivateRedis::start().await;
        let clock = Arc::new(AtomicU64::new(START_MS));
        let mut options = Options::new(redis.url().parse().unwrap());
        options.shards = ShardCount::new(2).unwrap();
        options.injected_ms = Some(Arc::clone(&clock));
        let (store, _) = Store::open(options).await.unwrap();
        let gateway = Gateway::over(redis, store, settings(private));
        tokio::spawn(baton_gateway::hooks::run(gateway.app.clone()));
        let receiver = Receiver::default();
        let routes = Router::new().route("/{*path}", post(receive)).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Fleet { gateway, receiver, base, clock }
    }

    /// Makes a webhook that leads to this path of the receiver, and answers its secret.
    pub(crate) async fn hook(&self, name: &str, more: Value) -> String {
        let mut body = json!({ "url": format!("{}/{name}", self.base) });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self.gateway.ask(put(&format!("{ALL}/{name}"), &body)).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["secret"].as_str().unwrap().to_owned()
    }

    pub(crate) fn answers(&self, name: &str, status: u16) {
        self.receiver.answers.lock().unwrap().insert(name.to_owned(), status);
    }

    pub(crate) fn got(&self, name: &str) -> Vec<Got> {
        self.receiver.got.lock().unwrap().iter().filter(|got| got.path == name).cloned().collect()
    }

    /// A task comes to an end in this queue; answers its id.
    pub(crate) async fn cancel_one(&self, queue: &str) -> String {
        let id = self.gateway.submit_with(json!({ "kind": "noop", "queue": queue })).await;
        let ended =
            self.gateway.post(&format!("/api/v1/tasks/{id}/cancel"), json!({ "reason": "two words" })).await;
        assert_eq!(ended.status, 200, "{}", ended.text());
        self.write_behind().await;
        id
    }

    pub(crate) async fn write_behind(&self) {
        let store = &self.gateway.app.store;
        for shard in store.shards().all() {
            while store.write_behind(shard, false).await.unwrap() != baton_store::behind::Step::Idle {}
        }
    }

    pub(crate) async fn shown(&self, name: &str) -> Value {
        self.gateway.get(&format!("{ALL}/{name}")).await.json()
    }

    /// Waits until this holds, letting the clock of Redis go on as it says.
    pub(crate) async fn until(&self, what: &str, step_ms: u64, mut condition: impl AsyncFnMut() -> bool) {
        let reached = async {
            while !condition().await {
                self.clock.fetch_add(step_ms, Ordering::SeqCst);
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(LONG, reached).await.unwrap_or_else(|_| panic!("it never happened: {what}"));
    }
}
