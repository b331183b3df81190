//! What the server knows: the tasks that it gives, who has them, and everything that it was asked.

use std::collections::VecDeque;
use std::time::Instant;

use baton::api::lease::Pair;
use baton::api::worker::{Directive, Register};
use baton::{Fence, Json, TaskId};

use super::answer::Answer;

/// A call of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Register,
    Claim,
    /// Of the worker, or of its only lease.
    Heartbeat,
    Complete,
    Fail,
    Release,
    /// Progress and lines of a log.
    Note,
    Leave,
}

impl Call {
    /// It says how a run ended.
    pub(super) fn is_report(self) -> bool {
        matches!(self, Call::Complete | Call::Fail | Call::Release)
    }
}

/// A request, as it came.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) at: Instant,
    pub(super) call: Call,
    pub(super) task: Option<TaskId>,
    pub(super) body: Vec<u8>,
    /// The pairs that it listed.
    pub(super) holding: Vec<Pair>,
    /// For how long it asked to be held.
    pub(super) wait_s: Option<u64>,
    /// It names a life of the worker, and not the one that registered.
    pub(super) other_boot: bool,
    /// How many tasks it asks for.
    pub(super) max: Option<u64>,
    pub(super) answered: Answered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    NotYet,
    Fine,
    /// It was done, and nobody was told.
    Lost,
    Refused(u16),
}

/// What goes wrong with requests of this kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trouble {
    /// `None`: with all.
    pub(super) call: Option<Call>,
    pub(super) times: u32,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// It is done, and the answer is lost.
    Lose,
    /// It is not done.
    Refuse { status: u16, code: &'static str, after_s: Option<u64> },
}

/// A task, from when it is offered.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: TaskId,
    pub(super) kind: &'static str,
    pub(super) payload: Json,
    pub(super) fence: Fence,
    pub(super) standing: Standing,
    /// How often it was.
    pub(super) given: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Offered,
    Held,
    /// By this report.
    Ended(Call, Vec<u8>),
    Cancelled,
    /// The lease was over.
    Lost,
}

/// The whole of it. A case changes what it needs to.
#[derive(Debug)]
pub(super) struct Play {
    pub(super) registered: Option<Register>,
    pub(super) tasks: Vec<Task>,
    pub(super) seen: Vec<Seen>,
    pub(super) troubles: VecDeque<Trouble>,
    pub(super) directives: Vec<Directive>,
    /// The lease is over, and the worker has not been told.
    pub(super) lease_is_over: bool,
    /// By how much our clock is wrong.
    pub(super) clock_s: i64,
    pub(super) lease_ms: u64,
    /// Bodies that no gateway would take.
    pub(super) wrong: Vec<String>,
}

impl Default for Play {
    fn default() -> Play {
        Play {
            registered: None,
            tasks: Vec::new(),
            seen: Vec::new(),
            troubles: VecDeque::new(),
            directives: Vec::new(),
            lease_is_over: false,
            clock_s: 0,
            lease_ms: LEASE_MS,
            wrong: Vec::new(),
        }
    }
}

/// Short, so that three heartbeats do not take long; and long enough for a margin of two seconds.
pub(super) const LEASE_MS: u64 = 6_000;

impl Play {
    pub(super) fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.iter().find(|task| task.id == id)
    }

    pub(super) fn renew_every_ms(&self) -> u64 {
        self.lease_ms / 3
    }

    /// The requests of a kind.
    pub(super) fn of(&self, call: Call) -> impl DoubleEndedIterator<Item = &Seen> {
        self.seen.iter().filter(move |seen| seen.call == call)
    }

    /// The reports of a task.
    pub(super) fn reports(&self, id: TaskId) -> Vec<&Seen> {
        self.seen.iter().filter(|seen| seen.call.is_report() && seen.task == Some(id)).collect()
    }

    pub(super) fn is_completed(&self, id: TaskId) -> bool {
        self.task(id).is_some_and(|task| matches!(task.standing, Standing::Ended(Call::Complete, _)))
    }

    /// The refusal that this request is to get, if any.
    pub(super) fn refusal(&mut self, call: Call) -> Option<Answer> {
        match self.trouble(call, |what| matches!(what, What::Refuse { .. }))? {
            What::Refuse { status, code, after_s } => Some(Answer::Refused { status, code, after_s }),
            What::Lose => None,
        }
    }

    /// Whether the answer to this request is to be lost.
    pub(super) fn loses(&mut self, call: Call) -> bool {
        self.trouble(call, |what| matches!(what, What::Lose)).is_some()
    }

    fn trouble(&mut self, call: Call, fits: impl Fn(What) -> bool) -> Option<What> {
        let mut troubles = self.troubles.iter_mut().filter(|trouble| trouble.times > 0 && fits(trouble.what));
        let trouble = troubles.find(|trouble| trouble.call.is_none_or(|of| of == call))?;
        trouble.times -= 1;
        Some(trouble.what)
    }
}
