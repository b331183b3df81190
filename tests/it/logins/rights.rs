//! The rights that `baton redis-acl` prints: a fleet works under exactly these, and workers touch nothing of logins.

use std::process::Stdio;
use std::time::Duration;

use baton_core::{Kind, Namespace, Shard, Status};
use baton_store::calls::task::{NewTask, Submission};
use baton_store::{Options, Store, acl};
use baton_testkit::{Launch, Process, process};
use deadpool_redis::redis::{Client, Cmd, RedisResult, Value};
use serde_json::json;

use super::support::{Logins, PASSWORD, Plan};
use crate::fleet::support::{program, until};

/// A fleet whose Redis has the users that we print, and lets nobody in without a name.
async fn fleet() -> (Logins, String) {
    let mut at = Plan::of(0).on(Launch::default().tcp(0)).start().await;
    at.user_as("alice", "admin").await;
    let url = at.redis.lock().await.tcp_url().expect("a port");
    for user in acl::users(&Namespace::default()) {
        let rules = format!("ACL SETUSER {} reset on >{}-secret {}", user.name, user.name, user.rules);
        let _: String = at.by_hand(&rules).await;
    }
    let url_of = |user: &str| url.replace("redis://", &format!("redis://{user}:{user}-secret@"));
    for _ in 0..2 {
        let plan = Plan { redis_url: Some(url_of("baton-gateway")), ..Plan::default() };
        let gateway = at.gateway(&plan).await;
        at.gateways.push(gateway);
    }
    (at, url_of("baton-worker"))
}

fn worker(at: &Logins, url: &str) -> Process {
    let log = std::fs::File::create(at.place.path().join("worker.log")).expect("a log");
    let mut command = process::command(program("baton-worker"));
    command.args(["--lease", "1s"]).env("BATON_REDIS_URL", url).env_remove("BATON_CONFIG");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    Process::spawn(command).expect("a worker")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_works_under_exactly_the_rights_that_are_printed() {
    let (at, worker_url) = fleet().await;
    let pair = at.login(0, "alice").await;
    let access = pair.access_token();
    let worker = worker(&at, &worker_url);
    let task = json!({ "kind": "echo", "payload": { "hi": 1 } });
    for gateway in 0..2 {
        let submit =
            at.client.post(at.url(gateway, "/api/v1/tasks?wait=30")).bearer_auth(&access).json(&task);
        let answer: serde_json::Value = submit.send().await.expect("an answer").json().await.expect("a task");
        assert_eq!(answer["status"], "completed", "{answer}");
    }
    // Delayed, failed, flows, logins: whatever a script does, it may.
    let flow = json!({ "tasks": [
        { "ref": "a", "kind": "echo" }, { "ref": "b", "kind": "echo", "parents": ["a"], "delay_ms": 50 } ] });
    let made = at.client.post(at.url(0, "/api/v1/flows")).bearer_auth(&access).json(&flow).send().await;
    let made: serde_json::Value = made.expect("an answer").json().await.expect("a flow");
    let path = format!("/api/v1/flows/{}", made["id"].as_str().expect("an id"));
    until("the flow has ended", async || at.get(1, &path, &access).await.body["state"] == "completed").await;
    let next = at.refresh(1, &pair.refresh_token()).await;
    assert_eq!(next.status, 200, "{next:?}");
    let key = json!({ "name": "ci", "scopes": ["tasks:read"] });
    let key =
        at.client.post(at.url(0, "/auth/keys")).bearer_auth(next.access_token()).json(&key).send().await;
    assert_eq!(key.expect("an answer").status(), 201);
    let logout = json!({ "refresh_token": next.refresh_token() });
    assert_eq!(at.post(0, "/auth/logout", &logout, None).await.status, 200);
    let again = json!({ "username": "alice", "password": PASSWORD });
    assert_eq!(at.post(1, "/auth/login", &again, None).await.status, 200);
    // Nothing was denied on the way.
    let denied: Vec<Value> = at.by_hand("ACL LOG").await;
    let denied = denied.iter().filter(|entry| !format!("{entry:?}").contains("client|setinfo"));
    assert_eq!(denied.count(), 0, "see ACL LOG");
    drop(worker);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_119_a_worker_touches_nothing_of_logins() {
    let (at, worker_url) = fleet().await;
    at.login(0, "alice").await;
    let client = Client::open(worker_url.as_str()).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    let keys: Vec<String> = at.by_hand("KEYS baton:{u*").await;
    assert!(keys.len() > 4, "{keys:?}");
    for key in keys {
        for command in ["HGETALL", "GET", "DEL", "DUMP", "SCRIPT FLUSH", "FLUSHALL", "KEYS", "XRANGE"] {
            let mut ask = Cmd::new();
            command.split(' ').for_each(|word| {
                ask.arg(word);
            });
            ask.arg(&key);
            if command == "XRANGE" {
                ask.arg("-").arg("+");
            }
            let answer: RedisResult<Value> = ask.query_async(&mut connection).await;
            let error = answer.expect_err("it was allowed");
            assert_eq!(error.code(), Some("NOPERM"), "{command} {key}: {error}");
        }
    }
    // A store that keeps logins cannot be opened with these rights, and says why.
    let mut options = Options::new(worker_url.parse().expect("a URL"));
    options.logins = true;
    let refused = Store::open(options).await.expect_err("it opened");
    assert!(refused.to_string().contains("redis-acl"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_worker_is_replaced_under_these_rights() {
    let (at, worker_url) = fleet().await;
    let (mut first, store) = (worker(&at, &worker_url), &at.store);
    let task = NewTask::new(store.draw(Shard::FIRST), Kind::new("sleep").expect("a kind"), "{\"ms\":1500}");
    let id = task.id;
    store.submit(&Submission { tasks: &[task], by: None, op: None }).await.expect("an answer");
    let status = async || {
        let read = store.read_tasks(Shard::FIRST, &[id], false).await.expect("an answer");
        read.into_iter().next().flatten().expect("the task").status()
    };
    until("it runs", async || status().await == Status::Running).await;
    first.kill();
    let _second = worker(&at, &worker_url);
    tokio::time::timeout(
        Duration::from_secs(60),
        until("it ends", async || status().await == Status::Completed),
    )
    .await
    .expect("in time");
}
