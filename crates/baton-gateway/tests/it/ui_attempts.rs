//! What a task tried: each attempt with its worker, how long it waited and ran, and what it said.

use serde_json::json;

use crate::support::Gateway;

const WORKER: &str = "worker-007-test";

async fn take_and_say(gateway: &Gateway, id: &str, text: &str) -> serde_json::Value {
    let fence = gateway.take(WORKER, id).await["fence"].clone();
    let said = json!({ "worker": WORKER, "fence": fence, "logs": [{ "level": "info", "text": text }] });
    assert_eq!(gateway.post(&format!("/api/v1/leases/{id}/logs"), said).await.status, 204);
    fence
}

#[tokio::test]
async fn each_attempt_has_a_worker_its_times_and_its_log() {
    let gateway = Gateway::start().await;
    let body = json!({
        "worker_id": WORKER, "boot": "b1", "queues": ["default"], "slots": 1, "host": "node-<7>", "version": "1.2.3",
    });
    assert_eq!(gateway.post("/api/v1/workers/register", body).await.status, 201);
    let id = gateway.submit_with(json!({ "kind": "mail", "max_attempts": 3 })).await;
    let fence = take_and_say(&gateway, &id, "the first try").await;
    let failed = json!({ "worker": WORKER, "fence": fence, "error": "mailbox full", "reason": "smtp", "retry_in_ms": 60_000 });
    assert_eq!(gateway.post(&format!("/api/v1/leases/{id}/fail"), failed).await.status, 200);
    assert_eq!(gateway.post(&format!("/api/v1/tasks/{id}/promote"), json!({})).await.status, 200);
    take_and_say(&gateway, &id, "the second try").await;
    let path = format!("/ui/tasks/{id}");
    let text = gateway.page(&path).await.text();
    for part in [
        "<th>Began, UTC</th>",
        &format!("href=\"/ui/workers/{WORKER}\""),
        "on <bdi>node-&#60;7&#62;</bdi>",
        "smtp",
        &format!("href=\"{path}?attempt=1#log-title\""),
        &format!("href=\"{path}?attempt=2#log-title\""),
        "the first try",
        "the second try",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let second = gateway.page(&format!("{path}?attempt=2")).await.text();
    assert!(second.contains("the second try") && !second.contains("the first try"), "{second}");
    assert!(second.contains("<option value=\"2\" selected>Attempt 2</option>"), "{second}");
    assert!(second.contains(&format!("href=\"{path}?level=error&#38;attempt=2\"")), "{second}");
    let none = gateway.page(&format!("{path}?attempt=9")).await.text();
    assert!(none.contains("This attempt has no such line here"), "{none}");
    // What is no number is all of them.
    assert!(gateway.page(&format!("{path}?attempt=%3Cx%3E")).await.text().contains("the first try"));
    // Times are those of the zone that was chosen, and say so.
    let there = gateway.page_with(&path, "baton_times=+05:30").await.text();
    assert!(there.contains("<th>Began, +05:30</th>") && there.contains(" +05:30</time>, "), "{there}");
}
