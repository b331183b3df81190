//! Requests that are repeated: one task, however often it is asked for.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Gateway, post};

#[tokio::test]
async fn fifty_posts_with_one_key_make_one_task() {
    let gateway = Gateway::start().await;
    let body = json!({ "kind": "bill", "payload": { "n": 7 }, "delay_ms": 60_000 });
    let each = (0..50).map(|_| gateway.ask(post("/api/v1/tasks", &body).with("idempotency-key", "order-7")));
    let answers = join_all(each).await;
    let ids: HashSet<String> =
        answers.iter().map(|answer| answer.json()["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true");
    assert_eq!(replayed.count(), 49);
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let gateway = Gateway::start().await;
    let ask = |body: serde_json::Value, key: &'static str| {
        let gateway = &gateway;
        async move { gateway.ask(post("/api/v1/tasks", &body).with("idempotency-key", key)).await }
    };
    assert_eq!(ask(json!({ "kind": "a" }), "k").await.status, 201);
    let other = ask(json!({ "kind": "b" }), "k").await;
    assert_eq!(other.problem(), (422, "idempotency_mismatch".to_owned()));
    // As a structured field it stands in quotes.
    assert_eq!(ask(json!({ "kind": "a" }), "\"k\"").await.status, 200);
    for (key, status) in [("with space", 422), ("", 422), ("schlüssel", 422), ("a/b?c", 201)] {
        assert_eq!(ask(json!({ "kind": "a" }), key).await.status, status, "{key}");
    }
    let long = "x".repeat(256);
    let answer =
        gateway.ask(post("/api/v1/tasks", &json!({ "kind": "a" })).with("idempotency-key", long)).await;
    assert_eq!(answer.pointers(), ["Idempotency-Key"]);
}

#[tokio::test]
async fn an_operators_call_can_be_repeated() {
    let gateway = Gateway::start().await;
    let id = gateway.submit("noop").await;
    let path = format!("/api/v1/tasks/{id}/cancel");
    let body = json!({ "reason": "not needed" });
    let first = gateway.ask(post(&path, &body).with("idempotency-key", "c-1")).await;
    let again = gateway.ask(post(&path, &body).with("idempotency-key", "c-1")).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (200, 200));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.json(), again.json());
    assert_eq!(gateway.ask(post(&path, &body)).await.problem(), (409, "already_finished".to_owned()));
}

#[tokio::test]
async fn a_batch_can_be_repeated() {
    let gateway = Gateway::start().await;
    let tasks: Vec<_> = (0..450).map(|n| json!({ "kind": "noop", "payload": n })).collect();
    let body = json!({ "tasks": tasks });
    let ask = || gateway.ask(post("/api/v1/tasks/batch", &body).with("idempotency-key", "b-1"));
    let (first, again) = (ask().await.json(), ask().await.json());
    assert_eq!((first["created"].as_u64(), again["created"].as_u64()), (Some(450), Some(0)));
    let ids = |answer: &serde_json::Value| -> Vec<String> {
        answer["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&first), ids(&again));
    gateway.assert_invariants().await;
}
