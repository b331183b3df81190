//! A small process between a worker and a program that the worker runs, so that nothing of the program stays behind.
//!
//! The guard holds one end of a socket whose other end only the worker has. When that end closes, because the worker
//! let go of it or because the worker is dead, however it died, the guard kills the program and everything that
//! descends from it. On Linux the guard is what descendants fall to when their parents end, so a daemon that moved to
//! a session of its own is found too. Between the guard and the program a second stage sets the limits, asks the
//! kernel to kill the program if the guard dies, and becomes the program.
//!
//! Over the socket go: the length of what the program reads, a line break, these bytes; then one byte for each
//! request to end politely. Back comes one line, how the program ended, when nothing of it is left.

mod hold;
mod launch;
mod limits;
pub(crate) mod reap;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

pub use limits::Limits;

/// The first argument of a guard's process, and that of the stage that becomes the program.
const HOLD: &str = "__guard";
const LAUNCH: &str = "__guard_launch";

/// Asks the guard to send SIGTERM to the program's group.
pub(super) const TERMINATE: u8 = b't';

/// What the second stage says on stdout where it cannot become the program. No JSON begins like this.
pub(super) const CANNOT_START: &[u8] = b"\0cannot_start\0";
/// And its exit code then.
pub(super) const CANNOT_START_CODE: i32 = 127;

/// A program whose `main` begins with [`main`], and can therefore be run as a guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    program: PathBuf,
}

impl Guard {
    pub fn new(program: impl Into<PathBuf>) -> Guard {
        Guard { program: program.into() }
    }

    /// This very program. Its `main` must begin with [`main`], or every run would start another worker.
    pub fn this_program() -> io::Result<Guard> {
        this_program().map(Guard::new)
    }

    /// The guard's command line for a program that works in this directory.
    pub(super) fn command(&self, limits: &Limits, directory: &Path, program: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(HOLD).arg(directory).args(limits.words()).arg("--").arg(program);
        command
    }
}

/// Where the kernel tells, the name of the running file and not of its path: the path may hold another version by now.
pub(crate) fn this_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}

/// Is this process a guard? A name alone can be taken by anyone, so it is asked of our own children only.
pub(crate) fn is_guard(process: rustix::process::Pid) -> bool {
    let words = std::fs::read(format!("/proc/{}/cmdline", process.as_raw_nonzero())).unwrap_or_default();
    words.split(|byte| *byte == 0).nth(1) == Some(HOLD.as_bytes())
}

/// Does the work of a guard, if these arguments ask for it: then the process ends with the answer. A program that is
/// to be a guard calls it first of all, before any thread is started, with `std::env::args_os()`.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut arguments = arguments.into_iter().skip(1);
    match arguments.next()?.to_str()? {
        HOLD => Some(hold::main(arguments)),
        LAUNCH => Some(launch::main(arguments)),
        // Any other program, or a worker with a command of its own.
        _ => None,
    }
}
