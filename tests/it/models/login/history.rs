//! What was answered, judged without the rule. An event has the moments at which its call began and was answered; two
//! calls that overlap may have happened in either order.

use std::collections::BTreeMap;

use baton_core::login::{Rotation, SessionId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The token of a generation got a successor: its generation, and the key that seals it.
    Success { of: u64, how: Rotation, generation: u64, kid: u8 },
    /// It was said that the session has ended.
    Ended,
    /// The store fell back to an earlier copy of the session.
    RolledBack,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub sid: SessionId,
    pub began: u64,
    pub answered: u64,
    pub what: What,
}

/// What is wrong with a history, in the order in which its answers came; nothing if it is as it should be.
pub(super) fn wrong(history: &[Event]) -> Option<String> {
    let mut sessions: BTreeMap<SessionId, Known> = BTreeMap::new();
    history.iter().find_map(|event| {
        let known = sessions.entry(event.sid).or_default();
        known.hear(event).map(|what| format!("{what}: {event:?}"))
    })
}

/// What is known of a session, since it last fell back.
#[derive(Default)]
struct Known {
    /// Of each generation: whether its token won, and the successor that it got.
    successors: BTreeMap<u64, (bool, (u64, u8))>,
    /// When it was first said that it has ended.
    ended: Option<u64>,
}

impl Known {
    fn hear(&mut self, event: &Event) -> Option<&'static str> {
        match event.what {
            What::RolledBack => *self = Known::default(),
            What::Ended => self.ended = self.ended.or(Some(event.answered)),
            What::Success { of, how, generation, kid } => {
                if self.ended.is_some_and(|ended| ended < event.began) {
                    return Some("a token was good after its session had ended");
                }
                if generation != of + 1 {
                    return Some("a successor is not of the next generation");
                }
                let wins = how != Rotation::Replayed;
                let known = self.successors.entry(of).or_insert((false, (generation, kid)));
                if wins && known.0 {
                    return Some("a generation was rotated twice");
                }
                if known.1 != (generation, kid) {
                    return Some("a generation has two successors");
                }
                known.0 |= wins;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn success(at: u64, of: u64, how: Rotation, kid: u8) -> Event {
        let what = What::Success { of, how, generation: of + 1, kid };
        Event { sid: SessionId([1; 16]), began: at, answered: at + 1, what }
    }

    fn event(at: u64, what: What) -> Event {
        Event { sid: SessionId([1; 16]), began: at, answered: at + 1, what }
    }

    #[test]
    fn what_may_happen_is_not_wrong() {
        let history = [
            success(0, 1, Rotation::Rotated, 1),
            success(2, 1, Rotation::Replayed, 1),
            success(4, 2, Rotation::Rotated, 2),
            event(6, What::RolledBack),
            success(8, 1, Rotation::Rotated, 2),
            event(10, What::Ended),
            // It was asked before the end was answered.
            success(11, 2, Rotation::Rotated, 2),
        ];
        assert_eq!(wrong(&history), None);
    }

    #[test]
    fn what_may_not_is() {
        let first = success(0, 1, Rotation::Rotated, 1);
        let sibling = Event {
            what: What::Success { of: 1, how: Rotation::Replayed, generation: 3, kid: 1 },
            ..first.clone()
        };
        for second in [
            success(2, 1, Rotation::Rotated, 1),
            success(2, 1, Rotation::Healed, 1),
            success(2, 1, Rotation::Replayed, 2),
            sibling,
        ] {
            assert!(wrong(&[first.clone(), second.clone()]).is_some(), "{second:?}");
        }
        let late = success(9, 2, Rotation::Rotated, 1);
        assert!(wrong(&[first, event(2, What::Ended), late]).is_some());
    }
}
