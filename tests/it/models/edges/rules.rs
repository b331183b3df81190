//! The rules of the edges, each of which can be taken away, and the bounds of one exploration.
use super::state::{Policy, Task};

/// What `link` does when the parent does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Refused,
    /// Recorded as open: it may yet come.
    Waits,
    CountsAsCompleted,
}

/// What becomes of parked edges when their parent runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parked {
    /// They wait for it again, from the rerun on.
    WaitsAgain,
    Stays,
    /// They stay until it completes, which then closes them too.
    StaysUntilCompleted,
}

/// Every field is a rule that looks removable. With all of them the model has no counterexample;
/// `mutants.rs` shows what each one prevents.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each rule is there or not, independently of the others")]
pub(super) struct Rules {
    /// A claim looks at `open_parents`, whatever the index says.
    pub(super) gate_in_claim: bool,
    /// An end propagates over the edges that are open, not over all children.
    pub(super) ends_close_open_edges: bool,
    /// A cascade takes each edge out of `waiting` as it goes, instead of counting how far it is.
    pub(super) cascade_pops: bool,
    /// A cascade decrements a child that has ended, though it does not move it.
    pub(super) ended_child_counts: bool,
    /// An edge that cancels its child stays open, parked.
    pub(super) cancel_parks: bool,
    /// A child that a cascade cancels has a cascade of its own.
    pub(super) cancelled_child_cascades: bool,
    /// A report sent again is answered, and touches no edge.
    pub(super) repeat_touches_nothing: bool,
    /// A rerun is refused while the task's own cascade is unfinished.
    pub(super) rerun_waits_for_cascade: bool,
    pub(super) parked: Parked,
    pub(super) missing_parent: Missing,
    /// A link that exists already changes nothing.
    pub(super) link_again_is_nothing: bool,
    /// No link to a child that runs.
    pub(super) running_child_refused: bool,
    pub(super) cycle_refused: bool,
    /// A link to a completed parent opens nothing.
    pub(super) completed_opens_nothing: bool,
    /// A link to a parent that ended badly applies the policy at once.
    pub(super) bad_end_applies_at_once: bool,
    /// An unlink decrements only if the edge was open.
    pub(super) unlink_closes_if_open: bool,
    /// No task is pruned while an edge from it is open.
    pub(super) waited_for_is_kept: bool,
    /// No task is pruned while a child of it has not ended.
    pub(super) parents_of_living_are_kept: bool,
    /// An ended task may be pruned though edges to it are open: nobody waits on it for that.
    pub(super) ended_waiter_may_go: bool,
    /// A pruned task is taken out of the sets of its parents.
    pub(super) pruned_leaves_its_parents: bool,
    /// It goes in the script that takes it out of those sets, or nothing may rerun it in between.
    pub(super) pruned_in_one_step: bool,
}

impl Rules {
    /// The rules as designed.
    pub(super) const ALL: Rules = Rules {
        gate_in_claim: true,
        ends_close_open_edges: true,
        cascade_pops: true,
        ended_child_counts: true,
        cancel_parks: true,
        cancelled_child_cascades: true,
        repeat_touches_nothing: true,
        rerun_waits_for_cascade: true,
        parked: Parked::WaitsAgain,
        missing_parent: Missing::Refused,
        link_again_is_nothing: true,
        running_child_refused: true,
        cycle_refused: true,
        completed_opens_nothing: true,
        bad_end_applies_at_once: true,
        unlink_closes_if_open: true,
        waited_for_is_kept: true,
        parents_of_living_are_kept: true,
        ended_waiter_may_go: true,
        pruned_leaves_its_parents: true,
        pruned_in_one_step: true,
    };
}

/// Edges, each from a parent to a child.
pub(super) type Graph = &'static [(Task, Task)];

/// What one exploration starts from, each graph with each choice of policies, and what it may use up.
/// Within these bounds it is exhaustive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) graphs: &'static [Graph],
    /// What each task may say about its parents' bad ends.
    pub(super) policies: &'static [Policy],
    pub(super) reruns: u8,
    pub(super) links: u8,
    pub(super) unlinks: u8,
    pub(super) cancels: u8,
    pub(super) prunes: u8,
    /// How often a blocked task gets into the index of the pending ones by mistake.
    pub(super) slips: u8,
}

impl Bounds {
    /// Nothing but claims and reports, for each exploration to add what it needs.
    pub(super) const CALM: Bounds = Bounds {
        graphs: &[],
        policies: &[Policy::Hold],
        reruns: 0,
        links: 0,
        unlinks: 0,
        cancels: 0,
        prunes: 0,
        slips: 0,
    };
}
