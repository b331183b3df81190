//! When a signing key is made, signs, retires and goes.
//!
//! pending → active → retiring → gone. A key is published for as long as others remember the set they read, before it
//! signs for the first time; and it stays for as long as a token of it may live, after it signed for the last time.
//!
//! Every gateway may take the steps, and each may stop between any two of them. So a step is taken once, by writing
//! only over what was read, and nothing here must hold for longer than until the next look: with two active keys, which
//! is what a crash between promoting one and retiring the other leaves, the newer one signs and the older one retires.
//! A rotation by hand is one more pending key; all the rest follows.

use std::cmp::Reverse;

use super::{KeyAge, KeyState};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a key signs.
    pub rotate_every_ms: u64,
    /// How long a token lives.
    pub access_ttl_ms: u64,
    /// How much longer than that it is taken.
    pub leeway_ms: u64,
    /// How long others keep the published set, and at most how long a gateway goes without reading the keys again.
    pub max_age_ms: u64,
    /// How far clocks may differ.
    pub skew_ms: u64,
}

impl Settings {
    /// From being published to the first signature.
    fn publish_ms(&self) -> u64 {
        self.max_age_ms + self.skew_ms
    }

    /// From the last signature to the end. Gateways that have not read the keys again still sign for a while.
    fn keep_ms(&self) -> u64 {
        self.access_ttl_ms + self.leeway_ms + self.max_age_ms + self.skew_ms
    }
}

/// What is to be done with the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make one in this state.
    Generate(KeyState),
    /// It signs from now on.
    Promote(String),
    Retire(String),
    Remove(String),
}

/// The key that signs: of the active ones, the newest.
pub fn signer(keys: &[KeyAge]) -> Option<&KeyAge> {
    let active = keys.iter().filter(|key| key.state == KeyState::Active);
    active.max_by_key(|key| (key.since_ms, Reverse(&key.kid)))
}

/// What is to be done now, in this order. Whoever is promoted comes before whoever retires: there is always one that
/// signs.
pub fn steps(keys: &[KeyAge], now_ms: u64, settings: &Settings) -> Vec<Step> {
    let since = |key: &KeyAge| now_ms.saturating_sub(key.since_ms);
    let of = |state| keys.iter().filter(move |key| key.state == state);
    let (now, next) = (signer(keys), of(KeyState::Pending).min_by_key(|key| (key.since_ms, &key.kid)));
    let mut steps = Vec::new();
    let promoted = match (now, next) {
        // Nobody signs: better a key that not all know yet than none.
        (None, Some(next)) => Some(next),
        (Some(_), Some(next)) if since(next) >= settings.publish_ms() => Some(next),
        (None, None) => {
            steps.push(Step::Generate(KeyState::Active));
            None
        }
        (Some(now), None) if since(now) >= settings.rotate_every_ms.saturating_sub(settings.publish_ms()) => {
            steps.push(Step::Generate(KeyState::Pending));
            None
        }
        _ => None,
    };
    let signs = promoted.or(now).map(|key| &key.kid);
    steps.extend(promoted.map(|key| Step::Promote(key.kid.clone())));
    let stale = of(KeyState::Active).filter(|key| Some(&key.kid) != signs);
    steps.extend(stale.map(|key| Step::Retire(key.kid.clone())));
    // Of two gateways that made the next key at once, the first one's counts.
    let spare = of(KeyState::Pending).filter(|key| Some(&key.kid) != next.map(|next| &next.kid));
    let over = of(KeyState::Retiring).filter(|key| since(key) >= settings.keep_ms());
    steps.extend(spare.chain(over).map(|key| Step::Remove(key.kid.clone())));
    steps
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
