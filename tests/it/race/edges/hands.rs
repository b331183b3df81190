//! One who links, claims and reports over a connection of his own, and writes down what he is answered. His claims and
//! links are those of the store, or those of a script from which a rule has been taken.

use std::sync::Arc;

use baton_core::{Fence, QueueName, Refusal, Shard, TaskId};
use baton_store::calls::task::{
    Claim, Claimed, Grant, Link, Linked, Outcome, Report, Settle, SettleAnswer, Settled,
};
use baton_store::{Script, Store};
use baton_testkit::Life;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{FromRedisValue, Value, cmd};

use super::super::arena::Arena;
use super::record::Record;

/// What every key of the one shard begins with.
const SHARD: &str = "baton:{0}:";

/// Texts that take the place of scripts of ours.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    pub(super) claim: Option<String>,
    pub(super) link: Option<String>,
}

impl Texts {
    /// The text of a script in which one phrase is another one.
    pub(super) fn patched(script: &str, changes: &[(&str, &str)]) -> Option<String> {
        let known = Script::all().iter().find(|known| known.name == script).expect("a script of that name");
        let mut text = known.text.clone();
        for (from, to) in changes {
            assert_eq!(text.matches(from).count(), 1, "{script} says {from:?} once");
            text = text.replace(from, to);
        }
        Some(text)
    }
}

pub(super) struct Hands {
    pub(super) store: Store,
    pub(super) life: Life,
    pub(super) record: Arc<Record>,
    texts: Texts,
    raw: MultiplexedConnection,
    now_ms: u64,
}

/// A task that somebody holds.
pub(super) type Held = (TaskId, Fence);

impl Hands {
    pub(super) async fn new(
        arena: &Arena,
        at: usize,
        life: Life,
        record: &Arc<Record>,
        texts: &Texts,
    ) -> Hands {
        let store = arena.stores[at % arena.stores.len()].clone();
        let (raw, now_ms) = (arena.redis.connection().await, arena.now_ms());
        Hands { store, life, record: Arc::clone(record), texts: texts.clone(), raw, now_ms }
    }

    /// Makes a child wait; answers whether it does. `None` if it is not there yet.
    pub(super) async fn link(&mut self, parent: TaskId, child: TaskId) -> Option<bool> {
        let began = self.record.now();
        let refusal = match self.texts.link.clone() {
            Some(text) => self.link_by(&text, parent, child).await,
            None => {
                let link = Link { parent, child, by: None, op: None };
                match self.store.link(&link).await.expect("an answer") {
                    Linked::Edge { .. } => None,
                    Linked::Refused(refused) => Some(refused.refusal),
                }
            }
        };
        match refusal {
            None => self.record.linked(self.record.since(began), parent, child),
            Some(Refusal::Conflict) => self.record.link_too_late(),
            Some(Refusal::UnknownTask) => return None,
            Some(other) => panic!("the link was refused: {other}"),
        }
        Some(refusal.is_none())
    }

    async fn link_by(&mut self, text: &str, parent: TaskId, child: TaskId) -> Option<Refusal> {
        let op = format!("{SHARD}op:{parent}-{child}");
        let mut command = cmd("EVAL");
        command.arg(text).arg(3).arg(format!("{SHARD}meta")).arg(format!("{SHARD}events")).arg(op);
        command.arg(self.now_ms).arg("asked").arg("").arg(600_000);
        command.arg(parent.to_string()).arg(child.to_string());
        let words = words(command.query_async(&mut self.raw).await.expect("an answer"));
        (words[0] == "refused").then(|| words[1].parse().expect("a refusal"))
    }

