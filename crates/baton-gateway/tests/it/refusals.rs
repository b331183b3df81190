//! What is answered where there is nothing to answer: every problem that the framework or a path brings.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Gateway, get, post, raw};

const NOBODY: &str = "01a1fc29-8a56-7000-ba14-c38b1cfc4000";

#[tokio::test]
async fn unknown_routes_and_methods_are_problems() {
    let gateway = Gateway::start().await;
    for path in [
        "/nothing",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v2/tasks",
        "/problems/nothing",
        "/api/v1/tasks/",
        "/docs/nothing",
    ] {
        let answer = gateway.get(path).await;
        assert_eq!(answer.problem().0, 404, "{path}");
    }
    let answer = gateway.ask(get("/api/v1/tasks/stats").by(Method::DELETE)).await;
    assert_eq!(answer.problem(), (405, "method_not_allowed".to_owned()));
    assert!(answer.header("allow").contains("GET"));
}

#[tokio::test]
async fn ids_that_cannot_be_are_unknown() {
    let gateway = Gateway::start().await;
    let elsewhere = "01a1fc29-8a56-7000-ba14-c38b1cfc4fff";
    let upper = NOBODY.to_uppercase();
    for id in [NOBODY, elsewhere, &upper, "x", "%00", "%ff", "..", "00000000-0000-0000-0000-000000000000"] {
        for what in ["", "/history", "/logs", "/result", "/explain"] {
            let answer = gateway.get(&format!("/api/v1/tasks/{id}{what}")).await;
            assert_eq!(answer.problem(), (404, "unknown_task".to_owned()), "{id}{what}");
        }
        for what in ["cancel", "rerun", "promote"] {
            let answer = gateway.post(&format!("/api/v1/tasks/{id}/{what}"), json!({})).await;
            assert_eq!(answer.problem(), (404, "unknown_task".to_owned()), "{id}/{what}");
        }
        let report = json!({ "worker": "worker-001-a", "fence": 1 });
        let answer = gateway.post(&format!("/api/v1/leases/{id}/complete"), report).await;
        assert_eq!(answer.problem(), (404, "unknown_task".to_owned()), "{id}");
    }
    for id in ["x", "worker-1-a", "%ff", "worker-001-a"] {
        assert_eq!(
            gateway.get(&format!("/api/v1/workers/{id}")).await.problem(),
            (404, "unknown_worker".to_owned())
        );
    }
}

#[tokio::test]
async fn bodies_are_json_and_say_so() {
    let gateway = Gateway::start().await;
    let body = r#"{"kind":"a"}"#;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "application/json; charset=latin1",
        "",
    ] {
        let answer =
            gateway.ask(raw("/api/v1/tasks", body).without("content-type").with("content-type", kind)).await;
        assert_eq!(answer.problem(), (415, "unsupported_media_type".to_owned()), "{kind}");
    }
    let bare = gateway.ask(raw("/api/v1/tasks", body).without("content-type")).await;
    assert_eq!(bare.problem(), (415, "unsupported_media_type".to_owned()));
    for kind in ["application/json", "Application/JSON; charset=UTF-8", "application/json;"] {
        let answer =
            gateway.ask(raw("/api/v1/tasks", body).without("content-type").with("content-type", kind)).await;
        assert_eq!(answer.status, 201, "{kind}");
    }
    for wrong in ["", "{", "{\"kind\":\"a\"} x", "{'kind':'a'}", "\u{feff}{}", "nul"] {
        let answer = gateway.ask(raw("/api/v1/tasks", wrong)).await;
        assert_eq!(answer.problem(), (400, "malformed".to_owned()), "{wrong}");
    }
    let bytes = gateway.ask(raw("/api/v1/tasks", b"{\"kind\":\"\xff\"}".to_vec())).await;
    assert_eq!(bytes.problem(), (400, "malformed".to_owned()));
}

#[tokio::test]
async fn every_code_has_a_page() {
    let gateway = Gateway::start().await;
    let all = gateway.get("/problems").await.json();
    assert_eq!(all["problems"].as_array().unwrap().len(), baton_core::Code::ALL.len());
    for code in baton_core::Code::ALL {
        let page = gateway.get(&format!("/problems/{code}")).await;
        assert_eq!(page.json()["code"], code.as_str());
        let html = gateway.ask(get(&format!("/problems/{code}")).with("accept", "text/html,*/*;q=0.8")).await;
        assert!(html.header("content-type").starts_with("text/html") && html.text().contains(code.advice()));
    }
}

#[tokio::test]
async fn request_ids_are_echoed_or_made() {
    let gateway = Gateway::start().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let ask = get("/nothing").with("x-request-id", "mine-7").with("traceparent", trace);
    let answer = gateway.ask(ask).await;
    assert_eq!(
        (answer.header("x-request-id"), &answer.json()["trace_id"]),
        ("mine-7", &json!("0af7651916cd43dd8448eb211c80319c"))
    );
    for odd in ["with space", "", &"x".repeat(129)] {
        let answer = gateway.ask(get("/nothing").with("x-request-id", odd)).await;
        assert_eq!(answer.header("x-request-id").len(), 16, "{odd}");
    }
    let wrong =
        gateway.ask(post("/api/v1/tasks", &json!({ "kind": "a" })).with("traceparent", "00-zz-11-01")).await;
    assert_eq!(wrong.json().get("traceparent"), None);
}

/// What a fuzzer found: shapes that derived code takes, and bounds that only the API document knew.
#[tokio::test]
async fn what_the_api_document_excludes_is_refused() {
    let gateway = Gateway::start().await;
    let registered = |body: Value| gateway.post("/api/v1/workers/register", body);
    assert_eq!(registered(json!([null, null])).await.problem().0, 422);
    for (body, pointer) in [
        (json!({ "kind": "Media" }), "/kind"),
        (json!({ "kind": "x".repeat(33) }), "/kind"),
        (json!({ "host": "x".repeat(257) }), "/host"),
        (json!({ "version": "x".repeat(65) }), "/version"),
    ] {
        assert_eq!(registered(body).await.pointers(), [pointer]);
    }
    for (path, parameter) in [
        ("/api/v1/workers?cursor=x", "cursor"),
        ("/api/v1/queues?cursor=!", "cursor"),
        ("/api/v1/tasks?cursor=x", "cursor"),
        ("/api/v1/tasks/01a1fc29-8a56-7000-ba14-c38b1cfc4000?wait=86401", "wait"),
    ] {
        assert_eq!(gateway.get(path).await.pointers(), [parameter], "{path}");
    }
}

#[tokio::test]
async fn what_the_api_document_allows_is_taken() {
    let gateway = Gateway::start().await;
    let worker = gateway.post("/api/v1/workers/register", json!({ "slots": 4.0 })).await.json();
    let path = format!("/api/v1/workers/{}/heartbeat", worker["id"].as_str().unwrap());
    assert_eq!(gateway.post(&path, Value::Null).await.status, 200);
    let task = gateway.post("/api/v1/tasks", json!({ "kind": "a", "priority": 5.0, "queue": null })).await;
    assert_eq!((task.status.as_u16(), task.json()["priority"].as_u64()), (201, Some(5)));
}
