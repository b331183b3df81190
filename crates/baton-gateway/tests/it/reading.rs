//! Looking at one task: at once, when it has changed, and why it is where it is.

use axum::http::Method;
use serde_json::json;

use crate::support::{Gateway, get};

#[tokio::test]
async fn a_task_is_answered_again_only_when_it_has_changed() {
    let gateway = Gateway::start().await;
    let path = format!("/api/v1/tasks/{}", gateway.submit("noop").await);
    let tag = gateway.get(&path).await.header("etag").to_owned();
    for known in [tag.clone(), format!("\"9\", W/{tag}"), "*".to_owned()] {
        let answer = gateway.ask(get(&path).with("if-none-match", known)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.len(), answer.header("etag")),
            (304, 0, tag.as_str())
        );
    }
    gateway.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!(gateway.ask(get(&path).with("if-none-match", tag)).await.status, 200);
    let head = gateway.ask(get(&path).by(Method::HEAD)).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
}

#[tokio::test]
async fn a_held_request_answers_when_the_status_changes() {
    let gateway = Gateway::start().await;
    let id = gateway.submit("noop").await;
    let path = format!("/api/v1/tasks/{id}?wait=30");
    let cancel = format!("/api/v1/tasks/{id}/cancel");
    let (answer, _) = tokio::join!(gateway.get(&path), gateway.post(&cancel, json!({})));
    assert_eq!(answer.header("preference-applied"), "wait=30");
    assert_eq!(answer.json()["status"], "cancelled");
    // It has finished, so there is nothing to wait for; and nobody waits longer than a minute.
    let finished = gateway.get(&format!("/api/v1/tasks/{id}?until=finished&wait=4000")).await;
    assert_eq!(finished.header("preference-applied"), "wait=60");
}

