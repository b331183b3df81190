//! Sees to schedules that are due. What belongs to nobody is seen to by any ticker; what somebody owns, by those who can tell
//! what he may, and they look for it themselves: the ticks of others would not tell them.
//!
//! Each time is seen to once, however many processes look: what one does, the others find
//! done. A process that ends in the middle leaves the rest to whoever ticks next.

use std::future::Future;
use std::time::Duration;

use baton_core::schedule::plan;
use baton_core::{QueueName, ScheduleName, Shard, limits};
use tokio::task::JoinSet;

use super::chance;
use crate::calls::schedule::{AllDue, Due, Fire, Fired, Owner, Verdict};
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

/// Owners that are asked about at a time: one on whom an answer takes long holds up few.
const JUDGED_AT_ONCE: usize = 8;
/// Pages of one round: as many as all schedules of a shard fill.
const PAGES_MAX: u64 = limits::SCHEDULES_MAX.div_ceil(limits::SCHEDULES_DUE_MAX);

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
    /// Sees to all schedules that are due and that somebody owns, page by page. One on whose owner nothing can be said, or that
    /// cannot be read, stays due, and holds up no other.
    pub async fn fire_owned<J: Judge>(&self, shard: Shard, judge: &J) -> Result<OwnedFires, Error> {
        let (mut fires, mut until_ms) = (Fires::default(), LOOK_EVERY_MS);
        let (mut seen_to, mut stay_due) = (0, 0);
        for _ in 0..PAGES_MAX {
            let page = self.owned_schedules_behind(shard, stay_due, limits::SCHEDULES_DUE_MAX).await?;
            until_ms = page.first_ms.map_or(LOOK_EVERY_MS, |first_ms| first_ms.saturating_sub(page.now_ms));
            let is_last = page.looked_at() < limits::SCHEDULES_DUE_MAX;
            let on_page = page.due.len() as u64;
            let done = self.judge_and_fire(shard, page, judge, &mut fires).await?;
            seen_to += done;
            stay_due += on_page - done;
            if is_last {
                break;
            }
        }
        // What is still due, and was not seen to, is tried again in a while.
        let wait_ms = match (seen_to, until_ms) {
            (0, 0) => LOOK_EVERY_MS,
            (0, until_ms) => until_ms.min(LOOK_EVERY_MS),
            _ => 0,
        };
        Ok(OwnedFires { fires, wait_ms })
    }

    /// Of one page. Owners are asked about a few at a time, and who is answered first is seen to first. Answers for how many
    /// there is nothing left to do.
    async fn judge_and_fire<J: Judge>(
        &self,
        shard: Shard,
        page: AllDue,
        judge: &J,
        fires: &mut Fires,
    ) -> Result<u64, Error> {
        self.place_again(&page.astray).await?;
        let now_ms = page.now_ms;
        let mut waiting = page.due.into_iter().filter_map(|one| readable(shard, one));
        let (mut asked, mut done) = (JoinSet::new(), 0);
        loop {
            while asked.len() < JUDGED_AT_ONCE {
                let Some(due) = waiting.next() else { break };
                asked.spawn(judged(judge.clone(), due));
            }
            match asked.join_next().await {
                None => return Ok(done),
                Some(Ok((due, Ok(verdict)))) => {
                    done += u64::from(self.fire_one(&due, now_ms, verdict, fires).await?);
                }
                Some(Ok((due, Err(error)))) => {
                    tracing::warn!(schedule = %due.name, %error, "the rights of its owner cannot be read");
                }
                Some(Err(error)) => tracing::error!(%shard, %error, "the owner of a schedule was not judged"),
            }
        }
    }

    /// Names that wait for what is not there, or is never due: nothing else takes them out.
    async fn place_again(&self, astray: &[ScheduleName]) -> Result<(), Error> {
        for name in astray {
            tracing::debug!(schedule = %name, "a schedule waits in the wrong place");
            self.place_schedule_again(name).await?;
        }
        Ok(())
    }

    /// Sees to a bounded number of schedules that are due and that nobody owns.
    pub async fn fire_due(&self, shard: Shard) -> Result<Fires, Error> {
        let all = self.due_schedules(shard, limits::SCHEDULES_DUE_MAX).await?;
        let is_full = all.looked_at() == limits::SCHEDULES_DUE_MAX;
        self.place_again(&all.astray).await?;
        let (mut sum, mut seen_to) = (Fires::default(), all.astray.len());
        for due in all.due.into_iter().filter_map(|one| readable(shard, one)) {
            self.fire_one(&due, all.now_ms, Verdict::Unjudged, &mut sum).await?;
            seen_to += 1;
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

/// One that is not was made by a newer release, perhaps, whose processes can read it.
fn readable(shard: Shard, one: Result<Due, Error>) -> Option<Due> {
    one.inspect_err(|error| tracing::warn!(%shard, %error, "a schedule that is due cannot be read")).ok()
}

async fn judged<J: Judge>(judge: J, due: Due) -> (Due, Result<Verdict, Error>) {
    let verdict = match &due.owner {
        Some(owner) => judge.judge(owner, &due.queue).await,
        None => Ok(Verdict::Granted),
    };
    (due, verdict)
}

fn count(result: &'static str, by: u64) {
    if by > 0 {
        metrics::counter!("baton_schedule_fires_total", "result" => result).increment(by);
    }
}
