//! Where a listener's events come from: first what it missed, read from the stream itself, then the ring, without a hole
//! and without a double.
//!
//! It joins the ring *first*, and then reads the stream up to where the ring was at that moment. What lies in both is
//! known by its place. It holds one page of the stream or a few batches of the ring, however far behind it is.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use baton_core::Shard;
use baton_store::{Error, Store};
use tokio::sync::Semaphore;

use super::Feed;
use super::filter::{Filter, Wish};
use super::place::{Mark, Place};
use super::ring::{Cursor, Missed, Ring};
use super::stream::{Stretch, stretch};
use super::subscription::Item;
use super::told::{Batch, Told};
use crate::auth::Grant;

/// Entries of one page; each is at most 100 events.
const PAGE: u64 = 32;
/// How long Redis is left alone after it did not answer.
const PAUSE: Duration = Duration::from_millis(500);

pub(super) struct Source {
    store: Store,
    ring: Arc<Ring>,
    /// Shared by all listeners: a thousand that come back at once do not read a thousand pages at once.
    readers: Arc<Semaphore>,
    filter: Filter,
    grant: Arc<Grant>,
    /// Behind what was told.
    place: Place,
    cursor: Cursor,
    /// At hand, and not told yet.
    batches: VecDeque<Arc<Batch>>,
    /// Shards that are read from the stream, each up to where the ring was when it was joined.
    behind: VecDeque<(Shard, Mark)>,
    /// Until it has read from the ring for the first time. Who is still catching up and misses a part of the ring can
    /// read it from the stream.
    catching_up: bool,
    reset: bool,
}

impl Source {
    pub(super) async fn join(feed: &Feed, wish: Wish, grant: Arc<Grant>) -> Source {
        let (cursor, now) = feed.ring.join().await;
        let mut source = Source {
            store: feed.store.clone(),
            ring: Arc::clone(&feed.ring),
            readers: Arc::clone(&feed.readers),
            filter: wish.filter,
            grant,
            place: now.clone(),
            cursor,
            batches: VecDeque::new(),
            behind: VecDeque::new(),
            catching_up: false,
            reset: false,
        };
        match wish.after {
            Some(after) if after.shards() == now.shards() => {
                source.place = after;
                source.catch_up(&now);
            }
            // The namespace was made anew, with another number of shards.
            Some(_) => source.reset = true,
            None => {}
        }
        source
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) async fn next(&mut self) -> Item {
        loop {
            if std::mem::take(&mut self.reset) {
                return Item::Reset;
            }
            if let Some(item) = self.at_hand() {
                return item;
            }
            self.refill().await;
        }
    }

    fn at_hand(&mut self) -> Option<Item> {
        while let Some(batch) = self.batches.front() {
            let (shard, entry) = (batch.shard, batch.entry);
            let told = self.place.of(shard).told_of(entry);
            let wants = |told: &Told| self.filter.wants(told) && told.is_for(&self.grant);
            let wanted = batch.events.iter().enumerate().skip(told).find(|(_, event)| wants(event));
            if let Some((at, _)) = wanted {
                let item = Item::Event(Arc::clone(batch), at);
                self.place.set(shard, Mark::at(entry, at));
                return Some(item);
            }
            if self.place.of(shard) < Mark::behind(entry) {
                self.place.set(shard, Mark::behind(entry));
            }
            self.batches.pop_front();
        }
        None
    }

    async fn refill(&mut self) {
        if let Some((shard, until)) = self.behind.front().copied() {
            return self.read_back(shard, until).await;
        }
        match self.cursor.next().await {
            Ok(batches) => {
                self.batches.extend(batches);
                self.catching_up = false;
            }
            Err(Missed) if self.catching_up => {
                let (cursor, now) = self.ring.join().await;
                self.cursor = cursor;
                self.catch_up(&now);
            }
            Err(Missed) => self.begin_anew().await,
        }
    }

    /// Every shard is looked at, also one that is ahead of the ring: its stream may have gone back.
    fn catch_up(&mut self, now: &Place) {
        self.behind = self.store.shards().all().map(|shard| (shard, now.of(shard))).collect();
        self.catching_up = true;
    }

    async fn begin_anew(&mut self) {
        let (cursor, now) = self.ring.join().await;
        self.cursor = cursor;
        self.place = now;
        self.behind.clear();
        self.catching_up = false;
        self.reset = true;
    }

    async fn read_back(&mut self, shard: Shard, until: Mark) {
        match self.page(shard).await {
            Ok(Some(page)) => {
                let last = page.last().map(|batch| Mark::behind(batch.entry));
                if last.is_none_or(|last| last >= until) {
                    self.behind.pop_front();
                }
                self.batches.extend(page);
            }
            Ok(None) => self.begin_anew().await,
            Err(error) => {
                tracing::debug!(%error, "failed to read what a listener missed");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// What follows in the stream; none if a part of it is gone. The ends are asked for after the page, so that they also
    /// tell whether something was trimmed before the page was read.
    async fn page(&self, shard: Shard) -> Result<Option<Vec<Arc<Batch>>>, Error> {
        let _turn = self.readers.acquire().await;
        let mark = self.place.of(shard);
        let entries = self.store.events(shard, Some(mark.read_after()), PAGE).await?;
        let ends = self.store.stream_ends(shard).await?;
        let whole = stretch(&ends, mark) == Stretch::Whole;
        Ok(whole.then(|| entries.iter().map(|entry| Arc::new(Batch::new(shard, entry))).collect()))
    }
}
