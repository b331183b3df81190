//! Kinds over HTTP: what is said of them, every refusal, and what their tasks get from it.

use axum::http::Method;
use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::{Answer, Ask, Gateway, get, post};

const ALL: &str = "/api/v1/kinds";
const MAIL: &str = "/api/v1/kinds/mail.send";

fn put<'a>(path: &'a str, body: &Value) -> Ask<'a> {
    post(path, body).by(Method::PUT)
}

fn delete(path: &str) -> Ask<'_> {
    get(path).by(Method::DELETE)
}

fn status(answer: &Answer) -> u16 {
    answer.status.as_u16()
}

#[tokio::test]
async fn a_kind_is_said_shown_changed_and_forgotten_in_every_shard() {
    let gateway = Gateway::with_shards(4).await;
    let said = json!({ "max_attempts": 8, "backoff_ms": 500, "non_retryable": ["bad_input", "http 4*"] });
    let made = gateway.ask(put(MAIL, &said)).await;
    assert_eq!((status(&made), made.header("location")), (201, MAIL));
    let kind = made.json();
    assert_eq!(made.header("etag"), format!("\"{}\"", kind["version"]));
    for (member, value) in said.as_object().unwrap() {
        assert_eq!(&kind[member], value);
    }
    assert_eq!((&kind["backoff_cap_ms"], &kind["backoff_factor"]), (&json!(3_600_000), &json!(2)));
    assert_eq!((&kind["kind"], &kind["changed_by"]), (&json!("mail.send"), &json!("local-dev")));
    assert_eq!(gateway.get(MAIL).await.json(), kind);
    let known = gateway.ask(get(MAIL).with("if-none-match", made.header("etag"))).await;
    assert_eq!((status(&known), known.text().as_str(), known.header("etag")), (304, "", made.header("etag")));
    assert_eq!(gateway.ask(get(MAIL).with("if-none-match", "\"1\"")).await.status, 200);
    assert_eq!(gateway.get(ALL).await.json()["kinds"], json!([kind]));
    assert_eq!(gateway.ask(put(MAIL, &said)).await.json(), kind, "the same again changes nothing");
    // Tasks land in any shard, and each has it.
    for _ in 0..12 {
        let id = gateway.submit("mail.send").await;
        assert_eq!(gateway.task(&id).await["max_attempts"], 8);
    }
    let changed = gateway.ask(put(MAIL, &json!({ "timeout_ms": 5_000 }))).await;
    assert_eq!((status(&changed), &changed.json()["timeout_ms"]), (200, &json!(5_000)));
    assert!(changed.json().get("max_attempts").is_none(), "what is left out is forgotten");
    assert_eq!(gateway.ask(delete(MAIL)).await.status, 204);
    for _ in 0..12 {
        let id = gateway.submit("mail.send").await;
        assert_eq!(gateway.task(&id).await["timeout_ms"], 1_800_000);
    }
    for answer in [gateway.get(MAIL).await, gateway.ask(delete(MAIL)).await] {
        assert_eq!(answer.problem(), (404, "unknown_kind".to_owned()));
    }
    assert_eq!(gateway.get(ALL).await.json()["kinds"], json!([]));
}

#[tokio::test]
async fn whoever_knows_an_older_version_is_refused() {
    let gateway = Gateway::start().await;
    let first = gateway.ask(put(MAIL, &json!({ "max_attempts": 2 }))).await;
    let tag = first.header("etag").to_owned();
    let second = gateway.ask(put(MAIL, &json!({ "max_attempts": 3 })).with("if-match", &tag)).await;
    assert_eq!(status(&second), 200);
    for ask in [put(MAIL, &json!({ "max_attempts": 4 })), delete(MAIL)] {
        let late = gateway.ask(ask.with("if-match", &tag)).await;
        assert_eq!(late.problem(), (412, "stale_version".to_owned()));
    }
    let unknown = put("/api/v1/kinds/other", &json!({ "max_attempts": 4 })).with("if-match", &tag);
    assert_eq!(gateway.ask(unknown).await.problem(), (404, "unknown_kind".to_owned()));
    let now = second.header("etag").to_owned();
    assert_eq!(gateway.ask(delete(MAIL).with("if-match", now)).await.status, 204);
}

#[tokio::test]
async fn every_mistake_is_named_with_its_place_and_changes_nothing() {
    let gateway = Gateway::start().await;
    let before = gateway.snapshot().await;
    for (body, pointers) in [
        (json!({}), vec![""]),
        (json!({ "max_attempts": 0, "timeout_ms": 1 }), vec!["/timeout_ms", "/max_attempts"]),
        (json!({ "priority": 10 }), vec!["/priority"]),
        (json!({ "max_crashes": 101 }), vec!["/max_crashes"]),
        (json!({ "backoff_ms": 10, "backoff_cap_ms": 5 }), vec!["/backoff_ms"]),
        (json!({ "backoff_factor": 11 }), vec!["/backoff_factor"]),
        (json!({ "result_ttl_ms": 999 }), vec!["/result_ttl_ms"]),
        (json!({ "non_retryable": ["a", "b*c"] }), vec!["/non_retryable/1"]),
        (json!({ "non_retryable": vec!["a"; 33] }), vec!["/non_retryable"]),
        (json!({ "max_atempts": 3 }), vec!["/max_atempts"]),
    ] {
        let answer = gateway.ask(put(MAIL, &body)).await;
        assert_eq!(answer.problem(), (422, "validation".to_owned()), "{body}");
        assert_eq!(answer.pointers(), pointers, "{body}");
    }
    let answer = gateway.ask(put("/api/v1/kinds/a%20b", &json!({ "max_attempts": 3 }))).await;
    assert_eq!((answer.problem().0, answer.pointers()), (422, vec!["name".to_owned()]));
    assert_eq!(gateway.snapshot().await, before);
}

