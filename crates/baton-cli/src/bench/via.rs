//! The two ways to a fleet: a gateway, or Redis itself.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use baton::Client;
use baton::api::lease::Complete;
use baton::api::worker::{Claim as ClaimBody, Leave, Register};
use baton_core::{Boot, Fence, Kind, QueueName, Shard, Status, TaskId, WorkerId};
use baton_store::Store;
use baton_store::calls::queue::SetQueue;
use baton_store::calls::task::{
    Cancel, Claim, Claimed, Index, List, NewTask, Order, Outcome, Report, Settle, SettleAnswer, Settled,
    Submission, SubmitAnswer,
};

/// What a bench leaves goes so long after its end.
pub(super) const KEPT_MS: u64 = 60_000;
/// Tasks of one call, straight to Redis.
const DIRECT_MAX: usize = 100;

#[derive(Clone, Debug)]
pub(super) enum Via {
    Http(Client),
    Direct(Store),
}

/// All that joined, until they have left.
#[derive(Debug, Default)]
pub(super) struct Crew(Mutex<Vec<Holder>>);

impl Crew {
    fn holders(&self) -> MutexGuard<'_, Vec<Holder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that claims.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    worker: WorkerId,
    boot: Boot,
    shard: Shard,
}

/// A task that is held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    task: TaskId,
    fence: Fence,
}

