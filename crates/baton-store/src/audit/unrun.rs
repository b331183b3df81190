//! A14: what may run is run. How long a task waits for its turn is a matter of how much there is to do; so it is late only where
//! nobody claims from its queue, or where somebody who does has nothing to do, and the task stays first in line all the same.

use std::collections::BTreeMap;
use std::time::Duration;

use baton_core::audit::rule::NOT_RUN;
use baton_core::{QueueName, Shard, TaskId, WorkerId, limits};

use super::Auditor;
use super::late::{LATE_NAMED, NAMED};
use super::report::Finding;
use crate::calls::queue::QueueCounts;
use crate::error::Error;

/// Workers and queues of one page.
const PAGE: u64 = 100;

/// Who has nothing to do asks for more at least once a second.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// Who may claim.
#[derive(Debug, Default)]
pub(super) struct Claimers(BTreeMap<WorkerId, Claimer>);

#[derive(Debug, Default)]
struct Claimer {
    alive: bool,
    quiet: bool,
    holds: u64,
    /// Empty where it never said from which: then it may be from any.
    queues: Vec<String>,
}

impl Claimers {
    fn of<'a>(&'a self, queue: &'a str) -> impl Iterator<Item = (&'a WorkerId, &'a Claimer)> {
        let serves = move |claimer: &Claimer| {
            claimer.queues.is_empty() || claimer.queues.iter().any(|name| name == queue)
        };
        self.0.iter().filter(move |(_, claimer)| claimer.alive && !claimer.quiet && serves(claimer))
    }

    fn idle<'a>(&'a self, queue: &'a str) -> Option<&'a WorkerId> {
        self.of(queue).find(|(_, claimer)| claimer.holds == 0).map(|(id, _)| id)
    }
}

/// A task that is first in line, though somebody has nothing to do.
struct First {
    shard: Shard,
    queue: QueueName,
    task: TaskId,
}

impl Auditor<'_> {
    pub(super) async fn unrun(&mut self, shards: &[Shard], before_ms: u64) -> Result<(), Error> {
        let claimers = self.claimers().await?;
        let mut firsts = Vec::new();
        for shard in shards.iter().copied() {
            let mut first = 0;
            loop {
                let page = self.store.counts(shard, first, PAGE).await?;
                let waiting = page.queues.iter().filter(|queue| {
                    queue.paused_ms.is_none() && queue.of(baton_core::Status::Pending) > queue.waiting
                });
                for queue in waiting {
                    self.report.look("A14", 1);
                    if claimers.of(queue.name.as_str()).next().is_none() {
                        self.unattended(shard, &queue.name, before_ms).await?;
                    } else if claimers.idle(queue.name.as_str()).is_some() && is_unlimited(queue) {
                        firsts.extend(self.first(shard, &queue.name, before_ms).await?);
                    }
                }
                first += PAGE;
                if first >= page.queues_total {
                    break;
                }
            }
        }
        if firsts.is_empty() { Ok(()) } else { self.still_first(firsts, before_ms).await }
    }

    /// All workers, whichever shards know them.
    async fn claimers(&self) -> Result<Claimers, Error> {
        let mut claimers = Claimers::default();
        for shard in self.store.shards().all() {
            let mut first = 0;
            loop {
                let page = self.store.workers(shard, first, PAGE).await?;
                for worker in page.workers {
                    let claimer = claimers.0.entry(worker.id).or_default();
                    let until_ms = worker.lease_until_ms.unwrap_or_default();
                    claimer.alive |= until_ms + self.audit.settle_ms >= page.now_ms && until_ms > 0;
                    claimer.quiet |= worker.directive.is_some();
                    claimer.holds += worker.holds;
                    if let Some(queues) = worker.about.get("queues") {
                        claimer.queues =
                            queues.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
                    }
                }
                first += PAGE;
                if first >= page.total {
                    break;
                }
            }
        }
        Ok(claimers)
    }

    /// Those of a queue that have waited for too long, and nobody comes.
    async fn unattended(&mut self, shard: Shard, queue: &QueueName, before_ms: u64) -> Result<(), Error> {
        let key = self.pending_key(shard, queue)?;
        let (mut named, mut late) = (Vec::new(), 0);
        for band in 0..10 {
            let from = band * limits::PRIORITY_BAND;
            let (least, most) = (from.to_string(), (from + before_ms).to_string());
            late += self
                .store
                .ask_one::<Option<u64>>(vec!["ZCOUNT", &key, &least, &most])
                .await?
                .unwrap_or_default();
            let question = vec!["ZRANGE", &key, &least, &most, "BYSCORE", "LIMIT", "0", NAMED];
            let some: Vec<String> = self.store.ask_text::<Option<_>>(question).await?.unwrap_or_default();
            named.extend(some);
        }
        named.truncate(LATE_NAMED);
        self.report.more(NOT_RUN, &key, late.saturating_sub(named.len() as u64), named.len());
        for task in named {
            let wrong =
                NOT_RUN.broken("it run by now", format!("no live worker claims from the queue {queue}"));
            self.find(Finding::of(wrong, task, vec![key.clone()]));
        }
        Ok(())
    }

    fn pending_key(&self, shard: Shard, queue: &QueueName) -> Result<String, Error> {
        Ok(format!("{}queue:{queue}:pending", self.store.keys(shard)?.prefix()))
    }

    /// The next task of a queue, where it has waited for too long.
    async fn first(&self, shard: Shard, queue: &QueueName, before_ms: u64) -> Result<Option<First>, Error> {
        let key = self.pending_key(shard, queue)?;
        let question = vec!["ZRANGE", &key, "0", "0", "WITHSCORES"];
        let head: Vec<(String, f64)> = self.store.ask_text::<Option<_>>(question).await?.unwrap_or_default();
        let since_ms = |score: f64| score as u64 % limits::PRIORITY_BAND;
        let late = head.first().filter(|(_, score)| since_ms(*score) < before_ms);
        let task = late.and_then(|(task, _)| task.parse().ok());
        Ok(task.map(|task| First { shard, queue: queue.clone(), task }))
    }

    async fn still_first(&mut self, firsts: Vec<First>, before_ms: u64) -> Result<(), Error> {
        tokio::time::sleep(LOOK_AGAIN).await;
        let claimers = self.claimers().await?;
        for First { shard, queue, task } in firsts {
            let now = self.first(shard, &queue, before_ms).await?;
            let Some(idle) = claimers.idle(queue.as_str()) else { continue };
            if now.is_some_and(|now| now.task == task) {
                let key = self.pending_key(shard, &queue)?;
                let found = format!("it is first in line, and {idle}, which claims from {queue}, is idle");
                let wrong = NOT_RUN.broken("it run by now", found);
                self.find(Finding::of(wrong, task.to_string(), vec![key]));
            }
        }
        Ok(())
    }
}

/// Nothing but somebody who claims is missing.
fn is_unlimited(queue: &QueueCounts) -> bool {
    let rules = &queue.rules;
    rules.concurrency.is_none() && rules.rate.is_none() && rules.group_concurrency.is_none() && !rules.fair
}
