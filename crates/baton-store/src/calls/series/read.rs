//! Faces `lua/series/read.lua`. It only reads.

use std::collections::BTreeMap;

use baton_core::series::{Counter, Measure, Resolution, Tally};
use baton_core::{QueueName, Shard, limits};

use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// Whose series it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// Of all queues together.
    All,
    Queue(QueueName),
    /// Of the queues that came after the first so many, which share one.
    Others,
}

impl Of {
    /// How it stands in a key, or before what is counted of it; no queue is called `*`.
    pub(crate) fn word(&self) -> &str {
        match self {
            Of::All => "",
            Of::Queue(queue) => queue.as_str(),
            Of::Others => "*",
        }
    }
}

/// A row of buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadSeries<'a> {
    pub of: &'a Of,
    pub resolution: Resolution,
    /// From the bucket of this time on, to that of the other, which is no part of it.
    pub from_ms: u64,
    pub to_ms: u64,
    /// Leaves out what is measured, which is most of it.
    pub only_counts: bool,
}

impl Store {
    /// What happened in this shard, by the beginning of each bucket in which something did. A long row is read in pieces.
    pub async fn series(&self, shard: Shard, ask: &ReadSeries<'_>) -> Result<BTreeMap<u64, Tally>, Error> {
        let step_ms = ask.resolution.step_ms();
        let (mut first_ms, mut found) = (ask.resolution.bucket_ms(ask.from_ms), BTreeMap::new());
        while first_ms < ask.to_ms {
            let buckets = (ask.to_ms - first_ms).div_ceil(step_ms).min(limits::SERIES_BUCKETS_MAX);
            self.read_series(shard, ask, first_ms, buckets, &mut found).await?;
            first_ms += buckets * step_ms;
        }
        Ok(found)
    }

    async fn read_series(
        &self,
        shard: Shard,
        ask: &ReadSeries<'_>,
        first_ms: u64,
        buckets: u64,
        found: &mut BTreeMap<u64, Tally>,
    ) -> Result<(), Error> {
        let mut call = Call::new("series/read", [self.keys(shard)?.meta()]);
        call.arg(ask.resolution.as_str()).arg(ask.resolution.step_ms()).arg(first_ms).arg(buckets);
        call.arg(ask.of.word()).arg(if ask.only_counts { "1" } else { "" });
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "read" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        while !reply.is_empty() {
            let bucket_ms: u64 = reply.parse()?;
            found.insert(bucket_ms, tally(&mut reply)?);
        }
        Ok(())
    }
}

fn tally(reply: &mut Reply) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    for (field, value) in reply.fields()? {
        let number = std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok());
        let number = number.ok_or_else(|| reply.fault(format!("its field {field} is no number")))?;
        // What a newer release counts besides is none of ours.
        set(&mut tally, &field, number);
    }
    Ok(tally)
}

/// `completed`, `run_ms`: all runs together, `run:64`: runs of 64 ms up to the next part.
fn set(tally: &mut Tally, field: &str, number: u64) {
    if let Ok(counter) = field.parse::<Counter>() {
        return tally.count(counter, number);
    }
    for measure in Measure::ALL {
        let Some(rest) = field.strip_prefix(measure.as_str()) else { continue };
        match (rest, rest.strip_prefix(':').map(str::parse)) {
            ("_ms", _) => tally.measured_mut(*measure).add_sum(number),
            (_, Some(Ok(part_ms))) => tally.measured_mut(*measure).add_to_part(part_ms, number),
            _ => {}
        }
    }
}
