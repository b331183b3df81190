//! The stage that sets limits and then becomes the program, which therefore never runs a moment without them.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use super::limits::Limits;
use super::{CANNOT_START, CANNOT_START_CODE};

/// Comes back only where it failed; then the program's stdout carries the reason instead of a result.
pub(super) fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let error = become_program(&mut arguments);
    let _ = io::stdout().write_all(&[CANNOT_START, error.to_string().as_bytes()].concat());
    let _ = io::stdout().flush();
    ExitCode::from(CANNOT_START_CODE as u8)
}

fn become_program(arguments: &mut impl Iterator<Item = OsString>) -> io::Error {
    let Some(limits) = Limits::read(arguments) else {
        return io::Error::other("the guard is of another release: its limits cannot be read");
    };
    let Some(program) = arguments.next() else {
        return io::Error::other("the guard was given no program");
    };
    // Before the limits, because it needs memory.
    let mut command = Command::new(program);
    command.args(arguments);
    if let Err(error) = die_with_parent().and_then(|()| limits.apply()) {
        return error;
    }
    command.exec()
}

/// The guard is our parent. It kills us at every end but its own sudden death; then the kernel does.
#[cfg(target_os = "linux")]
fn die_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?)
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent() -> io::Result<()> {
    Ok(())
}