#[tokio::test]
async fn who_knows_an_older_version_does_not_wait() {
    let gateway = Gateway::start().await;
    let path = format!("/api/v1/tasks/{}?wait=60", gateway.submit("noop").await);
    let answer = gateway.ask(get(&path).with("if-none-match", "\"0\"")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_result_is_the_bytes_that_the_holder_sent() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    for result in ["12345678901234567890", r#"{"b":1,"a":2}"#] {
        let id = gateway.submit("noop").await;
        let path = format!("/api/v1/tasks/{id}/result");
        assert_eq!(gateway.get(&path).await.problem(), (409, "conflict".to_owned()));
        let fence = gateway.claim(&worker).await["fence"].clone();
        let body = format!(r#"{{"worker":"{worker}","fence":{fence},"result":{result}}}"#);
        let done = gateway.ask(crate::support::raw(&format!("/api/v1/leases/{id}/complete"), body)).await;
        assert_eq!(done.status, 200, "{}", done.text());
        let answer = gateway.get(&path).await;
        assert_eq!((answer.text().as_str(), answer.header("content-type")), (result, "application/json"));
        assert!(
            gateway
                .get(&format!("/api/v1/tasks/{id}"))
                .await
                .text()
                .contains(&format!(r#""result":{result},"#))
        );
    }
}

#[tokio::test]
async fn a_history_tells_who_and_why() {
    let gateway = Gateway::start().await;
    let id = gateway.submit("noop").await;
    gateway.post(&format!("/api/v1/tasks/{id}/cancel"), json!({ "reason": "wrong month, by=nobody" })).await;
    gateway.post(&format!("/api/v1/tasks/{id}/rerun"), json!({})).await;
    let history = gateway.get(&format!("/api/v1/tasks/{id}/history")).await.json();
    let events: Vec<&str> =
        history["history"].as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["submit", "cancel", "rerun"]);
    assert_eq!((&history["history_count"], &history["truncated"]), (&json!(3), &json!(0)));
    assert_eq!(gateway.task(&id).await["history_count"], 3);
    assert_eq!(gateway.get("/api/v1/tasks").await.json()["tasks"][0]["history_count"], 3);
    let cancel = &history["history"][1];
    assert_eq!((&cancel["by"], &cancel["why"]), (&json!("local-dev"), &json!("wrong month, by=nobody")));
    assert_eq!((&cancel["from"], &cancel["to"]), (&json!("pending"), &json!("cancelled")));
}

#[tokio::test]
async fn logs_are_read_by_page_by_level_and_as_they_come() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit("noop").await;
    let path = format!("/api/v1/tasks/{id}/logs");
    assert_eq!(gateway.get(&path).await.json()["logs"], json!([]));
    let fence = gateway.claim(&worker).await["fence"].clone();
    let append = format!("/api/v1/leases/{id}/logs");
    let lines = json!([{ "text": "one" }, { "text": "two", "level": "error" }, { "text": "three", "level": "debug" }]);
    let said = json!({ "worker": worker, "fence": fence, "logs": lines });
    assert_eq!(gateway.post(&append, said).await.status, 204);
    let texts = |page: &serde_json::Value| -> Vec<String> {
        page["logs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["text"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = gateway.get(&format!("{path}?limit=2")).await.json();
    assert_eq!(texts(&first), ["one", "two"]);
    let rest = format!("{path}?after={}", first["next_cursor"].as_str().unwrap());
    let second = gateway.get(&rest).await.json();
    assert_eq!(texts(&second), ["three"]);
    assert_eq!(texts(&gateway.get(&format!("{path}?level=warning")).await.json()), ["two"]);
    let waiting = format!("{path}?wait=30&after={}", second["next_cursor"].as_str().unwrap());
    let more = json!({ "worker": worker, "fence": fence, "logs": [{ "text": "four" }] });
    let (tail, _) = tokio::join!(gateway.get(&waiting), gateway.post(&append, more));
    assert_eq!(texts(&tail.json()), ["four"]);
    for wrong in ["after=x", "limit=0", "limit=501", "level=loud"] {
        assert_eq!(
            gateway.get(&format!("{path}?{wrong}")).await.problem(),
            (422, "validation".to_owned()),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn explain_says_why_a_task_does_not_run() {
    let gateway = Gateway::start().await;
    let code =
        async |id: &str| gateway.get(&format!("/api/v1/tasks/{id}/explain")).await.json()["code"].clone();
    let id = gateway.submit("media.encode").await;
    assert_eq!(code(&id).await, "no_worker");
    let body = json!({ "worker_id": "worker-001-mail", "queues": ["default"], "kinds": ["mail.send"] });
    let boot = gateway.post("/api/v1/workers/register", body).await.json()["boot"].clone();
    assert_eq!(code(&id).await, "kind_unhandled");
    // Claimed and given back for want of a handler, it is only put off: the reason is the same.
    let ask = json!({ "boot": boot, "max": 1 });
    let claims = gateway.post("/api/v1/workers/worker-001-mail/claim", ask).await.json();
    let fence = &claims["tasks"][0]["fence"];
    let back = json!({ "worker": "worker-001-mail", "fence": fence, "delay_ms": 60_000 });
    gateway.post(&format!("/api/v1/leases/{id}/release"), back).await;
    assert_eq!(code(&id).await, "kind_unhandled");
    gateway.post(&format!("/api/v1/tasks/{id}/promote"), json!({})).await;
    let worker = gateway.worker(2).await;
    assert_eq!(code(&id).await, "waiting");
    gateway.post("/api/v1/queues/default/pause", json!({})).await;
    let paused = gateway.get(&format!("/api/v1/tasks/{id}/explain")).await.json();
    assert_eq!(
        (&paused["code"], &paused["action"]),
        (&json!("queue_paused"), &json!("baton queue resume default"))
    );
    gateway.post("/api/v1/queues/default/resume", json!({})).await;
    gateway.claim(&worker).await;
    assert_eq!(code(&id).await, "running");
    gateway.post(&format!("/api/v1/tasks/{id}/cancel"), json!({})).await;
    assert_eq!(code(&id).await, "cancelled");
    let later = gateway.submit_with(json!({ "kind": "noop", "delay_ms": 60_000 })).await;
    assert_eq!(code(&later).await, "scheduled");
    assert!(boot.is_string());
}
