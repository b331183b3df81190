//! One task: what is made of it, byte for byte, and what is not taken.

use serde_json::json;

use crate::support::{Gateway, get, post, raw};

#[tokio::test]
async fn a_task_is_stored_before_it_is_answered() {
    let gateway = Gateway::start().await;
    let body = json!({
        "kind": "report.build", "payload": { "month": "2026-11" }, "queue": "media", "priority": 7,
        "timeout_ms": 60_000, "max_attempts": 2, "tags": ["nightly"], "key": "invoice-7",
    });
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let answer = gateway.ask(post("/api/v1/tasks", &body).with("traceparent", trace)).await;
    assert_eq!(answer.status, 201);
    let task = answer.json();
    let id = task["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/api/v1/tasks/{id}"));
    assert_eq!(answer.header("etag"), "\"1\"");
    for (member, value) in [
        ("kind", json!("report.build")),
        ("queue", json!("media")),
        ("status", json!("pending")),
        ("priority", json!(7)),
        ("timeout_ms", json!(60_000)),
        ("max_attempts", json!(2)),
        ("tags", json!(["nightly"])),
        ("key", json!("invoice-7")),
        ("payload", json!({ "month": "2026-11" })),
        ("submitted_by", json!("local-dev")),
        ("traceparent", json!(trace)),
        ("attempt", json!(0)),
    ] {
        assert_eq!(task[member], value, "{member}");
    }
    assert_eq!(gateway.task(id).await, task);
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn payloads_pass_byte_for_byte() {
    let gateway = Gateway::start().await;
    for payload in [
        "12345678901234567890",
        r#"{"b":1,"a":2}"#,
        r#"{"a":1,"a":2}"#,
        r#"[1.0,1e400,-0]"#,
        r#""\u0000\ud83d\ude00""#,
        "null",
        r#"{ "spaced" :  true }"#,
    ] {
        let answer =
            gateway.ask(raw("/api/v1/tasks", format!(r#"{{"kind":"echo","payload":{payload}}}"#))).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let read = gateway.get(answer.header("location")).await;
        assert!(read.text().contains(&format!(r#""payload":{payload},"#)), "{}", read.text());
    }
}

#[tokio::test]
async fn older_words_are_read() {
    let gateway = Gateway::start().await;
    let id =
        gateway.submit_with(json!({ "problem_id": "test-problem", "parameters": { "max_steps": 30 } })).await;
    let task = gateway.task(&id).await;
    assert_eq!((&task["kind"], &task["payload"]), (&json!("test-problem"), &json!({ "max_steps": 30 })));
}

#[tokio::test]
async fn a_task_can_wait_for_its_time() {
    let gateway = Gateway::start().await;
    let delayed = gateway.submit_with(json!({ "kind": "later", "delay_ms": 3_600_000 })).await;
    let task = gateway.task(&delayed).await;
    assert_eq!(task["status"], "scheduled");
    let ms = |member: &str| task[member].as_str().unwrap().parse::<baton_api::Timestamp>().unwrap().ms();
    assert_eq!(ms("run_at") - ms("created_at"), 3_600_000);
    let timed = gateway.submit_with(json!({ "kind": "later", "run_at": "2033-01-01T00:00:00Z" })).await;
    assert_eq!(gateway.task(&timed).await["run_at"], "2033-01-01T00:00:00.000Z");
    let past = gateway.submit_with(json!({ "kind": "now", "run_at": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(gateway.task(&past).await["status"], "pending");
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_key_has_one_live_task() {
    let gateway = Gateway::start().await;
    let keyed = json!({ "kind": "bill", "key": "invoice-7" });
    let first = gateway.submit_with(keyed.clone()).await;
    let again = gateway.post("/api/v1/tasks", keyed).await;
    assert_eq!((again.status.as_u16(), again.json()["id"].as_str().unwrap()), (200, first.as_str()));
    let refused = gateway
        .post("/api/v1/tasks", json!({ "kind": "bill", "key": "invoice-7", "on_duplicate": "reject" }))
        .await;
    assert_eq!(refused.problem(), (409, "duplicate_key".to_owned()));
    assert!(refused.json()["detail"].as_str().unwrap().contains(&first));
}

#[tokio::test]
async fn what_is_wrong_with_a_task_is_named_with_its_place_and_changes_nothing() {
    let gateway = Gateway::start().await;
    let before = gateway.snapshot().await;
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "kind": "" }), "/kind"),
        (json!({ "kind": "a b" }), "/kind"),
        (json!({ "kind": "a", "priority": 10 }), "/priority"),
        (json!({ "kind": "a", "priority": "high" }), "/priority"),
        (json!({ "kind": "a", "timeout_ms": 1 }), "/timeout_ms"),
        (json!({ "kind": "a", "timeout_ms": -1 }), "/timeout_ms"),
        (json!({ "kind": "a", "max_attempts": 0 }), "/max_attempts"),
        (json!({ "kind": "a", "max_crashes": 101 }), "/max_crashes"),
        (json!({ "kind": "a", "backoff_ms": 0 }), "/backoff_ms"),
        (json!({ "kind": "a", "delay_ms": 400_000_000_000_u64 }), "/delay_ms"),
        (json!({ "kind": "a", "delay_ms": 5, "run_at": "2026-11-21T09:30:00Z" }), "/delay_ms"),
        (json!({ "kind": "a", "run_at": "tomorrow" }), "/run_at"),
        (json!({ "kind": "a", "run_at": "2999-01-01T00:00:00Z" }), "/run_at"),
        (json!({ "kind": "a", "queue": "a:pending" }), "/queue"),
        (json!({ "kind": "a", "tags": ["x", "y z"] }), "/tags/1"),
        (json!({ "kind": "a", "tags": (0..17).map(|n| n.to_string()).collect::<Vec<_>>() }), "/tags"),
        (json!({ "kind": "a", "on_duplicate": "ignore" }), "/on_duplicate"),
        (json!({ "kind": "a", "prioritty": 3 }), "/prioritty"),
        (json!([]), ""),
    ] {
        let answer = gateway.post("/api/v1/tasks", body.clone()).await;
        assert_eq!(answer.problem(), (422, "validation".to_owned()), "{body}");
        assert_eq!(answer.pointers(), [pointer], "{body}");
    }
    let repeated = gateway.ask(raw("/api/v1/tasks", r#"{"kind":"a","kind":"b"}"#)).await;
    assert_eq!(repeated.problem(), (422, "validation".to_owned()));
    assert_eq!(gateway.snapshot().await, before);
}

#[tokio::test]
async fn a_payload_may_have_a_mib_and_no_more() {
    let gateway = Gateway::start().await;
    let with = |length: usize| format!(r#"{{"kind":"big","payload":"{}"}}"#, "x".repeat(length - 2));
    assert_eq!(gateway.ask(raw("/api/v1/tasks", with(1_048_576))).await.status, 201);
    let beyond = gateway.ask(raw("/api/v1/tasks", with(1_048_577))).await;
    assert_eq!(beyond.problem(), (413, "payload_too_large".to_owned()));
    let far_beyond = gateway.ask(raw("/api/v1/tasks", with(3_000_000))).await;
    assert_eq!(far_beyond.problem(), (413, "payload_too_large".to_owned()));
}

#[tokio::test]
async fn a_submitter_can_wait_for_the_end() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let submitting = async {
        let body = json!({ "kind": "quick" });
        gateway.ask(post("/api/v1/tasks", &body).with("prefer", "wait=30")).await
    };
    let working = async {
        let claim = format!("/api/v1/workers/{worker}/claim?wait=30");
        let task = gateway.post(&claim, json!({})).await.json();
        let path = format!("/api/v1/leases/{}/complete", task["id"].as_str().unwrap());
        let done = json!({ "worker": worker, "fence": task["fence"], "result": [1, 2] });
        assert_eq!(gateway.post(&path, done).await.status, 200);
    };
    let (answer, ()) = tokio::join!(submitting, working);
    assert_eq!((answer.status.as_u16(), answer.header("preference-applied")), (201, "wait=30"));
    assert_eq!((&answer.json()["status"], &answer.json()["result"]), (&json!("completed"), &json!([1, 2])));
    assert_eq!(gateway.ask(get("/api/v1/tasks/stats")).await.json()["success_rate"], 1.0);
}
