//! The rule for refresh tokens: given what is stored of a session and a token that its maker signed, what happens.
//!
//! One winner for each generation. Whoever comes second within the leeway is refused and harms nobody; whoever comes
//! later, or with an older token, shows that two hold the family, and ends it. `lua/token/rotate.lua` says the same;
//! a test compares the two.

use super::{EndReason, OnReuse, RacePolicy};

/// What is stored of a session. Texts are compared, never read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    pub generation: u64,
    pub secret_hash: String,
    pub client: String,
    pub policy: RacePolicy,
    pub nonce: String,
    pub epoch: u64,
    pub rotated_at_ms: u64,
    /// When nobody rotates it, and never later than its absolute end.
    pub expires_at_ms: u64,
    pub user_id: String,
}

/// What is stored of its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub user_id: String,
    pub epoch: u64,
    pub disabled: bool,
}

/// A token whose seal is good, and how it was brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    pub generation: u64,
    pub secret_hash: String,
    pub client: String,
    pub nonce: String,
}

/// How patient the rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// For as long as this after a rotation the previous token does no harm.
    pub leeway_ms: u64,
    /// For as long as this the same request may be repeated.
    pub retry_ms: u64,
    /// How many generations the store may have fallen back.
    pub heal_max_ahead: u64,
    pub on_reuse: OnReuse,
}

/// How a successor came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rotation {
    Rotated,
    /// The store had fallen back behind this token, which we signed.
    Healed,
    /// The successor existed already; nothing is written.
    Replayed,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// There is no such session, or no longer.
    Unknown,
    /// Another secret or another client. It ends nothing: otherwise anyone could log anyone out.
    Invalid,
    Expired,
    /// The session ends: its user is gone, disabled, or was logged out everywhere.
    StaleEpoch,
    /// Further ahead of the store than can be healed: most likely an old backup was restored.
    TooFarAhead,
    /// Somebody else was first, a moment ago.
    Superseded,
    /// Too late or too old: two hold this family.
    Reused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The session is at this generation now.
    Successor { how: Rotation, generation: u64 },
    /// `ends`: the session ends, for this reason.
    Refused { why: Refused, ends: Option<EndReason> },
}

