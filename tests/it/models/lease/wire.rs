//! Messages on the wire: a bounded multiset, so that any may be late, lost, reordered or repeated.
use super::state::{Fence, Holder, Outcome, Pairs};

/// A request names who sent it and everything it knew *when it was sent*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Message {
    /// Make me current if `expects` is (0: if nobody is).
    Register {
        from: Holder,
        expects: u8,
    },
    /// Give me work; `holding` is what I have not heard to be settled. `abandoned`: nobody waits.
    Claim {
        from: Holder,
        expects: u8,
        holding: Pairs,
        abandoned: bool,
    },
    /// I live, and know these.
    Renew {
        from: Holder,
        listed: Pairs,
    },
    /// A report of one task.
    Settle {
        from: Holder,
        task: u8,
        fence: Fence,
        outcome: Outcome,
    },

    /// `stale`: the lease that this answer confirms has run out since.
    Claimed {
        to: Holder,
        granted: Pairs,
        solo: u8,
        stale: bool,
        abandoned: bool,
    },
    /// What the request listed and is no more, and what is held and was not listed. `held` is filled only
    /// for a worker that (against the rules) would drop what is not in it.
    Renewed {
        to: Holder,
        gone: Pairs,
        unknown: Pairs,
        held: Pairs,
        stale: bool,
    },
    /// The lease is being reaped. `claim`: it answers the claim that is waited for.
    LeaseLost {
        to: Holder,
        claim: bool,
    },
    /// Recorded, recorded before, or fenced: either way nothing is left to report.
    Settled {
        to: Holder,
        task: u8,
        fence: Fence,
    },
    Superseded {
        to: Holder,
    },
}

impl Message {
    pub(super) fn holder(self) -> Holder {
        match self {
            Message::Register { from, .. }
            | Message::Claim { from, .. }
            | Message::Renew { from, .. }
            | Message::Settle { from, .. } => from,
            Message::Claimed { to, .. }
            | Message::Renewed { to, .. }
            | Message::LeaseLost { to, .. }
            | Message::Settled { to, .. }
            | Message::Superseded { to } => to,
        }
    }

    pub(super) fn is_request(self) -> bool {
        matches!(
            self,
            Message::Register { .. } | Message::Claim { .. } | Message::Renew { .. } | Message::Settle { .. }
        )
    }
}

pub(super) const SLOTS: usize = 3;

/// Kept sorted, so that two orders of the same messages are one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wire {
    slots: [Option<Message>; SLOTS],
}

impl Wire {
    pub(super) const EMPTY: Wire = Wire { slots: [None; SLOTS] };

    pub(super) fn len(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Message> + '_ {
        self.slots.iter().flatten().copied()
    }

    pub(super) fn contains(&self, message: Message) -> bool {
        self.slots.contains(&Some(message))
    }

    /// Callers look at `len` first; a message that finds no room is lost, which may happen to any.
    pub(super) fn put(&mut self, message: Message) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some(message);
        }
        self.sort();
    }

    pub(super) fn take(&mut self, message: Message) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| **slot == Some(message)) {
            *slot = None;
        }
        self.sort();
    }

    /// Changes or removes messages of one holder.
    pub(super) fn rewrite(&mut self, of: Holder, change: impl Fn(Message) -> Option<Message>) {
        for slot in &mut self.slots {
            if let Some(message) = *slot
                && message.holder() == of
            {
                *slot = change(message);
            }
        }
        self.sort();
    }

    pub(super) fn retain(&mut self, keep: impl Fn(Message) -> bool) {
        for slot in &mut self.slots {
            if slot.is_some_and(|message| !keep(message)) {
                *slot = None;
            }
        }
        self.sort();
    }

    fn sort(&mut self) {
        self.slots.sort_unstable();
    }
}
