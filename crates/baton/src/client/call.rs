//! What is sent.

use std::time::Duration;

use reqwest::Method;

use super::send::draw_key;

/// How often a call is sent at most.
const TRIES: u32 = 5;
/// How long an answer may take, beyond the time for which we asked to be held.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) key: Option<String>,
    pub(super) patience: Duration,
    pub(super) tries: u32,
    /// Every fault of the server is worth another try, and not only the two that say so.
    pub(super) stubborn: bool,
}

impl Call {
    pub(super) fn get(path: impl Into<String>) -> Call {
        Call {
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            body: None,
            key: None,
            patience: PATIENCE,
            tries: TRIES,
            stubborn: false,
        }
    }

    /// With a key that all tries share, drawn here unless one is given.
    pub(super) fn post(path: impl Into<String>, body: Vec<u8>, key: Option<String>) -> Call {
        let key = key.or_else(draw_key);
        // Without a key a second try could do it twice.
        let tries = if key.is_some() { TRIES } else { 1 };
        Call { method: Method::POST, body: Some(body), key, tries, ..Call::get(path) }
    }

    /// What comes to the same when it is done twice.
    pub(super) fn patch(path: impl Into<String>, body: Vec<u8>) -> Call {
        Call { method: Method::PATCH, body: Some(body), ..Call::get(path) }
    }

    /// The same of a whole.
    pub(super) fn put(path: impl Into<String>, body: Vec<u8>) -> Call {
        Call { method: Method::PUT, body: Some(body), ..Call::get(path) }
    }

    pub(super) fn delete(path: impl Into<String>) -> Call {
        Call { method: Method::DELETE, ..Call::get(path) }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl ToString) -> Call {
        self.query.push((name, value.to_string()));
        self
    }

    pub(super) fn held_for(mut self, wait: Duration) -> Call {
        self.patience = PATIENCE + wait;
        self
    }

    /// Whoever asks to be held has time, and a login must not be lost.
    pub(super) fn is_patient(&self) -> bool {
        self.patience > PATIENCE || self.stubborn
    }

    pub(super) fn once(mut self) -> Call {
        self.tries = 1;
        self
    }

    pub(super) fn stubborn(mut self, tries: Option<u32>) -> Call {
        self.stubborn = true;
        self.tries = tries.unwrap_or(TRIES);
        self
    }
}
