//! A gateway without logins answers only its own host.

use axum::http::Method;
use baton_gateway::Settings;
use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;
use serde_json::json;

use crate::support::{Gateway, get, post};

#[tokio::test]
async fn case_103_other_hosts_sites_and_proxies_are_refused_on_every_route_and_method() {
    let gateway = Gateway::start().await;
    let before = gateway.snapshot().await;
    for (name, value) in [
        ("host", "evil.example"),
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "for=10.0.0.1"),
    ] {
        for ask in [
            get("/"),
            get("/metrics"),
            get("/nothing"),
            get("/docs/"),
            get("/api/v1/tasks").by(Method::OPTIONS),
            get("/api/v1/workers/worker-001-a").by(Method::DELETE),
            post("/api/v1/tasks", &json!({ "kind": "a" })),
            get("/x/../api/v1/tasks"),
            get("/x/%2e%2e/api/v1/workers/worker-001-a").by(Method::DELETE),
        ] {
            let path = ask.path.to_owned();
            let answer = gateway.ask(ask.with(name, value)).await;
            assert_eq!(answer.problem(), (403, "cross_site".to_owned()), "{name}: {value} on {path}");
        }
        let head = get("/api/v1/tasks").by(Method::HEAD).with(name, value);
        assert_eq!(gateway.ask(head).await.status, 403, "{name}: {value} by HEAD");
        for method in ["PUT", "PATCH", "TRACE", "CONNECT", "PROPFIND"] {
            let ask = get("/api/v1/tasks").by(method.parse().unwrap());
            let answer = gateway.ask(ask.with(name, value)).await;
            assert_eq!(answer.problem(), (403, "cross_site".to_owned()), "{name}: {value} by {method}");
        }
    }
    assert_eq!(gateway.snapshot().await, before);
}

#[tokio::test]
async fn probes_may_ask_by_any_address() {
    let gateway = Gateway::start().await;
    for path in ["/health", "/ready"] {
        assert_eq!(gateway.ask(get(path).with("host", "10.0.0.7:8000")).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn its_own_page_may_ask() {
    let gateway = Gateway::start().await;
    let ask = post("/api/v1/tasks", &json!({ "kind": "a" }))
        .with("host", "127.0.0.1:8000")
        .with("origin", "http://127.0.0.1:8000")
        .with("sec-fetch-site", "same-origin");
    assert_eq!(gateway.ask(ask).await.status, 201);
}

#[tokio::test]
async fn further_hosts_can_be_allowed() {
    let redis = PrivateRedis::start().await;
    let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.unwrap();
    let settings = Settings { allowed_hosts: vec!["fleet.example".to_owned()], ..Settings::default() };
    let gateway = Gateway::over(redis, store, settings);
    assert_eq!(gateway.ask(get("/").with("host", "fleet.example:80")).await.status, 200);
    assert_eq!(gateway.ask(get("/").with("host", "other.example")).await.status, 403);
}
