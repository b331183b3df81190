//! What a supervisor goes by.

/// Times are milliseconds of the supervisor's own clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// The most workers that this host runs.
    pub(super) max_count: u64,
    /// Is a worker that failed replaced at all?
    pub(super) restart_on_failure: bool,
    /// So many failures in a row, of lives that did not prove themselves, and the seat gives up.
    pub(super) max_restarts: u64,
    /// A worker that settled so many tasks is replaced; 0 for never.
    pub(super) recycle_after_tasks: u64,
    /// A worker with more memory is replaced; 0 for any.
    pub(super) max_rss_bytes: u64,
    /// What a worker may take to end once it is told to.
    pub(super) drain_ms: u64,
    /// And so much more before it is told again, and then before it is killed.
    pub(super) patience_ms: u64,
    /// One that reports nothing for this long is killed.
    pub(super) silent_ms: u64,
    /// One that heard nothing from Redis for this long, while we do, is killed. Its own watch ends it before.
    pub(super) deaf_ms: u64,
    /// One that was ready for this long has proved itself.
    pub(super) proof_ms: u64,
    /// Workers that start at the same time.
    pub(super) starting_max: usize,
    /// What a dead worker left behind holds its replacement up no longer than this.
    pub(super) clearing_ms: u64,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            max_count: 1_000,
            restart_on_failure: true,
            max_restarts: 10,
            recycle_after_tasks: 0,
            max_rss_bytes: 0,
            drain_ms: 30_000,
            patience_ms: 5_000,
            silent_ms: 30_000,
            deaf_ms: 330_000,
            proof_ms: 30_000,
            starting_max: 16,
            clearing_ms: 3_000,
        }
    }
}
