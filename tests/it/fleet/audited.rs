//! `baton audit` beside processes that were killed, and beside nobody at all.

use std::process::{Command, Stdio};

use baton_core::{Shard, Status, limits};
use baton_testkit::{Process, process};

use super::support::{Fleet, program, supervisor, until};

/// The names of what it finds, and how it ended.
fn audit(fleet: &Fleet, arguments: &[&str]) -> (Vec<String>, Option<i32>) {
    let mut command = Command::new(program("baton"));
    command.args(["audit", "-o", "name", "--redis-url", &fleet.redis.url()]).args(arguments);
    let ran = command.env_remove("BATON_CONFIG").stdin(Stdio::null()).output().expect("an audit");
    let text = String::from_utf8(ran.stdout).expect("text");
    (text.lines().map(str::to_owned).collect(), ran.status.code())
}

/// A worker that claims from this queue alone.
fn worker_of(fleet: &Fleet, queue: &str) -> Process {
    let mut command = process::command(program("baton-worker"));
    command.args(["--redis-url", &fleet.redis.url(), "--lease", "1s", "--queues", queue]);
    command.env("BATON_SUPERVISOR_ENABLED", "false").env_remove("BATON_CONFIG");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Process::spawn(command).expect("a worker")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_nobody_runs_is_named_until_somebody_does() {
    let fleet = Fleet::start().await;
    // It sees to the shard, and claims from another queue.
    let _other = worker_of(&fleet, "other");
    until("it has come", async || !fleet.live_workers().await.is_empty()).await;
    let task = fleet.submit("noop", "1").await;
    let named = (vec!["runnable_not_run".to_owned()], Some(1));
    until("it is late", async || audit(&fleet, &["--settle", "1s"]) == named).await;
    let _own = worker_of(&fleet, "default");
    fleet.until_status(task, Status::Completed).await;
    assert_eq!(audit(&fleet, &["--settle", "1s"]), (Vec::new(), Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_hangs_and_still_renews_does_not_hide_what_waits() {
    let fleet = Fleet::start().await;
    let worker = worker_of(&fleet, "default");
    until("it has come", async || !fleet.live_workers().await.is_empty()).await;
    let id = fleet.live_workers().await[0].id.clone();
    drop(worker);
    // Somebody who says that he claims, and never does.
    let _other = worker_of(&fleet, "other");
    let keys = fleet.store.keys(Shard::FIRST).expect("its keys");
    let boot: String = fleet.redis.say(&["HGET", &keys.worker(&id), "boot"]).await;
    // As long as a lease may be: a longer one would be named.
    let (now_s, _): (u64, u64) = fleet.redis.say(&["TIME"]).await;
    let long = (now_s * 1_000 + limits::LEASE_MS_MAX).to_string();
    let _: i64 = fleet.redis.say(&["ZADD", &keys.leases(), &long, &format!("{id}:{boot}")]).await;
    fleet.submit("noop", "1").await;
    let named = (vec!["runnable_not_run".to_owned()], Some(1));
    until("it is late", async || audit(&fleet, &["--settle", "1s"]) == named).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_outlived_its_supervisor_is_named() {
    let fleet = Fleet::start().await;
    let processes = ["--settle", "1s", "--processes"];
    let _keeper = supervisor(&fleet, "one", &[("BATON_SUPERVISOR_COUNT", "1"), ("BATON_WORKER_LEASE", "8s")]);
    until("its worker has come", async || !fleet.live_workers().await.is_empty()).await;
    assert_eq!(audit(&fleet, &processes), (Vec::new(), Some(0)));
    // A process that says whose it is, as workers do, and is a child of somebody else.
    let mut command = process::command("sh");
    command.args(["-c", "read line", "worker", "--supervised-by", "1"]).stdin(Stdio::piped());
    let mut orphan = Process::spawn(command).expect("a process");
    let pid = orphan.child().id().to_string();
    let id = fleet.live_workers().await[0].id.clone();
    let key = fleet.store.keys(Shard::FIRST).expect("its keys").worker(&id);
    let _: i64 = fleet.redis.say(&["HSET", &key, "pid", &pid]).await;
    assert!(audit(&fleet, &processes).0.contains(&"process_without_supervisor".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_killed_is_named_once_its_lease_is_over() {
    let fleet = Fleet::start().await;
    let processes = ["--settle", "1s", "--processes"];
    let worker = worker_of(&fleet, "default");
    until("it has come", async || !fleet.live_workers().await.is_empty()).await;
    assert!(!audit(&fleet, &processes).0.contains(&"worker_without_process".to_owned()));
    // Nobody else is there to take its lease back.
    drop(worker);
    until("it is named", async || audit(&fleet, &processes).0.contains(&"worker_without_process".to_owned()))
        .await;
}
