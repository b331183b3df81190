//! How the life of a worker ended, and what that means.

use std::fmt;

use super::reports::Fault;

/// As in sysexits.h, and what clap answers: the next life would end the same way.
const UNUSABLE: [i32; 2] = [78, 2];

/// What the kernel said of a process, or that there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Code(i32),
    Signal(i32),
    CannotStart(String),
}

impl fmt::Display for Exit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(out, "exit {code}"),
            Exit::Signal(signal) => write!(out, "signal {signal}"),
            Exit::CannotStart(why) => write!(out, "cannot start: {why}"),
        }
    }
}

/// Why we told a worker to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// There are too many.
    Surplus,
    /// It has done its share of tasks.
    Recycle,
    /// It has grown too large.
    Memory,
    /// It has grown so large that there is no time for manners.
    Overgrown,
    /// Nothing came from it for too long.
    Silent,
    /// It speaks to us, and has heard nothing from Redis for too long although we do.
    Deaf,
}

impl Why {
    /// Is there nothing to wait for?
    pub(super) fn is_violent(self) -> bool {
        matches!(self, Why::Overgrown | Why::Silent | Why::Deaf)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Why::Surplus => "surplus",
            Why::Recycle => "recycle",
            Why::Memory | Why::Overgrown => "memory",
            Why::Silent => "silent",
            Why::Deaf => "deaf",
        }
    }
}

/// What follows from an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Somebody has to care.
    pub(super) failure: bool,
    /// No other life would fare better.
    pub(super) hopeless: bool,
    /// The next life may go on under this one's name.
    pub(super) keeps_name: bool,
    /// The label of the metric that counts replacements.
    pub(super) label: &'static str,
    /// For the record of the next life, and for the log.
    pub(super) text: String,
}

/// Judges an end by what the kernel says, what we had asked for, and what the worker said last.
pub(super) fn judge(exit: &Exit, asked: Option<Why>, fault: Option<&Fault>) -> Verdict {
    let superseded = fault.is_some_and(|fault| fault.superseded);
    let violent = asked.is_some_and(Why::is_violent);
    let clean = *exit == Exit::Code(0);
    let unusable = matches!(exit, Exit::Code(code) if UNUSABLE.contains(code));
    let label = match (asked, exit) {
        (Some(why), _) => why.as_str(),
        (None, _) if superseded => "superseded",
        (None, Exit::Code(0)) => "ended",
        (None, Exit::Code(_)) => "exit",
        (None, Exit::Signal(_)) => "signal",
        (None, Exit::CannotStart(_)) => "cannot_start",
    };
    let text = match asked {
        Some(why) if violent => why.as_str().to_owned(),
        _ => exit.to_string(),
    };
    Verdict {
        failure: violent || asked.is_none() && !clean,
        hopeless: asked.is_none() && unusable && !fault.is_some_and(|fault| fault.unfit),
        // One that took leave on its own left its record to the past; one that we replace on purpose goes on.
        keeps_name: !(superseded || asked.is_none() && clean),
        label,
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(exit: Exit, asked: Option<Why>, expected: (bool, bool, bool, &str, &str)) {
        let Verdict { failure, hopeless, keeps_name, label, text } = judge(&exit, asked, None);
        assert_eq!(
            (failure, hopeless, keeps_name, label, text.as_str()),
            expected,
            "{exit:?} after {asked:?}"
        );
    }

    #[test]
    fn ends_are_judged() {
        check(Exit::Code(0), None, (false, false, false, "ended", "exit 0"));
        check(Exit::Code(1), None, (true, false, true, "exit", "exit 1"));
        check(Exit::Code(78), None, (true, true, true, "exit", "exit 78"));
        check(Exit::Code(2), None, (true, true, true, "exit", "exit 2"));
        check(Exit::Signal(9), None, (true, false, true, "signal", "signal 9"));
        check(Exit::CannotStart("no".into()), None, (true, false, true, "cannot_start", "cannot start: no"));
        check(Exit::Code(0), Some(Why::Recycle), (false, false, true, "recycle", "exit 0"));
        check(Exit::Signal(9), Some(Why::Memory), (false, false, true, "memory", "signal 9"));
        check(Exit::Signal(9), Some(Why::Overgrown), (true, false, true, "memory", "memory"));
        check(Exit::Signal(9), Some(Why::Silent), (true, false, true, "silent", "silent"));
        check(Exit::Signal(9), Some(Why::Deaf), (true, false, true, "deaf", "deaf"));
        check(Exit::Code(78), Some(Why::Surplus), (false, false, true, "surplus", "exit 78"));
    }

    #[test]
    fn a_worker_whose_name_is_taken_goes_on_under_another() {
        let fault = Fault::new("superseded").superseded(true);
        let verdict = judge(&Exit::Code(1), None, Some(&fault));
        assert_eq!((verdict.failure, verdict.keeps_name, verdict.label), (true, false, "superseded"));
    }
}
