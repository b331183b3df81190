//! One reader per shard and process: it follows the shard's stream on a connection of its own and never loses its
//! place. Where events may be missing behind that place, everyone is told.

use std::sync::Arc;
use std::time::Duration;

use baton_core::Shard;
use baton_store::{Error, Store};
use tokio_util::sync::CancellationToken;

use super::counts::Dirty;
use super::place::Mark;
use super::ring::Ring;
use super::stream::{Stretch, stretch};
use super::told::Batch;
use super::watch::Watches;

/// One blocking read; a dead connection is noticed a little later than this.
const WAIT: Duration = Duration::from_secs(5);
/// Entries of one read; each is at most 100 events.
const READ_MAX: u64 = 64;
/// The first wait after a failure, and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

pub(super) struct Reader {
    pub(super) store: Store,
    pub(super) shard: Shard,
    pub(super) ring: Arc<Ring>,
    pub(super) watches: Watches,
    pub(super) dirty: Dirty,
}

impl Reader {
    pub(super) async fn run(self, until: CancellationToken) {
        until.run_until_cancelled(self.follow()).await;
    }

    async fn follow(self) {
        let mut mark = self.begin().await;
        let mut pause = BACKOFF.0;
        let mut unsure = false;
        loop {
            match self.step(&mut mark, unsure).await {
                Ok(()) => (pause, unsure) = (BACKOFF.0, false),
                Err(error) => {
                    self.complain(&error);
                    tokio::time::sleep(pause).await;
                    (pause, unsure) = ((pause * 2).min(BACKOFF.1), true);
                }
            }
        }
    }

    /// Listeners who begin now begin with what is newest.
    async fn begin(&self) -> Mark {
        let mut pause = BACKOFF.0;
        loop {
            match self.store.stream_ends(self.shard).await {
                Ok(ends) => {
                    let mark = Mark::behind(ends.last.unwrap_or_default());
                    self.ring.begin(self.shard, mark);
                    return mark;
                }
                Err(error) => self.complain(&error),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(BACKOFF.1);
        }
    }

    async fn step(&self, mark: &mut Mark, unsure: bool) -> Result<(), Error> {
        if unsure {
            self.look_for_gap(mark).await?;
        }
        let entries = self.store.follow_events(self.shard, mark.entry, READ_MAX, WAIT).await?;
        if let Some(last) = entries.last() {
            *mark = Mark::behind(last.id);
            let batches: Vec<Arc<Batch>> =
                entries.iter().map(|entry| Arc::new(Batch::new(self.shard, entry))).collect();
            self.watches.wake(batches.iter().flat_map(|batch| batch.tasks()));
            self.ring.push(batches);
            self.dirty.mark();
        }
        Ok(())
    }

    /// While Redis was away, the stream may have been trimmed, or an older copy of it may have come back.
    async fn look_for_gap(&self, mark: &mut Mark) -> Result<(), Error> {
        let ends = self.store.stream_ends(self.shard).await?;
        match stretch(&ends, *mark) {
            Stretch::Whole => return Ok(()),
            Stretch::Trimmed => {}
            Stretch::Back => *mark = Mark::behind(ends.last.unwrap_or_default()),
        }
        tracing::warn!(shard = self.shard.number(), "events are missing; everyone who listens reads anew");
        self.ring.break_off(self.shard, *mark);
        self.watches.wake_all();
        self.dirty.mark();
        Ok(())
    }

    fn complain(&self, error: &Error) {
        tracing::warn!(shard = self.shard.number(), error = %error, "failed to follow the events; trying again");
    }
}
