//! What a dead worker left behind. On Linux it falls to the supervisor, which ends and reaps it.
//!
//! A stranger is a child of ours that we did not start: a guard whose worker is dead, or something that a guard or a
//! handler without one left. Guards end their programs by themselves, and get a moment for it. What comes from a worker
//! of ours carries our name in its environment. Whatever else falls to us, because this program took the place of
//! another one or is the first process of a container, is reaped when it has ended, and otherwise left alone.

use std::collections::{HashMap, HashSet};

use baton_core::SupervisorId;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::SUPERVISED;
use super::process::ChildPid;
use crate::handlers::guard::{is_guard, reap};

/// What a guard may take to end what it guards.
const GUARD_MS: u64 = 2_000;

#[derive(Debug)]
pub(super) struct Strangers {
    /// As it stands in the environment of our workers.
    mark: Vec<u8>,
    known: HashMap<Pid, Stranger>,
}

#[derive(Debug)]
struct Stranger {
    since_ms: u64,
    told: bool,
    /// It belongs to another user by now, and waiting for it could take for ever.
    out_of_reach: bool,
}

impl Strangers {
    /// To be called before the first worker is started.
    pub(super) fn adopt(own: &SupervisorId) -> std::io::Result<Strangers> {
        reap::adopt_orphans()?;
        Ok(Strangers { mark: format!("{SUPERVISED}={own}").into_bytes(), known: HashMap::new() })
    }

    /// Ends and reaps strangers; `ours` are the processes that we started and did not reap. Is nothing left?
    ///
    /// No number can change its owner meanwhile: only the caller reaps, and starts processes.
    pub(super) fn sweep(&mut self, now_ms: u64, ours: impl Iterator<Item = ChildPid>) -> bool {
        let ours: HashSet<Pid> = ours.map(ChildPid::pid).collect();
        let mut children = reap::children();
        children.retain(|child| !ours.contains(child) && !is_reaped(*child));
        self.known.retain(|child, _| children.contains(child));
        for child in children {
            // Asked each time: one that is just becoming another program has no environment for a moment.
            if !carries(&self.mark, child) && !self.known.contains_key(&child) {
                continue;
            }
            let stranger = Stranger { since_ms: now_ms, told: false, out_of_reach: false };
            self.known.entry(child).or_insert(stranger).end(child, now_ms);
        }
        self.known.values().all(|stranger| stranger.out_of_reach)
    }
}

impl Stranger {
    fn end(&mut self, own: Pid, now_ms: u64) {
        if now_ms < self.since_ms + GUARD_MS && is_guard(own) {
            return;
        }
        if !self.told {
            self.told = true;
            tracing::info!(pid = own.as_raw_nonzero(), "ending what a worker left behind");
        }
        self.out_of_reach = kill_process(own, Signal::KILL) == Err(Errno::PERM);
    }
}

/// Is this among the variables that a process began with? Those of another user's process cannot be read.
fn carries(mark: &[u8], process: Pid) -> bool {
    let variables = std::fs::read(format!("/proc/{}/environ", process.as_raw_nonzero())).unwrap_or_default();
    variables.split(|byte| *byte == 0).any(|variable| variable == mark)
}

/// Reaps it if it has ended.
fn is_reaped(child: Pid) -> bool {
    loop {
        match waitpid(Some(child), WaitOptions::NOHANG) {
            Err(Errno::INTR) => {}
            Ok(None) => return false,
            Ok(Some(_)) | Err(_) => return true,
        }
    }
}
