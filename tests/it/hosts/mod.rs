//! Several hosts, each a network namespace of its own: what becomes of a fleet whose hosts lose sight of each other.

mod net;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::Stdio;

use baton_core::{PoolName, Shard, Status, TaskId};
use baton_store::calls::pool::SetPool;
use baton_testkit::{Process, Snapshot, invariants, process};

use crate::fleet::support::{Fleet, program, text, until};
use net::Net;

/// It runs until it is told to end, and says where.
const TOLD: &str =
    r#"echo "$BATON_WORKER" >> "$PLACE/runs"; while [ ! -e "$PLACE/go" ]; do sleep 0.05; done; echo 1"#;

struct Ground {
    fleet: Fleet,
    net: Net,
    supervisors: Vec<Process>,
}

impl Ground {
    /// Redis on a host of its own, and two hosts with a supervisor each. `None` where this machine does not let us.
    async fn start() -> Option<Ground> {
        let net = Net::make(2)?;
        let fleet = Fleet::start_on(net.launch()).await;
        fleet.handler("told", TOLD);
        let mut ground = Ground { fleet, net, supervisors: Vec::new() };
        for host in 0..2 {
            ground.supervise(host);
        }
        Some(ground)
    }

    fn supervise(&mut self, host: usize) {
        let log = File::create(self.fleet.file(&format!("host-{host}.log"))).expect("a log");
        let mut command = process::command("ip");
        command.args(["netns", "exec", self.net.host(host)]).arg(program("baton-worker"));
        command.env("BATON_REDIS_URL", self.net.redis_url(host)).env_remove("BATON_CONFIG");
        command.env("BATON_WORKER_EXEC_DIR", self.fleet.file("handlers"));
        command.envs([
            ("BATON_WORKER_LEASE", "2s"),
            ("BATON_WORKER_SLOTS", "1"),
            ("BATON_SUPERVISOR_COUNT", "4"),
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.supervisors.push(Process::spawn(command).expect("a supervisor"));
    }

    /// The shares of those that count now.
    async fn shares(&self) -> Vec<String> {
        let read = self.fleet.store.pool(&PoolName::default()).await.expect("an answer");
        let supervisors = read.pool.map(|pool| pool.supervisors).unwrap_or_default();
        let live = supervisors.iter().filter(|supervisor| supervisor.deadline_ms > read.now_ms);
        let mut shares: Vec<String> = live.filter_map(|one| one.report.get("share").cloned()).collect();
        shares.sort();
        shares
    }

    fn runs(&self) -> Vec<String> {
        text(self.fleet.file("runs")).lines().map(str::to_owned).collect()
    }

    async fn statuses(&self, tasks: &[TaskId]) -> BTreeSet<Status> {
        let read = self.fleet.store.read_tasks(Shard::FIRST, tasks, false).await.expect("an answer");
        read.into_iter().flatten().map(|task| task.status()).collect()
    }

    async fn submit(&self, count: usize) -> Vec<TaskId> {
        let mut tasks = Vec::new();
        for _ in 0..count {
            tasks.push(self.fleet.submit("told", "null").await);
        }
        tasks
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_share_a_pool_and_one_that_is_cut_off_is_replaced_fenced_and_comes_back() {
    let Some(mut ground) = Ground::start().await else {
        println!("skipped: this machine does not let us make network namespaces");
        return;
    };
    until("each host has half", async || ground.shares().await == ["2", "2"]).await;
    until("there are four workers", async || ground.fleet.live_workers().await.len() == 4).await;
    let tasks = ground.submit(4).await;
    until("each worker runs one", async || ground.runs().len() == 4).await;

    ground.net.cut(0);
    until("the other host has all of them", async || ground.shares().await == ["4"]).await;
    // What ran on the lost host runs again on the other one, under a new fence.
    until("all of them run there", async || ground.runs().len() == 6).await;
    assert_eq!(ground.statuses(&tasks).await, [Status::Running].into());
    assert!(ground.supervisors[0].is_running(), "a host that is cut off waits");

    fs::write(ground.fleet.file("go"), "").expect("a word");
    until("all have completed", async || ground.statuses(&tasks).await == [Status::Completed].into()).await;
    let versions = ground.fleet.read(tasks[0]).await.version;

    ground.net.mend(0);
    until("each host has half again", async || ground.shares().await == ["2", "2"]).await;
    until("nobody is left over", async || ground.fleet.live_workers().await.len() == 4).await;
    until("the lost host was told", async || {
        let log = text(ground.fleet.file("host-0.log"));
        ["not held any more", "report was refused", "lease was lost", "renewed the lease in time"]
            .iter()
            .any(|words| log.contains(words))
    })
    .await;
    assert_eq!(ground.fleet.read(tasks[0]).await.version, versions, "nothing it said changed anything");
    let more = ground.submit(8).await;
    until("all complete", async || ground.statuses(&more).await == [Status::Completed].into()).await;
    for task in &tasks {
        let task = ground.fleet.read(*task).await;
        assert!(task.attempt == 0 && task.crashes <= 1, "{task:?}");
    }
    audit(&ground).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_of_two_hosts_follows_every_size_without_burning_an_attempt() {
    let Some(ground) = Ground::start().await else {
        println!("skipped: this machine does not let us make network namespaces");
        return;
    };
    until("there are four workers", async || ground.fleet.live_workers().await.len() == 4).await;
    let tasks = ground.submit(6).await;
    until("each worker runs one", async || ground.runs().len() == 4).await;
    fs::write(ground.fleet.file("go"), "").expect("a word");
    for (desired, shares) in [(7, ["3", "4"]), (1, ["0", "1"]), (0, ["0", "0"]), (3, ["1", "2"])] {
        let set = SetPool { pool: &PoolName::default(), desired: Some(desired), running: None, by: None };
        ground.fleet.store.set_pool(&set).await.expect("an answer");
        until("they share", async || ground.shares().await == shares).await;
        until("it has that size", async || ground.fleet.live_workers().await.len() as u64 == desired).await;
    }
    until("all have completed", async || ground.statuses(&tasks).await == [Status::Completed].into()).await;
    for task in &tasks {
        let task = ground.fleet.read(*task).await;
        assert_eq!((task.attempt, task.crashes), (0, 0));
    }
    audit(&ground).await;
}

async fn audit(ground: &Ground) {
    let mut connection = ground.fleet.redis.connection().await;
    let snapshot = Snapshot::take(&mut connection, "baton:{0}:").await;
    invariants::assert_hold(&snapshot, "baton:{0}:");
}
