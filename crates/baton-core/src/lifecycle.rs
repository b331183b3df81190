//! The life of a task, as one table. The enums, their words, the terminal set, `lua/lib/lifecycle.lua` and the
//! diagram in `crates/README.md` all come from it.

use std::fmt;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {word:?} as a {what} of a task: there are {known}")]
pub struct UnknownWord {
    what: &'static str,
    known: String,
    word: String,
}

macro_rules! lifecycle {
    (
        statuses { $($status:ident = $status_word:literal $(, $terminal:ident)?;)* }
        moves { $($(#[doc = $doc:literal])+ $move:ident = $move_word:literal: $($from:ident)|+ => $($to:ident)|+;)* }
    ) => {
        /// Where a task is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Status { $($status),* }

        /// What takes a task from one status to another, or from `running` to `running` under a new fence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Move { $($(#[doc = $doc])+ $move),* }

        impl Status {
            pub const ALL: &[Status] = &[$(Status::$status),*];

            pub fn as_str(self) -> &'static str {
                match self { $(Status::$status => $status_word),* }
            }

            /// Nothing but a rerun leads out of a terminal status.
            pub fn is_terminal(self) -> bool {
                const TERMINAL: &[Status] = &[$($(lifecycle!(@terminal $terminal $status),)?)*];
                TERMINAL.contains(&self)
            }
        }

        impl Move {
            pub const ALL: &[Move] = &[$(Move::$move),*];

            pub fn as_str(self) -> &'static str {
                match self { $(Move::$move => $move_word),* }
            }

            pub fn sources(self) -> &'static [Status] {
                match self { $(Move::$move => &[$(Status::$from),+]),* }
            }

            /// Where the move may lead, from any of its sources.
            pub fn targets(self) -> &'static [Status] {
                match self { $(Move::$move => &[$(Status::$to),+]),* }
            }
        }
    };
    (@terminal terminal $status:ident) => { Status::$status };
}

lifecycle! {
    statuses {
        Scheduled = "scheduled";
        Blocked = "blocked";
        Pending = "pending";
        Running = "running";
        Completed = "completed", terminal;
        Failed = "failed", terminal;
        Timeout = "timeout", terminal;
        Cancelled = "cancelled", terminal;
    }
    moves {
        /// Its time has come.
        Mature = "mature": Scheduled => Pending;
        /// The last open parent completed, or its policy lets it run anyway.
        Unblock = "unblock": Blocked => Pending | Scheduled;
        /// A parent was added that has not completed.
        Block = "block": Pending | Scheduled => Blocked;
        /// A worker takes it, under a new fence.
        Claim = "claim": Pending => Running;
        /// A worker would have taken it, but a parent is open.
        RejectClaim = "claim_rejected": Pending => Blocked;
        /// Its holder has finished it.
        Complete = "complete": Running => Completed;
        /// Its holder failed or ran out of time, and attempts are left.
        Retry = "retry": Running => Scheduled;
        /// Somebody wants it now rather than later.
        Promote = "promote": Scheduled => Pending;
        /// Its last attempt failed, its failure is permanent, or it crashed its holders too often.
        Fail = "fail": Running => Failed;
        /// Its last attempt ran out of time.
        TimeOut = "time_out": Running => Timeout;
        /// Its holder gives it back, for now or for later: burns no attempt.
        Release = "release": Running => Pending | Scheduled;
        /// A new boot of its worker has taken it over from the old one, under a new fence: counts a crash.
        TakeOver = "takeover": Running => Running;
        /// The lease of its holder expired: counts a crash.
        Reclaim = "reclaim": Running => Pending;
        /// Nobody wants it any more.
        Cancel = "cancel": Scheduled | Blocked | Pending | Running => Cancelled;
        /// Somebody wants it again.
        Rerun = "rerun": Completed | Failed | Timeout | Cancelled => Pending | Blocked;
    }
}

impl Move {
    /// Where this move may take a task that is in `from`; nothing if it does not start there.
    pub fn after(self, from: Status) -> &'static [Status] {
        if self.sources().contains(&from) { self.targets() } else { &[] }
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
                let known = $name::ALL.iter().find(|known| known.as_str() == word);
                known.copied().ok_or_else(|| {
                    let known: Vec<&str> = $name::ALL.iter().map(|known| known.as_str()).collect();
                    UnknownWord { what: $what, known: known.join(", "), word: word.to_owned() }
                })
            }
        }
    )*};
}

words! {
    Status = "status";
    Move = "move";
}

fn words(statuses: &[Status]) -> String {
    statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(" ")
}

/// `lua/lib/lifecycle.lua`: the table in the form that the scripts look moves up in.
pub fn lua() -> String {
    let mut text = String::from(
        "-- lib/lifecycle: generated from crates/baton-core/src/lifecycle.rs by `cargo xtask codegen`.\n\
         --\n\
         -- AFTER['<move> <from>'] names the statuses that the move may lead to.\n\
         local AFTER = {\n",
    );
    for step in Move::ALL {
        for from in step.sources() {
            text.push_str(&format!("  ['{step} {from}'] = '{}',\n", words(step.targets())));
        }
    }
    text.push_str("}\n-- TERMINAL names the statuses that only a rerun leaves.\nlocal TERMINAL = {");
    for status in Status::ALL.iter().filter(|status| status.is_terminal()) {
        text.push_str(&format!(" {status} = true,"));
    }
    text.push_str(" }\n");
    text
}

/// The state diagram for the documents.
pub fn diagram() -> String {
    let mut text = String::from(
        "```mermaid\nstateDiagram-v2\n    [*] --> pending: submit\n    [*] --> scheduled: submit\n    [*] --> blocked: submit\n",
    );
    for step in Move::ALL {
        for from in step.sources() {
            for to in step.targets() {
                text.push_str(&format!("    {from} --> {to}: {step}\n"));
            }
        }
    }
    text.push_str("```\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(*status));
        }
        for step in Move::ALL {
            assert_eq!(step.as_str().parse(), Ok(*step));
        }
        assert!("done".parse::<Status>().is_err());
    }

    #[test]
    fn only_a_rerun_leaves_a_terminal_status() {
        for status in Status::ALL.iter().filter(|status| status.is_terminal()) {
            let out: Vec<Move> =
                Move::ALL.iter().copied().filter(|step| !step.after(*status).is_empty()).collect();
            assert_eq!(out, [Move::Rerun], "{status}");
        }
    }

    #[test]
    fn every_status_that_is_not_terminal_can_be_cancelled() {
        for status in Status::ALL {
            assert_eq!(Move::Cancel.after(*status).is_empty(), status.is_terminal(), "{status}");
        }
    }

    #[test]
    fn only_a_claim_and_a_takeover_lead_to_running() {
        let to_running: Vec<Move> =
            Move::ALL.iter().copied().filter(|step| step.targets().contains(&Status::Running)).collect();
        assert_eq!(to_running, [Move::Claim, Move::TakeOver]);
    }

    #[test]
    fn the_generated_texts_name_every_move() {
        for step in Move::ALL {
            assert!(lua().contains(&format!("['{step} ")), "{step}");
            assert!(diagram().contains(&format!(": {step}\n")), "{step}");
        }
    }
}
