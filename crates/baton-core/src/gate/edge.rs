//! One edge, and what a claim finds of it. Times are counts of the events that were told.

use crate::flow::OnParentFailure;
use crate::lifecycle::Status;

/// How a task has ended, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    /// While it has ended: `Completed`, or `Failed` for every other end.
    ended: Option<Status>,
    completed: Times,
    otherwise: Times,
}

#[derive(Clone, Copy, Debug, Default)]
struct Times {
    first: Option<u64>,
    last: Option<u64>,
}

impl Times {
    fn add(&mut self, now: u64) {
        self.first.get_or_insert(now);
        self.last = Some(now);
    }

    fn until(self, end: u64) -> Times {
        let first = self.first.filter(|first| *first < end);
        Times { first, last: first }
    }
}

impl Ends {
    pub(super) fn complete(&mut self, now: u64) {
        self.ended = Some(Status::Completed);
        self.completed.add(now);
    }

    pub(super) fn end_otherwise(&mut self, now: u64) {
        self.ended = Some(Status::Failed);
        self.otherwise.add(now);
    }

    pub(super) fn begin_again(&mut self) {
        self.ended = None;
    }

    /// As though nothing later had been told. Only the first ends are remembered so long.
    pub(super) fn until(self, end: u64) -> Ends {
        Ends { ended: None, completed: self.completed.until(end), otherwise: self.otherwise.until(end) }
    }

    fn lets_go_since(&self, begin: u64, policy: OnParentFailure) -> bool {
        let later = |times: Times| times.last.is_some_and(|last| last > begin);
        later(self.completed) || (policy.lets_go(Status::Failed) && later(self.otherwise))
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict<P> {
    InOrder,
    /// The claim that came too early.
    Broken(u64, P),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Edge<P> {
    /// Nothing has told when it came, so it is taken to be as old as the child.
    assumed: bool,
    begin: u64,
    /// Had the parent let go when the edge came?
    closed: bool,
    /// What the first claim found. Later ones find nothing else: what is closed stays closed.
    verdict: Option<Verdict<P>>,
}

impl<P: Copy> Edge<P> {
    pub(super) fn assumed() -> Edge<P> {
        Edge { assumed: true, begin: 0, closed: false, verdict: None }
    }

    pub(super) fn linked(now: u64, parent: Ends, policy: OnParentFailure) -> Edge<P> {
        let mut edge = Edge { assumed: false, ..Edge::assumed() };
        edge.begin(now, parent, policy);
        edge
    }

    pub(super) fn is_assumed(&self) -> bool {
        self.assumed
    }

    pub(super) fn verdict(&self) -> Option<Verdict<P>> {
        self.verdict
    }

    pub(super) fn begin(&mut self, now: u64, parent: Ends, policy: OnParentFailure) {
        self.begin = now;
        self.closed = parent.ended.is_some_and(|ended| policy.lets_go(ended));
    }

    /// The child is claimed.
    pub(super) fn meet(&mut self, claim: (u64, P), parent: Ends, policy: OnParentFailure) {
        let in_order = self.closed || parent.lets_go_since(self.begin, policy);
        let found = if in_order { Verdict::InOrder } else { Verdict::Broken(claim.0, claim.1) };
        self.verdict.get_or_insert(found);
    }
}
