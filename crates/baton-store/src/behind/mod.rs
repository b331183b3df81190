//! What is written behind the work: everything that can be found or counted and that no step of a task needs.
//!
//! The scripts that move tasks write the stream and nothing more. Whoever ticks a shard reads its stream on from a place
//! that the shard keeps, a piece at a time, and asks each *sink* what follows from it. One script then writes all of that
//! and moves the place, if nobody else has moved it meanwhile. So each event counts exactly once, whoever reads it, however
//! often, and a process that ends between any two lines loses nothing: the place is where it was.
//!
//! One at a time is at it, which saves the others the reading; it is no matter of being right. What was trimmed away
//! before anybody read it is counted as missed once the rest is read. A sink that is added later begins where the place is.
//!
//! A sink is a function of a piece. It keeps nothing between two pieces, and what it writes it names by [`BehindKey`]s: the
//! script takes no key of another family. It must not decide by what it wrote before, for it never sees that.

mod depths;
mod errors;
mod fact;
mod index;
mod place;
mod series;
mod webhooks;
mod writes;

use baton_core::{Kind, Shard, limits};
use deadpool_redis::redis::{Cmd, FromRedisValue};

use crate::calls::shard::behind::{Behind, WriteBehind};
use crate::calls::shard::facts::{Facts, FactsRead};
use crate::error::Error;
use crate::event::StreamId;
use crate::store::Store;

pub use crate::calls::shard::Row;
pub use crate::keys::BehindKey;
pub(crate) use errors::is_failure;
pub use fact::{Extra, Fact};
pub(crate) use place::{Part, Place};
pub(crate) use series::counter;
pub use writes::Writes;

/// What follows from the facts of a piece.
type Sink = fn(&[Fact], &Extra, &mut Writes);

/// Everything that is written behind.
const SINKS: &[Sink] = &[index::note, series::note, depths::note, errors::note, webhooks::note];

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All is written down.
    Idle,
    /// Somebody else is at it, or was faster.
    Busy,
    Wrote {
        events: u64,
        more: bool,
        missed: u64,
    },
}

/// How far a shard is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Up to where all is written down.
    pub place: Option<StreamId>,
    /// How long ago the first event happened that is not; 0 if there is none.
    pub lag_ms: u64,
    /// What is next was trimmed away before it was written down.
    pub trimmed: bool,
}

impl Store {
    /// Writes down what follows from the next piece of the stream. `joins` is for who begins with it: he leaves it to
    /// somebody who is at it.
    pub async fn write_behind(&self, shard: Shard, joins: bool) -> Result<Step, Error> {
        let mut facts = match self.facts(shard, limits::BEHIND_EVENTS_MAX, joins).await? {
            FactsRead::Facts(facts) => facts,
            FactsRead::Busy | FactsRead::TooNew => return Ok(Step::Busy),
        };
        let writes = bounded(&mut facts);
        if facts.entries.is_empty() {
            return Ok(Step::Idle);
        }
        if facts.trimmed {
            tracing::debug!(%shard, "the place up to which the stream is written down has been trimmed away");
        }
        let counted = count(&facts);
        let piece = WriteBehind { from: facts.place, to: place::after(&facts), counted, writes: &writes };
        Ok(match self.put_behind(shard, &piece).await? {
            Behind::Written { whole, missed } => {
                if missed > 0 {
                    tracing::warn!(%shard, missed, "events were trimmed away before they were written down");
                    metrics::counter!("baton_behind_missed_total").increment(missed);
                }
                Step::Wrote { events: counted, more: !whole, missed }
            }
            Behind::Stale | Behind::TooNew => Step::Busy,
        })
    }

    /// The kinds that were submitted to the shard of late, the latest first; written behind.
    pub async fn seen_kinds(&self, shard: Shard) -> Result<Vec<Kind>, Error> {
        let mut command = Cmd::new();
        let key = self.keys(shard)?.behind(&BehindKey::kinds());
        command.arg("ZRANGE").arg(key).arg(0).arg(limits::INDEX_KINDS_MAX - 1).arg("REV");
        let unreadable = |problem: String| Error::fault("index:kinds", problem);
        let names: Result<Vec<String>, _> = Vec::from_redis_value(self.send(&command, None).await?);
        let names = names.map_err(|error| unreadable(error.to_string()))?;
        names
            .iter()
            .map(|name| name.parse().map_err(|_| unreadable(format!("{name:?} is no kind"))))
            .collect()
    }

    /// How far behind the shard is.
    pub async fn lag(&self, shard: Shard) -> Result<Lag, Error> {
        match self.facts(shard, 1, false).await? {
            FactsRead::Facts(Facts { place, lag_ms, trimmed, .. }) => {
                Ok(Lag { place: place.entry, lag_ms, trimmed })
            }
            FactsRead::Busy | FactsRead::TooNew => Ok(Lag::default()),
        }
    }
}

/// What follows from as many of the tasks as make no more writes than one call may do; the others come next.
fn bounded(facts: &mut Facts) -> Writes {
    loop {
        let (writes, tasks) = (follows(facts), place::tasks(facts));
        if writes.size() <= limits::BEHIND_WRITES_MAX || tasks <= 1 {
            return writes;
        }
        place::keep(facts, tasks / 2);
    }
}

fn follows(facts: &Facts) -> Writes {
    let entries = facts.entries.iter().filter_map(|read| read.entry.as_ref());
    let list: Vec<Fact> = entries.flat_map(fact::of_entry).collect();
    let extra = Extra { rows: &facts.rows, queues: &facts.queues, watches: &facts.watches };
    let mut writes = Writes::default();
    for sink in SINKS {
        sink(&list, &extra, &mut writes);
    }
    writes
}

/// As the scripts count what they tell: an entry about no task counts once. What cannot be read is missed.
fn count(facts: &Facts) -> u64 {
    let entries = facts.entries.iter().filter_map(|read| read.entry.as_ref());
    entries.map(|entry| entry.tasks.len().max(1) as u64).sum()
}
