//! All that is due, done now: what a restart of the fleet would lead to, for somebody who waits for it.

use std::time::Duration;

use baton_core::{Shard, limits};
use tokio::task::JoinSet;

use super::beat::Beat;
use super::now;
use crate::calls::Refused;
use crate::calls::shard::Ticked;
use crate::error::Error;
use crate::store::Store;

/// Where others always come first, they have seen to everything after so many of their ticks.
const OTHERS_MAX: u32 = 5;

/// What was done, over all shards. Other processes tick too, and may have come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Tasks taken from holders whose lease was over.
    pub reclaimed: u64,
    /// Scheduled tasks that were due.
    pub matured: u64,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    Done(Recovered),
    Refused(Refused),
}

impl Store {
    /// Ticks every shard until nothing is due in it. It is no more hasty than any newcomer: for the first seconds it only
    /// watches, so that leases which a stall of Redis let run out get their grace. It takes three to four seconds, or
    /// five where others always tick first.
    pub async fn recover(&self) -> Result<Recovery, Error> {
        let mut each = JoinSet::new();
        for shard in self.shards().all() {
            let store = self.clone();
            each.spawn(async move { recover(&store, shard).await });
        }
        let mut sum = Recovered::default();
        for one in each.join_all().await {
            match one? {
                Recovery::Done(one) => {
                    sum.reclaimed += one.reclaimed;
                    sum.matured += one.matured;
                }
                Recovery::Refused(refused) => return Ok(Recovery::Refused(refused)),
            }
        }
        Ok(Recovery::Done(sum))
    }
}

async fn recover(store: &Store, shard: Shard) -> Result<Recovery, Error> {
    let (mut beat, mut sum, mut others) = (Beat::default(), Recovered::default(), 0);
    loop {
        if let Some(wait_ms) = beat.wait_ms(now(), store.due_ms(shard)) {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        // Only a ticker that has watched for long enough takes tasks from anybody. Whether another one had, nobody says.
        let mut is_seen_to = beat.ticks() >= limits::TICKS_BEFORE_REAP;
        let (now_ms, tick_ms, cascades, schedules) = match store.tick(shard, beat.attempt(now())).await? {
            Ticked::Worked { now_ms, tick_ms, reaped, matured, cascades, schedules, .. } => {
                sum.reclaimed += reaped;
                sum.matured += matured;
                metrics::counter!("baton_reclaims_total").increment(reaped);
                (now_ms, tick_ms, cascades, schedules)
            }
            Ticked::Early { now_ms, tick_ms } => {
                others += 1;
                is_seen_to = others >= OTHERS_MAX;
                (now_ms, tick_ms, false, false)
            }
            Ticked::Refused(refused) => return Ok(Recovery::Refused(refused)),
        };
        while schedules && store.fire_due(shard).await?.more {}
        while cascades && store.cascade(shard).await? {}
        beat.came_through(now(), now_ms);
        // The next scheduled task may be due soon; work that is left over is due in the next millisecond.
        if is_seen_to && tick_ms > now_ms + 1 {
            return Ok(Recovery::Done(sum));
        }
    }
}
