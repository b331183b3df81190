//! Every route against every scope, as the API document declares them.

use axum::http::Method;
use baton_auth::Action;
use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::{Ask, Gateway, get};

const NOBODY: &str = "01a1fc29-8a56-7000-ba14-c38b1cfc4000";
const WORKER: &str = "worker-001-test";

struct Route {
    name: String,
    method: Method,
    path: String,
    /// What it declares: lists of scopes of which one is enough; none for a route that is for everyone.
    ways: Option<Vec<Vec<String>>>,
}

fn routes() -> Vec<Route> {
    let api = serde_json::to_value(baton_gateway::openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let security = operation["security"]
                .as_array()
                .unwrap_or_else(|| panic!("{method} {path} declares nothing"));
            let open = security.iter().any(|way| way == &json!({}));
            let ways =
                security.iter().map(|way| serde_json::from_value(way["bearer"].clone()).unwrap_or_default());
            routes.push(Route {
                name: format!("{method} {path}"),
                method: method.to_uppercase().parse().unwrap(),
                path: address(path),
                ways: (!open).then(|| ways.collect()),
            });
        }
    }
    assert!(routes.len() > 40, "{}", routes.len());
    routes
}

/// With ids that nothing has, and a parameter that no route of tasks knows: whoever comes in is answered at once, and nothing
/// happens.
fn address(path: &str) -> String {
    let id = if path.contains("/workers/") { WORKER } else { NOBODY };
    let path = path.replace("{id}", id).replace("{name}", "default").replace("{kid}", "none");
    let path = path.replace("{fingerprint}", "0123456789abcdef").replace("{key}", "baton:meta");
    let path = path.replace("{session}", NOBODY);
    assert!(!path.contains('{'), "{path}");
    if path.starts_with("/api/v1") { format!("{path}?nonsense=1") } else { path }
}

fn of<'a>(route: &'a Route) -> Ask<'a> {
    get(&route.path).by(route.method.clone())
}

/// A route that reads the credential itself, as those of OAuth do, is for everyone here.
fn guarded() -> impl Iterator<Item = (Route, Vec<Vec<String>>)> {
    routes().into_iter().filter_map(|mut route| route.ways.take().map(|ways| (route, ways)))
}

#[tokio::test]
async fn without_a_credential_nothing_is_answered_but_what_is_for_everyone() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let before = gateway.snapshot().await;
    for (route, _) in guarded() {
        for ask in [of(&route), of(&route).with("authorization", "Bearer btk_nonsense")] {
            let answer = door.ask(ask).await;
            assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{}", route.name);
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{}", route.name);
        }
    }
    for page in ["/", "/openapi.json", "/docs/", "/problems", "/problems/fenced", "/health", "/ready"] {
        assert_eq!(door.ask(get(page)).await.status, 200, "{page}");
    }
    assert_eq!(door.ask(get("/api/v1/nothing")).await.problem().0, 404);
    assert_eq!(gateway.snapshot().await, before);
}

#[tokio::test]
async fn case_96_every_scope_opens_its_routes_and_no_other() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    for action in Action::ALL {
        let key = door.key(&[action.as_str()], Some(WORKER)).await;
        // What is for any credential at all looks at more than scopes: some of it is for logins only. And nobody hands
        // out more than he has: who invites a worker needs what that may do, too.
        let by_scope = guarded().filter(|(route, ways)| {
            ways.iter().all(|way| !way.is_empty()) && !route.path.ends_with("/join-tokens")
        });
        for (route, ways) in by_scope {
            let answer = door.ask(of(&route).with_key(&key)).await;
            let enough = *action == Action::Admin
                || ways.iter().any(|way| way.iter().all(|scope| scope == action.as_str()));
            let refused = answer.status == 403 && answer.problem().1 == "insufficient_scope";
            assert_eq!(refused, !enough, "{action}, {}: {}", route.name, answer.text());
            assert_ne!(answer.status, 401, "{action}, {}", route.name);
            if refused {
                let challenge = answer.header("www-authenticate");
                let named =
                    ways.iter().flatten().any(|scope| challenge.contains(&format!("scope=\"{scope}\"")));
                assert!(named, "{}: {challenge}", route.name);
            }
        }
    }
}

#[tokio::test]
async fn who_may_not_come_in_is_turned_away_before_the_body_is_read() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let key = door.key(&["tasks:read"], None).await;
    let large = crate::support::raw("/api/v1/tasks", vec![b'['; 4 * 1024 * 1024]);
    assert_eq!(door.ask(large.with_key(&key)).await.problem(), (403, "insufficient_scope".to_owned()));
    let nameless = crate::support::raw("/api/v1/tasks", "{").without("content-type");
    assert_eq!(door.ask(nameless).await.problem(), (401, "unauthenticated".to_owned()));
}

#[tokio::test]
async fn other_methods_are_refused_whoever_asks() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let key = door.key(&["admin"], None).await;
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::TRACE] {
        for ask in [get("/api/v1/tasks"), get("/api/v1/tasks").with_key(&key)] {
            let answer = door.ask(ask.by(method.clone())).await;
            assert_eq!(answer.problem(), (405, "method_not_allowed".to_owned()), "{method}");
            assert_eq!(answer.header("allow"), "GET,HEAD,POST");
        }
    }
    assert_eq!(door.ask(get("/api/v1/tasks").by(Method::HEAD).with_key(&key)).await.status, 200);
}

#[tokio::test]
async fn health_says_more_to_whoever_may_read_the_metrics() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let members = |health: Value| {
        let mut names: Vec<String> = health.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    let few = ["auth", "status", "timestamp", "version"];
    assert_eq!(members(door.ask(get("/health")).await.json()), few);
    let (other, own) = (door.key(&["tasks:read"], None).await, door.key(&["metrics:read"], None).await);
    assert_eq!(members(door.get(&other, "/health").await.json()), few);
    assert_eq!(members(door.get("btk_nonsense", "/health").await.json()), few);
    let all = door.get(&own, "/health").await.json();
    assert!(all["redis"].is_object() && all["workers"].is_object() && all["tasks"].is_object(), "{all}");
    assert_eq!(all["auth"], "required");
    assert_eq!(door.get(&other, "/metrics").await.problem(), (403, "insufficient_scope".to_owned()));
    assert_eq!(door.get(&own, "/metrics").await.status, 200);
}

#[tokio::test]
async fn a_name_is_its_owners_and_a_word_of_repetition_too() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let key = door.key(&["tasks:write", "tasks:read"], None).await;
    let again = |ask: Ask<'static>| ask.with("idempotency-key", "same");
    let body = json!({ "kind": "a" });
    let open = gateway.ask(again(crate::support::post("/api/v1/tasks", &body))).await.json();
    let owned = door.ask(again(crate::support::post("/api/v1/tasks", &body)).with_key(&key)).await;
    assert_eq!(owned.status, 201, "{}", owned.text());
    assert_ne!(owned.json()["id"], open["id"]);
    assert_eq!(open["submitted_by"], "local-dev");
    assert_ne!(owned.json()["submitted_by"], "local-dev");
}
