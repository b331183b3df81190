//! The keys that sign access tokens: those of the operator's files, or those that the gateways make for themselves and
//! keep sealed in Redis. Any gateway takes the next step in a key's life; the version in Redis decides who was first.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use baton_auth::access::KeySet;
use baton_auth::signing::{
    Alg, KeyAge, KeyError, KeyState, ManagedKey, Settings, SigningKey, Step, steps, with_state,
};
use baton_core::Code;
use baton_store::calls::token::SigningKeys;
use tokio::time::Instant;

use super::settings::ms;
use super::{Auth, drawn};
use crate::clock;
use crate::problem::Fail;

/// How long others may remember the published set.
pub(crate) const PUBLISHED_FOR: Duration = Duration::from_mins(5);
/// How often the keys are read again: for no longer than this is a key good here that another gateway ended.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// And how often at most because of a token whose key is not known.
const RELOAD_EVERY: Duration = Duration::from_secs(30);
/// And after it failed.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// Clocks of gateways and Redis differ by no more, or the gateway is not ready.
const SKEW_MS: u64 = 30_000;
/// How often somebody else may be first.
const TRIES: usize = 8;

#[derive(Debug)]
pub(crate) struct KeySets {
    /// Those of the operator: nothing changes them while the gateway runs.
    given: Option<KeySet>,
    loaded: Mutex<Option<Loaded>>,
    /// When it failed to read them, and why; `None`: it did not when it was last tried.
    failed: Mutex<Option<(Instant, Fail)>>,
    /// One reads at a time.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct Loaded {
    set: KeySet,
    at: Instant,
    from: Arc<Origin>,
}

/// What a set was made of. While it stays the same, nothing is unsealed.
#[derive(Debug)]
struct Origin {
    stored: SigningKeys,
    ages: Vec<KeyAge>,
}

impl KeySets {
    pub(super) fn new(given: Option<KeySet>) -> KeySets {
        KeySets {
            given,
            loaded: Mutex::default(),
            failed: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    fn loaded(&self) -> Option<Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers whether a key is gone that was there before.
    fn take(&self, set: KeySet, from: Arc<Origin>) -> bool {
        let loaded = Loaded { set: set.clone(), at: clock::instant(), from };
        let before = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).replace(loaded);
        before.is_some_and(|before| before.set.kids().any(|known| !set.kids().any(|kid| kid == known)))
    }

    fn note(&self, failed: Option<&Fail>) {
        let failed = failed.map(|fail| (clock::instant(), fail.clone()));
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }

    /// Why it failed a moment ago: whoever waited for the same does not try at once, too.
    fn failed_lately(&self) -> Option<Fail> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().filter(|(at, _)| at.elapsed() < RETRY_EVERY).map(|(_, fail)| fail.clone())
    }
}

impl Auth {
    /// The keys as they were last read.
    pub(crate) async fn key_set(&self) -> Result<KeySet, Fail> {
        let known = || self.keys.given.clone().or_else(|| self.keys.loaded().map(|loaded| loaded.set));
        if let Some(set) = known() {
            return Ok(set);
        }
        let _reading = self.keys.reading.lock().await;
        match (known(), self.keys.failed_lately()) {
            (Some(set), _) => Ok(set),
            (None, Some(fail)) => Err(fail),
            (None, None) => self.read_keys().await,
        }
    }

    /// The keys, read again because one is missing; `None`: they were read a moment ago, and there is none.
    pub(super) async fn reloaded_keys(&self) -> Result<Option<KeySet>, Fail> {
        if self.keys.given.is_some() {
            return Ok(None);
        }
        let _reading = self.keys.reading.lock().await;
        if let Some(fail) = self.keys.failed_lately() {
            return Err(fail);
        }
        let failed = self.keys.failed.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let fresh = self.keys.loaded().is_some_and(|loaded| loaded.at.elapsed() < RELOAD_EVERY);
        if fresh && !failed { Ok(None) } else { self.read_keys().await.map(Some) }
    }

    /// Reads the keys, and takes the steps that are due. Of a key that is gone, no token is remembered.
    async fn read_keys(&self) -> Result<KeySet, Fail> {
        let read = self.read_stored_keys().await;
        self.keys.note(read.as_ref().err());
        let (set, from) = read?;
        if self.keys.take(set.clone(), from) {
            self.tokens.forget(|_, _| true);
        }
        Ok(set)
    }

    async fn read_stored_keys(&self) -> Result<(KeySet, Arc<Origin>), Fail> {
        for _ in 0..TRIES {
            let stored = self.store.signing_keys().await?;
            let now_ms = self.store.clock_ms().await?;
            if let Some(Loaded { set, from, .. }) = self.keys.loaded()
                && from.stored == stored
                && steps(&from.ages, now_ms, &self.key_settings()).is_empty()
            {
                return Ok((set, from));
            }
            let own = self.readable(&stored);
            let ages: Vec<KeyAge> = own.iter().map(ManagedKey::age).collect();
            let due = steps(&ages, now_ms, &self.key_settings());
            if due.is_empty() {
                let set = KeySet::of_managed(own).map_err(|error| {
                    tracing::error!(%error, "the signing keys cannot be used");
                    Fail::new(Code::Internal)
                })?;
                return Ok((set, Arc::new(Origin { stored, ages })));
            }
            let changes = self.changes(&stored, due, now_ms)?;
            self.write_keys(&stored, &changes).await?;
        }
        tracing::warn!("other gateways change the signing keys all the time");
        Err(Fail::new(Code::Overloaded))
    }

