//! What a dead worker left behind. On Linux it falls to the supervisor, which ends and reaps it.
//!
//! A stranger is a child of ours that we did not start: a guard whose worker is dead, or something that a guard or a
//! handler without one left. Guards end their programs by themselves, and get a moment for it. What were our children
//! before we began, because this program took the place of another one, is not touched.

use std::collections::{HashMap, HashSet};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::process::ChildPid;
use crate::handlers::guard::{is_guard, reap};

/// What a guard may take to end what it guards.
const GUARD_MS: u64 = 2_000;

#[derive(Debug, Default)]
pub(super) struct Strangers {
    before: HashSet<Pid>,
    /// Since when each is known.
    known: HashMap<Pid, u64>,
}

impl Strangers {
    /// To be called before the first worker is started.
    pub(super) fn adopt() -> std::io::Result<Strangers> {
        reap::adopt_orphans()?;
        Ok(Strangers { before: reap::children().into_iter().collect(), known: HashMap::new() })
    }

    /// Ends and reaps strangers; `ours` are the processes that we started and did not reap. Is nothing left?
    ///
    /// No number can change its owner meanwhile: only the caller reaps, and starts processes.
    pub(super) fn sweep(&mut self, now_ms: u64, ours: impl Iterator<Item = ChildPid>) -> bool {
        let ours: HashSet<Pid> = ours.map(ChildPid::pid).collect();
        let children: HashSet<Pid> =
            reap::children().into_iter().filter(|child| !ours.contains(child)).collect();
        self.before.retain(|child| children.contains(child) && !is_reaped(*child));
        self.known.retain(|child, _| children.contains(child));
        let mut theirs = Vec::new();
        for child in children.difference(&self.before) {
            if is_reaped(*child) {
                self.known.remove(child);
                continue;
            }
            let since = *self.known.entry(*child).or_insert(now_ms);
            if now_ms >= since + GUARD_MS || !is_guard(*child) {
                tracing::info!(pid = child.as_raw_nonzero(), "ending what a worker left behind");
                if kill_process(*child, Signal::KILL) == Err(Errno::PERM) {
                    // It belongs to another user by now, and waiting for it could take for ever.
                    theirs.push(*child);
                }
            }
        }
        self.known.retain(|child, _| !theirs.contains(child));
        self.before.extend(theirs);
        self.known.is_empty()
    }
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
