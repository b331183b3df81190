//! What a supervisor says to probes, for itself and for its workers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use baton_service::admin::Inspect;
use baton_service::metrics::{Metrics, Sum};

use super::seat::LifeId;
use crate::engine::clock;

/// A supervisor that has not attended for this long does not know what is wanted of it.
const UNHEARD_AFTER: Duration = Duration::from_secs(30);

/// What the supervisor's loop lets probes see. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Board(Arc<Mutex<Shown>>);

#[derive(Debug, Default)]
struct Shown {
    /// By the worker's clock, which goes on while the machine sleeps.
    heard_ms: Option<u64>,
    share: u64,
    live: u64,
    draining: bool,
    sum: Sum,
}

impl Board {
    fn with<T>(&self, look: impl FnOnce(&mut Shown) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn heard(&self) {
        self.with(|shown| shown.heard_ms = Some(clock::now_ms()));
    }

    pub(super) fn show(&self, share: u64, live: u64) {
        self.with(|shown| (shown.share, shown.live) = (share, live));
    }

    pub(super) fn drain(&self) {
        self.with(|shown| shown.draining = true);
    }

    pub(super) fn take(&self, life: LifeId, metrics: &str) {
        self.with(|shown| shown.sum.take(life, metrics));
    }

    pub(super) fn end(&self, life: LifeId) {
        self.with(|shown| shown.sum.end(life));
    }

    fn ready(&self, now_ms: u64) -> Result<String, String> {
        self.with(|shown| {
            let Shown { heard_ms, share, live, draining, .. } = *shown;
            if draining {
                return Err("it is about to end".to_owned());
            }
            match heard_ms.map(|heard| Duration::from_millis(now_ms.saturating_sub(heard))) {
                None => Err("nothing has come through to Redis yet".to_owned()),
                Some(since) if since > UNHEARD_AFTER => {
                    Err(format!("nothing has come through to Redis for {} s", since.as_secs()))
                }
                Some(_) if share > 0 && live == 0 => Err(format!("none of {share} workers is ready")),
                Some(_) => Ok(format!("{live} of {share} workers are ready")),
            }
        })
    }
}

pub(super) struct Supervisor {
    pub(super) board: Board,
    pub(super) metrics: Metrics,
}

impl Inspect for Supervisor {
    fn ready(&self) -> Result<String, String> {
        self.board.ready(clock::now_ms())
    }

    fn metrics(&self) -> String {
        self.metrics.upkeep();
        let own = self.metrics.render();
        self.board.with(|shown| shown.sum.render(&own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_heard_lately_and_at_work() {
        let board = Board::default();
        let ready = |after: u64| board.ready(clock::now_ms() + after).is_ok();
        assert!(!ready(0));
        board.heard();
        board.show(2, 0);
        assert!(!ready(0), "no worker is ready");
        board.show(2, 1);
        assert!(ready(0) && ready(29_000) && !ready(31_000));
        board.show(0, 0);
        assert!(ready(0), "none is wanted");
        board.drain();
        assert!(!ready(0));
    }

    #[test]
    fn what_workers_counted_stays_when_they_end() {
        let board = Board::default();
        let text = "# TYPE runs_total counter\nruns_total 3\n";
        board.take(1, text);
        board.take(2, text);
        board.end(1);
        let sum = board.with(|shown| shown.sum.render(""));
        assert!(sum.contains("runs_total 6\n"), "{sum}");
    }
}
