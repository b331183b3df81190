//! What was read last, for all listeners together. Its size is bounded in events, so memory stays flat whatever the
//! listeners do; who is slower than the ring has missed something and is told so.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::place::{Mark, Place};
use super::told::Batch;
use baton_core::Shard;

/// About half a kB each.
pub(super) const EVENTS_MAX: usize = 16_384;
/// Batches that a listener takes at once.
const TAKE_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Ring {
    kept: Mutex<Kept>,
    /// How many batches there have ever been: listeners wait for it to rise.
    end: watch::Sender<u64>,
    events_max: usize,
}

#[derive(Debug)]
struct Kept {
    batches: VecDeque<Arc<Batch>>,
    /// The number of the oldest batch kept, counted from the first one ever.
    first: u64,
    events: usize,
    /// How far the reader of each shard is; none until it has begun.
    read: Vec<Option<Mark>>,
}

impl Kept {
    fn end(&self) -> u64 {
        self.first + self.batches.len() as u64
    }
}

/// A listener's place in the ring.
#[derive(Debug)]
pub(super) struct Cursor {
    ring: Arc<Ring>,
    next: u64,
    end: watch::Receiver<u64>,
}

/// The ring has gone on without this listener, or events were lost on the way to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missed;

impl Ring {
    pub(super) fn new(shards: usize, events_max: usize) -> Arc<Ring> {
        let kept = Kept { batches: VecDeque::new(), first: 0, events: 0, read: vec![None; shards] };
        Arc::new(Ring { kept: Mutex::new(kept), end: watch::Sender::new(0), events_max })
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reader of this shard begins behind this mark.
    pub(super) fn begin(&self, shard: Shard, mark: Mark) {
        self.lock().read[usize::from(shard.number())] = Some(mark);
        self.end.send_modify(|_| {});
    }

    /// Everything that one read has brought.
    pub(super) fn push(&self, batches: Vec<Arc<Batch>>) {
        let mut kept = self.lock();
        for batch in batches {
            kept.read[usize::from(batch.shard.number())] = Some(Mark::behind(batch.entry));
            kept.events += batch.events.len();
            kept.batches.push_back(batch);
        }
        while kept.events > self.events_max
            && let Some(oldest) = kept.batches.pop_front()
        {
            kept.events -= oldest.events.len();
            kept.first += 1;
        }
        self.end.send_replace(kept.end());
    }

    /// Events of this shard may be missing before what comes next: everyone has missed something.
    pub(super) fn break_off(&self, shard: Shard, mark: Mark) {
        let mut kept = self.lock();
        kept.first = kept.end() + 1;
        kept.batches.clear();
        kept.events = 0;
        kept.read[usize::from(shard.number())] = Some(mark);
        self.end.send_replace(kept.end());
    }

    /// A cursor behind everything read so far, and the place that this is; waits until every reader has begun.
    pub(super) async fn join(self: &Arc<Ring>) -> (Cursor, Place) {
        let mut end = self.end.subscribe();
        loop {
            // Marked as seen before the look, so that what changes after it ends the wait.
            end.mark_unchanged();
            {
                let kept = self.lock();
                if let Some(marks) = kept.read.iter().copied().collect::<Option<Vec<Mark>>>() {
                    let next = kept.end();
                    drop(kept);
                    return (Cursor { ring: Arc::clone(self), next, end }, Place::new(marks));
                }
            }
            // The sender lives in the ring.
            let _ = end.changed().await;
        }
    }

    pub(super) fn listeners(&self) -> usize {
        self.end.receiver_count()
    }

    #[cfg(test)]
    pub(super) fn events(&self) -> usize {
        self.lock().events
    }
}

impl Cursor {
    /// What comes next, at least one batch. Nothing is lost when the wait is given up.
    pub(super) async fn next(&mut self) -> Result<Vec<Arc<Batch>>, Missed> {
        loop {
            self.end.mark_unchanged();
            if let Some(taken) = self.take()? {
                return Ok(taken);
            }
            let _ = self.end.changed().await;
        }
    }

    fn take(&mut self) -> Result<Option<Vec<Arc<Batch>>>, Missed> {
        let kept = self.ring.lock();
        let Some(skip) = self.next.checked_sub(kept.first) else {
            return Err(Missed);
        };
        let taken: Vec<Arc<Batch>> =
            kept.batches.iter().skip(skip as usize).take(TAKE_MAX).cloned().collect();
        drop(kept);
        self.next += taken.len() as u64;
        Ok((!taken.is_empty()).then_some(taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_store::event::{Entry, StreamId};
    use futures_util::FutureExt;

    fn batch(ms: u64) -> Arc<Batch> {
        let entry = Entry {
            id: StreamId { ms, sequence: 0 },
            event: "register".to_owned(),
            worker: None,
            boot: None,
            by: None,
            subject: None,
            schedule: None,
            tasks: Vec::new(),
        };
        Arc::new(Batch::new(Shard::FIRST, &entry))
    }

    fn times(taken: Result<Vec<Arc<Batch>>, Missed>) -> Vec<u64> {
        taken.unwrap().iter().map(|batch| batch.entry.ms).collect()
    }

    fn joined(ring: &Arc<Ring>) -> (Cursor, Place) {
        ring.join().now_or_never().unwrap()
    }

    #[test]
    fn a_listener_gets_what_comes_after_it_joined() {
        let ring = Ring::new(1, 4);
        assert!(ring.join().now_or_never().is_none(), "before the reader has begun");
        ring.begin(Shard::FIRST, Mark::behind(StreamId::default()));
        ring.push(vec![batch(1)]);
        let (mut cursor, place) = joined(&ring);
        assert_eq!(place.to_string(), "1-0");
        assert!(cursor.next().now_or_never().is_none());
        ring.push(vec![batch(2), batch(3)]);
        assert_eq!(times(cursor.next().now_or_never().unwrap()), [2, 3]);
        assert!(cursor.next().now_or_never().is_none());
    }

    #[test]
    fn the_slow_one_has_missed_something_and_the_quick_one_has_not() {
        let ring = Ring::new(1, 4);
        ring.begin(Shard::FIRST, Mark::behind(StreamId::default()));
        let ((mut slow, _), (mut quick, _)) = (joined(&ring), joined(&ring));
        for ms in 1..=100 {
            ring.push(vec![batch(ms)]);
            assert_eq!(times(quick.next().now_or_never().unwrap()), [ms]);
            assert!(ring.events() <= 4);
        }
        assert_eq!(slow.next().now_or_never().unwrap().unwrap_err(), Missed);
        let (_, place) = joined(&ring);
        assert_eq!(place.to_string(), "100-0");
    }

    #[test]
    fn a_break_is_missed_by_all() {
        let ring = Ring::new(1, 4);
        ring.begin(Shard::FIRST, Mark::behind(StreamId::default()));
        let (mut cursor, _) = joined(&ring);
        ring.break_off(Shard::FIRST, Mark::behind(StreamId { ms: 9, sequence: 0 }));
        assert_eq!(cursor.next().now_or_never().unwrap().unwrap_err(), Missed);
        let (mut cursor, place) = joined(&ring);
        assert_eq!(place.to_string(), "9-0");
        ring.push(vec![batch(10)]);
        assert_eq!(times(cursor.next().now_or_never().unwrap()), [10]);
    }
}
