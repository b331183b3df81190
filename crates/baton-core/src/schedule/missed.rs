//! What is to be done about the times that have come, and about those that nobody saw to.

use std::fmt;
use std::str::FromStr;

use super::Timing;
use crate::limits;

/// Text that names no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("take {0:?}: it is one of {1}")]
pub struct UnknownPolicy(String, &'static str);

impl UnknownPolicy {
    pub(super) fn of(text: &str, all: &'static str) -> UnknownPolicy {
        UnknownPolicy(text.chars().take(32).collect(), all)
    }
}

macro_rules! policy {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)* } $all:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name { $($(#[$each])* $variant,)* }

        impl $name {
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
            type Err = UnknownPolicy;

            fn from_str(text: &str) -> Result<$name, UnknownPolicy> {
                match text {
                    $($word => Ok($name::$variant),)*
                    other => Err(UnknownPolicy::of(other, $all)),
                }
            }
        }
    };
}

policy! {
    /// What becomes of times that have passed by more than a minute before anybody saw to them.
    Missed {
        /// They are left out.
        Skip = "skip",
        /// One task stands for all of them.
        #[default]
        Once = "once",
        /// Each gets its task: the oldest sixty of them.
        All = "all",
    }
    "skip, once and all"
}

policy! {
    /// Whether a task is made while the one before it has not ended.
    Overlap {
        #[default]
        Allow = "allow",
        Skip = "skip",
    }
    "allow and skip"
}

/// What is to be done now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The times for which tasks are to be made, the oldest first.
    pub due: Vec<u64>,
    /// Missed times for which none is made. Counted to ten thousand; more are only passed over.
    pub skipped: u64,
    /// When it is due next; `None` where it never is again.
    pub next_ms: Option<u64>,
}

/// What a schedule that is due at `due_ms` is to do now.
pub fn plan(timing: &Timing, due_ms: u64, now_ms: u64, missed: Missed) -> Plan {
    let late_ms = now_ms.saturating_sub(limits::MISSED_AFTER_MS);
    let (mut plan, mut next, mut count) = (Plan::default(), Some(due_ms), 0);
    while let Some(at) = next.filter(|at| *at < late_ms) {
        match missed {
            Missed::All if count < limits::MISSED_FIRES_MAX => plan.due.push(at),
            Missed::Once => plan.due = vec![at],
            Missed::All | Missed::Skip => {}
        }
        count += 1;
        // A fleet that was away for a year does not count its seconds.
        let enough = count == limits::MISSED_COUNT_MAX;
        next = timing.next_after(if enough { at.max(late_ms.saturating_sub(1)) } else { at });
    }
    plan.skipped = count - plan.due.len() as u64;
    while let Some(at) = next.filter(|at| *at <= now_ms) {
        plan.due.push(at);
        next = timing.next_after(at);
    }
    plan.next_ms = next;
    plan
}
