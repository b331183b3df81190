//! Who asks, and what he may do.
//!
//! [`Auth`] is the handle: the secrets, the keys that sign, what was revoked, and what is remembered of credentials that
//! were good a moment ago. It keeps no truth. Sessions, users and keys are in Redis; whatever is here may be lost.

mod api_key;
pub mod clients;
pub(crate) mod cookie;
mod ended;
mod feed;
mod gate;
mod grant;
mod hashing;
mod identify;
pub(crate) mod issue;
mod judge;
pub(crate) mod key_set;
pub(crate) mod login;
mod measure;
mod meet;
mod need;
mod outbox;
mod pace;
pub(crate) mod password;
pub(crate) mod race;
pub(crate) mod reach;
pub(crate) mod refresh;
pub(crate) mod remembered;
mod reset;
mod revoked;
pub mod secret;
pub(crate) mod session;
pub mod settings;
pub(crate) mod site;
mod skew;
pub(crate) mod ticket;
mod token;
mod who;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use baton_auth::ring::Ring;
use baton_core::Code;
use baton_store::Store;
use tokio_util::sync::CancellationToken;

pub(crate) use ended::ended;
pub(crate) use gate::{Passage, pass};
#[cfg(test)]
pub(crate) use grant::of_key;
pub(crate) use grant::{Credential, Grant, Hands};
pub(crate) use identify::{Care, from_bearer, identify, presented};
pub use meet::StartError;
pub(crate) use need::{Need, Needs, SCHEME};
pub(crate) use token::nobody;
pub(crate) use who::{Address, Peer, Surely, Who};

use crate::clock;
use crate::problem::Fail;
use api_key::KnownKey;
use cookie::Jar;
use hashing::Hashing;
use key_set::KeySets;
use outbox::Outbox;
use pace::Pace;
use remembered::Remembered;
use reset::Met;
use revoked::Revoked;
use settings::Logins;
use skew::Skew;
use token::Known;

/// The handle that routes hold. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Auth(Arc<Inner>);

/// What the handle leads to.
pub struct Inner {
    pub(crate) store: Store,
    pub(crate) logins: Logins,
    pub(crate) ring: Arc<Ring>,
    /// Everyone who reaches this gateway may do everything.
    pub(crate) open: bool,
    pub(crate) began_ms: u64,
    /// Fires when the last request is answered, and everything was told.
    closed: CancellationToken,
    pub(crate) keys: KeySets,
    /// Access tokens that were good a moment ago, by their hashes.
    tokens: Remembered<[u8; 32], Arc<Known>>,
    api_keys: Remembered<String, Arc<KnownKey>>,
    /// The numbers of the secrets that any gateway has.
    kids: Remembered<(), Vec<u8>>,
    pub(crate) revoked: Revoked,
    pub(crate) outbox: Outbox,
    pub(crate) feed: feed::State,
    /// Sessions that ended here: should Redis forget it, they are ended again.
    ended_here: session::EndedHere,
    pub(crate) pace: Pace,
    pub(crate) hashing: Hashing,
    skew: Skew,
    met: Met,
    jar: Jar,
}

impl std::ops::Deref for Auth {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Without the secrets.
impl fmt::Debug for Inner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Auth")
            .field("logins", &self.logins)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

/// Tokens and keys that are remembered at a time.
const REMEMBERED_MAX: usize = 64 * 1024;

/// How long the end of a gateway waits until others have heard what it revoked.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

impl Auth {
    /// Starts what runs beside the routes: the reader of the feed of revocations and its writer, and the watches over the
    /// clock, the store and the keys. The watches end when the gateway drains; the feed goes on until [`Auth::close`].
    pub fn start(store: &Store, logins: Logins, open: bool, draining: &CancellationToken) -> Auth {
        #[expect(
            clippy::expect_used,
            reason = "without chance there are no secrets, and nothing sensible to do"
        )]
        let ephemeral = || Arc::new(secret::ephemeral().expect("random bytes of the operating system"));
        let ring = logins.ring.clone().unwrap_or_else(ephemeral);
        let (outbox, mail) = Outbox::new();
        let auth = Auth(Arc::new(Inner {
            store: store.clone(),
            keys: KeySets::new(logins.signing_keys.clone()),
            tokens: Remembered::new(REMEMBERED_MAX),
            api_keys: Remembered::new(REMEMBERED_MAX),
            kids: Remembered::new(1),
            revoked: Revoked::default(),
            outbox,
            feed: feed::State::default(),
            ended_here: session::EndedHere::default(),
            pace: Pace::new(logins.rules.refresh_rate),
            hashing: Hashing::new(logins.rules.hash_slots),
            skew: Skew::default(),
            met: Met::default(),
            closed: CancellationToken::new(),
            began_ms: clock::now_ms(),
            jar: Jar::new(&logins.rules.issuer),
            ring,
            logins,
            open,
        }));
        // Requests under way go on while the gateway drains: what they revoke must be told, and what others revoke heard.
        let closed = auth.closed.clone();
        tokio::spawn(closed.clone().run_until_cancelled_owned(outbox::deliver(store.clone(), mail)));
        tokio::spawn(closed.run_until_cancelled_owned(feed::follow(auth.clone())));
        tokio::spawn(draining.clone().run_until_cancelled_owned(skew::watch(auth.clone())));
        tokio::spawn(draining.clone().run_until_cancelled_owned(reset::watch(auth.clone())));
        tokio::spawn(draining.clone().run_until_cancelled_owned(key_set::keep(auth.clone())));
        auth
    }

    /// Ends the feed, when everything was told or Redis takes too long to hear it.
    pub(crate) async fn close(&self) {
        let _ = tokio::time::timeout(TOLD_WITHIN, self.outbox.told()).await;
        self.closed.cancel();
    }

    /// Whether cookies are for hosts that are reached over TLS.
    pub(crate) fn secure(&self) -> bool {
        self.jar.is_secure()
    }

    /// The cookies of this installation.
    pub(crate) fn jar(&self) -> &Jar {
        &self.jar
    }

    /// Whether the feed of revocations was read, so that what is revoked anywhere is known here.
    pub fn hears(&self) -> bool {
        self.feed.is_read()
    }

    /// How logins do, for those who send work here.
    pub(crate) fn readiness(&self) -> Result<String, String> {
        self.skew.verdict()?;
        if self.open || self.hears() {
            Ok("revocations are heard of as they come".to_owned())
        } else {
            Err("the revocations of the last 20 minutes are not read yet".to_owned())
        }
    }
}

/// Chance from the operating system; without it there is no secret.
pub(crate) fn chance(bytes: &mut [u8]) -> Result<(), Fail> {
    getrandom::fill(bytes).map_err(|error| {
        tracing::error!(%error, "the operating system has no chance to give");
        Fail::new(Code::Internal)
    })
}

/// So many random bytes.
pub(crate) fn drawn<const N: usize>() -> Result<[u8; N], Fail> {
    let mut bytes = [0; N];
    chance(&mut bytes)?;
    Ok(bytes)
}
