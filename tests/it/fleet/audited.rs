//! `baton audit` beside processes that were killed, and beside nobody at all.

use std::process::{Command, Stdio};

use baton_core::{Shard, Status};
use baton_testkit::process::Signal;
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
    let forever = "99999999999999";
    let _: i64 = fleet.redis.say(&["ZADD", &keys.leases(), forever, &format!("{id}:{boot}")]).await;
    fleet.submit("noop", "1").await;
    let named = (vec!["runnable_not_run".to_owned()], Some(1));
    until("it is late", async || audit(&fleet, &["--settle", "1s"]) == named).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_outlived_its_supervisor_is_named() {
    let fleet = Fleet::start().await;
    // It runs for as long as its worker lives.
    fleet.handler("long", r#"touch "$PLACE/began"; while kill -0 $PPID; do sleep 0.1; done"#);
    let settings = [
        ("BATON_SUPERVISOR_COUNT", "1"),
        // On a busy machine a shorter one is lost, and with it the run that keeps the worker there.
        ("BATON_WORKER_LEASE", "8s"),
        ("BATON_WORKER_DRAIN_TIMEOUT", "120s"),
    ];
    let mut keeper = supervisor(&fleet, "one", &settings);
    until("its worker has come", async || !fleet.live_workers().await.is_empty()).await;
    let processes = ["--settle", "1s", "--processes"];
    assert_eq!(audit(&fleet, &processes), (Vec::new(), Some(0)));
    let pid = fleet.live_workers().await[0].about["pid"].parse().expect("its process");
    let worker = keeper.hold_descendant(pid).expect("a child of its supervisor");
    // It has something to bring to its end.
    fleet.submit("long", "1").await;
    until("it runs", async || fleet.file("began").exists()).await;
    keeper.signal(Signal::KILL);
    let named = |found: (Vec<String>, Option<i32>), name: &str| found.0.iter().any(|one| one == name);
    until("it is named", async || named(audit(&fleet, &processes), "process_without_supervisor")).await;
    // Without the process its record is left, and a lease that nobody takes back.
    worker.signal(Signal::KILL);
    until("its record is named", async || named(audit(&fleet, &processes), "worker_without_process")).await;
    assert!(!named(audit(&fleet, &processes), "process_without_supervisor"));
}
