//! Reads series over all shards, and over those queues that a credential may read.

use std::collections::BTreeMap;

use baton_api::series::Measured;
use baton_auth::Action;
use baton_core::series::{Depth, Histogram, Plan, Resolution, Tally};
use baton_core::{Code, QueueName};
use baton_store::calls::series::{Of, ReadSeries};
use baton_store::{Error, Store};
use futures_util::future::try_join_all;

use crate::app::App;
use crate::auth::Grant;
use crate::problem::Fail;
use crate::roster;

/// Queues whose series are added up for one answer. Whoever reads every queue needs one series, however many there are.
const QUEUES_MAX: usize = 20;

/// A credential that reads so many queues, one by one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooMany(usize);

impl From<TooMany> for Fail {
    fn from(TooMany(count): TooMany) -> Fail {
        let why =
            format!("the credential reads {count} queues, and {QUEUES_MAX} are added up at most: name one");
        Fail::invalid("queue", why)
    }
}

/// Whose series a credential sees: those of the one queue that it asks for, or of all that it may read. These may be
/// more than are added up.
pub(crate) async fn of(
    app: &App,
    grant: &Grant,
    queue: Option<&QueueName>,
) -> Result<Result<Vec<Of>, TooMany>, Fail> {
    if let Some(queue) = queue {
        grant.must_read(queue, Code::UnknownQueue)?;
        let known = roster::queue(&app.store, queue).await?;
        known.ok_or_else(|| Fail::new(Code::UnknownQueue))?;
        return Ok(Ok(vec![Of::Queue(queue.clone())]));
    }
    if grant.reaches_all(Action::TasksRead) {
        return Ok(Ok(vec![Of::All]));
    }
    let queues = roster::queues(&app.store).await?.into_iter().map(|queue| queue.name);
    let own: Vec<Of> = queues.filter(|queue| grant.reads(queue)).map(Of::Queue).collect();
    Ok(if own.len() > QUEUES_MAX { Err(TooMany(own.len())) } else { Ok(own) })
}

/// What happened by the beginning of each bucket in which something did.
pub(crate) async fn buckets(
    store: &Store,
    of: &[Of],
    resolution: Resolution,
    (from_ms, to_ms): (u64, u64),
    only_counts: bool,
) -> Result<BTreeMap<u64, Tally>, Error> {
    let asks: Vec<ReadSeries<'_>> =
        of.iter().map(|of| ReadSeries { of, resolution, from_ms, to_ms, only_counts }).collect();
    let each = store.shards().all().flat_map(|shard| asks.iter().map(move |ask| store.series(shard, ask)));
    let mut sum: BTreeMap<u64, Tally> = BTreeMap::new();
    for (bucket_ms, tally) in try_join_all(each).await?.into_iter().flatten() {
        sum.entry(bucket_ms).or_default().merge(&tally);
    }
    Ok(sum)
}

/// Everything in one.
pub(crate) async fn sum(
    store: &Store,
    of: &[Of],
    resolution: Resolution,
    span: (u64, u64),
) -> Result<Tally, Error> {
    let buckets = buckets(store, of, resolution, span, false).await?;
    Ok(buckets.values().fold(Tally::default(), |mut sum, tally| {
        sum.merge(tally);
        sum
    }))
}

/// How deep a queue was at the end of each point, over all shards; not known while it is not known of a shard that has the queue.
pub(crate) async fn depth(
    store: &Store,
    queue: &QueueName,
    plan: &Plan,
) -> Result<Vec<Option<Depth>>, Error> {
    let each = try_join_all(store.shards().all().map(|shard| store.depth(shard, queue, plan))).await?;
    let levels = each.iter().filter(|looks| !looks.is_empty()).map(|looks| looks.levels(plan));
    let sum = levels.reduce(|sum, levels| sum.into_iter().zip(levels).map(added).collect());
    Ok(sum.unwrap_or_else(|| vec![None; plan.points() as usize]))
}

fn added((one, other): (Option<Depth>, Option<Depth>)) -> Option<Depth> {
    let (mut sum, other) = (one?, other?);
    sum.merge(&other);
    Some(sum)
}

/// How old the oldest event is that no series has yet, in any shard.
pub(crate) async fn behind_ms(store: &Store) -> Result<u64, Error> {
    let lags = try_join_all(store.shards().all().map(|shard| store.lag(shard))).await?;
    Ok(lags.into_iter().map(|lag| lag.lag_ms).max().unwrap_or_default())
}

pub(crate) fn measured(histogram: &Histogram) -> Measured {
    Measured {
        average_ms: histogram.average_ms(),
        p50_ms: histogram.percentile_ms(50),
        p95_ms: histogram.percentile_ms(95),
        p99_ms: histogram.percentile_ms(99),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_of_one_shard_is_not_known_of_all() {
        let depth = |pending| Some(Depth::new([0, 0, pending, 1]));
        assert_eq!(added((depth(3), depth(4))), Some(Depth::new([0, 0, 7, 2])));
        assert_eq!([added((depth(3), None)), added((None, depth(3)))], [None, None]);
    }
}
