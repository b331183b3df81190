//! Groups of failures that are silenced: for whom, until when, and what that leaves as it was.

use axum::http::Method;
use serde_json::{Value, json};

use crate::groups::{failed, write_behind};
use crate::keys::Guarded;
use crate::support::{Answer, Gateway, get, post, raw};

/// Two groups, the name of the first one.
async fn fleet() -> (Gateway, String) {
    let gateway = Gateway::with_shards(2).await;
    failed(&gateway, "a", "mailbox 7 is full").await;
    failed(&gateway, "b", "the relay is away").await;
    write_behind(&gateway).await;
    let groups = gateway.get("/api/v1/errors").await.json()["errors"].as_array().unwrap().clone();
    let group = groups.iter().find(|group| group["message"] == "mailbox <n> is full").expect("a group");
    (gateway, group["fingerprint"].as_str().unwrap().to_owned())
}

fn place(group: &str) -> String {
    format!("/api/v1/errors/{group}/silence")
}

async fn put(gateway: &Gateway, group: &str, body: Value) -> Answer {
    let path = place(group);
    gateway.ask(post(&path, &body).by(Method::PUT)).await
}

async fn names(gateway: &Gateway, query: &str) -> Vec<String> {
    let list = gateway.get(&format!("/api/v1/errors?{query}")).await.json();
    let errors = list["errors"].as_array().unwrap();
    errors.iter().map(|group| group["fingerprint"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_silenced_group_is_marked_and_can_be_left_out() {
    let (gateway, group) = fleet().await;
    let answer = put(&gateway, &group, json!({ "for_ms": 604_800_000, "reason": "the relay moves" })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let silence = answer.json()["silenced"].clone();
    assert_eq!((&silence["by"], &silence["reason"]), (&json!("local-dev"), &json!("the relay moves")));
    assert!(silence["until"].as_str() > silence["since"].as_str(), "{silence}");
    assert_eq!(names(&gateway, "").await.len(), 2);
    assert_eq!(names(&gateway, "silenced=true").await, std::slice::from_ref(&group));
    let loud = names(&gateway, "silenced=false").await;
    assert!(loud.len() == 1 && loud[0] != group);
    // What it hides nowhere: counts, searches and tasks.
    let count = |stats: Value| stats["recent"]["counts"]["failed"].clone();
    assert_eq!(count(gateway.get("/api/v1/tasks/stats").await.json()), json!(2));
    let found = gateway.get(&format!("/api/v1/tasks?q=error:{group}")).await.json();
    assert_eq!(found["tasks"].as_array().unwrap().len(), 1);
    let one = gateway.get(&format!("/api/v1/errors/{group}")).await.json();
    assert_eq!((&one["silenced"], one["tasks"].as_array().unwrap().len()), (&silence, 1));
    // Another word replaces the first one.
    let longer = put(&gateway, &group, json!({})).await.json()["silenced"].clone();
    assert_eq!((&longer["until"], &longer["reason"]), (&Value::Null, &Value::Null), "{longer}");
    let path = place(&group);
    for _ in 0..2 {
        assert_eq!(gateway.ask(get(&path).by(Method::DELETE)).await.status, 204);
    }
    assert!(names(&gateway, "silenced=true").await.is_empty());
    // Taking back what was taken back is no news.
    let trail = gateway.get("/api/v1/audit").await.json();
    let told: Vec<&Value> =
        trail["entries"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(told, ["unsilence_error", "silence_error", "silence_error"], "{trail}");
    assert_eq!(trail["entries"][2]["why"], "the relay moves");
    assert_eq!(trail["entries"][0]["subject"], json!(group));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn what_cannot_be_silenced_changes_nothing() {
    let (gateway, group) = fleet().await;
    let before = gateway.shard().await;
    for (body, pointer) in [
        (json!({ "for_ms": 59_999 }), "/for_ms"),
        (json!({ "for_ms": 31_536_000_001_u64 }), "/for_ms"),
        (json!({ "for_ms": "a week" }), "/for_ms"),
        (json!({ "reason": "x".repeat(257) }), "/reason"),
        (json!({ "until": "2100-01-01" }), "/until"),
    ] {
        let answer = put(&gateway, &group, body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.pointers()), (422, vec![pointer.to_owned()]), "{body}");
    }
    let path = place(&group);
    let broken = gateway.ask(raw(&path, "{").by(Method::PUT)).await;
    assert_eq!(broken.status, 400);
    for unknown in ["0000000000000000", "x"] {
        let answer = put(&gateway, unknown, json!({})).await;
        assert_eq!(answer.problem(), (404, "unknown_error_group".to_owned()), "{unknown}");
    }
    assert_eq!(gateway.get("/api/v1/errors?silenced=perhaps").await.pointers(), ["silenced"]);
    assert_eq!(gateway.shard().await, before);
}

#[tokio::test]
async fn whoever_may_change_tasks_everywhere_silences_and_nobody_else() {
    let (gateway, group) = fleet().await;
    let door = Guarded::beside(&gateway).await;
    let path = place(&group);
    let body = json!({});
    for (scopes, status) in [
        (&["tasks:read"][..], 403),
        (&["tasks:read", "tasks:write@a"], 403),
        (&["tasks:read@b", "tasks:write"], 404),
        (&["tasks:read@a", "tasks:write"], 200),
    ] {
        let key = door.key(scopes, None).await;
        let answer = door.ask(post(&path, &body).by(Method::PUT).with_key(&key)).await;
        assert_eq!(answer.status, status, "{scopes:?}: {}", answer.text());
        if status == 403 {
            let back = door.ask(get(&path).by(Method::DELETE).with_key(&key)).await;
            assert_eq!(back.status, 403, "{scopes:?}");
        }
    }
    // Who sees the group sees that it is silent, and who said so.
    let key = door.key(&["tasks:read@a"], None).await;
    let seen = door.get(&key, "/api/v1/errors").await.json();
    assert!(seen["errors"][0]["silenced"]["by"].is_string(), "{seen}");
}
