//! Draining a queue, and purging it.

use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::{Gateway, get, post};

const DRAIN: &str = "/api/v1/queues/default/drain";
const PURGE: &str = "/api/v1/queues/default/purge";

#[tokio::test]
async fn a_queue_that_is_drained_hands_nothing_out_and_says_when_it_rests() {
    let gateway = Gateway::with_shards(2).await;
    let worker = gateway.worker(1).await;
    let [first, second] = [gateway.submit("k").await, gateway.submit("k").await];
    let fence = gateway.take(&worker, &first).await["fence"].clone();
    let drained = gateway.post(DRAIN, json!({})).await.json();
    assert_eq!(drained, json!({ "queue": "default", "drained": false, "running": 1, "pending": 1 }));
    let other = gateway.worker(2).await;
    assert_eq!(gateway.post(&format!("/api/v1/workers/{other}/claim"), json!({})).await.status, 204);
    // New tasks are taken, and wait.
    gateway.submit("k").await;
    let body = json!({});
    let waits = gateway.ask(post(DRAIN, &body).with("prefer", "wait=60"));
    let ends = async {
        let end = json!({ "worker": worker, "fence": fence, "result": 1 });
        gateway.post(&format!("/api/v1/leases/{first}/complete"), end).await
    };
    let (waited, ended) = tokio::join!(waits, ends);
    assert_eq!((ended.status.as_u16(), waited.header("preference-applied")), (200, "wait=60"));
    assert_eq!((&waited.json()["drained"], &waited.json()["pending"]), (&json!(true), &json!(2)));
    gateway.post("/api/v1/queues/default/resume", json!({})).await;
    gateway.take(&worker, &second).await;
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_queue_that_is_purged_has_nothing_left_that_waits_or_runs() {
    let gateway = Gateway::with_shards(2).await;
    let worker = gateway.worker(1).await;
    let ended = gateway.submit("k").await;
    gateway.complete(&worker, &ended, json!(1)).await;
    let running = gateway.submit("k").await;
    gateway.take(&worker, &running).await;
    let waiting = gateway.submit("k").await;
    let later = gateway.submit_with(json!({ "kind": "k", "delay_ms": 60_000 })).await;
    let blocked = gateway.submit_with(json!({ "kind": "k", "parents": [running] })).await;
    let other = gateway.submit_with(json!({ "kind": "k", "queue": "other" })).await;
    let before = gateway.shard().await;
    for (body, pointer) in [
        (json!({ "confirm": "defualt" }), "/confirm"),
        (json!({}), ""),
        (json!({ "confirm": "other" }), "/confirm"),
    ] {
        let refused = gateway.post(PURGE, body).await;
        assert_eq!((refused.problem().0, refused.pointers()), (422, vec![pointer.to_owned()]));
    }
    assert_eq!(gateway.shard().await, before);
    let purged = gateway.post(PURGE, json!({ "confirm": "default", "reason": "moved" })).await;
    assert_eq!((purged.status.as_u16(), &purged.json()["done"]), (200, &json!(4)));
    for id in [&running, &waiting, &later, &blocked] {
        assert_eq!(gateway.task(id).await["status"], "cancelled");
    }
    assert_eq!(gateway.task(&ended).await["status"], "completed");
    assert_eq!(gateway.task(&other).await["status"], "pending");
    let history = gateway.get(&format!("/api/v1/tasks/{waiting}/history")).await;
    assert!(history.text().contains("moved"), "{}", history.text());
}

#[tokio::test]
async fn it_takes_the_right_to_and_a_queue_that_is_there() {
    let gateway = Gateway::start().await;
    gateway.submit("k").await;
    let door = Guarded::beside(&gateway).await;
    let key = door.key(&["queues:admin@a", "tasks:cancel"], None).await;
    let before = gateway.shard().await;
    let confirm = json!({ "confirm": "default" });
    for (path, body) in [(DRAIN, json!({})), (PURGE, confirm)] {
        let refused = door.post(&key, path, body).await;
        assert_eq!(refused.problem(), (403, "insufficient_scope".to_owned()), "{path}");
    }
    let unknown = async |verb: &str, body: Value| {
        let answer = gateway.post(&format!("/api/v1/queues/nothing/{verb}"), body).await;
        assert_eq!(answer.problem(), (404, "unknown_queue".to_owned()), "{verb}");
    };
    unknown("drain", json!({})).await;
    unknown("purge", json!({ "confirm": "nothing" })).await;
    assert_eq!(gateway.ask(get(DRAIN)).await.status, 405);
    assert_eq!(gateway.shard().await, before);
}
