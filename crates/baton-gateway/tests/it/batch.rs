//! Many tasks at once: each is answered by itself, in order.

use serde_json::json;

use crate::support::Gateway;

#[tokio::test]
async fn each_task_of_a_batch_is_taken_or_refused_by_itself() {
    let gateway = Gateway::start().await;
    let body = json!({ "tasks": [
        { "kind": "a", "key": "k" },
        { "kind": "b", "priority": 11 },
        { "kind": "c", "key": "k", "on_duplicate": "reject" },
        { "kind": "d", "key": "k" },
        { "kind": "e", "timeout_ms": 60_000 },
        { "kind": "f", "timeout_ms": 1 },
    ] });
    let answer = gateway.post("/api/v1/tasks/batch", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!((answer["created"].as_u64(), answer["refused"].as_u64()), (Some(2), Some(3)));
    let tasks = answer["tasks"].as_array().unwrap();
    assert_eq!(tasks[0]["id"], tasks[3]["id"]);
    assert_eq!(
        (&tasks[1]["problem"]["code"], &tasks[1]["problem"]["errors"][0]["pointer"]),
        (&json!("validation"), &json!("/priority"))
    );
    assert_eq!(tasks[2]["problem"]["code"], "duplicate_key");
    assert_eq!(tasks[4]["status"], "pending");
    assert_eq!(tasks[5]["problem"]["errors"][0]["pointer"], "/timeout_ms");
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_batch_has_bounds() {
    let gateway = Gateway::start().await;
    let of = |count: usize| json!({ "tasks": vec![json!({ "kind": "noop" }); count] });
    for count in [0, 1_001] {
        assert_eq!(gateway.post("/api/v1/tasks/batch", of(count)).await.pointers(), ["/tasks"]);
    }
    assert_eq!(gateway.post("/api/v1/tasks/batch", of(1_000)).await.json()["created"], 1_000);
    // Twelve of 400 kB: three calls' worth of bytes.
    let large = json!({ "tasks": vec![json!({ "kind": "noop", "payload": "x".repeat(400_000) }); 12] });
    assert_eq!(gateway.post("/api/v1/tasks/batch", large).await.json()["created"], 12);
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_shape_that_is_wrong_refuses_the_whole_batch() {
    let gateway = Gateway::start().await;
    let answer =
        gateway.post("/api/v1/tasks/batch", json!({ "tasks": [{ "kind": "a" }, { "kindd": "b" }] })).await;
    assert_eq!(
        (answer.problem(), answer.pointers()),
        ((422, "validation".to_owned()), vec!["/tasks/1/kindd".to_owned()])
    );
    assert_eq!(gateway.get("/api/v1/tasks").await.json()["tasks"], json!([]));
}
