//! `POST /recover`: what is due is done, what is held stays held, and the answer says how the fleet stands.

use baton_core::LeaseLength;
use baton_store::calls::task::Claim;
use baton_store::calls::worker::Register;
use baton_testkit::Life;
use serde_json::{Value, json};

use crate::support::{Gateway, LONG, until};

const RECOVER: &str = "/api/v1/recover";

async fn recover(gateway: &Gateway) -> Value {
    let answer = tokio::time::timeout(LONG, gateway.post(RECOVER, json!({}))).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// A worker with a lease of a second that takes one task and is never heard of again.
async fn lost(gateway: &Gateway) -> String {
    let life = Life::new(7, 1);
    let lease = LeaseLength::from_ms(1_000).unwrap();
    let id = gateway.submit("noop").await;
    let shard = id.parse::<baton_core::TaskId>().unwrap().shard();
    let register = Register { worker: &life.worker, boot: &life.boot, expects: None, lease, about: &[] };
    gateway.app.store.register(shard, &register).await.unwrap();
    let claim = Claim {
        worker: &life.worker,
        boot: &life.boot,
        expects: None,
        lease,
        queues: &["default".parse().unwrap()],
        in_order: false,
        max: 1,
        only: None,
        holding: &[],
    };
    gateway.app.store.claim(shard, &claim).await.unwrap();
    assert_eq!(gateway.task(&id).await["status"], "running");
    id
}

#[tokio::test]
async fn what_is_due_is_done_and_what_is_held_stays() {
    let gateway = Gateway::start().await;
    let lost = lost(&gateway).await;
    let worker = gateway.worker(1).await;
    let kept = gateway.submit("noop").await;
    gateway.take(&worker, &kept).await;
    let due = gateway.submit_with(json!({ "kind": "noop", "delay_ms": 1 })).await;
    let later = gateway.submit_with(json!({ "kind": "noop", "delay_ms": 3_600_000 })).await;
    let path = "/api/v1/workers/worker-007-test";
    until(async || gateway.get(path).await.json()["heartbeat_age_ms"].as_u64() > Some(1_000)).await;

    let report = recover(&gateway).await;
    assert_eq!((&report["reclaimed"], &report["matured"]), (&json!(1), &json!(1)), "{report}");
    let tasks = &report["tasks"];
    assert_eq!(
        (&tasks["pending"], &tasks["running"], &tasks["scheduled"], &tasks["failed"]),
        (&json!(2), &json!(1), &json!(1), &json!(0))
    );
    assert_eq!((&report["workers"]["total"], &report["silent"]), (&json!(2), &json!([])), "{report}");
    assert!(report["took_ms"].as_u64().is_some());
    for (id, status) in [(lost, "pending"), (kept, "running"), (due, "pending"), (later, "scheduled")] {
        assert_eq!(gateway.task(&id).await["status"], status);
    }
    gateway.assert_invariants().await;
    let again = recover(&gateway).await;
    assert_eq!((&again["reclaimed"], &again["matured"]), (&json!(0), &json!(0)), "{again}");
}

#[tokio::test]
async fn who_asks_meanwhile_gets_the_same_answer() {
    let gateway = Gateway::start().await;
    lost(&gateway).await;
    let path = "/api/v1/workers/worker-007-test";
    until(async || gateway.get(path).await.json()["heartbeat_age_ms"].as_u64() > Some(1_000)).await;
    let (one, other) = tokio::join!(recover(&gateway), recover(&gateway));
    // Were they two, only one would have found something.
    assert_eq!((&one["reclaimed"], &other["reclaimed"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn without_redis_it_says_so() {
    let mut gateway = Gateway::start().await;
    gateway.redis.kill();
    let answer = tokio::time::timeout(LONG, gateway.post(RECOVER, json!({}))).await.unwrap();
    assert_eq!(answer.problem(), (503, "redis_unavailable".to_owned()));
    let body = gateway.post(RECOVER, json!({ "now": true })).await;
    assert_eq!(body.pointers(), ["/now"]);
}