impl Via {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Via::Http(_) => "http",
            Via::Direct(_) => "redis",
        }
    }

    /// The queue forgets soon what has ended.
    pub(super) async fn prepare(&self, queue: &QueueName) -> Result<()> {
        match self {
            Via::Http(client) => {
                let patch =
                    serde_json::from_value(serde_json::json!({ "retention": { "default": KEPT_MS } }))?;
                client.set_queue(queue.as_str(), &patch).await?;
            }
            Via::Direct(store) => {
                let keep = baton_core::queue::Keep::Ms(KEPT_MS);
                let retention = baton_core::queue::Retention { any: Some(keep), ..Default::default() };
                for shard in store.shards().all() {
                    let set =
                        SetQueue { queue, rules: None, retention: Some(&retention), version: None, by: None };
                    store.set_queue(shard, &set).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn submit(&self, lane: u32, queue: &QueueName, count: u64, payload: &str) -> Result<()> {
        match self {
            Via::Http(client) if count == 1 => {
                let payload = baton::Json::from_bytes(payload.as_bytes())?;
                client.submit_json("noop", payload).queue(queue.as_str()).await?;
            }
            Via::Http(client) => {
                let task = || -> Result<baton::api::task::NewTask> {
                    let payload = baton::Json::from_bytes(payload.as_bytes())?;
                    let mut task = baton::api::task::NewTask::new(Kind::new("noop")?, payload);
                    task.queue = Some(queue.clone());
                    Ok(task)
                };
                let tasks: Vec<_> = (0..count).map(|_| task()).collect::<Result<_>>()?;
                for receipt in client.submit_all(tasks).await {
                    receipt.map_err(|error| anyhow!("failed to submit: {error}"))?;
                }
            }
            Via::Direct(store) => {
                let shard = shard_of(store, lane);
                let kind = Kind::new("noop")?;
                let task = |_| NewTask {
                    queue: queue.clone(),
                    ..NewTask::new(store.draw(shard), kind.clone(), payload.as_bytes())
                };
                let tasks: Vec<NewTask> = (0..count).map(task).collect();
                for some in tasks.chunks(DIRECT_MAX) {
                    match store.submit(&Submission { tasks: some, by: None, op: None }).await? {
                        SubmitAnswer::Tasks { .. } => {}
                        SubmitAnswer::Refused(refused) => {
                            bail!("failed to submit: {}", refused.refusal.advice())
                        }
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) async fn join(&self, crew: &Crew, lane: u32, queue: &QueueName) -> Result<Holder> {
        let holder = self.register(lane, queue).await?;
        crew.holders().push(holder.clone());
        Ok(holder)
    }

    async fn register(&self, lane: u32, queue: &QueueName) -> Result<Holder> {
        match self {
            Via::Http(client) => {
                let register: Register = serde_json::from_value(
                    serde_json::json!({ "kind": "bench", "queues": [queue.as_str()] }),
                )?;
                let registered = client.register(&register).await?;
                Ok(Holder { worker: registered.id, boot: registered.boot, shard: Shard::FIRST })
            }
            Via::Direct(store) => {
                let worker = WorkerId::new(&format!("worker-{lane:03}-{queue}"))?;
                Ok(Holder { worker, boot: Boot::new("bench")?, shard: shard_of(store, lane) })
            }
        }
    }

    /// Up to so many tasks; over HTTP it waits for some.
    pub(super) async fn claim(
        &self,
        holder: &Holder,
        queue: &QueueName,
        count: u64,
        wait: Duration,
    ) -> Result<Vec<Held>> {
        match self {
            Via::Http(client) => {
                let claim = ClaimBody {
                    boot: Some(holder.boot.clone()),
                    queues: vec![queue.clone()],
                    max: Some(count.min(DIRECT_MAX as u64)),
                    ..ClaimBody::default()
                };
                let claimed = client.claim(holder.worker.as_str(), &claim, wait).await?;
                Ok(claimed.iter().map(|one| Held { task: one.id, fence: Fence(one.fence) }).collect())
            }
            Via::Direct(store) => {
                let claim = Claim {
                    worker: &holder.worker,
                    boot: &holder.boot,
                    expects: None,
                    lease: Default::default(),
                    queues: std::slice::from_ref(queue),
                    in_order: false,
                    max: count.min(DIRECT_MAX as u64),
                    only: None,
                    holding: &[],
                };
                match store.claim(holder.shard, &claim).await? {
                    Claimed::Tasks(grants) => {
                        Ok(grants.tasks.iter().map(|one| Held { task: one.task, fence: one.fence }).collect())
                    }
                    Claimed::Refused(refused) => bail!("failed to claim: {}", refused.refusal.advice()),
                }
            }
        }
    }

    pub(super) async fn complete(&self, holder: &Holder, held: &[Held]) -> Result<()> {
        match self {
            Via::Http(client) => {
                for one in held {
                    let report = Complete { worker: holder.worker.clone(), fence: one.fence, result: None };
                    client.complete(one.task, &report).await?;
                }
            }
            Via::Direct(store) => {
                let outcome = Outcome::Complete { result: Vec::new() };
                let report =
                    |one: &Held| Report { task: one.task, fence: one.fence, outcome: outcome.clone() };
                let reports: Vec<Report> = held.iter().map(report).collect();
                let settle = Settle {
                    worker: &holder.worker,
                    boot: Some(&holder.boot),
                    reports: &reports,
                    claim: None,
                };
                match store.settle(holder.shard, &settle).await? {
                    SettleAnswer::Reports { each, .. } => {
                        if let Some(Settled::Refused { refusal, .. }) =
                            each.iter().find(|one| matches!(one, Settled::Refused { .. }))
                        {
                            bail!("failed to complete: {}", refusal.advice());
                        }
                    }
                    SettleAnswer::Refused(refused) => {
                        bail!("failed to complete: {}", refused.refusal.advice())
                    }
                }
            }
        }
        Ok(())
    }

    /// Nobody holds anything afterwards. Each is asked to leave, also where another one cannot.
    pub(super) async fn disband(&self, crew: &Crew) -> Result<()> {
        let holders = std::mem::take(&mut *crew.holders());
        let mut left = Ok(());
        for holder in &holders {
            left = self.leave(holder).await.and(left);
        }
        left
    }

    async fn leave(&self, holder: &Holder) -> Result<()> {
        match self {
            Via::Http(client) => {
                client.leave(holder.worker.as_str(), &Leave { boot: Some(holder.boot.clone()) }).await?;
            }
            Via::Direct(store) => {
                store.deregister(holder.shard, &holder.worker, &holder.boot).await?;
            }
        }
        Ok(())
    }

    /// Cancels what has not ended.
    pub(super) async fn purge(&self, queue: &QueueName) -> Result<()> {
        match self {
            Via::Http(client) => {
                let mut operation = client.purge(queue.as_str(), "bench").await?;
                while !operation.state.is_over() {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    operation = client.operation(operation.id.as_str()).await?;
                }
            }
            Via::Direct(store) => {
                for shard in store.shards().all() {
                    while cancel_some(store, shard, queue).await? > 0 {}
                }
            }
        }
        Ok(())
    }
}

async fn cancel_some(store: &Store, shard: Shard, queue: &QueueName) -> Result<usize> {
    let index = Index::Queue(queue, Status::Pending);
    let list = List { index, order: Order::Up, start: Default::default(), limit: DIRECT_MAX as u64 };
    let tasks: Vec<TaskId> = store.list(shard, &list).await?.tasks.iter().map(|task| task.id).collect();
    if !tasks.is_empty() {
        store.cancel(shard, &Cancel { tasks: &tasks, by: None, reason: "bench", op: None }).await?;
    }
    Ok(tasks.len())
}

fn shard_of(store: &Store, lane: u32) -> Shard {
    let count = u32::from(store.shards().get());
    store.shards().all().nth((lane % count) as usize).unwrap_or(Shard::FIRST)
}
