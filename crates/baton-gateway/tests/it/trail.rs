//! The trail: who did what, from where, and what came of it.

use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::{Gateway, post, until};

const TRAIL: &str = "/api/v1/audit";

async fn entries(gateway: &Gateway) -> Vec<Value> {
    entries_of(&gateway.get(TRAIL).await.json())
}

fn entries_of(page: &Value) -> Vec<Value> {
    page["entries"].as_array().unwrap().clone()
}

fn told(entry: &Value) -> [String; 3] {
    ["action", "subject", "outcome"].map(|member| entry[member].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn what_operators_change_is_on_it_and_ordinary_work_is_not() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit("k").await;
    gateway.complete(&worker, &id, json!(1)).await;
    gateway.get("/api/v1/queues").await;
    assert_eq!(entries(&gateway).await, [Value::Null; 0]);
    let pause = "/api/v1/queues/default/pause";
    gateway.ask(post(pause, &json!({})).with("x-request-id", "r-7")).await;
    let nightly = json!({ "name": "nightly", "cron": "0 3 * * *", "kind": "k" });
    gateway.post("/api/v1/schedules", nightly.clone()).await;
    gateway.post("/api/v1/schedules/preview", json!({ "cron": "0 3 * * *" })).await;
    gateway.post(&format!("/api/v1/workers/{worker}/quiet"), json!({})).await;
    let dry = json!({ "action": "rerun", "ids": [id], "dry_run": true });
    assert_eq!(gateway.post("/api/v1/actions", dry).await.status, 200);
    let acted = gateway.post("/api/v1/actions", json!({ "action": "rerun", "ids": [id] })).await;
    let operation = acted.json()["id"].as_str().unwrap().to_owned();
    let all = entries(&gateway).await;
    let said: Vec<[String; 3]> = all.iter().rev().map(told).collect();
    let words = |action: &str, subject: &str, outcome: &str| [action, subject, outcome].map(str::to_owned);
    assert_eq!(
        said[..2],
        [words("pause_queue", "default", "200"), words("create_schedule", "nightly", "201")]
    );
    assert_eq!(said[2][1..], [worker, "200".to_owned()]);
    assert_eq!(said[3..], [words("rerun", &operation, "ended"), words("act_on_tasks", &operation, "200")]);
    assert_eq!(all[1]["count"], 1);
    let first = all.last().unwrap();
    assert_eq!((&first["by"], &first["request_id"]), (&json!("local-dev"), &json!("r-7")));
    assert_eq!(first["address"], "127.0.0.1");
    // What is refused changes nothing, here neither.
    let before = gateway.shard().await;
    assert_eq!(gateway.post("/api/v1/schedules", json!({})).await.status, 422);
    assert_eq!(gateway.shard().await, before);
}

#[tokio::test]
async fn it_is_read_page_by_page_by_whoever_answers_for_it() {
    let gateway = Gateway::start().await;
    for _ in 0..3 {
        gateway.post("/api/v1/queues/default/pause", json!({})).await;
        gateway.submit("k").await;
        gateway.post("/api/v1/queues/default/resume", json!({})).await;
    }
    let (mut found, mut path) = (Vec::new(), format!("{TRAIL}?limit=2"));
    loop {
        let page = gateway.get(&path).await.json();
        found.extend(page["entries"].as_array().unwrap().iter().map(|entry| entry["id"].to_string()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{TRAIL}?limit=2&cursor={cursor}");
    }
    let all: Vec<String> = entries(&gateway).await.iter().map(|entry| entry["id"].to_string()).collect();
    assert_eq!(found, all);
    assert_eq!(all.len(), 6);
    for cursor in ["x", "0-0"] {
        assert_eq!(gateway.get(&format!("{TRAIL}?cursor={cursor}")).await.pointers(), ["cursor"], "{cursor}");
    }
    assert_eq!(entries_of(&gateway.get(&format!("{TRAIL}?cursor=0-1")).await.json()), [Value::Null; 0]);
    let door = Guarded::beside(&gateway).await;
    let key = door.key(&["queues:admin", "tasks:read", "admin:users"], None).await;
    assert_eq!(door.get(&key, TRAIL).await.problem(), (403, "insufficient_scope".to_owned()));
}

#[tokio::test]
async fn it_is_there_also_when_the_client_hangs_up() {
    let gateway = Gateway::start().await;
    let path = "/api/v1/queues/mail/pause";
    let body = json!({});
    {
        let mut asking = std::pin::pin!(gateway.ask(post(path, &body)));
        let _ = futures_util::poll!(&mut asking);
        let paused = async || gateway.get("/api/v1/queues/mail").await.json()["paused"] == true;
        tokio::select! {
            _ = &mut asking => {}
            () = until(paused) => {}
        }
    }
    until(async || entries(&gateway).await.iter().any(|entry| entry["subject"] == "mail")).await;
}

/// They may do the same task by task, which is told in the histories of the tasks.
#[tokio::test]
async fn a_small_act_of_a_submitter_pushes_nothing_off_the_trail() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let submitter = door.key(&["tasks:cancel", "tasks:read", "tasks:write"], None).await;
    let operator = door.key(&["tasks:cancel", "queues:admin@a"], None).await;
    let told = async || {
        let trail = gateway.get("/api/v1/audit").await.json();
        let actions = trail["entries"].as_array().unwrap().iter();
        actions.map(|entry| entry["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let act = async |key: &str, count: usize| {
        let batch = json!({ "tasks": vec![json!({ "kind": "k" }); count] });
        assert!(gateway.post("/api/v1/tasks/batch", batch).await.status.is_success());
        let cancel = json!({ "action": "cancel", "filter": { "queue": ["default"] } });
        let done = door.post(key, "/api/v1/actions", cancel).await.json();
        assert_eq!((&done["state"], &done["done"]), (&json!("ended"), &json!(count)), "{done}");
        done["id"].as_str().unwrap().to_owned()
    };
    let id = act(&submitter, 3).await;
    assert_eq!(told().await, [""; 0]);
    // What is over is called off in vain, however often.
    let cancel = door.post(&submitter, &format!("/api/v1/operations/{id}/cancel"), json!({})).await;
    assert_eq!((cancel.status.as_u16(), told().await.len()), (409, 0));
    act(&submitter, 101).await;
    assert_eq!(told().await, ["act_on_tasks", "cancel"]);
    act(&operator, 1).await;
    assert_eq!(told().await.len(), 4);
}
