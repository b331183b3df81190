//! One listener: events and counts as its client pulls them.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Feed;
use super::counts::Counts;
use super::filter::Wish;
use super::place::Place;
use super::source::Source;
use super::told::Batch;

/// What a listener is told.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// The event at this position of the batch.
    Event(Arc<Batch>, usize),
    Counts(Arc<Counts>),
    /// Something was missed: read everything anew.
    Reset,
}

pub(super) struct Subscription {
    draining: CancellationToken,
    source: Source,
    counts: Option<watch::Receiver<Option<Arc<Counts>>>>,
    told_counts: Option<Arc<Counts>>,
}

impl Subscription {
    /// Joins the feed; none if the gateway ends before that.
    pub(super) async fn join(feed: &Feed, wish: Wish) -> Option<Subscription> {
        let draining = feed.draining.clone();
        let counts = wish.filter.counts.then(|| feed.board.listen());
        let source = draining.run_until_cancelled(Source::join(feed, wish)).await?;
        Some(Subscription { draining, source, counts, told_counts: None })
    }

    /// The place behind what was told last: the id with which a client goes on.
    pub(super) fn place(&self) -> &Place {
        self.source.place()
    }

    /// What comes next; none when the gateway ends. Nothing is lost when the wait is given up.
    pub(super) async fn next(&mut self) -> Option<Item> {
        loop {
            tokio::select! {
                biased;
                () = self.draining.cancelled() => return None,
                Some(counts) = changed(&mut self.counts) => {
                    if self.told_counts.as_ref() != Some(&counts) {
                        self.told_counts = Some(Arc::clone(&counts));
                        return Some(Item::Counts(counts));
                    }
                }
                item = self.source.next() => return Some(item),
            }
        }
    }
}

/// The next counts; never for a listener without interest in them.
async fn changed(counts: &mut Option<watch::Receiver<Option<Arc<Counts>>>>) -> Option<Arc<Counts>> {
    match counts {
        Some(counts) => counts.changed().await.ok().and_then(|()| counts.borrow_and_update().clone()),
        None => std::future::pending().await,
    }
}