/// The rule. Times are those of the store.
pub fn judge(
    family: Option<&Family>,
    owner: Option<&Owner>,
    presented: &Presented,
    windows: &Windows,
    now_ms: u64,
) -> Outcome {
    let refused = |why| Outcome::Refused { why, ends: None };
    let Some(family) = family else { return refused(Refused::Unknown) };
    if family.secret_hash != presented.secret_hash || family.client != presented.client {
        return refused(Refused::Invalid);
    }
    if now_ms >= family.expires_at_ms {
        return refused(Refused::Expired);
    }
    let current =
        |owner: &&Owner| owner.user_id == family.user_id && !owner.disabled && owner.epoch == family.epoch;
    if owner.filter(current).is_none() {
        return Outcome::Refused { why: Refused::StaleEpoch, ends: Some(EndReason::Epoch) };
    }
    let given = presented.generation;
    let successor = |how, generation| Outcome::Successor { how, generation };
    if given == family.generation {
        return successor(Rotation::Rotated, given + 1);
    }
    if given > family.generation {
        let healable = given - family.generation <= windows.heal_max_ahead;
        return if healable { successor(Rotation::Healed, given + 1) } else { refused(Refused::TooFarAhead) };
    }
    // The clock of a new primary may be behind: that counts as no time at all.
    let age_ms = now_ms.saturating_sub(family.rotated_at_ms);
    if given + 1 == family.generation {
        let same_request = presented.nonce == family.nonce && age_ms < windows.retry_ms;
        let lenient = family.policy == RacePolicy::Replay && age_ms < windows.leeway_ms;
        if same_request || lenient {
            return successor(Rotation::Replayed, family.generation);
        }
        if age_ms < windows.leeway_ms {
            return refused(Refused::Superseded);
        }
    }
    let ends = (windows.on_reuse != OnReuse::Deny).then_some(EndReason::Reuse);
    Outcome::Refused { why: Refused::Reused, ends }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family() -> Family {
        Family {
            generation: 7,
            secret_hash: "s".to_owned(),
            client: "baton".to_owned(),
            policy: RacePolicy::Strict,
            nonce: "n".to_owned(),
            epoch: 3,
            rotated_at_ms: 1_000,
            expires_at_ms: 100_000,
            user_id: "user_a".to_owned(),
        }
    }

    fn owner() -> Owner {
        Owner { user_id: "user_a".to_owned(), epoch: 3, disabled: false }
    }

    fn presented(generation: u64) -> Presented {
        Presented {
            generation,
            secret_hash: "s".to_owned(),
            client: "baton".to_owned(),
            nonce: "other".to_owned(),
        }
    }

    const WINDOWS: Windows =
        Windows { leeway_ms: 30, retry_ms: 600, heal_max_ahead: 16, on_reuse: OnReuse::RevokeFamily };

    fn at(now_ms: u64, presented: &Presented) -> Outcome {
        judge(Some(&family()), Some(&owner()), presented, &WINDOWS, now_ms)
    }

    fn refused(why: Refused) -> Outcome {
        Outcome::Refused { why, ends: None }
    }

    const REUSED: Outcome = Outcome::Refused { why: Refused::Reused, ends: Some(EndReason::Reuse) };

    #[test]
    fn the_current_token_wins_and_the_previous_one_loses_gently() {
        let rotated = Outcome::Successor { how: Rotation::Rotated, generation: 8 };
        assert_eq!(at(5_000, &presented(7)), rotated);
        assert_eq!(at(1_029, &presented(6)), refused(Refused::Superseded));
        assert_eq!(at(1_030, &presented(6)), REUSED);
        assert_eq!(at(1_000, &presented(5)), REUSED);
        // A clock that was set back.
        assert_eq!(at(10, &presented(6)), refused(Refused::Superseded));
    }

    #[test]
    fn the_same_request_gets_the_same_successor() {
        let again = Presented { nonce: "n".to_owned(), ..presented(6) };
        let replayed = Outcome::Successor { how: Rotation::Replayed, generation: 7 };
        assert_eq!(at(1_599, &again), replayed);
        assert_eq!(at(1_600, &again), REUSED);
        let lenient = Family { policy: RacePolicy::Replay, ..family() };
        let judged = |now_ms| judge(Some(&lenient), Some(&owner()), &presented(6), &WINDOWS, now_ms);
        assert_eq!((judged(1_029), judged(1_030)), (replayed, REUSED));
    }

    #[test]
    fn a_store_that_fell_back_is_healed_within_bounds() {
        assert_eq!(at(5_000, &presented(23)), Outcome::Successor { how: Rotation::Healed, generation: 24 });
        assert_eq!(at(5_000, &presented(24)), refused(Refused::TooFarAhead));
    }

    #[test]
    fn nothing_ends_by_a_stranger() {
        let stranger = Presented { secret_hash: "x".to_owned(), ..presented(1) };
        let client = Presented { client: "x".to_owned(), ..presented(1) };
        for odd in [stranger, client] {
            assert_eq!(at(99_000, &odd), refused(Refused::Invalid));
        }
        assert_eq!(judge(None, Some(&owner()), &presented(7), &WINDOWS, 1), refused(Refused::Unknown));
        assert_eq!(at(100_000, &presented(7)), refused(Refused::Expired));
    }

    #[test]
    fn whoever_is_gone_or_logged_out_everywhere_ends_it() {
        let ended = Outcome::Refused { why: Refused::StaleEpoch, ends: Some(EndReason::Epoch) };
        let later = Owner { epoch: 4, ..owner() };
        let disabled = Owner { disabled: true, ..owner() };
        let other = Owner { user_id: "user_b".to_owned(), ..owner() };
        for owner in [None, Some(&later), Some(&disabled), Some(&other)] {
            assert_eq!(judge(Some(&family()), owner, &presented(7), &WINDOWS, 5_000), ended);
        }
    }

    #[test]
    fn reuse_ends_what_it_is_told_to() {
        let denying = Windows { on_reuse: OnReuse::Deny, ..WINDOWS };
        let judged = judge(Some(&family()), Some(&owner()), &presented(1), &denying, 5_000);
        assert_eq!(judged, refused(Refused::Reused));
    }
}
