//! A program that was started: the reins to end it, and how it ended.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Pair;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};

use process_wrap::tokio::{ChildWrapper, CommandWrap, ProcessSession};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::super::guard::{Guard, Limits, TERMINATE};
use super::Exec;

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Code(i32),
    Signal(i32),
    /// It never ran.
    CannotStart(String),
    /// The guard was killed, and with it the program.
    Lost,
}

pub(super) type Ending = Pin<Box<dyn Future<Output = Exit> + Send>>;
pub(super) type Feeding = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A program at work.
pub(super) struct Child {
    pub(super) reins: Reins,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
    /// Passes on the document, and orders. It may never end by itself: a program need not read.
    pub(super) feeding: Feeding,
    /// Over when all that can be ended has ended, and is reaped.
    pub(super) ending: Ending,
}

/// Ends a program. Dropped before the program has ended, they kill it.
pub(super) enum Reins {
    /// The guard kills when nothing more can be ordered.
    Guarded(Option<UnboundedSender<()>>),
    Direct(Option<Pid>),
}

impl Reins {
    /// SIGTERM to the program's group.
    pub(super) fn terminate(&self) {
        match self {
            // A guard that hears nothing has ended.
            Reins::Guarded(orders) => drop(orders.as_ref().map(|orders| orders.send(()))),
            Reins::Direct(group) => signal(*group, Signal::TERM),
        }
    }

    /// SIGKILL to everything within reach.
    pub(super) fn kill(&mut self) {
        match self {
            Reins::Guarded(orders) => *orders = None,
            Reins::Direct(group) => signal(*group, Signal::KILL),
        }
    }

    /// The program has ended; what it left in its group ends too, and then the group's number may become somebody
    /// else's.
    pub(super) fn let_go(mut self) {
        self.kill();
        if let Reins::Direct(group) = &mut self {
            *group = None;
        }
    }
}

impl Drop for Reins {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signal(group: Option<Pid>, signal: Signal) {
    // It fails only where nobody is left to get it.
    let _ = group.map(|group| kill_process_group(group, signal));
}

/// Starts the program, which must be called within a runtime.
pub(super) fn start(
    exec: &Exec,
    environment: BTreeMap<OsString, OsString>,
    directory: &Path,
    document: Vec<u8>,
) -> io::Result<Child> {
    let environment = |command: &mut Command| {
        command.env_clear().envs(environment).current_dir(directory);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    };
    match &exec.guarded {
        Some((guard, limits)) => {
            let mut command = command_of(exec, guard, limits, directory);
            environment(&mut command);
            start_guarded(command, document)
        }
        None => {
            let mut command = Command::new(&exec.program);
            command.args(&exec.args).stdin(Stdio::piped());
            environment(&mut command);
            start_direct(command, document)
        }
    }
}

fn command_of(exec: &Exec, guard: &Guard, limits: &Limits, directory: &Path) -> Command {
    let mut command = guard.command(limits, directory, &exec.program);
    command.args(&exec.args);
    command.into()
}

fn start_guarded(mut command: Command, document: Vec<u8>) -> io::Result<Child> {
    let (ours, theirs) = Pair::pair()?;
    command.stdin(OwnedFd::from(theirs));
    ours.set_nonblocking(true)?;
    let (reports, orders_to_guard) = UnixStream::from_std(ours)?.into_split();
    let Spawned { process, stdout, stderr, .. } = spawn(command)?;
    let (orders, ordered) = unbounded_channel();
    Ok(Child {
        reins: Reins::Guarded(Some(orders)),
        stdout,
        stderr,
        feeding: Box::pin(order(orders_to_guard, document, ordered)),
        ending: Box::pin(guard_ended(reports, process)),
    })
}

/// The guard always reads. Its socket closes with the last order, and also where this is dropped.
async fn order(mut guard: OwnedWriteHalf, document: Vec<u8>, mut orders: UnboundedReceiver<()>) {
    let length = format!("{}\n", document.len());
    let _ = guard.write_all(length.as_bytes()).await;
    let _ = guard.write_all(&document).await;
    while orders.recv().await.is_some() {
        let _ = guard.write_all(&[TERMINATE]).await;
    }
}

async fn guard_ended(mut reports: OwnedReadHalf, mut guard: Box<dyn ChildWrapper>) -> Exit {
    // A guard that was not interested in the whole document resets the connection behind its report.
    let mut report = Vec::new();
    let _ = reports.read_to_end(&mut report).await;
    let _ = guard.wait().await;
    let report = String::from_utf8_lossy(&report);
    let (word, rest) = report.trim_end().split_once(' ').unwrap_or_default();
    match (word, rest.parse()) {
        ("exit", Ok(code)) => Exit::Code(code),
        ("signal", Ok(signal)) => Exit::Signal(signal),
        ("cannot_start", _) => Exit::CannotStart(rest.to_owned()),
        // Nothing, or half a line.
        _ => Exit::Lost,
    }
}

fn start_direct(command: Command, document: Vec<u8>) -> io::Result<Child> {
    let Spawned { mut process, stdout, stderr, stdin } = spawn(command)?;
    let group = process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    Ok(Child {
        reins: Reins::Direct(group),
        stdout,
        stderr,
        feeding: Box::pin(async move {
            if let Some(mut stdin) = stdin {
                let _ = stdin.write_all(&document).await;
            }
        }),
        ending: Box::pin(async move { process.wait().await.map_or(Exit::Lost, exit) }),
    })
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}

struct Spawned {
    process: Box<dyn ChildWrapper>,
    stdout: ChildStdout,
    stderr: ChildStderr,
    stdin: Option<ChildStdin>,
}

/// In a session of its own: no terminal's Ctrl-C reaches it, and its group is what it forks.
fn spawn(command: Command) -> io::Result<Spawned> {
    let mut process = CommandWrap::from(command).wrap(ProcessSession).spawn()?;
    let stdin = process.stdin().take();
    match (process.stdout().take(), process.stderr().take()) {
        (Some(stdout), Some(stderr)) => Ok(Spawned { process, stdout, stderr, stdin }),
        _ => Err(io::Error::other("a pipe was asked for and is not there")),
    }
}
