//! Why is it not running? One true sentence and one thing to do, the same for programs and on the page of the task.

use baton_testkit::PrivateRedis;
use serde_json::{Value, json};

use crate::support::Gateway;

/// What the interface says; the page of the task says the same.
async fn why(gateway: &Gateway, id: &str) -> (String, String, String) {
    let said = gateway.get(&format!("/api/v1/tasks/{id}/explain")).await.json();
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    let (code, sentence, action) = (text("code"), text("sentence"), text("action"));
    let page = gateway.page(&format!("/ui/tasks/{id}")).await.text();
    let page = page.replace("&#38;", "&").replace("&#60;", "<").replace("&#62;", ">");
    // What is counted in ms or runs on has moved on between the two.
    assert!(page.contains(&sentence), "{sentence} is not on {page}");
    assert!(page.contains(&action), "{action} is not on {page}");
    (code, sentence, action)
}

fn is(said: &(String, String, String), code: &str, sentence: &str, action: &str) {
    assert_eq!((said.0.as_str(), said.1.as_str(), said.2.as_str()), (code, sentence, action));
}

async fn patch(gateway: &Gateway, queue: &str, limits: Value) {
    let path = format!("/api/v1/queues/{queue}");
    let answer = gateway.ask(crate::support::post(&path, &limits).by(axum::http::Method::PATCH)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn a_parent_is_open_or_has_failed() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let flow = json!({ "tasks": [{ "ref": "one", "kind": "x" }, { "ref": "two", "kind": "y", "parents": ["one"] }] });
    let (_, refs) = gateway.submit_flow(flow).await;
    let (one, two) = (&refs["one"], &refs["two"]);
    gateway.take(&worker, one).await;
    is(
        &why(&gateway, two).await,
        "parents_open",
        &format!("It waits for {one} (one, running on {worker})."),
        "",
    );
    gateway.fail(&worker, one).await;
    let sentence = format!("Its parent {one} (one) ended failed, and its policy is hold.");
    is(&why(&gateway, two).await, "parent_failed", &sentence, &format!("baton task rerun {one}"));
}

#[tokio::test]
async fn its_queue_is_paused_by_somebody() {
    let gateway = Gateway::secured().await;
    let alice = gateway.log_in("alice").await;
    let made = gateway.post_as("/api/v1/tasks", &alice.access, json!({ "kind": "x" })).await.json();
    gateway.post_as("/api/v1/queues/default/pause", &alice.access, json!({})).await;
    let queue = gateway.get_as("/api/v1/queues/default", &alice.access).await.json();
    let at = queue["paused_at"].as_str().unwrap();
    let path = format!("/api/v1/tasks/{}/explain", made["id"].as_str().unwrap());
    let said = gateway.get_as(&path, &alice.access).await.json();
    let sentence = said["sentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("The queue default was paused by ") && sentence.ends_with(&format!(" at {at}.")),
        "{sentence}"
    );
    let trail = gateway.get_as("/api/v1/audit", &alice.access).await.json();
    assert!(sentence.contains(trail["entries"][0]["by"].as_str().unwrap()), "{sentence} {trail}");
    assert_eq!(said["action"], "baton queue resume default");
}

#[tokio::test]
async fn a_limit_is_reached_and_somebody_holds_it() {
    let gateway = Gateway::start().await;
    let (worker, other) = (gateway.worker(1).await, gateway.worker(2).await);
    patch(&gateway, "default", json!({ "concurrency": 1 })).await;
    let (first, second) = (gateway.submit("x").await, gateway.submit("x").await);
    gateway.take(&worker, &first).await;
    let sentence =
        format!("1 task of the queue default runs, as many as its limit allows: {worker} holds 1.");
    is(&why(&gateway, &second).await, "limit_reached", &sentence, "baton queue set default --concurrency 2");
    patch(&gateway, "default", json!({ "concurrency": null, "group_concurrency": 1 })).await;
    let of = |group: &str| json!({ "kind": "x", "group": group });
    let third = gateway.submit_with(of("a")).await;
    let fourth = gateway.submit_with(of("a")).await;
    gateway.take(&other, &third).await;
    let sentence =
        format!("At most 1 task of the group a of the queue default runs at once: {other} holds 1.");
    is(&why(&gateway, &fourth).await, "group_limit", &sentence, "baton queue get default");
    assert_ne!(why(&gateway, &second).await.0, "group_limit", "it is of no group");
}

#[tokio::test]
async fn its_time_has_not_come() {
    let gateway = Gateway::start().await;
    let id = gateway.submit_with(json!({ "kind": "x", "delay_ms": 60_000 })).await;
    let at = gateway.task(&id).await["run_at"].as_str().unwrap().to_owned();
    is(
        &why(&gateway, &id).await,
        "scheduled",
        &format!("It is not to run before {at}."),
        &format!("baton task promote {id}"),
    );
}

#[tokio::test]
async fn nobody_is_there_for_its_queue_or_its_kind() {
    let gateway = Gateway::start().await;
    let id = gateway.submit("media.encode").await;
    is(
        &why(&gateway, &id).await,
        "no_worker",
        "No live worker claims from the queue default.",
        "baton worker run --queues default",
    );
    let body = json!({ "worker_id": "worker-001-mail", "queues": ["default"], "kinds": ["mail.send"] });
    gateway.post("/api/v1/workers/register", body).await;
    let sentence =
        "No live worker handles the kind media.encode; those of the queue default handle mail.send.";
    is(&why(&gateway, &id).await, "kind_unhandled", sentence, "baton worker ls -o wide");
}

#[tokio::test]
async fn somebody_runs_it_or_others_are_before_it() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (first, second, third) =
        (gateway.submit("x").await, gateway.submit("x").await, gateway.submit("x").await);
    is(
        &why(&gateway, &first).await,
        "waiting",
        "It waits for its turn in the queue default. No task is ahead of it.",
        "",
    );
    gateway.take(&worker, &first).await;
    let (code, sentence, _) = why(&gateway, &first).await;
    assert!(
        code == "running"
            && sentence.starts_with(&format!("{worker} runs it since "))
            && sentence.contains("; its lease lasts until "),
        "{sentence}"
    );
    let first = format!("baton task reprioritise {third} 9");
    is(
        &why(&gateway, &third).await,
        "workers_busy",
        "The only worker of the queue default is busy. 1 task is ahead of it.",
        &first,
    );
    gateway.worker(2).await;
    is(
        &why(&gateway, &second).await,
        "waiting",
        "It waits for its turn in the queue default. No task is ahead of it.",
        "",
    );
    is(
        &why(&gateway, &third).await,
        "waiting",
        "It waits for its turn in the queue default. 1 task is ahead of it.",
        &first,
    );
}

#[tokio::test]
async fn redis_is_full() {
    let gateway = Gateway::start().await;
    let id = gateway.submit("x").await;
    let redis: &PrivateRedis = &gateway.redis;
    redis.say::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
    // What is there is claimed all the same: if nobody is there to claim it, that is why.
    assert_eq!(why(&gateway, &id).await.0, "no_worker");
    gateway.worker(1).await;
    is(
        &why(&gateway, &id).await,
        "redis_full",
        "Redis is full: it takes no new task; those that it has still run. \
         It waits for its turn in the queue default. No task is ahead of it.",
        "redis-cli CONFIG SET maxmemory <more>",
    );
    redis.say::<()>(&["CONFIG", "SET", "maxmemory", "0"]).await;
    assert_eq!(why(&gateway, &id).await.0, "waiting");
}
