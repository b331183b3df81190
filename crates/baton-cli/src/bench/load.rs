//! How much is sent, and how long each call took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use crate::progress::Progress;

/// How often it is looked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What is left to be done, and until when.
#[derive(Debug)]
pub(super) struct Budget {
    total: u64,
    left: AtomicU64,
    until: Instant,
}

#[expect(clippy::disallowed_methods, reason = "a bench is there to measure time")]
pub(super) fn now() -> Instant {
    Instant::now()
}

impl Budget {
    pub(super) fn new(tasks: u64, time: Duration) -> Arc<Budget> {
        Arc::new(Budget { total: tasks, left: AtomicU64::new(tasks), until: now() + time })
    }

    /// So many at most that may be done now; `None` where it is over.
    pub(super) fn take(&self, most: u64) -> Option<u64> {
        if self.is_late() {
            return None;
        }
        let less = |left: u64| (left > 0).then(|| left - left.min(most));
        let before = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).ok()?;
        Some(before.min(most))
    }

    /// So many were taken already.
    fn taken(&self) -> u64 {
        self.total - self.left.load(Ordering::SeqCst)
    }

    pub(super) fn is_late(&self) -> bool {
        now() >= self.until
    }
}

/// Shows how far it is, for as long as it goes on.
pub(super) async fn watched<T>(budget: &Budget, what: &str, work: impl Future<Output = T>) -> T {
    let mut progress = Progress::new(Some(budget.total), what);
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(LOOK_EVERY) => progress.at(budget.taken()),
        }
    }
}

/// What was measured.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// Of each call, in µs.
    calls: Vec<u64>,
    pub(super) done: u64,
}

impl Samples {
    pub(super) fn note(&mut self, begun: Instant, done: u64) {
        self.note_span(begun.elapsed(), done);
    }

    pub(super) fn note_span(&mut self, span: Duration, done: u64) {
        self.calls.push(u64::try_from(span.as_micros()).unwrap_or(u64::MAX));
        self.done += done;
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.len()
    }

    /// All that lanes measure which run side by side; the first that fails ends it.
    pub(super) async fn of(mut lanes: JoinSet<Result<Samples>>) -> Result<Samples> {
        let mut all = Samples::default();
        while let Some(lane) = lanes.join_next().await {
            let lane = lane??;
            all.calls.extend(lane.calls);
            all.done += lane.done;
        }
        all.calls.sort_unstable();
        Ok(all)
    }

    /// In ms, of what is sorted. The nearest rank: a time that was measured.
    pub(super) fn percentile(&self, percent: u64) -> f64 {
        let rank = (self.calls.len() as u64 * percent).div_ceil(100).max(1);
        let at = usize::try_from(rank - 1).unwrap_or(usize::MAX);
        self.calls.get(at).map_or(0.0, |us| *us as f64 / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_to_the_last() {
        let budget = Budget::new(5, Duration::from_secs(60));
        assert_eq!(
            [budget.take(2), budget.take(2), budget.take(2), budget.take(2)],
            [Some(2), Some(2), Some(1), None]
        );
        assert_eq!(Budget::new(5, Duration::ZERO).take(1), None);
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let samples = |calls: Vec<u64>| Samples { calls, done: 0 };
        let all = samples((1..=100).map(|ms| ms * 1_000).collect());
        assert_eq!([50, 95, 99, 100].map(|percent| all.percentile(percent)), [50.0, 95.0, 99.0, 100.0]);
        assert_eq!(samples(vec![7_000]).percentile(50), 7.0);
        assert_eq!(samples(Vec::new()).percentile(99), 0.0);
    }
}
