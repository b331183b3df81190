//! Follows the feed of revocations over a connection of its own, so that a token that was revoked anywhere is refused
//! here within two seconds.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use baton_core::limits;
use baton_store::Error;
use baton_store::calls::token::Heard;
use baton_store::event::StreamId;
use tokio::time::Instant;

use super::settings::ms;
use super::{Auth, measure};
use crate::clock;

/// How far back the feed is read at first: longer than most access tokens live.
const BACK_MS: u64 = 20 * 60_000;
/// One question waits at most this long for news, and its answer is the proof that the feed is followed.
const WAIT: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(250);
/// What is older than this is checked in Redis instead.
const LAG_MAX: Duration = Duration::from_secs(5);

/// How well the feed is followed.
#[derive(Debug, Default)]
pub(crate) struct State(Mutex<Progress>);

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// When the feed was last read to its end; `None`: never.
    read_at: Option<Instant>,
    /// Entries were missed: until then every token is checked in Redis.
    gap_until_ms: u64,
}

/// Whether what is remembered of revocations will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hearing {
    Good,
    /// Ask Redis as well.
    Poor,
    /// Nothing was heard for so long that nothing is believed any more.
    Deaf,
}

impl State {
    fn progress(&self) -> Progress {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn is_read(&self) -> bool {
        self.progress().read_at.is_some()
    }

    fn lag(&self) -> Option<Duration> {
        self.progress().read_at.map(|at| at.elapsed())
    }

    /// Until then every token is checked in Redis.
    pub(super) fn distrust(&self, until_ms: u64) {
        self.change(|progress| progress.gap_until_ms = until_ms);
    }

    pub(crate) fn hearing(&self, max_staleness: Duration, now_ms: u64) -> Hearing {
        let Progress { read_at, gap_until_ms } = self.progress();
        match read_at.map(|at| at.elapsed()) {
            Some(lag) if lag > max_staleness => Hearing::Deaf,
            Some(lag) if lag <= LAG_MAX && now_ms >= gap_until_ms => Hearing::Good,
            _ => Hearing::Poor,
        }
    }
}

pub(super) async fn follow(auth: Auth) {
    let mut at = first();
    let mut lost = false;
    loop {
        match step(&auth, at).await {
            Ok(next) => {
                if std::mem::take(&mut lost) {
                    reassert(&auth, at, auth.feed.lag().unwrap_or_default()).await;
                }
                at = next;
                auth.feed.change(|progress| progress.read_at = Some(clock::instant()));
                measure::lag(Duration::ZERO);
            }
            Err(error) => {
                tracing::debug!(%error, "failed to follow the feed of revocations; trying again");
                lost |= auth.feed.is_read();
                measure::lag(auth.feed.lag().unwrap_or_default());
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn first() -> StreamId {
    StreamId { ms: clock::now_ms().saturating_sub(BACK_MS), sequence: 0 }
}

/// Reads to the end of the feed, at first without waiting.
async fn step(auth: &Auth, at: StreamId) -> Result<StreamId, Error> {
    let heard = if auth.feed.is_read() {
        auth.store.follow_revocations(at, WAIT).await?
    } else {
        let all = read_back(auth, at).await?;
        let oldest = all.first().map(|heard| heard.id);
        if lacks_some(oldest, all.len() as u64, clock::now_ms(), auth.logins.rules.ended_ms()) {
            tracing::warn!("revocations were forgotten before; every token is checked in Redis for a while");
            auth.feed.distrust(auth.until_ms());
        }
        all
    };
    let mut next = at;
    for entry in heard {
        next = entry.id;
        if let Some(revocation) = &entry.revocation {
            auth.note(revocation);
        }
    }
    Ok(next)
}

async fn read_back(auth: &Auth, mut at: StreamId) -> Result<Vec<Heard>, Error> {
    let mut all = Vec::new();
    loop {
        let page = auth.store.revocations(at).await?;
        let Some(last) = page.last() else { return Ok(all) };
        at = last.id;
        all.extend(page);
    }
}

/// Whether somebody may still hold a token whose revocation is in the feed no more: it keeps neither older ones than are
/// read back, nor more than so many.
fn lacks_some(oldest: Option<StreamId>, count: u64, now_ms: u64, tokens_live_ms: u64) -> bool {
    let full = count >= limits::REVOKED_MAX;
    let cut = oldest.is_some_and(|oldest| oldest.ms > now_ms.saturating_sub(tokens_live_ms));
    tokens_live_ms > BACK_MS || (full && cut)
}

/// Redis was away, and may be another one than before that lost what it was told last. Whatever we remember is said
/// again: it does no harm twice.
async fn reassert(auth: &Auth, at: StreamId, away: Duration) {
    let now_ms = clock::now_ms();
    let kept_from_ms = now_ms.saturating_sub(BACK_MS);
    let oldest = auth.store.first_revocation().await.ok().flatten();
    // Entries go when they are old, which then was while we were away; or when there are too many.
    let trimmed = at.ms >= kept_from_ms && oldest.is_some_and(|oldest| oldest > at);
    if ms(away) > BACK_MS || trimmed {
        tracing::warn!("revocations were missed; every token is checked in Redis for a while");
        auth.feed.distrust(auth.until_ms());
    }
    auth.revoked.all(now_ms).into_iter().for_each(|revocation| auth.outbox.send(revocation));
    auth.end_again(now_ms).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_lacks_some_if_it_was_cut_or_tokens_live_longer() {
        let (now_ms, live_ms) = (10_000_000, 960_000);
        let at = |ms| Some(StreamId { ms, sequence: 0 });
        let lacks = |oldest, count| lacks_some(oldest, count, now_ms, live_ms);
        assert!(lacks(at(now_ms - live_ms + 1), limits::REVOKED_MAX));
        assert!(!lacks(at(now_ms - live_ms), limits::REVOKED_MAX), "all that count are there");
        assert!(!lacks(at(now_ms - 1), limits::REVOKED_MAX - 1), "there were no more");
        assert!(!lacks(None, 0));
        assert!(lacks_some(None, 0, now_ms, BACK_MS + 1));
    }

    #[test]
    fn nothing_heard_for_too_long_is_not_believed() {
        let state = State::default();
        let max = Duration::from_mins(15);
        assert_eq!(state.hearing(max, 1_000), Hearing::Poor);
        state.change(|progress| progress.read_at = Some(clock::instant()));
        assert_eq!(state.hearing(max, 1_000), Hearing::Good);
        assert_eq!(state.hearing(Duration::ZERO, 1_000), Hearing::Deaf);
        state.change(|progress| progress.gap_until_ms = 2_000);
        assert_eq!((state.hearing(max, 1_999), state.hearing(max, 2_000)), (Hearing::Poor, Hearing::Good));
        let long_ago = clock::instant().checked_sub(Duration::from_secs(6));
        state.change(|progress| progress.read_at = long_ago);
        assert_eq!(state.hearing(max, 2_000), Hearing::Poor);
    }
}