    /// Those that our ring opens. Where gateways have no secret in common, each has keys of its own.
    fn readable(&self, stored: &SigningKeys) -> Vec<ManagedKey> {
        let open = |(kid, text): &(String, String)| match ManagedKey::from_text(kid, text, &self.ring) {
            Ok(key) => Some(key),
            Err(KeyError::UnknownKid(secret)) if self.open => {
                tracing::debug!(kid, secret, "a signing key belongs to a gateway with another secret");
                None
            }
            Err(error) => {
                tracing::warn!(kid, %error, "a signing key cannot be read here");
                None
            }
        };
        stored.keys.iter().filter_map(open).collect()
    }

    fn key_settings(&self) -> Settings {
        let rules = &self.logins.rules;
        Settings {
            rotate_every_ms: ms(rules.keys_rotate_every),
            access_ttl_ms: ms(rules.access_ttl),
            leeway_ms: ms(rules.jwt_leeway),
            max_age_ms: ms(PUBLISHED_FOR),
            skew_ms: SKEW_MS,
        }
    }

    /// Each step as a key's new text, or as its end.
    fn changes(&self, stored: &SigningKeys, due: Vec<Step>, now_ms: u64) -> Result<Vec<Change>, Fail> {
        let moved = |kid: String, state| {
            let (_, text) = stored.keys.iter().find(|(known, _)| *known == kid)?;
            Some((kid, Some(with_state(text, state, now_ms)?)))
        };
        let mut changes = Vec::new();
        for step in due {
            match step {
                Step::Generate(state) => changes.push(self.generated(state, now_ms)?),
                Step::Promote(kid) => changes.extend(moved(kid, KeyState::Active)),
                Step::Retire(kid) => changes.extend(moved(kid, KeyState::Retiring)),
                Step::Remove(kid) => changes.push((kid, None)),
            }
        }
        Ok(changes)
    }

    fn generated(&self, state: KeyState, now_ms: u64) -> Result<Change, Fail> {
        let failed = |error| {
            tracing::error!(%error, "failed to make a signing key");
            Fail::new(Code::Internal)
        };
        let key = SigningKey::generate(Alg::Es256).map_err(failed)?;
        let key = ManagedKey { key, state, since_ms: now_ms };
        let text = key.to_text(&self.ring, drawn()?).map_err(failed)?;
        Ok((key.key.kid().to_owned(), Some(text)))
    }

    async fn write_keys(&self, stored: &SigningKeys, changes: &[Change]) -> Result<bool, Fail> {
        let changes: Vec<(&str, Option<&str>)> =
            changes.iter().map(|(kid, text)| (kid.as_str(), text.as_deref())).collect();
        Ok(self.store.write_signing_keys(stored.version, &changes).await?)
    }

    /// All keys, without their secrets; `None`: they are those of the operator.
    pub(crate) async fn key_ages(&self) -> Result<Option<Vec<KeyAge>>, Fail> {
        if self.keys.given.is_some() {
            return Ok(None);
        }
        self.key_set().await?;
        let stored = self.store.signing_keys().await?;
        let ages = stored.keys.iter().filter_map(|(kid, text)| KeyAge::of_text(kid, text));
        Ok(Some(ages.collect()))
    }

    /// Makes the next key now. It signs once everyone can know it. `false`: the keys are those of the operator.
    pub(crate) async fn rotate_keys(&self) -> Result<bool, Fail> {
        if self.keys.given.is_some() {
            return Ok(false);
        }
        self.key_set().await?;
        for _ in 0..TRIES {
            let stored = self.store.signing_keys().await?;
            let next = self.generated(KeyState::Pending, self.store.clock_ms().await?)?;
            if self.write_keys(&stored, &[next]).await? {
                return self.reread_keys().await.map(|()| true);
            }
        }
        Err(Fail::new(Code::Overloaded))
    }

    /// Ends a key at once: no token of it is good any more. `false`: there is none of that name.
    pub(crate) async fn drop_key(&self, kid: &str) -> Result<bool, Fail> {
        for _ in 0..TRIES {
            let stored = self.store.signing_keys().await?;
            if self.keys.given.is_some() || !stored.keys.iter().any(|(known, _)| known == kid) {
                return Ok(false);
            }
            if self.write_keys(&stored, &[(kid.to_owned(), None)]).await? {
                self.tokens.forget(|_, _| true);
                return self.reread_keys().await.map(|()| true);
            }
        }
        Err(Fail::new(Code::Overloaded))
    }

    /// Keys that nobody has needed yet stay unread, and those of the operator are what they are.
    pub(super) async fn reread_keys(&self) -> Result<(), Fail> {
        if self.keys.given.is_some() || self.keys.loaded().is_none() {
            return Ok(());
        }
        let _reading = self.keys.reading.lock().await;
        self.read_keys().await.map(|_| ())
    }
}

/// A key's new text; `None`: it goes.
type Change = (String, Option<String>);

/// Reads the keys again from time to time, once anybody has needed them. A key that another gateway ended is then known
/// here, too, and tokens of it are remembered no longer.
pub(super) async fn keep(auth: Auth) {
    if auth.keys.given.is_some() {
        return;
    }
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(fail) = auth.reread_keys().await {
            tracing::debug!(code = %fail.code, "failed to read the signing keys again");
        }
    }
}
