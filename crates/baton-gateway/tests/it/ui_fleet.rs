//! What the overview and the page of a queue say of the fleet: who works on what, what came and went, and since when which
//! version runs.

use axum::http::Method;
use serde_json::json;

use crate::groups::write_behind;
use crate::support::{Gateway, post};

async fn register(gateway: &Gateway, number: u32, queue: &str, version: &str) {
    let body = json!({
        "worker_id": format!("worker-{number:03}-test"), "boot": "b1", "queues": [queue], "kinds": ["mail", "echo"],
        "slots": 2, "host": "node-7", "version": version,
    });
    let answer = gateway.post("/api/v1/workers/register", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[tokio::test]
async fn a_queue_says_who_works_on_it_and_what_comes_and_goes() {
    let gateway = Gateway::start().await;
    register(&gateway, 1, "mail", "1.0").await;
    register(&gateway, 2, "other", "1.0").await;
    let id = gateway.submit_with(json!({ "kind": "mail", "queue": "mail" })).await;
    gateway.complete("worker-001-test", &id, json!(1)).await;
    write_behind(&gateway).await;
    let text = gateway.page("/ui/queues/mail").await.text();
    for part in [
        "<tr id=\"claims-worker-001-test\">",
        "chart-depth",
        "chart-traffic",
        "came <b>1</b>",
        "ended <b>1</b>",
        "href=\"/ui/tasks?queue=mail&#38;kind=echo\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("claims-worker-002-test"), "{text}");
    let none = gateway.submit_with(json!({ "kind": "mail", "queue": "lonely" })).await;
    assert!(
        !gateway.page("/ui/queues/lonely").await.text().contains("<svg viewBox=\"0 0 1000 100\""),
        "all unknown"
    );
    write_behind(&gateway).await;
    let text = gateway.page("/ui/queues/lonely").await.text();
    for part in [
        "pending <b>1</b>",
        "<title id=\"depth-title\">Depth</title>",
        "<path class=\"column pending\" d=\"M",
        "running 0, pending 1",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let text = gateway.page("/ui/queues/lonely").await.text();
    assert!(text.contains("No live worker claims from it") && !none.is_empty(), "{text}");
}

#[tokio::test]
async fn the_overview_shows_fill_and_versions_and_pauses_a_queue() {
    let gateway = Gateway::start().await;
    register(&gateway, 1, "mail", "1.0").await;
    register(&gateway, 2, "mail", "1.1").await;
    let id = gateway.submit_with(json!({ "kind": "mail", "queue": "mail" })).await;
    let limit = post("/api/v1/queues/mail", &json!({ "concurrency": 3 })).by(Method::PATCH);
    let limited = gateway.ask(limit).await;
    assert_eq!(limited.status, 200, "{}", limited.text());
    gateway.complete("worker-001-test", &id, json!(1)).await;
    write_behind(&gateway).await;
    let text = gateway.page("/").await.text();
    for part in [
        "<i>/3</i>",
        "Versions of workers that began in this time",
        "<code>1.1</code>",
        "<path class=\"begun\"",
        "href=\"/ui/queues/mail/pause\"",
        ": 1 completed, 0 failed",
    ] {
        assert!(text.replace('\u{202f}', " ").contains(part), "{part} in {text}");
    }
    gateway.send("/ui/queues/mail/pause", "", &[]).await;
    for path in ["/", "/ui/queues"] {
        let text = gateway.page(path).await.text();
        assert!(text.contains("href=\"/ui/queues/mail/resume\""), "{path}: {text}");
    }
}

#[tokio::test]
async fn the_search_offers_what_there_is() {
    let gateway = Gateway::start().await;
    gateway.submit_with(json!({ "kind": "mail", "queue": "letters" })).await;
    let text = gateway.page("/ui/tasks").await.text();
    for term in ["status:failed", "queue:letters", "kind:mail"] {
        assert!(text.contains(&format!("<option value=\"{term}\"></option>")), "{term} in {text}");
    }
}
