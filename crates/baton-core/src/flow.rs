//! Flows: what a child does when a parent ends badly, and where a flow as a whole is.

use std::fmt;
use std::str::FromStr;

use crate::lifecycle::Status;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {word:?} as {what}: it is one of {known}")]
pub struct UnknownWord {
    what: &'static str,
    word: String,
    known: String,
}

/// What a task does when one of its parents failed, timed out or was cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnParentFailure {
    /// It stays blocked, and goes on when the parent is rerun and completes.
    #[default]
    Hold,
    /// It is cancelled too.
    Cancel,
    /// It runs as though the parent had completed.
    Run,
}

/// Where a flow is: made from how many of its tasks are where, and stored nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowState {
    /// Something of it runs, or will run without anybody's help.
    Running,
    /// All that is left of it is blocked: it goes on when somebody reruns, unlinks or cancels something.
    Held,
    Completed,
    /// It has ended, and a task of it failed or timed out.
    Failed,
    /// It has ended, nothing failed, and a task of it was cancelled.
    Cancelled,
}

impl OnParentFailure {
    pub const ALL: &[OnParentFailure] =
        &[OnParentFailure::Hold, OnParentFailure::Cancel, OnParentFailure::Run];

    pub fn as_str(self) -> &'static str {
        match self {
            OnParentFailure::Hold => "hold",
            OnParentFailure::Cancel => "cancel",
            OnParentFailure::Run => "run",
        }
    }

    /// Does a parent that ended like this let the child go?
    pub fn lets_go(self, ended: Status) -> bool {
        ended == Status::Completed || (ended.is_terminal() && self == OnParentFailure::Run)
    }
}

impl FlowState {
    pub const ALL: &[FlowState] =
        &[FlowState::Running, FlowState::Held, FlowState::Completed, FlowState::Failed, FlowState::Cancelled];

    /// The state of a flow with so many tasks of each status. While the end of a task is `cascading`, blocked tasks may
    /// still be on their way.
    pub fn of(count: impl Fn(Status) -> u64, cascading: bool) -> FlowState {
        let any = |statuses: &[Status]| statuses.iter().any(|status| count(*status) > 0);
        if cascading || any(&[Status::Scheduled, Status::Pending, Status::Running]) {
            FlowState::Running
        } else if any(&[Status::Blocked]) {
            FlowState::Held
        } else if any(&[Status::Failed, Status::Timeout]) {
            FlowState::Failed
        } else if any(&[Status::Cancelled]) {
            FlowState::Cancelled
        } else {
            FlowState::Completed
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            FlowState::Running => "running",
            FlowState::Held => "held",
            FlowState::Completed => "completed",
            FlowState::Failed => "failed",
            FlowState::Cancelled => "cancelled",
        }
    }

    /// Nothing but a rerun, or a task added to it, leads out of an ended state.
    pub fn has_ended(self) -> bool {
        !matches!(self, FlowState::Running | FlowState::Held)
    }
}

macro_rules! words {
    ($($name:ident = $what:literal;)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<$name, UnknownWord> {
                let found = $name::ALL.iter().find(|known| known.as_str() == word);
                found.copied().ok_or_else(|| {
                    let known: Vec<&str> = $name::ALL.iter().map(|known| known.as_str()).collect();
                    UnknownWord { what: $what, word: word.to_owned(), known: known.join(", ") }
                })
            }
        }
    )*};
}

words! {
    OnParentFailure = "what to do when a parent fails";
    FlowState = "the state of a flow";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for policy in OnParentFailure::ALL {
            assert_eq!(policy.as_str().parse(), Ok(*policy));
        }
        for state in FlowState::ALL {
            assert_eq!(state.to_string().parse(), Ok(*state));
        }
        let error = "stop".parse::<OnParentFailure>().unwrap_err().to_string();
        assert_eq!(error, "read \"stop\" as what to do when a parent fails: it is one of hold, cancel, run");
    }

    #[test]
    fn only_a_completed_parent_lets_every_child_go() {
        for status in Status::ALL {
            let completed = *status == Status::Completed;
            assert_eq!(OnParentFailure::Hold.lets_go(*status), completed, "{status}");
            assert_eq!(OnParentFailure::Cancel.lets_go(*status), completed, "{status}");
            assert_eq!(OnParentFailure::Run.lets_go(*status), status.is_terminal(), "{status}");
        }
    }

    fn check(present: &[Status], expected: FlowState) {
        let state = FlowState::of(|status| u64::from(present.contains(&status)), false);
        assert_eq!(state, expected, "{present:?}");
    }

    #[test]
    fn a_flow_runs_while_anything_can_move_by_itself() {
        for moving in [Status::Scheduled, Status::Pending, Status::Running] {
            check(&[moving, Status::Blocked, Status::Failed], FlowState::Running);
        }
        check(&[Status::Blocked, Status::Failed, Status::Completed], FlowState::Held);
        assert_eq!(FlowState::of(|_| 0, true), FlowState::Running);
    }

    #[test]
    fn the_worst_end_of_a_task_is_the_end_of_the_flow() {
        check(&[Status::Completed, Status::Cancelled, Status::Failed], FlowState::Failed);
        check(&[Status::Completed, Status::Cancelled, Status::Timeout], FlowState::Failed);
        check(&[Status::Completed, Status::Cancelled], FlowState::Cancelled);
        check(&[Status::Completed], FlowState::Completed);
        check(&[], FlowState::Completed);
    }

    #[test]
    fn a_flow_has_ended_when_all_its_tasks_have() {
        for status in Status::ALL {
            let state = FlowState::of(|of| u64::from(of == *status), false);
            assert_eq!(state.has_ended(), status.is_terminal(), "{status}");
        }
    }
}
