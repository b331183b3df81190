//! The guard itself: it starts the program, does what the worker says, and leaves nothing behind.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::{LAUNCH, TERMINATE, reap, this_program};

pub(super) fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(directory) = arguments.next().map(PathBuf::from) else { return ExitCode::FAILURE };
    let ended = hold(arguments);
    // Somebody who hears this will remove the directory; otherwise nobody but us is left to do it.
    if tell(ended).is_err() {
        let _ = std::fs::remove_dir_all(directory);
    }
    ExitCode::SUCCESS
}

/// Runs the program to its end, and ends what it left.
fn hold(arguments: impl Iterator<Item = OsString>) -> io::Result<ExitStatus> {
    let worker = worker()?;
    reap::adopt_orphans()?;
    let mut program = Command::new(this_program()?);
    program.arg(LAUNCH).args(arguments).stdin(Stdio::piped()).process_group(0);
    let mut program = program.spawn()?;
    let group = Arc::new(Group::led_by(&program));
    let (listening, stdin) = (Arc::clone(&group), program.stdin.take());
    thread::spawn(move || listen(worker, stdin, &listening));
    let status = group.wait(&mut program);
    reap::end_all();
    status
}

/// The worker's end of the socket lies behind our stdin.
fn worker() -> io::Result<UnixStream> {
    Ok(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?))
}

fn tell(ended: io::Result<ExitStatus>) -> io::Result<()> {
    let line = match ended.map(|status| (status.code(), status.signal())) {
        Ok((Some(code), _)) => format!("exit {code}\n"),
        Ok((None, signal)) => format!("signal {}\n", signal.unwrap_or_default()),
        Err(error) => format!("cannot_start {error}\n"),
    };
    worker()?.write_all(line.as_bytes())
}

/// Hears the worker until it falls silent, which is its last order: kill.
fn listen(worker: UnixStream, stdin: Option<ChildStdin>, group: &Group) {
    let mut worker = BufReader::new(worker);
    if let Ok(document) = read_document(&mut worker) {
        // A program that does not read must not keep us from listening.
        thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&document)));
        let mut byte = [0];
        while matches!(worker.read(&mut byte), Ok(1)) {
            if byte[0] == TERMINATE {
                group.signal(Signal::TERM);
            }
        }
    }
    group.signal(Signal::KILL);
}

fn read_document(worker: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut length = String::new();
    worker.read_line(&mut length)?;
    let length = length.trim_end().parse().map_err(io::Error::other)?;
    let mut document = vec![0; length];
    worker.read_exact(&mut document)?;
    Ok(document)
}

/// The program's process group, as long as its number is surely its own: until its leader is reaped.
struct Group(Mutex<Option<Pid>>);

impl Group {
    fn led_by(leader: &Child) -> Group {
        Group(Mutex::new(i32::try_from(leader.id()).ok().and_then(Pid::from_raw)))
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // It fails only where nobody is left to get it, or where all changed their user.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Waits for the leader to end, then kills the rest of the group while its number is still held by the leader.
    fn wait(&self, leader: &mut Child) -> io::Result<ExitStatus> {
        if let Some(pid) = i32::try_from(leader.id()).ok().and_then(Pid::from_raw) {
            let until = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let ended = loop {
                match waitid(WaitId::Pid(pid), until) {
                    Err(Errno::INTR) => {}
                    ended => break ended,
                }
            };
            // Where its end is ignored the number may be somebody else's already.
            if ended.is_ok() {
                self.signal(Signal::KILL);
            }
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        leader.wait()
    }
}
