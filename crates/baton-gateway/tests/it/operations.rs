//! Operations: what they say of themselves, how one is called off, and who sees them.

use baton_core::operation::Act;
use baton_core::{OperationId, Principal, limits};
use baton_store::calls::operation::{BeginOperation, NextPiece, OperationBegun, StepOperation};
use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::{Gateway, until};

const OPERATIONS: &str = "/api/v1/operations";

/// One that somebody began who was killed at once.
async fn begun(gateway: &Gateway, queue: &str, lease_ms: u64) -> OperationId {
    let (id, by) = (gateway.app.store.draw_operation().unwrap(), Principal::new("ada").unwrap());
    let begin = BeginOperation {
        id: &id,
        act: Act::Cancel,
        priority: None,
        reason: "",
        tasks: &[],
        filter: &json!({ "queue": [queue] }).to_string(),
        place: "start",
        queues: &[queue.parse().unwrap()],
        expected: None,
        by: Some(&by),
        quiet: false,
        op: None,
        lease_ms,
    };
    let begun = gateway.app.store.begin_operation(&begin).await.unwrap();
    assert_eq!(begun, OperationBegun::Done { id: id.clone(), replayed: false });
    id
}

async fn read(gateway: &Gateway, id: &OperationId) -> Value {
    gateway.get(&format!("{OPERATIONS}/{id}")).await.json()
}

#[tokio::test]
async fn one_whose_gateway_was_killed_after_a_piece_is_counted_once() {
    let gateway = Gateway::start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(gateway.submit("k").await);
    }
    let id = begun(&gateway, "default", 0).await;
    // The first gateway notes a piece, carries it out, and dies before it counts it.
    let tasks: Vec<baton_core::TaskId> = ids[..3].iter().map(|id| id.parse().unwrap()).collect();
    let next = NextPiece { tasks: tasks.clone(), place: "start".to_owned() };
    let counts = Default::default();
    let step = StepOperation { id: &id, step: 0, counts: &counts, next: Some(&next), lease_ms: 0 };
    gateway.app.store.step_operation(&step).await.unwrap();
    let op = baton_core::OpId::new(&format!("operation:{id}:1")).unwrap();
    let by = Principal::new("ada").unwrap();
    let act = baton_store::calls::operation::CarryOut {
        act: Act::Cancel,
        tasks: &tasks,
        priority: None,
        reason: "",
        by: Some(&by),
        op: &op,
    };
    gateway.app.store.carry_out(baton_core::Shard::FIRST, &act).await.unwrap();
    let versions = gateway.task(&ids[0]).await["version"].clone();
    let running = tokio::spawn(baton_gateway::bulk::run(gateway.app.clone()));
    until(async || read(&gateway, &id).await["state"] == "ended").await;
    running.abort();
    let operation = read(&gateway, &id).await;
    assert_eq!((&operation["done"], &operation["matched"]), (&json!(5), &json!(5)));
    assert_eq!(operation["refused"], json!({}));
    assert_eq!(gateway.task(&ids[0]).await["version"], versions);
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn one_can_be_called_off() {
    let gateway = Gateway::start().await;
    let task = gateway.submit("k").await;
    let id = begun(&gateway, "default", limits::OPERATION_LEASE_MS).await;
    let path = format!("{OPERATIONS}/{id}/cancel");
    assert_eq!(gateway.post(&path, json!({})).await.json()["state"], "cancelling");
    let steps = StepOperation { id: &id, step: 0, counts: &Default::default(), next: None, lease_ms: 0 };
    gateway.app.store.step_operation(&steps).await.unwrap();
    let operation = read(&gateway, &id).await;
    assert_eq!((&operation["state"], &operation["cancelled_by"]), (&json!("cancelled"), &json!("local-dev")));
    assert_eq!(gateway.task(&task).await["status"], "pending");
    assert_eq!(gateway.post(&path, json!({})).await.status, 200);
    let other =
        gateway.post("/api/v1/actions", json!({ "action": "promote", "filter": { "queue": ["x"] } })).await;
    let ended = format!("{}/cancel", other.header("location"));
    assert_eq!(gateway.post(&ended, json!({})).await.problem(), (409, "conflict".to_owned()));
}

#[tokio::test]
async fn the_latest_are_listed_first_page_by_page() {
    let gateway = Gateway::start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(begun(&gateway, "a", 60_000).await.to_string());
    }
    ids.sort();
    ids.reverse();
    let (mut found, mut path) = (Vec::new(), format!("{OPERATIONS}?limit=2"));
    loop {
        let page = gateway.get(&path).await.json();
        let some = page["operations"].as_array().unwrap().clone();
        found.extend(some.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{OPERATIONS}?limit=2&cursor={cursor}");
    }
    assert_eq!(found, ids);
    assert_eq!(gateway.get(&format!("{OPERATIONS}?cursor=A%20b")).await.pointers(), ["cursor"]);
    for id in ["nothing", "01a1fc29-8a56-7000-8a14-c38b1cfc4000", "A%20b"] {
        let unknown = gateway.get(&format!("{OPERATIONS}/{id}")).await;
        assert_eq!(unknown.problem(), (404, "unknown_operation".to_owned()), "{id}");
    }
}

#[tokio::test]
async fn those_of_other_queues_are_not_there() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let [a, b] = [begun(&gateway, "a", 60_000).await, begun(&gateway, "b", 60_000).await];
    let key = door.key(&["tasks:read@a", "tasks:write@a"], None).await;
    let listed = door.get(&key, OPERATIONS).await.json();
    assert_eq!(listed["operations"].as_array().unwrap().len(), 1);
    assert_eq!(listed["operations"][0]["id"], a.to_string());
    let path = |id: &OperationId| format!("{OPERATIONS}/{id}");
    assert_eq!(door.get(&key, &path(&b)).await.problem(), (404, "unknown_operation".to_owned()));
    let hidden = door.post(&key, &format!("{}/cancel", path(&b)), json!({})).await;
    assert_eq!(hidden.problem(), (404, "unknown_operation".to_owned()));
    let refused = door.post(&key, &format!("{}/cancel", path(&a)), json!({})).await;
    assert_eq!(refused.problem(), (403, "insufficient_scope".to_owned()));
    assert!(refused.header("www-authenticate").contains("scope=\"tasks:cancel\""));
}

#[tokio::test]
async fn whoever_purges_a_queue_sees_what_becomes_of_it_and_nothing_of_others() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    gateway.submit("k").await;
    let key = door.key(&["queues:admin"], None).await;
    let purged = door.post(&key, "/api/v1/queues/default/purge", json!({ "confirm": "default" })).await;
    let own = purged.header("location").to_owned();
    assert_eq!(door.get(&key, &own).await.json()["done"], 1);
    let ended = door.post(&key, &format!("{own}/cancel"), json!({})).await;
    assert_eq!(ended.problem(), (409, "conflict".to_owned()));
    let other = format!("{OPERATIONS}/{}", begun(&gateway, "default", 60_000).await);
    let cancel = door.post(&key, &format!("{other}/cancel"), json!({})).await;
    for answer in [door.get(&key, &other).await, cancel] {
        assert_eq!(answer.problem(), (404, "unknown_operation".to_owned()));
    }
}
