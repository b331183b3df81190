//! What is done to many tasks at once, and how far that is.

use std::fmt;
use std::str::FromStr;

use crate::lifecycle::Status;

/// Text that names none of the words there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("take {0:?}: it is one of {1}")]
pub struct UnknownWord(String, &'static str);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)* } $all:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$each])* $variant,)* }

        impl $name {
            pub const ALL: &[$name] = &[$($name::$variant),*];

            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<$name, UnknownWord> {
                match text {
                    $($word => Ok($name::$variant),)*
                    other => Err(UnknownWord(other.chars().take(32).collect(), $all)),
                }
            }
        }
    };
}

words! {
    /// What is done to each of the tasks.
    Act {
        Cancel = "cancel",
        Rerun = "rerun",
        Promote = "promote",
        Reprioritise = "reprioritise",
    }
    "cancel, rerun, promote and reprioritise"
}

words! {
    /// How far an operation is.
    OperationState {
        /// Some gateway goes on with it, piece by piece.
        Running = "running",
        /// Somebody has called it off; what is under way is finished.
        Cancelling = "cancelling",
        /// It came to its end.
        Ended = "ended",
        /// It was called off before it came to its end.
        Cancelled = "cancelled",
    }
    "running, cancelling, ended and cancelled"
}

impl Act {
    /// The statuses in which a task takes it, in the order of a task's life: one that moves on while the others are looked
    /// at is met once more.
    pub fn takes(self) -> &'static [Status] {
        match self {
            Act::Cancel | Act::Reprioritise => {
                &[Status::Scheduled, Status::Blocked, Status::Pending, Status::Running]
            }
            Act::Rerun => &[Status::Failed, Status::Timeout, Status::Cancelled, Status::Completed],
            Act::Promote => &[Status::Scheduled],
        }
    }

    /// Those that are meant where none is named. What completed is run again only for whoever says so.
    pub fn usual(self) -> &'static [Status] {
        match self {
            Act::Rerun => &[Status::Failed, Status::Timeout, Status::Cancelled],
            other => other.takes(),
        }
    }
}

impl OperationState {
    /// Nothing more will come of it.
    pub fn is_over(self) -> bool {
        matches!(self, OperationState::Ended | OperationState::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_others_are_told_what_there_is() {
        for act in Act::ALL {
            assert_eq!(act.as_str().parse(), Ok(*act));
        }
        for state in OperationState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        let error = "delete".parse::<Act>().unwrap_err().to_string();
        assert_eq!(error, "take \"delete\": it is one of cancel, rerun, promote and reprioritise");
    }

    #[test]
    fn what_is_usual_is_taken_and_the_two_halves_of_a_life_do_not_meet() {
        for act in Act::ALL {
            assert!(act.usual().iter().all(|status| act.takes().contains(status)), "{act}");
            let ended = act.takes().iter().filter(|status| status.is_terminal()).count();
            assert_eq!(ended, if *act == Act::Rerun { 4 } else { 0 }, "{act}");
        }
    }
}
