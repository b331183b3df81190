//! Time series, per queue and of all queues together: what was submitted, started and ended, and how long tasks waited and
//! ran.
//!
//! Each bucket of each series is a small hash that expires. A histogram is a field per part that something is in, so adding
//! to it is counting, and adding two up is adding their fields. Only the first so many queues of a shard have series of
//! their own: names of queues come from whoever submits, and must not fill Redis.

use baton_core::limits;
use baton_core::series::{Counter, Histogram, Measure, Resolution};

use super::{BehindKey, Extra, Fact, Row, Writes};
use crate::calls::series::Of;

pub(super) fn note(facts: &[Fact], extra: &Extra<'_>, writes: &mut Writes) {
    for fact in facts {
        let Some(counter) = counter(&fact.event) else { continue };
        let row = extra.rows.get(&fact.id);
        let measured = match counter {
            Counter::Started => row.and_then(|row| wait_ms(fact, row)).map(|ms| (Measure::Wait, ms)),
            _ => run_ms(fact, row, counter).map(|ms| (Measure::Run, ms)),
        };
        for resolution in Resolution::ALL {
            for of in [&Of::All, &extra.series_of(&fact.queue)] {
                let key = BehindKey::series(resolution, resolution.bucket_ms(fact.at_ms), of);
                add(key, counter, measured, resolution, writes);
            }
        }
    }
}

fn add(
    key: BehindKey,
    counter: Counter,
    measured: Option<(Measure, u64)>,
    resolution: Resolution,
    writes: &mut Writes,
) {
    writes.count(key.clone(), counter, 1);
    if let Some((measure, ms)) = measured {
        writes.count(key.clone(), format!("{measure}:{}", Histogram::part_of(ms)), 1);
        writes.count(key.clone(), format!("{measure}_ms"), i64::try_from(ms).unwrap_or(i64::MAX));
    }
    // Counted from the last write, so never too short.
    writes.expire(key, resolution.step_ms() + resolution.kept_ms());
}

pub(crate) fn counter(event: &str) -> Option<Counter> {
    Some(match event {
        "submit" => Counter::Submitted,
        "claim" => Counter::Started,
        "complete" => Counter::Completed,
        "fail" => Counter::Failed,
        "time_out" => Counter::Timeout,
        "cancel" => Counter::Cancelled,
        "retry" => Counter::Retried,
        "reclaim" => Counter::Crashed,
        _ => return None,
    })
}

/// What the task says of its latest run is of this one only if the fence is the same; and where it has waited again since,
/// that is later than the run began.
fn wait_ms(fact: &Fact, row: &Row) -> Option<u64> {
    let pending_ms = row.pending_ms.unwrap_or(row.created_ms);
    let started_ms = row.started_ms.filter(|_| row.fence == Some(fact.fence))?;
    started_ms.checked_sub(pending_ms)
}

/// Of runs that somebody reported. The fence is the time of the claim, in µs.
fn run_ms(fact: &Fact, row: Option<&Row>, counter: Counter) -> Option<u64> {
    let reported =
        matches!(counter, Counter::Completed | Counter::Failed | Counter::Timeout | Counter::Retried);
    // The crash that ends a task was noticed when its lease was over, and says nothing of how long it ran.
    if !reported || fact.fence.0 == 0 || fact.why.as_deref() == Some("poison") {
        return None;
    }
    let same = row.filter(|row| row.fence == Some(fact.fence));
    let of_row = same.and_then(|row| row.finished_ms?.checked_sub(row.started_ms?));
    Some(of_row.unwrap_or_else(|| fact.at_ms.saturating_sub(fact.fence.0 / 1_000)))
}

const _: () = assert!(limits::SERIES_QUEUES_MAX <= limits::BEHIND_WORDS_MAX);
