//! Sees to schedules that are due. Each time is seen to once, however many processes look: what one does, the others find
//! done. A process that ends in the middle leaves the rest to whoever ticks next.

use baton_core::schedule::plan;
use baton_core::{Shard, limits};

use crate::calls::schedule::{Due, Fire, Fired};
use crate::error::Error;
use crate::store::Store;

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
    /// Sees to a bounded number of schedules that are due.
    pub async fn fire_due(&self, shard: Shard) -> Result<Fires, Error> {
        let (now_ms, due) = self.due_schedules(shard, limits::SCHEDULES_DUE_MAX).await?;
        let is_full = due.len() as u64 == limits::SCHEDULES_DUE_MAX;
        let (mut sum, mut seen_to) = (Fires::default(), 0);
        for one in due {
            match one {
                Ok(due) => {
                    self.fire_one(&due, now_ms, &mut sum).await?;
                    seen_to += 1;
                }
                // Made by a newer release, perhaps, whose processes can read it.
                Err(error) => tracing::warn!(%shard, %error, "a schedule that is due cannot be read"),
            }
        }
        sum.more = is_full && seen_to > 0;
        Ok(sum)
    }

    async fn fire_one(&self, due: &Due, now_ms: u64, sum: &mut Fires) -> Result<(), Error> {
        let plan = plan(&due.timing, due.due_ms, now_ms, due.missed);
        match self.fire_schedule(&Fire { due, plan: &plan }).await? {
            Fired::Done { made, skipped } => {
                tracing::debug!(schedule = %due.name, made, skipped, "a schedule was due");
                sum.made += made;
                sum.skipped += skipped;
                count("made", made);
                count("skipped", skipped);
            }
            Fired::Stale => {
                sum.stale += 1;
                count("stale", 1);
            }
            Fired::Refused(refused) => {
                tracing::debug!(schedule = %due.name, refusal = %refused.refusal, "a schedule was not seen to");
            }
        }
        Ok(())
    }
}

fn count(result: &'static str, by: u64) {
    if by > 0 {
        metrics::counter!("baton_schedule_fires_total", "result" => result).increment(by);
    }
}
