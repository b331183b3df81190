//! One listener: events and counts as its client pulls them.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use super::counts::{Counts, Tally};
use super::filter::Wish;
use super::place::Place;
use super::source::Source;
use super::told::Batch;
use crate::app::App;
use crate::auth::{self, Grant};

/// What a listener is told.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// The event at this position of the batch.
    Event(Arc<Batch>, usize),
    Counts(Arc<Counts>),
    /// Something was missed: read everything anew.
    Reset,
}

/// Why nothing more comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The gateway is about to end.
    Draining,
    /// The credential has ended.
    Credential,
}

pub(super) struct Subscription {
    app: App,
    grant: Arc<Grant>,
    /// One for all that is told: a busy feed must not begin its questions anew each time.
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    source: Source,
    counts: Option<watch::Receiver<Option<Arc<Tally>>>>,
    told_counts: Option<Arc<Counts>>,
}

impl Subscription {
    /// Joins the feed; none if the gateway ends before that.
    pub(super) async fn join(app: &App, grant: &Arc<Grant>, wish: Wish) -> Option<Subscription> {
        let (app, grant) = (app.clone(), Arc::clone(grant));
        let counts = wish.filter.counts.then(|| app.feed.board.listen());
        let source = Source::join(&app.feed, wish, Arc::clone(&grant));
        let source = app.draining.run_until_cancelled(source).await?;
        let ended = Box::pin({
            let (app, grant) = (app.clone(), Arc::clone(&grant));
            async move { auth::ended(&app, &grant).await }
        });
        Some(Subscription { app, grant, ended, source, counts, told_counts: None })
    }

    /// The place behind what was told last: the id with which a client goes on.
    pub(super) fn place(&self) -> &Place {
        self.source.place()
    }

    /// What comes next, unless it is over. Nothing is lost when the wait is given up.
    pub(super) async fn next(&mut self) -> Result<Item, Over> {
        loop {
            tokio::select! {
                biased;
                () = self.app.draining.cancelled() => return Err(Over::Draining),
                () = &mut self.ended => return Err(Over::Credential),
                Some(tally) = changed(&mut self.counts) => {
                    let counts = tally.seen_by(&self.grant);
                    if self.told_counts.as_ref() != Some(&counts) {
                        self.told_counts = Some(Arc::clone(&counts));
                        return Ok(Item::Counts(counts));
                    }
                }
                item = self.source.next() => return Ok(item),
            }
        }
    }
}

/// The next counts; never for a listener without interest in them.
async fn changed(counts: &mut Option<watch::Receiver<Option<Arc<Tally>>>>) -> Option<Arc<Tally>> {
    match counts {
        Some(counts) => counts.changed().await.ok().and_then(|()| counts.borrow_and_update().clone()),
        None => std::future::pending().await,
    }
}
