//! How a run ended, from how its program ended.

use baton_core::limits::ERROR_BYTES_MAX;
use rustix::process::Signal;

use super::super::document::result;
use super::super::guard::{CANNOT_START, CANNOT_START_CODE, Limits};
use super::child::Exit;
use super::ear::Said;
use crate::handler::End;

/// `EX_DATAERR` of sysexits.h: the payload is wrong, and stays wrong.
const FAIL: i32 = 65;
/// `EX_TEMPFAIL` of sysexits.h: not now.
const LATER: i32 = 75;
/// When a program that says "later" does not say when.
const LATER_MS: u64 = 5_000;

/// `limits`: those of the program, if it has any.
pub(super) fn verdict(exit: Exit, said: Said, stdout: &[u8], limits: &Limits) -> End {
    let in_ms = said.retry_after_ms;
    match exit {
        Exit::Code(0) => result(stdout),
        Exit::Code(FAIL) => End::Fail { error: error(&exit, said), reason: reason(&exit) },
        Exit::Code(LATER) => {
            End::Release { reason: reason(&exit), delay_ms: Some(in_ms.unwrap_or(LATER_MS)) }
        }
        Exit::Code(CANNOT_START_CODE) if stdout.starts_with(CANNOT_START) => {
            cannot_start(&String::from_utf8_lossy(&stdout[CANNOT_START.len()..]))
        }
        Exit::CannotStart(error) => cannot_start(&error),
        Exit::Code(_) | Exit::Signal(_) | Exit::Lost => {
            End::Retry { reason: reason(&exit), error: within(limits, &exit, error(&exit, said)), in_ms }
        }
    }
}

/// Another worker may have the program, or the memory for it.
pub(super) fn cannot_start(error: &str) -> End {
    End::Retry {
        error: format!("failed to start the program: {error}"),
        reason: "cannot_start".to_owned(),
        in_ms: None,
    }
}

fn error(exit: &Exit, said: Said) -> String {
    if !said.last_lines.is_empty() {
        return said.last_lines;
    }
    format!("the program ended with {} and said nothing on stderr", reason(exit))
}

/// What a program may use is often why it failed, and only a used up processor can be seen from outside: a program that
/// gets no more memory or files says what it likes.
fn within(limits: &Limits, exit: &Exit, mut error: String) -> String {
    let limits = limits.to_string();
    if limits.is_empty() {
        return error;
    }
    let why = match exit {
        Exit::Signal(number) if *number == Signal::XCPU.as_raw() => "it used up its time on a processor; ",
        _ => "",
    };
    let note = format!("\n({why}each process of this program may use {limits})");
    // The end of a long error says more than its beginning.
    let surplus = (error.len() + note.len()).saturating_sub(ERROR_BYTES_MAX as usize);
    error.drain(..error.ceil_char_boundary(surplus));
    error + &note
}

fn reason(exit: &Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit {code}"),
        Exit::Signal(number) => format!("signal {}", signal_name(*number)),
        Exit::CannotStart(_) => "cannot_start".to_owned(),
        Exit::Lost => "guard_lost".to_owned(),
    }
}

/// The signals that end a process, as `kill -l` writes them.
const NAMES: [(Signal, &str); 18] = [
    (Signal::HUP, "HUP"),
    (Signal::INT, "INT"),
    (Signal::QUIT, "QUIT"),
    (Signal::ILL, "ILL"),
    (Signal::TRAP, "TRAP"),
    (Signal::ABORT, "ABRT"),
    (Signal::BUS, "BUS"),
    (Signal::FPE, "FPE"),
    (Signal::KILL, "KILL"),
    (Signal::USR1, "USR1"),
    (Signal::SEGV, "SEGV"),
    (Signal::USR2, "USR2"),
    (Signal::PIPE, "PIPE"),
    (Signal::ALARM, "ALRM"),
    (Signal::TERM, "TERM"),
    (Signal::XCPU, "XCPU"),
    (Signal::XFSZ, "XFSZ"),
    (Signal::SYS, "SYS"),
];

/// One without a name has its number.
fn signal_name(number: i32) -> String {
    let named = NAMES.iter().find(|(signal, _)| signal.as_raw() == number);
    named.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_the_names_that_people_know() {
        let known =
            [(1, "HUP"), (6, "ABRT"), (9, "KILL"), (11, "SEGV"), (14, "ALRM"), (15, "TERM"), (63, "63")];
        for (number, name) in known {
            assert_eq!(signal_name(number), name);
        }
    }
}