    /// Claims from the default queue, or the one task that is named.
    pub(super) async fn claim(&mut self, max: u64, only: Option<TaskId>) -> Vec<Held> {
        let began = self.record.now();
        let claimed = match self.texts.claim.clone() {
            Some(text) => self.claim_by(&text, max, only).await,
            None => self.claim_from(&QueueName::default(), max, only).await,
        };
        let span = self.record.since(began);
        match claimed {
            Ok(held) => {
                held.iter().for_each(|(task, _)| self.record.claimed(span, *task));
                held
            }
            Err(Refusal::ParentsOpen) => {
                self.record.claim_refused();
                Vec::new()
            }
            Err(
                Refusal::Conflict | Refusal::AlreadyFinished | Refusal::UnknownTask | Refusal::QueuePaused,
            ) => Vec::new(),
            Err(other) => panic!("the claim was refused: {other}"),
        }
    }

    pub(super) async fn claim_from(
        &self,
        queue: &QueueName,
        max: u64,
        only: Option<TaskId>,
    ) -> Result<Vec<Held>, Refusal> {
        let claim = Claim {
            worker: &self.life.worker,
            boot: &self.life.boot,
            expects: None,
            lease: Default::default(),
            queues: std::slice::from_ref(queue),
            in_order: false,
            max,
            only,
            holding: &[],
        };
        match self.store.claim(Shard::FIRST, &claim).await.expect("an answer") {
            Claimed::Tasks(grants) => {
                Ok(grants.tasks.iter().map(|grant: &Grant| (grant.task, grant.fence)).collect())
            }
            Claimed::Refused(refused) => Err(refused.refusal),
        }
    }

    async fn claim_by(&mut self, text: &str, max: u64, only: Option<TaskId>) -> Result<Vec<Held>, Refusal> {
        let Life { worker, boot } = &self.life;
        let mut command = cmd("EVAL");
        command.arg(text).arg(8);
        let names = ["meta", "events", "leases", "workers"].map(str::to_owned).into_iter();
        let own = [format!("worker:{worker}"), format!("held:{worker}:{boot}")];
        let queue = ["queue:default", "queue:default:pending"].map(str::to_owned);
        names.chain(own).chain(queue).for_each(|name| {
            command.arg(format!("{SHARD}{name}"));
        });
        let only = only.map_or(String::new(), |task| task.to_string());
        command.arg(self.now_ms).arg(worker.as_str()).arg(boot.as_str()).arg("").arg(30_000);
        command.arg(max).arg("").arg(only).arg(0);
        let words = words(command.query_async(&mut self.raw).await.expect("an answer"));
        if words[0] == "refused" {
            return Err(words[1].parse().expect("a refusal"));
        }
        let granted = words.iter().enumerate().filter(|(_, word)| *word == "granted");
        let held = |(at, _): (usize, &String)| {
            let fence = words[at + 2].parse().expect("a fence");
            (words[at + 1].parse().expect("a task"), Fence(fence))
        };
        Ok(granted.map(held).collect())
    }

    /// Reports this outcome of all of them, which every one must take.
    pub(super) async fn report(&self, held: &[Held], outcome: Outcome) {
        held.iter().for_each(|(task, _)| self.record.ends(*task));
        let report = |(task, fence): &Held| Report { task: *task, fence: *fence, outcome: outcome.clone() };
        let reports: Vec<Report> = held.iter().map(report).collect();
        let Life { worker, boot } = &self.life;
        let settle = Settle { worker, boot: Some(boot), reports: &reports, claim: None };
        match self.store.settle(Shard::FIRST, &settle).await.expect("an answer") {
            SettleAnswer::Reports { each, .. } => {
                let taken = each.iter().all(|settled| matches!(settled, Settled::Now { .. }));
                assert!(taken && each.len() == held.len(), "{each:?}");
            }
            SettleAnswer::Refused(refused) => panic!("refused: {refused:?}"),
        }
    }

    pub(super) async fn complete(&self, held: &[Held]) {
        self.report(held, Outcome::Complete { result: Vec::new() }).await;
    }
}

/// An answer of a script, flat and in words.
fn words(answer: Value) -> Vec<String> {
    let Value::Array(parts) = answer else { panic!("no list: {answer:?}") };
    parts.into_iter().map(|part| String::from_redis_value(part).expect("a word")).collect()
}