#[tokio::test]
async fn it_takes_every_queue_to_say_something_and_any_to_read_it() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let body = json!({ "max_attempts": 2 });
    let all = door.key(&["queues:admin"], None).await;
    let some = door.key(&["queues:admin@mail", "tasks:read@mail"], None).await;
    let refused = door.ask(put(MAIL, &body).with_key(&some)).await;
    assert_eq!(refused.problem(), (403, "insufficient_scope".to_owned()));
    assert_eq!(door.ask(put(MAIL, &body).with_key(&all)).await.status, 201);
    assert_eq!(door.get(&some, MAIL).await.status, 200);
    assert_eq!(door.ask(delete(MAIL).with_key(&some)).await.problem().0, 403);
    assert_eq!(door.ask(delete(MAIL).with_key(&all)).await.status, 204);
}

#[tokio::test]
async fn a_task_takes_the_place_of_one_that_does_not_run() {
    let gateway = Gateway::start().await;
    let body = |to| json!({ "kind": "bill", "key": "k", "on_duplicate": "replace", "payload": to });
    let old = gateway.submit_with(body(1)).await;
    let new = gateway.submit_with(body(2)).await;
    let replaced = gateway.task(&old).await;
    assert_eq!(
        (&replaced["status"], &replaced["reason"]),
        (&json!("cancelled"), &json!(format!("replaced by {new}")))
    );
    let worker = gateway.worker(1).await;
    gateway.take(&worker, &new).await;
    let refused = gateway.post("/api/v1/tasks", body(3)).await;
    assert_eq!(refused.problem(), (409, "duplicate_key".to_owned()));
    assert!(refused.json()["detail"].as_str().unwrap().ends_with("It runs, so it is not replaced."));
    let many: Vec<Value> = (0..300)
        .map(|at| json!({ "kind": "b", "key": format!("k{}", at % 3), "on_duplicate": "replace" }))
        .collect();
    let answer = gateway.post("/api/v1/tasks/batch", json!({ "tasks": many })).await.json();
    assert_eq!((&answer["created"], &answer["refused"]), (&json!(300), &json!(0)));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn the_same_words_again_are_answered_with_the_result_whatever_the_shard() {
    let gateway = Gateway::with_shards(4).await;
    let worker = gateway.worker(1).await;
    for page in 0..5 {
        let body = json!({ "kind": "render", "payload": { "page": page }, "cache_ttl_ms": 60_000 });
        let id = gateway.submit_with(body.clone()).await;
        gateway.take(&worker, &id).await;
        gateway.complete(&worker, &id, json!({ "html": page })).await;
        for key in [None, Some("once-more")] {
            let ask = post("/api/v1/tasks", &body);
            let ask =
                key.into_iter().fold(ask, |ask, key| ask.with("idempotency-key", format!("{key}-{page}")));
            let again = gateway.ask(ask).await;
            let task = again.json();
            assert_eq!((status(&again), &task["id"], &task["cached"]), (200, &json!(id), &json!(true)));
            assert_eq!(task["result"], json!({ "html": page }));
        }
        let batch = gateway.post("/api/v1/tasks/batch", json!({ "tasks": [body] })).await.json();
        assert_eq!((&batch["tasks"][0]["cached"], &batch["created"]), (&json!(true), &json!(0)));
        assert!(gateway.task(&id).await.get("cached").is_none());
    }
    let parent = gateway.submit("a").await;
    let child = json!({ "kind": "a", "parents": [parent], "cache_ttl_ms": 60_000 });
    assert_eq!(gateway.post("/api/v1/tasks", child).await.pointers(), ["/cache_ttl_ms"]);
    for (member, value) in [("cache_ttl_ms", 999), ("result_ttl_ms", 999), ("cache_ttl_ms", 604_800_001)] {
        let answer = gateway.post("/api/v1/tasks", json!({ "kind": "a", member: value })).await;
        assert_eq!(answer.pointers(), [format!("/{member}")]);
    }
}

#[tokio::test]
async fn a_result_is_gone_when_its_time_is_over_and_says_so() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit_with(json!({ "kind": "render", "result_ttl_ms": 1_000 })).await;
    gateway.take(&worker, &id).await;
    gateway.complete(&worker, &id, json!(42)).await;
    let task = gateway.task(&id).await;
    assert!(task["result_expires_at"].is_string(), "{task}");
    let result = format!("/api/v1/tasks/{id}/result");
    // It is Redis that lets it go, by its own clock.
    crate::support::until(async || gateway.task(&id).await["result_expired"] == json!(true)).await;
    assert_eq!(gateway.get(&result).await.problem(), (410, "result_expired".to_owned()));
    let task = gateway.task(&id).await;
    assert_eq!((&task["status"], task.get("result")), (&json!("completed"), None));
    let history = gateway.get(&format!("/api/v1/tasks/{id}/history")).await.json();
    assert_eq!(history["history_count"], 3);
}
