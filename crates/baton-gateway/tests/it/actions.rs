//! One act on many tasks: which it finds, what it does to them, every refusal, and whose it may be.

use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::{Gateway, post, until};

const ACTIONS: &str = "/api/v1/actions";

async fn act(gateway: &Gateway, body: Value) -> Value {
    let answer = gateway.post(ACTIONS, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn status(gateway: &Gateway, id: &str) -> String {
    gateway.task(id).await["status"].as_str().unwrap().to_owned()
}

/// Tasks of a kind and queue, with more to say of them.
async fn tasks(gateway: &Gateway, count: usize, more: Value) -> Vec<String> {
    let mut task = json!({ "kind": "k" });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = gateway.post("/api/v1/tasks/batch", json!({ "tasks": vec![task; count] })).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    let each = answer.json()["tasks"].as_array().unwrap().clone();
    each.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn named_tasks_are_acted_on_and_each_refusal_is_counted() {
    let gateway = Gateway::with_shards(4).await;
    let mut ids = tasks(&gateway, 230, json!({})).await;
    gateway.post(&format!("/api/v1/tasks/{}/cancel", ids[0]), json!({})).await;
    ids.push("01a1fc29-8a56-7000-8a14-c38b1cfc4000".to_owned());
    ids.push("01a1fc29-8a56-7000-8a14-c38b1cfc4fff".to_owned());
    ids.push(ids[5].clone());
    let asked = json!({ "action": "cancel", "ids": ids, "reason": "over" });
    let foreseen = act(&gateway, {
        let mut dry = asked.clone();
        dry["dry_run"] = json!(true);
        dry
    })
    .await;
    assert_eq!((&foreseen["matched"], &foreseen["truncated"]), (&json!(229), &json!(false)));
    assert_eq!(foreseen["sample"].as_array().unwrap().len(), 20);
    assert_eq!(status(&gateway, &ids[1]).await, "pending");
    let operation = act(&gateway, asked).await;
    assert_eq!((&operation["state"], &operation["done"]), (&json!("ended"), &json!(229)));
    assert_eq!(operation["refused"], json!({ "already_finished": 1, "unknown_task": 2 }));
    assert_eq!((&operation["expected"], &operation["matched"]), (&json!(232), &json!(232)));
    for id in [&ids[1], &ids[229]] {
        assert_eq!(status(&gateway, id).await, "cancelled");
    }
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_filter_finds_what_fits_it_in_all_of_its_members() {
    let gateway = Gateway::with_shards(4).await;
    let mine = tasks(&gateway, 120, json!({ "queue": "a", "tags": ["x"] })).await;
    let others = [
        tasks(&gateway, 3, json!({ "queue": "b", "tags": ["x"] })).await,
        tasks(&gateway, 3, json!({ "queue": "a", "tags": ["y"] })).await,
        tasks(&gateway, 3, json!({ "queue": "a", "tags": ["x"], "kind": "other" })).await,
    ]
    .concat();
    let filter = json!({ "queue": ["a"], "tag": ["x", "z"], "kind": ["k"] });
    let foreseen = act(&gateway, json!({ "action": "cancel", "filter": filter, "dry_run": true })).await;
    assert_eq!((&foreseen["matched"], &foreseen["scanned"]), (&json!(120), &json!(126)));
    let operation = act(&gateway, json!({ "action": "cancel", "filter": filter })).await;
    assert_eq!((&operation["done"], &operation["filter"]), (&json!(120), &filter));
    for id in &mine {
        assert_eq!(status(&gateway, id).await, "cancelled");
    }
    for id in &others {
        assert_eq!(status(&gateway, id).await, "pending");
    }
}

#[tokio::test]
async fn queues_with_nothing_in_them_cost_no_look() {
    let gateway = Gateway::start().await;
    for number in 0..60 {
        gateway.post(&format!("/api/v1/queues/empty-{number}/pause"), json!({})).await;
    }
    let id = tasks(&gateway, 1, json!({ "queue": "z", "tags": ["x"] })).await.remove(0);
    let asked = json!({ "action": "cancel", "filter": { "tag": ["x"] }, "dry_run": true });
    let foreseen = act(&gateway, asked).await;
    assert_eq!((&foreseen["matched"], &foreseen["truncated"]), (&json!(1), &json!(false)), "{foreseen}");
    assert_eq!(foreseen["sample"][0]["id"], json!(id));
    let done = act(&gateway, json!({ "action": "cancel", "filter": { "tag": ["x"] } })).await;
    assert_eq!(done["done"], 1, "{done}");
}

/// Of a limited group only some stand in their queue; each that goes brings another one back.
#[tokio::test]
async fn what_waits_for_its_group_is_cancelled_too() {
    let gateway = Gateway::start().await;
    let limit = json!({ "group_concurrency": 1 });
    gateway.ask(post("/api/v1/queues/default", &limit).by(axum::http::Method::PATCH)).await;
    let ids = tasks(&gateway, 250, json!({ "group": "g" })).await;
    let worker = gateway.worker(1).await;
    gateway.post(&format!("/api/v1/workers/{worker}/claim"), json!({ "max": 5 })).await;
    let operation = act(&gateway, json!({ "action": "cancel", "filter": { "queue": ["default"] } })).await;
    assert_eq!((&operation["state"], &operation["done"]), (&json!("ended"), &json!(250)), "{operation}");
    for id in &ids {
        assert_eq!(status(&gateway, id).await, "cancelled");
    }
}

#[tokio::test]
async fn what_runs_is_cancelled_too_and_nobody_is_left_out() {
    let gateway = Gateway::start().await;
    let ids = tasks(&gateway, 250, json!({})).await;
    for number in 1..=3 {
        let worker = gateway.worker(number).await;
        let asked = json!({ "max": 70 });
        assert_eq!(gateway.post(&format!("/api/v1/workers/{worker}/claim"), asked).await.status, 200);
    }
    let operation = act(&gateway, json!({ "action": "cancel", "filter": { "queue": ["default"] } })).await;
    assert_eq!((&operation["expected"], &operation["done"]), (&json!(250), &json!(250)));
    for id in &ids {
        assert_eq!(status(&gateway, id).await, "cancelled");
    }
}

#[tokio::test]
async fn each_act_is_done_to_what_takes_it() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let [failed, completed] = [gateway.submit("k").await, gateway.submit("k").await];
    gateway.fail(&worker, &failed).await;
    gateway.complete(&worker, &completed, json!(1)).await;
    let later = gateway.submit_with(json!({ "kind": "k", "delay_ms": 3_600_000 })).await;
    let all = json!({ "all": true });
    let rerun = act(&gateway, json!({ "action": "rerun", "filter": all })).await;
    assert_eq!(rerun["done"], 1, "what completed is rerun only for whoever says so");
    assert_eq!(
        (status(&gateway, &failed).await, status(&gateway, &completed).await),
        ("pending".into(), "completed".into())
    );
    let rerun =
        act(&gateway, json!({ "action": "rerun", "filter": { "all": true, "status": ["completed"] } })).await;
    assert_eq!(rerun["done"], 1);
    let first = json!({ "action": "reprioritise", "filter": all, "priority": 2, "dry_run": true });
    assert_eq!(act(&gateway, first).await["matched"], 3);
    let first = act(&gateway, json!({ "action": "reprioritise", "filter": all, "priority": 2 })).await;
    assert_eq!((&first["done"], &first["priority"]), (&json!(3), &json!(2)));
    assert_eq!(gateway.task(&later).await["priority"], 2);
    let again = act(&gateway, json!({ "action": "reprioritise", "filter": all, "priority": 2 })).await;
    assert_eq!(again["matched"], 0);
    let promoted = act(&gateway, json!({ "action": "promote", "filter": all })).await;
    assert_eq!((&promoted["done"], status(&gateway, &later).await), (&json!(1), "pending".to_owned()));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn the_tasks_of_a_flow_are_found_by_it() {
    let gateway = Gateway::start().await;
    let task = |name: &str, after: Value| json!({ "ref": name, "kind": "k", "parents": after });
    let body = json!({ "tasks": [task("a", json!([])), task("b", json!(["a"]))] });
    let (flow, refs) = gateway.submit_flow(body).await;
    let other = gateway.submit("k").await;
    let operation = act(&gateway, json!({ "action": "cancel", "filter": { "flow": flow } })).await;
    assert_eq!(operation["done"], 2);
    assert_eq!(
        (status(&gateway, &refs["b"]).await, status(&gateway, &other).await),
        ("cancelled".into(), "pending".into())
    );
    let unknown = json!({ "action": "cancel", "filter": { "flow": "01a1fc29-8a56-7000-ba14-c38b1c000000" } });
    assert_eq!(gateway.post(ACTIONS, unknown).await.problem(), (404, "unknown_flow".to_owned()));
}

#[tokio::test]
async fn a_large_one_goes_on_after_the_answer_whoever_took_it() {
    let gateway = Gateway::with_shards(2).await;
    for _ in 0..15 {
        tasks(&gateway, 100, json!({})).await;
    }
    let asked = json!({ "action": "cancel", "filter": { "queue": ["default"] } });
    let taken = gateway.ask(post(ACTIONS, &asked).with("idempotency-key", "k-1")).await;
    assert_eq!(taken.status, 202, "{}", taken.text());
    let place = taken.header("location").to_owned();
    let operation = taken.json();
    assert_eq!((&operation["state"], &operation["expected"]), (&json!("running"), &json!(1_500)));
    let done = operation["done"].as_u64().unwrap();
    assert!((1_000..1_200).contains(&done), "{done}");
    assert_eq!(operation["left"], 1_500 - done);
    // The same request again is the same operation, and does nothing.
    let again = gateway.ask(post(ACTIONS, &asked).with("idempotency-key", "k-1")).await;
    assert_eq!((again.header("location"), again.header("idempotency-replayed")), (place.as_str(), "true"));
    // Another gateway goes on with it.
    let other = baton_gateway::App::start(
        gateway.app.store.clone(),
        baton_gateway::Settings::default(),
        tokio_util::sync::CancellationToken::new(),
    );
    let running = tokio::spawn(baton_gateway::bulk::run(other));
    until(async || gateway.get(&place).await.json()["state"] == "ended").await;
    running.abort();
    let operation = gateway.get(&place).await.json();
    assert_eq!((&operation["done"], &operation["refused"]), (&json!(1_500), &json!({})));
    let listed = gateway.get("/api/v1/tasks?status=pending").await.json();
    assert_eq!(listed["tasks"], json!([]));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn every_mistake_is_named_with_its_place() {
    let gateway = Gateway::start().await;
    gateway.submit("k").await;
    let id = "01a1fc29-8a56-7000-8a14-c38b1cfc4000";
    let before = gateway.shard().await;
    let filter = json!({ "queue": ["a"] });
    for (body, pointer, words) in [
        (json!({ "action": "cancel" }), "", "say which tasks"),
        (
            json!({ "action": "delete", "filter": filter }),
            "/action",
            "cancel, rerun, promote and reprioritise",
        ),
        (json!({ "action": "cancel", "ids": [id], "filter": filter }), "/filter", "not both"),
        (json!({ "action": "cancel", "ids": [] }), "/ids", "at least one"),
        (json!({ "action": "cancel", "ids": ["x"] }), "/ids/0", "not a uuid"),
        (json!({ "action": "cancel", "ids": vec![id; 1_001] }), "/ids", "1000 may be"),
        (json!({ "action": "cancel", "filter": {} }), "/filter", "\"all\": true"),
        (json!({ "action": "cancel", "filter": { "status": ["pending"] } }), "/filter", "\"all\": true"),
        (
            json!({ "action": "cancel", "filter": { "all": true, "status": ["pending", "failed"] } }),
            "/filter/status/1",
            "not for failed ones",
        ),
        (
            json!({ "action": "rerun", "filter": { "all": true, "status": ["running"] } }),
            "/filter/status/0",
            "failed, timeout",
        ),
        (
            json!({ "action": "cancel", "filter": { "queues": ["a"] } }),
            "/filter/queues",
            "did you mean `queue`?",
        ),
        (json!({ "action": "cancel", "filter": filter, "priority": 3 }), "/priority", "changes no priority"),
        (json!({ "action": "reprioritise", "filter": filter }), "/priority", "which priority"),
        (json!({ "action": "reprioritise", "filter": filter, "priority": 10 }), "/priority", "10"),
        (json!({ "action": "cancel", "filter": filter, "reason": "x".repeat(257) }), "/reason", "257"),
    ] {
        let refused = gateway.post(ACTIONS, body.clone()).await;
        assert_eq!(refused.problem(), (422, "validation".to_owned()), "{body}: {}", refused.text());
        let error = refused.json()["errors"][0].clone();
        let message = error["message"].as_str().unwrap().to_lowercase();
        assert!(message.contains(words), "{body}: {error}");
        assert_eq!(error["pointer"], pointer, "{error}");
    }
    assert_eq!(gateway.shard().await, before);
}

#[tokio::test]
async fn it_is_all_or_nothing_by_queue() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let [a, b] = [
        gateway.submit_with(json!({ "kind": "k", "queue": "a" })).await,
        gateway.submit_with(json!({ "kind": "k", "queue": "b" })).await,
    ];
    let key = door.key(&["tasks:cancel@a", "tasks:read@a"], None).await;
    let before = gateway.shard().await;
    let cancel =
        async |filter: Value| door.post(&key, ACTIONS, json!({ "action": "cancel", "filter": filter })).await;
    let queues = cancel(json!({ "queue": ["a", "b"] })).await;
    assert_eq!((queues.problem().0, queues.pointers()), (403, vec!["/filter/queue/1".to_owned()]));
    let everything = cancel(json!({ "all": true })).await;
    assert_eq!((everything.problem().0, everything.pointers()), (403, vec!["/filter/queue".to_owned()]));
    let named = door.post(&key, ACTIONS, json!({ "action": "cancel", "ids": [&a, &b] })).await;
    assert_eq!((named.problem().0, named.pointers()), (403, vec!["/ids".to_owned()]));
    assert!(named.text().contains(&b) && !named.text().contains(&a), "{}", named.text());
    let other = door.post(&key, ACTIONS, json!({ "action": "promote", "filter": { "queue": ["a"] } })).await;
    assert!(other.header("www-authenticate").contains("scope=\"tasks:write\""));
    assert_eq!(gateway.shard().await, before);
    assert_eq!(cancel(json!({ "queue": ["a"] })).await.json()["done"], 1);
    assert_eq!(
        (status(&gateway, &a).await, status(&gateway, &b).await),
        ("cancelled".into(), "pending".into())
    );
}
