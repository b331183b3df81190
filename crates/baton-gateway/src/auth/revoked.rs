//! What was ended before its time: remembered until the last token of it would have ended by itself.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use baton_core::login::{KeyId, SessionId, UserTag};
use baton_store::calls::token::Revocation;
use tokio::sync::watch;

/// Shared by everyone who asks.
#[derive(Debug)]
pub(crate) struct Revoked {
    memory: Mutex<Memory>,
    /// Rises with everything that is added.
    changes: watch::Sender<u64>,
}

/// Each with the time until which it must be remembered.
#[derive(Debug, Default)]
struct Memory {
    sessions: HashMap<SessionId, u64>,
    /// Tokens of an older epoch are dead.
    users: HashMap<UserTag, (u64, u64)>,
    keys: HashMap<KeyId, u64>,
    tokens: HashMap<String, u64>,
    /// When the entries were last looked through.
    swept_ms: u64,
}

/// How often entries that are over are thrown away.
const SWEEP_MS: u64 = 60_000;

/// What a credential is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) user: UserTag,
    pub(crate) epoch: u64,
    pub(crate) session: Option<SessionId>,
    pub(crate) key: Option<KeyId>,
    pub(crate) jti: Option<String>,
}

impl Default for Revoked {
    fn default() -> Revoked {
        Revoked { memory: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

impl Revoked {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, what: &Revocation, now_ms: u64) {
        self.memory().add(what, now_ms);
        self.changes.send_modify(|changes| *changes += 1);
    }

    pub(crate) fn has(&self, marks: &Marks) -> bool {
        self.memory().has(marks)
    }

    /// Whether it is known already that this session has ended.
    pub(crate) fn has_session(&self, sid: SessionId) -> bool {
        let user = UserTag::default();
        self.has(&Marks { user, epoch: u64::MAX, session: Some(sid), key: None, jti: None })
    }

    /// Everything that is remembered, to say it again after Redis may have lost it.
    pub(crate) fn all(&self, now_ms: u64) -> Vec<Revocation> {
        self.memory().all(now_ms)
    }

    /// Changes when something was added.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl Memory {
    fn add(&mut self, what: &Revocation, now_ms: u64) {
        match what {
            // It was changed and not ended: nothing to remember.
            Revocation::Key { until_ms: 0, .. } => {}
            Revocation::Session { sid, until_ms } => later(self.sessions.entry(*sid).or_default(), *until_ms),
            Revocation::Key { id, until_ms } => later(self.keys.entry(id.clone()).or_default(), *until_ms),
            Revocation::Token { jti, until_ms } => {
                later(self.tokens.entry(jti.clone()).or_default(), *until_ms)
            }
            Revocation::User { tag, epoch, until_ms } => {
                let (known, until) = self.users.entry(*tag).or_default();
                *known = (*known).max(*epoch);
                later(until, *until_ms);
            }
        }
        if now_ms >= self.swept_ms + SWEEP_MS {
            self.swept_ms = now_ms;
            self.sessions.retain(|_, until_ms| now_ms < *until_ms);
            self.users.retain(|_, (_, until_ms)| now_ms < *until_ms);
            self.keys.retain(|_, until_ms| now_ms < *until_ms);
            self.tokens.retain(|_, until_ms| now_ms < *until_ms);
        }
    }

    fn has(&self, marks: &Marks) -> bool {
        self.users.get(&marks.user).is_some_and(|(epoch, _)| marks.epoch < *epoch)
            || marks.session.is_some_and(|session| self.sessions.contains_key(&session))
            || marks.key.as_ref().is_some_and(|key| self.keys.contains_key(key))
            || marks.jti.as_ref().is_some_and(|jti| self.tokens.contains_key(jti))
    }

    fn all(&self, now_ms: u64) -> Vec<Revocation> {
        let sessions = self
            .sessions
            .iter()
            .map(|(sid, until_ms)| (*until_ms, Revocation::Session { sid: *sid, until_ms: *until_ms }));
        let users = self.users.iter().map(|(tag, (epoch, until_ms))| {
            (*until_ms, Revocation::User { tag: *tag, epoch: *epoch, until_ms: *until_ms })
        });
        let keys = self
            .keys
            .iter()
            .map(|(id, until_ms)| (*until_ms, Revocation::Key { id: id.clone(), until_ms: *until_ms }));
        let tokens = self
            .tokens
            .iter()
            .map(|(jti, until_ms)| (*until_ms, Revocation::Token { jti: jti.clone(), until_ms: *until_ms }));
        let all = sessions.chain(users).chain(keys).chain(tokens);
        all.filter(|(until_ms, _)| now_ms < *until_ms).map(|(_, what)| what).collect()
    }
}

fn later(known: &mut u64, until_ms: u64) {
    *known = (*known).max(until_ms);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(session: u8, epoch: u64) -> Marks {
        Marks { user: UserTag([1; 8]), epoch, session: Some(SessionId([session; 16])), key: None, jti: None }
    }

    #[test]
    fn what_was_ended_is_known_until_its_tokens_are_over() {
        let revoked = Revoked::default();
        let mut changes = revoked.changes();
        changes.mark_unchanged();
        revoked.add(&Revocation::Session { sid: SessionId([7; 16]), until_ms: 50_000 }, 1);
        assert!(changes.has_changed().unwrap());
        assert!(revoked.has(&marks(7, 1)) && !revoked.has(&marks(8, 1)));
        assert_eq!(revoked.all(49_999).len(), 1);
        assert_eq!(revoked.all(50_000), []);
        revoked.add(&Revocation::Token { jti: "x".to_owned(), until_ms: 200_000 }, 120_000);
        assert!(!revoked.has(&marks(7, 1)), "it was thrown away");
        assert!(revoked.has(&Marks { jti: Some("x".to_owned()), ..marks(1, 1) }));
    }

    #[test]
    fn a_user_is_known_by_the_newest_epoch() {
        let revoked = Revoked::default();
        let user = |epoch| Revocation::User { tag: UserTag([1; 8]), epoch, until_ms: 100 };
        revoked.add(&user(5), 1);
        revoked.add(&user(4), 1);
        assert!(revoked.has(&marks(1, 4)) && !revoked.has(&marks(1, 5)));
        let key = KeyId::new("abcdef012345").unwrap();
        revoked.add(&Revocation::Key { id: key.clone(), until_ms: 100 }, 1);
        assert!(revoked.has(&Marks { session: None, key: Some(key), ..marks(1, 9) }));
    }
}
