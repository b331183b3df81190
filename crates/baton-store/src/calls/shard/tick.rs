//! Faces `lua/shard/tick.lua`. Repeatable: a second tick finds nothing due and does nothing.

use baton_core::Shard;

use super::super::Refused;
use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// What a ticker has seen: by it the script tells a stall of Redis from a pause of the tickers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// How many of its ticks came through before.
    pub ticks: u64,
    /// The Redis time of its last tick, plus the time on its own monotonic clock until its first attempt at this one.
    pub expected_ms: Option<u64>,
    /// For how long it has been trying, if none of its ticks came through before.
    pub trying_ms: u64,
}

/// The answer to a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ticked {
    Worked {
        now_ms: u64,
        /// When the shard wants to be ticked next.
        tick_ms: u64,
        reaped: u64,
        matured: u64,
        pruned: u64,
        /// Ends wait to be passed on, and nobody is at it.
        cascades: bool,
        /// A schedule is due.
        schedules: bool,
    },
    /// Somebody else has ticked, and nothing is due.
    Early {
        now_ms: u64,
        tick_ms: u64,
    },
    Refused(Refused),
}

impl Store {
    /// Does a bounded piece of every chore of the shard that is due.
    pub async fn tick(&self, shard: Shard, tick: Tick) -> Result<Ticked, Error> {
        let call = self.tick_call(shard, tick)?;
        self.read_ticked(shard, self.run(&call).await?)
    }

    /// The same, sent once: who repeats it says each time for how long it has been trying.
    pub(crate) async fn try_tick(&self, shard: Shard, tick: Tick) -> Result<Ticked, Error> {
        let call = self.tick_call(shard, tick)?;
        self.read_ticked(shard, self.run_once(&call).await?)
    }

    fn tick_call(&self, shard: Shard, tick: Tick) -> Result<Call, Error> {
        let keys = self.keys(shard)?;
        let mut call = Call::new(
            "shard/tick",
            [
                keys.meta(),
                keys.events(),
                keys.leases(),
                keys.workers(),
                keys.queues(),
                keys.scheduled(),
                keys.event_marks(),
                keys.cascades(),
                keys.drafts(),
                keys.schedules_due(),
            ],
        );
        call.arg(self.now_argument()).arg(tick.ticks).optional(tick.expected_ms).arg(tick.trying_ms);
        Ok(call)
    }

    fn read_ticked(&self, shard: Shard, mut reply: Reply) -> Result<Ticked, Error> {
        let ticked = match reply.text()?.as_str() {
            "ticked" => Ticked::Worked {
                now_ms: reply.parse()?,
                tick_ms: reply.parse()?,
                reaped: reply.parse()?,
                matured: reply.parse()?,
                pruned: reply.parse()?,
                cascades: reply.flag()?,
                schedules: reply.flag()?,
            },
            "early" => Ticked::Early { now_ms: reply.parse()?, tick_ms: reply.parse()? },
            "refused" => Ticked::Refused(Refused::read(&mut reply)?),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        };
        if let Ticked::Worked { tick_ms, .. } | Ticked::Early { tick_ms, .. } = &ticked {
            self.note_due(shard, Some(*tick_ms));
        }
        Ok(ticked)
    }
}
