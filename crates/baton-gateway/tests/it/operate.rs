//! Cancel, rerun, promote, reprioritise.

use serde_json::json;

use crate::support::{Gateway, post};

#[tokio::test]
async fn a_task_can_be_cancelled_and_run_again() {
    let gateway = Gateway::start().await;
    let id = gateway.submit("noop").await;
    let path = |verb: &str| format!("/api/v1/tasks/{id}/{verb}");
    assert_eq!(gateway.post(&path("rerun"), json!({})).await.problem(), (409, "conflict".to_owned()));
    let cancel = path("cancel");
    let cancelled = gateway.ask(post(&cancel, &json!({})).without("content-type")).await;
    assert_eq!(cancelled.problem(), (415, "unsupported_media_type".to_owned()));
    // No body at all means no reason.
    let mut bare = post(&cancel, &json!({})).without("content-type");
    bare.body = None;
    let cancelled = gateway.ask(bare).await;
    assert_eq!((cancelled.status.as_u16(), cancelled.header("etag")), (200, "\"2\""));
    assert_eq!(
        (&cancelled.json()["status"], &cancelled.json()["finished_by"]),
        (&json!("cancelled"), &json!("local-dev"))
    );
    assert_eq!(
        gateway.post(&path("cancel"), json!({})).await.problem(),
        (409, "already_finished".to_owned())
    );
    assert_eq!(gateway.post(&path("rerun"), json!({ "reason": "again" })).await.json()["status"], "pending");
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_running_task_that_is_cancelled_fences_its_holder() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit("noop").await;
    let fence = gateway.claim(&worker).await["fence"].clone();
    gateway.post(&format!("/api/v1/tasks/{id}/cancel"), json!({})).await;
    let beat = json!({ "holding": [{ "task": id, "fence": fence }] });
    let alive = gateway.post(&format!("/api/v1/workers/{worker}/heartbeat"), beat).await.json();
    assert_eq!(alive["gone"], json!([{ "task": id, "fence": fence, "why": "cancelled" }]));
    let late = gateway
        .post(&format!("/api/v1/leases/{id}/complete"), json!({ "worker": worker, "fence": fence }))
        .await;
    assert_eq!(late.status, 409, "{}", late.text());
}

#[tokio::test]
async fn a_scheduled_task_can_run_now() {
    let gateway = Gateway::start().await;
    let id = gateway.submit_with(json!({ "kind": "later", "delay_ms": 60_000 })).await;
    let path = format!("/api/v1/tasks/{id}/promote");
    assert_eq!(gateway.post(&path, json!({})).await.json()["status"], "pending");
    assert_eq!(gateway.post(&path, json!({})).await.problem(), (409, "conflict".to_owned()));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_task_can_be_given_another_priority() {
    let gateway = Gateway::start().await;
    let (first, second) = (gateway.submit("a").await, gateway.submit("b").await);
    let path = format!("/api/v1/tasks/{second}/reprioritise");
    assert_eq!(gateway.post(&path, json!({ "priority": 9 })).await.json()["priority"], 9);
    for wrong in [json!({ "priority": 10 }), json!({ "priority": -1 }), json!({ "priority": 1.5 })] {
        assert_eq!(gateway.post(&path, wrong).await.pointers(), ["/priority"]);
    }
    let worker = gateway.worker(1).await;
    assert_eq!(gateway.claim(&worker).await["id"], json!(second));
    assert_ne!(first, second);
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn reasons_have_bounds() {
    let gateway = Gateway::start().await;
    let path = format!("/api/v1/tasks/{}/cancel", gateway.submit("noop").await);
    for reason in ["x".repeat(257), "two\nlines".to_owned()] {
        assert_eq!(gateway.post(&path, json!({ "reason": reason })).await.pointers(), ["/reason"]);
    }
}
