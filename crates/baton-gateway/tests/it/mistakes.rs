//! What is wrong with a flow: all of it is said at once, with the places, and nothing of it exists afterwards.

use serde_json::{Value, json};

use crate::support::{Answer, Gateway, post, raw};

const FLOWS: &str = "/api/v1/flows";

/// Asks, and sees that nothing was changed.
async fn refused(gateway: &Gateway, body: Value) -> Answer {
    let before = gateway.snapshot().await;
    let answer = gateway.post(FLOWS, body).await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_eq!(gateway.snapshot().await, before);
    answer
}

#[tokio::test]
async fn every_mistake_of_a_flow_is_named_with_its_place() {
    let gateway = Gateway::start().await;
    let answer = refused(
        &gateway,
        json!({ "tasks": [
            { "ref": "extract", "kind": "a", "key": "k", "on_duplicate": "reject" },
            { "ref": "b", "kind": "a", "parents": ["extrct", "extract", "extract"], "priority": 11, "timeout_ms": 1 },
            { "ref": "c", "kind": "a", "parents": ["c"], "key": "k" },
            { "ref": "extract", "kind": "a" },
            { "ref": "x", "kind": "a", "parents": ["y"] },
            { "ref": "y", "kind": "a", "parents": ["x"], "delay_ms": 5, "run_at": "2999-01-01T00:00:00Z" },
        ] }),
    )
    .await;
    assert_eq!(answer.problem().1, "validation");
    assert_eq!(
        answer.pointers(),
        [
            "/tasks/0/on_duplicate",
            "/tasks/1/priority",
            "/tasks/1/timeout_ms",
            "/tasks/1/parents/0",
            "/tasks/1/parents/2",
            "/tasks/2/key",
            "/tasks/2/parents/0",
            "/tasks/3/ref",
            "/tasks/4/parents/0",
            "/tasks/5/delay_ms",
            "/tasks/5/run_at",
        ]
    );
    let errors = answer.json()["errors"].clone();
    assert_eq!(errors[3]["message"], "no task of this flow has the ref `extrct`: did you mean `extract`?");
    assert_eq!(errors[8]["message"], "these tasks would wait for each other: x → y → x");
    assert_eq!(errors[5]["message"], "the key `k` is taken by the task at index 0");
}

#[tokio::test]
async fn mistakes_of_form_do_not_hide_the_others() {
    let gateway = Gateway::start().await;
    let answer = refused(
        &gateway,
        json!({ "nam": "nightly", "tasks": [
            { "ref": "a b", "kind": "x", "parents": ["b", "no where"], "prioritty": 3, "tags": ["y z"] },
            { "ref": "b", "kind": "x", "parents": ["gone"], "max_attempts": 0 },
            { "ref": "c", "parents": ["b", 7], "flow": "01a1fc29-8a56-7000-ba14-c38b1c000000" },
            "task",
        ] }),
    )
    .await;
    let mut pointers = answer.pointers();
    pointers.sort();
    assert_eq!(
        pointers,
        [
            "/nam",
            "/tasks/0/parents/1",
            "/tasks/0/prioritty",
            "/tasks/0/ref",
            "/tasks/0/tags/0",
            "/tasks/1/max_attempts",
            "/tasks/1/parents/0",
            "/tasks/2",
            "/tasks/2/flow",
            "/tasks/2/parents/1",
            "/tasks/3",
        ]
    );
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    let of =
        |pointer: &str| errors.iter().find(|error| error["pointer"] == pointer).unwrap()["message"].clone();
    assert_eq!(of("/nam"), "unknown member `nam`: did you mean `name`?");
    assert_eq!(of("/tasks/1/parents/0"), "no task of this flow has the ref `gone`");
}

#[tokio::test]
async fn where_every_mistake_is_a_circle_the_code_says_so() {
    let gateway = Gateway::start().await;
    let circle = json!([
        { "ref": "a", "kind": "x", "parents": ["c"] },
        { "ref": "b", "kind": "x", "parents": ["a"] },
        { "ref": "c", "kind": "x", "parents": ["b"] },
        { "ref": "d", "kind": "x", "parents": ["d"] },
    ]);
    let answer = refused(&gateway, json!({ "tasks": circle })).await;
    assert_eq!(answer.problem(), (422, "dependency_cycle".to_owned()));
    assert_eq!(answer.pointers(), ["/tasks/0/parents/0", "/tasks/3/parents/0"]);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("a → b → c → a"), "{detail}");
}

#[tokio::test]
async fn a_flow_has_bounds() {
    let gateway = Gateway::start().await;
    for body in [json!({ "tasks": [] }), json!({ "tasks": vec![json!({ "kind": "x" }); 100_001] })] {
        assert_eq!(refused(&gateway, body).await.pointers(), ["/tasks"]);
    }
    let all_parents: Vec<String> = (0..1_010).map(|n| n.to_string()).collect();
    let mut tasks: Vec<Value> = all_parents.iter().map(|name| json!({ "ref": name, "kind": "x" })).collect();
    tasks.extend((0..1_001).map(|_| json!({ "kind": "x", "parents": all_parents })));
    assert_eq!(refused(&gateway, json!({ "tasks": tasks })).await.pointers(), ["/tasks"]);
    // Also where there are mistakes of form beside it.
    tasks[0]["kindd"] = json!("x");
    let answer = refused(&gateway, json!({ "tasks": tasks })).await;
    assert_eq!((answer.pointers(), answer.problem().1.as_str()), (vec!["/tasks".to_owned()], "validation"));
    let large = json!({ "tasks": [{ "kind": "x", "payload": "x".repeat(1_048_577) }] });
    assert_eq!(refused(&gateway, large).await.pointers(), ["/tasks/0/payload"]);
    let beyond = format!(r#"{{"tasks":[{{"kind":"x","payload":"{}"}}]}}"#, "x".repeat(32 * 1024 * 1024));
    let beyond = gateway.ask(raw(FLOWS, beyond)).await;
    assert_eq!(beyond.problem(), (413, "payload_too_large".to_owned()));
}

#[tokio::test]
async fn of_very_many_mistakes_the_first_are_named() {
    let gateway = Gateway::start().await;
    let wrong = |parents: Value| json!({ "tasks": vec![json!({ "ref": "a", "kind": "x", "parents": parents }); 2_000] });
    for body in [wrong(json!(["gone"])), wrong(json!(["not a ref"]))] {
        let answer = refused(&gateway, body).await;
        let pointers = answer.pointers();
        assert!((1_000..=1_001).contains(&pointers.len()), "{}", pointers.len());
    }
}

#[tokio::test]
async fn what_is_no_json_is_malformed() {
    let gateway = Gateway::start().await;
    for body in ["", "{", r#"{"tasks":[{"kind":"x"}]} x"#, r#"{"tasks":[{"kind":}]}"#] {
        assert_eq!(gateway.ask(raw(FLOWS, body)).await.problem(), (400, "malformed".to_owned()), "{body}");
    }
    assert_eq!(gateway.ask(raw(FLOWS, "[]")).await.pointers(), [""]);
    assert_eq!(gateway.ask(raw(FLOWS, "{}")).await.pointers(), [""]);
    let undeclared = post(FLOWS, &json!({ "tasks": [{ "kind": "x" }] })).without("content-type");
    assert_eq!(gateway.ask(undeclared).await.problem(), (415, "unsupported_media_type".to_owned()));
}
