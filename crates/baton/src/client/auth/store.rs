//! Where the tokens of a login are kept.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use baton_api::Timestamp;
use baton_api::auth::{Pair, Secret};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// An access token is replaced this long before it ends, but not before three quarters of its life.
const AHEAD_MS: u64 = 30_000;

/// A login: what to ask with, and what to get the next one with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    pub username: String,
    pub session_id: String,
    pub scope: String,
    pub access_token: Secret,
    pub refresh_token: Secret,
    /// From when on the access token is to be replaced, by the clock of this machine.
    pub renew_at: Timestamp,
    pub expires_at: Timestamp,
    /// The name of a refresh that was begun. Whoever repeats it under this name, and be it after a crash or in another
    /// process, gets what was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_key: Option<String>,
}

impl Tokens {
    /// What a gateway has just answered.
    pub(super) fn of(pair: Pair, username: &str) -> Option<Tokens> {
        let lives_ms = pair.expires_in.saturating_mul(1_000);
        let expires_ms = now_ms().saturating_add(lives_ms);
        Some(Tokens {
            username: username.to_owned(),
            session_id: pair.session_id,
            scope: pair.scope,
            access_token: pair.access_token?,
            refresh_token: pair.refresh_token?,
            renew_at: Timestamp::from_ms(expires_ms - AHEAD_MS.min(lives_ms / 4)),
            expires_at: Timestamp::from_ms(expires_ms),
            refresh_key: None,
        })
    }
}

/// Keeps the tokens of one login at one gateway. Its methods may block, and are called where that does no harm.
pub trait TokenStore: Send + Sync + 'static {
    /// What is kept now, be it by another process.
    fn load(&self) -> Result<Option<Tokens>, Error>;

    /// Replaces it; none forgets the login.
    fn save(&self, tokens: Option<&Tokens>) -> Result<(), Error>;

    /// The right to replace it, until what is answered is dropped; none where somebody else has it. Two that refresh one
    /// token would look like a thief and his victim.
    fn try_lock(&self) -> Result<Option<Box<dyn Send>>, Error>;
}

/// Keeps a login for as long as the process runs, for this process only.
#[derive(Debug, Default)]
pub struct MemoryTokens(Mutex<Option<Tokens>>);

impl MemoryTokens {
    pub fn new(tokens: Option<Tokens>) -> MemoryTokens {
        MemoryTokens(Mutex::new(tokens))
    }
}

impl TokenStore for MemoryTokens {
    fn load(&self) -> Result<Option<Tokens>, Error> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn save(&self, tokens: Option<&Tokens>) -> Result<(), Error> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tokens.cloned();
        Ok(())
    }

    fn try_lock(&self) -> Result<Option<Box<dyn Send>>, Error> {
        // Within a process one flight at a time is seen to by the client.
        Ok(Some(Box::new(())))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a token says for how long it lives, so its end is told by a clock here"
)]
pub(super) fn now_ms() -> u64 {
    Timestamp::from(SystemTime::now()).ms()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(expires_in: u64) -> Pair {
        Pair {
            access_token: Some(Secret("at".to_owned())),
            refresh_token: Some(Secret("btr_x".to_owned())),
            token_type: "bearer".to_owned(),
            expires_in,
            scope: "admin".to_owned(),
            session_id: "s".to_owned(),
        }
    }

    #[test]
    fn a_token_is_replaced_before_it_ends_and_not_all_the_time() {
        for (expires_in, ahead_ms) in [(900, 30_000), (60, 15_000), (1, 250), (0, 0)] {
            let tokens = Tokens::of(pair(expires_in), "alice").unwrap();
            assert_eq!(tokens.expires_at.ms() - tokens.renew_at.ms(), ahead_ms, "{expires_in}");
        }
        assert!(Tokens::of(Pair { refresh_token: None, ..pair(900) }, "alice").is_none());
    }

    #[test]
    fn no_secret_is_printed() {
        let tokens = Tokens::of(pair(900), "alice").unwrap();
        let printed = format!("{tokens:?}{:?}", MemoryTokens::new(Some(tokens.clone())));
        assert!(
            printed.contains("alice") && !printed.contains("btr_x") && !printed.contains("\"at\""),
            "{printed}"
        );
    }
}
