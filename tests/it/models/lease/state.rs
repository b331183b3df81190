//! What Redis holds, what each incarnation believes, what is on the wire, and the evidence.
//!
//! Everything is a small number or an array of them: millions of copies are made and hashed.
use std::fmt;

pub(super) const TASKS: usize = 2;
pub(super) const WORKERS: usize = 2;
pub(super) const BOOTS: usize = 3;
pub(super) const HOLDERS: usize = WORKERS * BOOTS;

/// A number that only rises for a task; 0 says that there is none.
pub(super) type Fence = u8;
/// One fence for each task, or 0: what is held, listed, granted or gone.
pub(super) type Pairs = [Fence; TASKS];

/// One incarnation of a worker, printed as `A1`, `A2`, `B1`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Holder(pub(super) u8);

impl Holder {
    pub(super) fn new(worker: usize, boot: usize) -> Holder {
        Holder((worker * BOOTS + boot) as u8)
    }
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
    pub(super) fn worker(self) -> usize {
        self.index() / BOOTS
    }
    pub(super) fn boot(self) -> usize {
        self.index() % BOOTS
    }
    /// The boot as the worker's record names it, where 0 says that there is no record.
    pub(super) fn name(self) -> u8 {
        self.boot() as u8 + 1
    }
    pub(super) fn bit(self) -> u8 {
        1 << self.0
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", ['A', 'B'][self.worker()], self.name())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Outcome {
    Completed,
    Released,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Status {
    /// Beyond the bound of this exploration.
    Absent,
    Pending,
    Running,
    Completed,
    Poisoned,
    Cancelled,
}

impl Status {
    pub(super) fn is_terminal(self) -> bool {
        matches!(self, Status::Completed | Status::Poisoned | Status::Cancelled)
    }
}

/// The task's hash in Redis, and below the line what only the proof looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Task {
    pub(super) status: Status,
    pub(super) fence: Fence,
    pub(super) crashes: u8,
    /// The worker that runs it. The real field outlives the run, for the report that is repeated; here every
    /// answer to such a report (recorded, already finished, fenced) has one effect: nothing is left to report.
    pub(super) worker: u8,

    /// Evidence: fences under which some handler was started, as bits.
    pub(super) started: u8,
    /// Evidence: fences that a cancel ended, as bits.
    pub(super) cancelled: u8,
    /// Evidence: how often this run was taken from a holder that did not give it back.
    pub(super) losses: u8,
    /// Evidence: outcomes recorded in this run.
    pub(super) ends: u8,
    /// Evidence: another handler ran in the same process during this life.
    pub(super) company: bool,
    /// Evidence: the lease of this life was marked as lost.
    pub(super) lost: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Life {
    Unborn,
    Alive,
    /// Killed, or stopped because it learnt that it is superseded. Its messages may still arrive.
    Dead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Trust {
    /// By its own clock the lease may be over: no handler runs.
    No,
    Yes,
    /// It slept through the end of its lease and has not looked at its clock since: a zombie.
    Blind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Unknown,
    Running,
    /// Completed by the handler; the report is not acknowledged.
    Finished,
    /// Cancelled or never started; to be released.
    Stopped,
}

/// One process: what it knows, and whether it waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Incarnation {
    pub(super) life: Life,
    pub(super) trust: Trust,
    pub(super) known: Pairs,
    pub(super) phase: [Phase; TASKS],
    /// Evidence: the incarnations of its worker that were dead when it was born, as bits.
    pub(super) elders: u8,
}

impl Incarnation {
    pub(super) const UNBORN: Incarnation = Incarnation {
        life: Life::Unborn,
        trust: Trust::No,
        known: [0; TASKS],
        phase: [Phase::Unknown; TASKS],
        elders: 0,
    };
    pub(super) fn is_alive(&self) -> bool {
        self.life == Life::Alive
    }
    pub(super) fn is_running(&self, task: usize) -> bool {
        self.phase[task] == Phase::Running
    }
    /// The process is gone, and with it what it knew. What it sent stays on the wire.
    pub(super) fn die(&mut self) {
        *self = Incarnation { life: Life::Dead, ..Incarnation::UNBORN };
    }
}

/// What a transition itself found wrong, for facts that the state after it no longer shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Alarms {
    pub(super) started_twice: bool,
    pub(super) stale_outcome: bool,
    pub(super) robbed_by_the_dead: bool,
    pub(super) poisoned_in_company: bool,
    pub(super) fence_fell: bool,
    pub(super) past_returned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Spent {
    pub(super) pauses: u8,
    pub(super) cancels: u8,
    pub(super) reruns: u8,
    pub(super) repeats: u8,
    pub(super) abandons: u8,
}
