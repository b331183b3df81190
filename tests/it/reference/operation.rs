//! What may be asked of a shard, before it is known of which tasks and workers: small numbers that shrink well, and are
//! made into requests by what the model holds at that moment.

use baton_core::{OnParentFailure, Status};
use baton_store::calls::flow::Work;

#[derive(Clone, Debug)]
pub(super) enum Operation {
    Submit {
        drafts: Vec<Draft>,
        op: Option<u8>,
    },
    Claim {
        life: LifePick,
        ask: Ask,
        only: Option<Pick>,
        expects: Expects,
        lease_ms: u64,
    },
    Renew {
        life: LifePick,
        holding: Holding,
        alone: bool,
    },
    Settle {
        life: LifePick,
        names_boot: bool,
        reports: Vec<ReportDraft>,
        next: Option<Ask>,
    },
    Progress {
        life: LifePick,
        notes: Vec<(Pick, FencePick)>,
    },
    Operate {
        verb: Verb,
        tasks: Vec<Pick>,
        by: bool,
        reason: &'static str,
        op: Option<u8>,
    },
    /// The request that was first made under an op id, word for word: of the last such id, the one before, and so on.
    Repeat(u8),
    Pause {
        queue: u8,
        paused: bool,
    },
    Register {
        life: LifePick,
        expects: Expects,
        lease_ms: u64,
    },
    Deregister(LifePick),
    Tick {
        ticks: u64,
        silence: Silence,
    },
    Pass(i64),
    Link {
        parent: Kin,
        child: Pick,
        op: Option<u8>,
    },
    Unlink {
        parent: Kin,
        child: Pick,
        op: Option<u8>,
    },
    Cascade,
    Flow(FlowDraft),
    Begin {
        /// Which flow; beyond those that there are one that is not.
        flow: u8,
        work: Work,
        by: bool,
        reason: &'static str,
        op: Option<u8>,
    },
    /// By hand, an edge that blocks nobody: the gate must hold whatever the index says.
    OpenParent {
        parent: Pick,
        child: Pick,
    },
    /// By hand: a holder's lease is gone while it holds tasks (D15), or its reaping has begun and got no further.
    LoseLease {
        worker: u8,
        begun: bool,
    },
    /// The same asked of a shard that a newer release owns.
    Newer(Box<Operation>),
}

#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// An id that exists already, rather than a new one.
    pub again: Option<Pick>,
    pub queue: u8,
    pub priority: i64,
    pub key: Option<u8>,
    pub reject: bool,
    pub run_in_ms: Option<i64>,
    pub max_attempts: u64,
    pub max_crashes: u64,
    pub timeout_ms: u64,
    pub payload: usize,
    pub parents: Vec<Relative>,
    pub on_parent_failure: OnParentFailure,
    /// The flow it joins, where it is submitted by itself.
    pub flow: Option<u8>,
}

/// A parent of a task that is submitted.
#[derive(Clone, Debug)]
pub(super) enum Relative {
    There(Pick),
    /// One that is submitted before it, by the same call.
    Sibling(u8),
}

/// The other end of an edge.
#[derive(Clone, Debug)]
pub(super) enum Kin {
    Any(Pick),
    /// A task that is a parent of the child already.
    Parent(u8),
    /// One that the child leads to, or the child itself: an edge from there would close a circle.
    Descendant(u8),
    /// Of another shard.
    Foreign,
}

#[derive(Clone, Debug)]
pub(super) struct FlowDraft {
    pub named: bool,
    pub tasks: Vec<Draft>,
    /// Of each task which of those before it are its parents: bit n is for the n-th.
    pub parents: Vec<u8>,
    pub op: Option<u8>,
}

#[derive(Clone, Debug)]
pub(super) struct LifePick {
    pub worker: u8,
    pub boot: BootPick,
}

#[derive(Clone, Debug)]
pub(super) enum BootPick {
    /// The current one, or one never seen where there is none.
    Current,
    NeverSeen,
    Earlier(u8),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Expects {
    Current,
    Nothing,
    Wrong,
}

#[derive(Clone, Debug)]
pub(super) enum Pick {
    Any(u8),
    In(Status, u8),
    /// Of what the life that asks holds.
    Held(u8),
    Unknown,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum FencePick {
    Last,
    Older,
}

#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub queues: Vec<u8>,
    pub max: u64,
    pub holding: Holding,
}

/// Which pairs are listed. Bit n of each mask is for the n-th task that is held.
#[derive(Clone, Debug)]
pub(super) struct Holding {
    pub right: u8,
    /// Under an older fence too: before the right one where the bit is also in `right`.
    pub older: u8,
    /// Without the timeout, which the holder may not have at hand.
    pub bare: bool,
    pub others: Vec<Pick>,
}

#[derive(Clone, Debug)]
pub(super) struct ReportDraft {
    pub task: Pick,
    pub fence: FencePick,
    pub outcome: OutcomeDraft,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum OutcomeDraft {
    Complete(usize),
    Fail(Option<u64>, usize),
    FailForGood,
    TimeOut,
    Release(Option<u64>),
    /// What was reported last of this task.
    Same,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Verb {
    Cancel,
    Rerun,
    Promote,
    Reprioritise(i64),
}

/// What a ticker says it has seen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Silence {
    Newcomer,
    NewcomerTryingFor(u64),
    /// It should have come through so long ago.
    Since(u64),
}
