//! One task from its submission to its end, with what a person would see of it: `cargo run --example first_task`.
//!
//! It starts a Redis of its own and takes it away again.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]
#![expect(clippy::expect_used, clippy::panic, reason = "an example stops where something is wrong")]

use baton_core::{Boot, Kind, LeaseLength, QueueName, Shard, WorkerId};
use baton_store::calls::task::{Claim, Claimed, NewTask, Outcome, Report, Settle, Submission};
use baton_store::{Options, Store};
use baton_testkit::{PrivateRedis, Snapshot};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for line in run().await {
        println!("{line}");
    }
}

/// Carries a task through its life; answers the status and version it had at each stage.
async fn run() -> Vec<String> {
    let redis = PrivateRedis::start().await;
    // The warnings say that this Redis would lose its data, which is what it is for.
    let (store, _warnings) =
        Store::open(Options::new(redis.url().parse().expect("a URL"))).await.expect("a store");
    let mut stages = Vec::new();

    // Whoever submits draws the id first, so that a repeat of the call finds the same task.
    let shard = Shard::FIRST;
    let kind = Kind::new("encode").expect("a kind");
    let task = NewTask::new(store.draw(shard), kind, br#"{"frames":120}"#.to_vec());
    let id = task.id;
    store.submit(&Submission { tasks: &[task], by: None, op: None }).await.expect("submitted");
    stages.push(stage(&store, id).await);

    // A worker names itself and its boot. What it gets is leased to that boot, under a fence.
    let worker = WorkerId::new("worker-001-encode").expect("a worker id");
    let boot = Boot::new("7f3a").expect("a boot");
    let claim = Claim {
        worker: &worker,
        boot: &boot,
        expects: None,
        lease: LeaseLength::default(),
        queues: &[QueueName::default()],
        in_order: false,
        max: 1,
        only: None,
        holding: &[],
    };
    let Claimed::Tasks(grants) = store.claim(shard, &claim).await.expect("claimed") else {
        panic!("refused")
    };
    stages.push(stage(&store, id).await);

    // Only worker and fence together are believed; anybody else's report is refused as fenced.
    let outcome = Outcome::Complete { result: br#"{"url":"s3://films/120"}"#.to_vec() };
    let reports = [Report { task: id, fence: grants.tasks[0].fence, outcome }];
    let settle = Settle { worker: &worker, boot: Some(&boot), reports: &reports, claim: None };
    store.settle(shard, &settle).await.expect("settled");
    stages.push(stage(&store, id).await);

    let key = store.keys(shard).expect("the first shard").task(id);
    stages.push(Snapshot::take(&mut redis.connection().await, &key).await.render());
    stages
}

async fn stage(store: &Store, id: baton_core::TaskId) -> String {
    let tasks = store.read_tasks(id.shard(), &[id], true).await.expect("read");
    let task = tasks[0].as_ref().expect("it exists");
    format!("{} at version {}", task.status(), task.version)
}
