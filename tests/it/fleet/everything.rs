//! Every process dies at once, Redis included; and what the next ones find.

use std::collections::BTreeMap;
use std::fs;

use baton_core::{Status, TaskId};
use baton_store::calls::task::NewTask;
use baton_testkit::process::Signal;
use baton_testkit::{Launch, Process, Snapshot, invariants};

use super::submits::gateway;
use super::support::{Fleet, supervisor, text, until};

/// It runs until it is told to end.
const TOLD: &str = r#"echo x >> "$PLACE/runs"; while [ ! -e "$PLACE/go" ]; do sleep 0.02; done; echo '1'"#;

struct Before {
    finished: Vec<TaskId>,
    running: Vec<TaskId>,
    pending: Vec<TaskId>,
    scheduled: TaskId,
}

/// Two tasks that have ended, two that run until they are told to end, five that wait, and one for later.
async fn fill(fleet: &Fleet) -> Before {
    let mut finished = Vec::new();
    for kind in ["echo", "fail"] {
        let task = NewTask { max_attempts: 1, ..fleet.new_task(kind, "{}") };
        finished.push(fleet.submit_task(task).await);
    }
    fleet.until_status(finished[0], Status::Completed).await;
    fleet.until_status(finished[1], Status::Failed).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        told.push(fleet.submit("told", "null").await);
    }
    until("two run", async || text(fleet.file("runs")).lines().count() == 2).await;
    let mut pending = Vec::new();
    for _ in 0..5 {
        pending.push(fleet.submit("told", "null").await);
    }
    let later = NewTask { delay_ms: Some(3_600_000), ..fleet.new_task("echo", "null") };
    Before { finished, running: told, pending, scheduled: fleet.submit_task(later).await }
}

async fn statuses(fleet: &Fleet, before: &Before) -> BTreeMap<TaskId, Status> {
    let mut statuses = BTreeMap::new();
    let all = before.finished.iter().chain(&before.running).chain(&before.pending);
    for task in all.chain([&before.scheduled]) {
        statuses.insert(*task, fleet.read(*task).await.status());
    }
    statuses
}

/// The worker processes go with their supervisor, whatever the kernel does with the others: they are killed first.
fn kill_all(fleet: &mut Fleet, pids: Vec<u32>, supervisor: &mut Process, gateway: &mut Process) {
    for pid in pids {
        assert!(supervisor.signal_descendant(pid, Signal::KILL));
    }
    supervisor.kill();
    gateway.kill();
    fleet.redis.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_death_of_all_pending_is_pending_running_is_reclaimed_finished_is_finished() {
    let mut fleet = Fleet::start_on(Launch::default().durable()).await;
    fleet.handler("told", TOLD);
    let settings =
        [("BATON_SUPERVISOR_COUNT", "2"), ("BATON_WORKER_SLOTS", "1"), ("BATON_WORKER_LEASE", "2s")];
    let mut first = supervisor(&fleet, "first", &settings);
    let (mut asked, _) = gateway(&fleet);
    let before = fill(&fleet).await;
    let was = statuses(&fleet, &before).await;
    let pids =
        fleet.live_workers().await.into_iter().filter_map(|worker| worker.about.get("pid")?.parse().ok());
    let pids: Vec<u32> = pids.collect();
    assert_eq!(pids.len(), 2);
    kill_all(&mut fleet, pids, &mut first, &mut asked);

    fleet.redis.restart().await;
    assert_eq!(statuses(&fleet, &before).await, was, "nothing moved while nobody was there");
    fs::write(fleet.file("go"), "").expect("a word");
    let _second = supervisor(&fleet, "second", &settings);
    let (_asked, _) = gateway(&fleet);
    for task in before.running.iter().chain(&before.pending) {
        fleet.until_status(*task, Status::Completed).await;
    }
    for task in &before.running {
        let task = fleet.read(*task).await;
        assert_eq!((task.attempt, task.crashes), (0, 1), "taken from a dead worker, at no attempt's cost");
    }
    for task in &before.pending {
        let task = fleet.read(*task).await;
        assert_eq!((task.attempt, task.crashes), (0, 0));
    }
    let is = statuses(&fleet, &before).await;
    let kept = before.finished.iter().chain([&before.scheduled]);
    assert!(kept.clone().all(|task| is[task] == was[task]), "{is:?}");
    assert_eq!(was[&before.scheduled], Status::Scheduled);
    let mut connection = fleet.redis.connection().await;
    let snapshot = Snapshot::take(&mut connection, "baton:{0}:").await;
    invariants::assert_hold(&snapshot, "baton:{0}:");
}
