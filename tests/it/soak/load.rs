//! The load: tasks of all sorts by HTTP, to whichever gateway answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use baton_core::TaskId;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::fleet::support::Fleet;

const CLIENTS: usize = 4;
/// Between two submits of one client.
const PAUSE: Duration = Duration::from_millis(70);

/// What clients were told.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) accepted: Vec<TaskId>,
    /// Submits to which no gateway ever said anything: they may count or not.
    pub(super) unknown: u64,
}

pub(super) struct Load {
    gateways: Arc<Mutex<Vec<String>>>,
    ledger: Arc<Mutex<Ledger>>,
    ended: CancellationToken,
    clients: JoinSet<()>,
}

/// A program that takes a moment, one that leaves a fork behind, and one that fails at first.
pub(super) fn write_handlers(fleet: &Fleet) {
    fleet.handler("shell", "sleep 0.1; echo '\"done\"'");
    fleet.handler("fork", "setsid sleep 300 & echo '1'");
    fleet.handler(
        "flaky",
        r#"[ "${BATON_ATTEMPT:-0}" -ge 2 ] && { echo '2'; exit 0; }; echo nope >&2; exit 1"#,
    );
}

impl Load {
    pub(super) fn start(gateways: Vec<String>) -> Load {
        // A second call finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut load = Load {
            gateways: Arc::new(Mutex::new(gateways)),
            ledger: Arc::default(),
            ended: CancellationToken::new(),
            clients: JoinSet::new(),
        };
        for number in 0..CLIENTS {
            let (gateways, ledger) = (Arc::clone(&load.gateways), Arc::clone(&load.ledger));
            let ended = load.ended.clone();
            load.clients.spawn(submit(number, gateways, ledger, ended));
        }
        load
    }

    /// Gateways that began again listen elsewhere.
    pub(super) fn set_gateways(&self, gateways: Vec<String>) {
        *self.gateways.lock().expect("no panic") = gateways;
    }

    pub(super) async fn end(mut self) -> Ledger {
        self.ended.cancel();
        while let Some(client) = self.clients.join_next().await {
            client.expect("a client");
        }
        std::mem::take(&mut *self.ledger.lock().expect("no panic"))
    }
}

async fn submit(
    client: usize,
    gateways: Arc<Mutex<Vec<String>>>,
    ledger: Arc<Mutex<Ledger>>,
    ended: CancellationToken,
) {
    let http = Client::builder().timeout(Duration::from_secs(5)).build().expect("a client");
    let mut number = 0;
    while !ended.is_cancelled() {
        number += 1;
        let (path, body) = order(number);
        let key = format!("soak-{client}-{number}");
        let mut answer = None;
        // The same again, under the same key, until somebody answers.
        for attempt in 0..40 {
            let gateway = gateways.lock().expect("no panic")[(client + attempt) % 2].clone();
            answer = post(&http, &format!("{gateway}{path}"), &key, &body).await;
            if answer.is_some() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        note(&ledger, answer);
        tokio::time::sleep(PAUSE).await;
    }
}

fn note(ledger: &Mutex<Ledger>, answer: Option<Vec<TaskId>>) {
    let mut ledger = ledger.lock().expect("no panic");
    match answer {
        Some(ids) => ledger.accepted.extend(ids),
        None => ledger.unknown += 1,
    }
}

/// The ids of what was accepted; `None` where nobody said anything.
async fn post(http: &Client, url: &str, key: &str, body: &Value) -> Option<Vec<TaskId>> {
    let request = http.post(url).header("content-type", "application/json").header("idempotency-key", key);
    let answer = request.body(body.to_string()).send().await.ok()?;
    if answer.status().is_server_error() {
        return None;
    }
    assert!(answer.status().is_success(), "{} to {body}", answer.status());
    let document: Value = serde_json::from_slice(&answer.bytes().await.ok()?).expect("JSON");
    let id = |value: &Value| value.as_str().and_then(|id| id.parse().ok());
    Some(match document["refs"].as_object() {
        Some(tasks) => tasks.values().filter_map(id).collect(),
        None => id(&document["id"]).into_iter().collect(),
    })
}

fn order(number: u64) -> (&'static str, Value) {
    let task = |kind: &str, payload: Value| ("/api/v1/tasks", json!({ "kind": kind, "payload": payload }));
    match number % 10 {
        0 => (
            "/api/v1/flows",
            json!({ "tasks": [
            { "ref": "a", "kind": "noop" },
            { "ref": "b", "kind": "shell", "parents": ["a"] },
            { "ref": "c", "kind": "echo", "payload": 1, "parents": ["a"] },
            { "ref": "d", "kind": "noop", "parents": ["b", "c"] },
        ] }),
        ),
        1 | 2 => task("sleep", json!({ "ms": 300 })),
        3 => task("shell", Value::Null),
        4 => task("fork", Value::Null),
        5 => ("/api/v1/tasks", json!({ "kind": "flaky", "backoff_ms": 50, "max_attempts": 3 })),
        6 => ("/api/v1/tasks", json!({ "kind": "noop", "delay_ms": 700 })),
        7 => ("/api/v1/tasks", json!({ "kind": "echo", "payload": number, "priority": 9 })),
        _ => task("noop", json!(number)),
    }
}
