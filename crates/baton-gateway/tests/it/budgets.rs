//! How many requests one principal may send in a time, over all gateways.

use axum::http::StatusCode;
use serde_json::json;

use crate::keys::Guarded;
use crate::support::{Answer, Gateway, get, post};

const TASKS: &str = "/api/v1/tasks";

/// One without logins and with this budget, on a Redis of its own.
async fn with_budget(text: &str) -> Gateway {
    let open = Gateway::start().await;
    let settings = baton_gateway::Settings { budget: text.parse().ok(), ..(*open.app.settings).clone() };
    assert!(settings.budget.is_some());
    let store = open.app.store.clone();
    Gateway::over(open.redis, store, settings)
}

fn left(answer: &Answer) -> &str {
    let standing = answer.header("ratelimit");
    let (words, seconds) = standing.split_once(";t=").unwrap();
    assert!((1..=3_600).contains(&seconds.parse::<u64>().unwrap()), "{standing}");
    words
}

#[tokio::test]
async fn three_gateways_have_one_budget_and_refuse_what_is_over_it() {
    let gateway = with_budget("30/1h").await;
    let (second, third) = (gateway.twin().await, gateway.twin().await);
    let mut passed = 0;
    for at in 0..60 {
        let answer = match at % 3 {
            0 => gateway.ask(get(TASKS)).await,
            1 => second.ask(get(TASKS)).await,
            _ => third.ask(get(TASKS)).await,
        };
        assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=30;w=3600");
        match answer.status {
            StatusCode::OK => {
                passed += 1;
                assert_eq!(left(&answer), format!("\"default\";r={}", 30 - passed));
            }
            _ => {
                assert_eq!(answer.problem(), (429, "rate_limited".to_owned()));
                assert_eq!(left(&answer), "\"default\";r=0");
                assert!((1..=3_600).contains(&answer.header("retry-after").parse::<u64>().unwrap()));
            }
        }
    }
    assert_eq!(passed, 30);
}

#[tokio::test]
async fn work_that_goes_on_and_probes_are_not_counted() {
    let gateway = with_budget("4/1h").await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit("echo").await;
    gateway.take(&worker, &id).await;
    gateway.task(&id).await;
    for path in ["/health", "/ready", "/metrics", "/openapi.json"] {
        for _ in 0..9 {
            assert!(gateway.get(path).await.headers.get("ratelimit").is_none(), "{path}");
        }
    }
    gateway.complete(&worker, &id, json!(1)).await;
    assert_eq!(left(&gateway.get(TASKS).await), "\"default\";r=1");
    gateway.get(TASKS).await;
    let refused = gateway.ask(post(TASKS, &json!({ "kind": "echo" }))).await;
    assert_eq!(refused.problem(), (429, "rate_limited".to_owned()));
    let claim = gateway.post(&format!("/api/v1/workers/{worker}/claim"), json!({})).await;
    assert_eq!(claim.status, 204);
}

#[tokio::test]
async fn each_principal_has_a_budget_of_his_own() {
    let gateway = with_budget("2/1h").await;
    let door = Guarded::beside(&gateway).await;
    let keys = [door.key(&["tasks:read"], None).await, door.key(&["tasks:read"], None).await];
    // Whoever has two keys has one budget.
    for (key, expected) in [(0, 200), (1, 200), (0, 429), (1, 429)] {
        assert_eq!(door.get(&keys[key], TASKS).await.status, expected, "{key}");
    }
    assert_eq!(gateway.get(TASKS).await.status, 200);
    // Whoever is not let in at all has none.
    let nobody = door.ask(get(TASKS)).await;
    assert_eq!((nobody.status.as_u16(), nobody.headers.get("ratelimit")), (401, None));
}

#[tokio::test]
async fn without_one_nothing_is_said_and_where_it_cannot_be_counted_nobody_is_refused() {
    let gateway = Gateway::start().await;
    assert!(gateway.get(TASKS).await.headers.get("ratelimit").is_none());
    let counted = with_budget("1/1h").await;
    // What is counted there is no number any more, so the script fails.
    let key = "baton:{u:r:local-dev}:requests";
    let _: u64 = counted.redis.say(&["HSET", key, "a", "b"]).await;
    for _ in 0..3 {
        let answer = counted.get(TASKS).await;
        assert_eq!((answer.status.as_u16(), answer.headers.get("ratelimit")), (200, None));
    }
}
