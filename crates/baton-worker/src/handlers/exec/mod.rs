//! Programs as handlers: the task comes in on stdin, the result goes out on stdout, the log on stderr.
//!
//! A program gets a cleared environment, a private work directory that is removed after the run, and a session of its
//! own. Its exit code decides: 0 completed with what is on stdout; 65 failed for good; 75 later again, no attempt
//! burnt; anything else, a signal included, is a failed attempt. A run that must end gets SIGTERM, and SIGKILL after
//! a grace.
//!
//! With a [`Guard`] nothing of a program outlives its run, and nothing of a run outlives the worker. Without one, what
//! moves to a session of its own escapes, the death of the worker ends nobody, and there are no [`Limits`].

mod attend;
mod child;
pub(super) mod directive;
mod ear;
mod environment;
mod lines;
mod programs;
mod rate;
mod verdict;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use environment::Environment;
pub use programs::exec_dir;

use super::guard::{Guard, Limits};
use crate::handler::{Handler, Run, Running};

/// How long a program that got SIGTERM may go on, unless it is said. Less than a worker's own grace: so a run that is
/// handed back in a drain is over before the worker goes.
const GRACE: Duration = Duration::from_secs(4);

/// How long we listen to what holds a dead program's pipes.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A program that does tasks.
#[derive(Clone, Debug)]
pub struct Exec {
    program: PathBuf,
    args: Vec<OsString>,
    timeout: Option<Duration>,
    grace: Duration,
    environment: Environment,
    guarded: Option<(Guard, Limits)>,
}

impl Exec {
    /// A path is resolved now, against the current directory; a bare name in the `PATH` of each run.
    pub fn new(program: impl AsRef<Path>) -> Exec {
        let program = program.as_ref();
        let bare =
            program.components().count() == 1 && !program.as_os_str().as_encoded_bytes().contains(&b'/');
        // It fails only for an empty path and without a current directory; starting the program then says so.
        let absolute = if bare { None } else { std::path::absolute(program).ok() };
        Exec {
            program: absolute.unwrap_or_else(|| program.to_owned()),
            args: Vec::new(),
            timeout: None,
            grace: GRACE,
            environment: Environment::default(),
            guarded: None,
        }
    }

    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Exec {
        self.args.extend(args.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Ends a run earlier than the task's own timeout does.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Exec {
        Exec { timeout: Some(timeout), ..self }
    }

    /// How long a program that got SIGTERM may go on before it gets SIGKILL; 4 s unless it is said. The worker drops
    /// a run after a grace of its own, which kills too.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Exec {
        Exec { grace, ..self }
    }

    /// What a program finds in its environment beside what Baton says of the task.
    #[must_use]
    pub fn environment(self, environment: Environment) -> Exec {
        Exec { environment, ..self }
    }

    /// Runs the program under a guard, within these limits.
    #[must_use]
    pub fn guarded(self, guard: Guard, limits: Limits) -> Exec {
        Exec { guarded: Some((guard, limits)), ..self }
    }

    /// Without a guard there are none.
    fn limits(&self) -> &Limits {
        self.guarded.as_ref().map_or(&Limits::NONE, |(_, limits)| limits)
    }
}

impl Handler for Exec {
    fn run(&self, run: Run) -> Running {
        let exec = self.clone();
        Box::pin(async move { attend::run(&exec, &run).await })
    }
}
