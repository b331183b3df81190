//! Sees to schedules that are due. What belongs to nobody is seen to by any ticker; what somebody owns, by those who can tell
//! what he may, and they look for it themselves: the ticks of others would not tell them.
//!
//! Each time is seen to once, however many processes look: what one does, the others find
//! done. A process that ends in the middle leaves the rest to whoever ticks next.

use std::future::Future;
use std::time::Duration;

use baton_core::schedule::plan;
use baton_core::{QueueName, Shard, limits};

use super::chance;
use crate::calls::schedule::{Due, Fire, Fired, Owner, Verdict};
use crate::error::Error;
use crate::store::Store;

/// Says what the owner of a schedule may at this moment. An error is no answer: it is asked again, and nothing is made or
/// skipped meanwhile.
pub trait Judge: Clone + Send + Sync + 'static {
    fn judge(&self, owner: &Owner, queue: &QueueName) -> impl Future<Output = Result<Verdict, Error>> + Send;
}

/// How often it is looked for schedules that somebody owns, where none is known to be due before: another process may have
/// made one.
const LOOK_EVERY_MS: u64 = 1_000;

/// Sees to the schedules of a shard that somebody owns, for ever.
pub(super) async fn keep<J: Judge>(store: Store, shard: Shard, judge: J) {
    loop {
        let wait_ms = match store.fire_owned(shard, &judge).await {
            Ok(owned) => owned.wait_ms,
            Err(error) => {
                tracing::debug!(%shard, %error, "schedules with owners could not be seen to");
                LOOK_EVERY_MS
            }
        };
        let jitter_ms = (chance() * super::JITTER_MS as f64) as u64;
        tokio::time::sleep(Duration::from_millis(wait_ms + jitter_ms)).await;
    }
}

/// What was done for the schedules of a shard that somebody owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnedFires {
    pub fires: Fires,
    /// When to look again.
    pub wait_ms: u64,
}

/// What was done for the schedules of a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fires {
    /// Tasks that were made.
    pub made: u64,
    /// Times for which none is made.
    pub skipped: u64,
    /// Schedules that others had seen to.
    pub stale: u64,
    /// There may be more that are due.
    pub more: bool,
}

impl Store {
    /// Sees to a bounded number of schedules that are due and that somebody owns. One on whose owner nothing can be said
    /// stays due, and does not hold up the others.
    pub async fn fire_owned<J: Judge>(&self, shard: Shard, judge: &J) -> Result<OwnedFires, Error> {
        let all = self.owned_schedules(shard, limits::SCHEDULES_DUE_MAX).await?;
        let (mut fires, mut seen_to) = (Fires::default(), false);
        for one in all.due {
            let due = match one {
                Ok(due) => due,
                Err(error) => {
                    tracing::warn!(%shard, %error, "a schedule that is due cannot be read");
                    continue;
                }
            };
            let verdict = match &due.owner {
                Some(owner) => judge.judge(owner, &due.queue).await,
                None => Ok(Verdict::Granted),
            };
            match verdict {
                Ok(verdict) => {
                    seen_to |= self.fire_one(&due, all.now_ms, verdict, &mut fires).await?;
                }
                Err(error) => {
                    tracing::warn!(schedule = %due.name, %error, "the rights of its owner cannot be read");
                }
            }
        }
        let until_ms = all.first_ms.map_or(LOOK_EVERY_MS, |first_ms| first_ms.saturating_sub(all.now_ms));
        // What is still due, and was not seen to, is tried again in a while.
        let wait_ms = match (seen_to, until_ms) {
            (true, _) => 0,
            (false, 0) => LOOK_EVERY_MS,
            (false, until_ms) => until_ms.min(LOOK_EVERY_MS),
        };
        Ok(OwnedFires { fires, wait_ms })
    }

    /// Sees to a bounded number of schedules that are due and that nobody owns.
    pub async fn fire_due(&self, shard: Shard) -> Result<Fires, Error> {
        let all = self.due_schedules(shard, limits::SCHEDULES_DUE_MAX).await?;
        let (now_ms, due) = (all.now_ms, all.due);
        let is_full = due.len() as u64 == limits::SCHEDULES_DUE_MAX;
        let (mut sum, mut seen_to) = (Fires::default(), 0);
        for one in due {
            match one {
                Ok(due) => {
                    self.fire_one(&due, now_ms, Verdict::Unjudged, &mut sum).await?;
                    seen_to += 1;
                }
                // Made by a newer release, perhaps, whose processes can read it.
                Err(error) => tracing::warn!(%shard, %error, "a schedule that is due cannot be read"),
            }
        }
        sum.more = is_full && seen_to > 0;
        Ok(sum)
    }

    /// Answers whether there is nothing left to do about it.
    async fn fire_one(
        &self,
        due: &Due,
        now_ms: u64,
        verdict: Verdict,
        sum: &mut Fires,
    ) -> Result<bool, Error> {
        let plan = plan(&due.timing, due.due_ms, now_ms, due.missed);
        match self.fire_schedule(&Fire { due, plan: &plan, verdict }).await? {
            Fired::Done { made, skipped } => {
                tracing::debug!(schedule = %due.name, made, skipped, ?verdict, "a schedule was due");
                sum.made += made;
                sum.skipped += skipped;
                count("made", made);
                count("skipped", skipped);
            }
            Fired::Stale => {
                sum.stale += 1;
                count("stale", 1);
            }
            Fired::Unjudged => {
                tracing::debug!(schedule = %due.name, "a schedule waits for those who know its owner")
            }
            Fired::Refused(refused) => {
                tracing::debug!(schedule = %due.name, refusal = %refused.refusal, "a schedule was not seen to");
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn count(result: &'static str, by: u64) {
    if by > 0 {
        metrics::counter!("baton_schedule_fires_total", "result" => result).increment(by);
    }
}
