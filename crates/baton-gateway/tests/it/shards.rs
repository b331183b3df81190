//! The same over several shards: whoever asks does not notice.

use std::collections::HashSet;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Gateway, post};

fn shard(id: &str) -> &str {
    &id[33..]
}

#[tokio::test]
async fn tasks_of_all_shards_are_submitted_listed_claimed_and_finished() {
    let gateway = Gateway::with_shards(3).await;
    let body = json!({ "tasks": vec![json!({ "kind": "noop" }); 60] });
    let answer = gateway.post("/api/v1/tasks/batch", body).await.json();
    let ids: HashSet<String> = answer["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((ids.len(), ids.iter().map(|id| shard(id)).collect::<HashSet<_>>().len()), (60, 3));

    let (mut seen, mut path) = (HashSet::new(), "/api/v1/tasks?limit=7".to_owned());
    loop {
        let page = gateway.get(&path).await.json();
        for task in page["tasks"].as_array().unwrap() {
            assert!(seen.insert(task["id"].as_str().unwrap().to_owned()));
        }
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/tasks?limit=7&cursor={cursor}");
    }
    assert_eq!(seen, ids);
    assert_eq!(gateway.get("/api/v1/tasks?page=1").await.json()["total"], 60);
    assert_eq!(gateway.get("/api/v1/queues/default").await.json()["tasks"]["pending"], 60);

    let worker = gateway.worker(1).await;
    let path = format!("/api/v1/workers/{worker}/claim");
    let claims = gateway.post(&path, json!({ "max": 60 })).await.json();
    let tasks = claims["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 60);
    let holding: Vec<Value> =
        tasks.iter().map(|task| json!({ "task": task["id"], "fence": task["fence"] })).collect();
    let alive = gateway
        .post(&format!("/api/v1/workers/{worker}/heartbeat"), json!({ "holding": holding }))
        .await
        .json();
    assert_eq!((&alive["gone"], &alive["unknown"]), (&json!([]), &json!([])));
    assert_eq!(gateway.get(&format!("/api/v1/workers/{worker}")).await.json()["holds"], 60);
    let running = gateway.get("/api/v1/tasks?status=running&page=3&page_size=25").await.json();
    assert_eq!((running["tasks"].as_array().unwrap().len(), &running["total"]), (10, &json!(60)));
    let mut leave = post(&path, &json!({})).by(Method::DELETE);
    let home = format!("/api/v1/workers/{worker}");
    leave.path = &home;
    assert_eq!(gateway.ask(leave).await.json()["released"], 60);
    assert_eq!(gateway.get("/api/v1/queues/default").await.json()["tasks"]["pending"], 60);
}

#[tokio::test]
async fn a_repeated_claim_gets_its_own_task_before_any_other() {
    let gateway = Gateway::with_shards(3).await;
    let worker = gateway.worker(1).await;
    for _ in 0..30 {
        gateway.submit("noop").await;
    }
    let first = gateway.claim(&worker).await;
    for _ in 0..10 {
        let again = gateway.claim(&worker).await;
        assert_eq!(
            (&again["id"], &again["fence"], &again["redelivered"]),
            (&first["id"], &first["fence"], &json!(true))
        );
    }
}

#[tokio::test]
async fn a_batch_is_repeated_over_all_shards() {
    let gateway = Gateway::with_shards(3).await;
    let tasks: Vec<Value> =
        (0..30).map(|n| json!({ "kind": "noop", "payload": n, "key": format!("k{}", n % 7) })).collect();
    let body = json!({ "tasks": tasks });
    let ask = || gateway.ask(post("/api/v1/tasks/batch", &body).with("idempotency-key", "b"));
    let (first, again) = (ask().await.json(), ask().await.json());
    assert_eq!((&first["created"], &again["created"]), (&json!(7), &json!(0)));
    let ids = |answer: &Value| {
        answer["tasks"].as_array().unwrap().iter().map(|task| task["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&first), ids(&again));
}
