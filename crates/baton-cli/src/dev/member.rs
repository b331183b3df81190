//! One process of the fleet. It ends when it is told to, when it is dropped, and when we die, however we die.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpgid, kill_process, kill_process_group, waitid,
};
use tokio::process::{Child, Command};

use super::kin;

/// What a process is started with. The same again starts it again.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    /// `gateway-1`, `supervisor`, `redis`.
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(&'static str, OsString)>,
    /// Where its words go; `None` is our own standard error.
    pub(super) log: Option<PathBuf>,
    /// How it is told to end when we die.
    pub(super) on_our_death: &'static str,
}

/// A running process, leader of a group of its own: Ctrl-C on the terminal reaches only us, and we end the others in
/// order.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) recipe: Recipe,
    child: Child,
    pid: Pid,
}

impl Member {
    /// The kernel watches over the thread that calls this: it must be the one that lives as long as we do.
    pub(super) fn start(recipe: Recipe) -> Result<Member> {
        let mut command = Command::new(this_program()?);
        command.args(["tether", "--signal", recipe.on_our_death, "--parent"]);
        command.arg(std::process::id().to_string()).arg("--").arg(&recipe.program).args(&recipe.arguments);
        for (name, _) in ours() {
            command.env_remove(name);
        }
        command.envs(recipe.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).process_group(0).kill_on_drop(true);
        match &recipe.log {
            Some(path) => {
                let log = File::options().create(true).append(true).open(path);
                let log = log.with_context(|| format!("failed to open {}", path.display()))?;
                command.stdout(log.try_clone()?).stderr(log);
            }
            None => {
                command.stdout(Stdio::null()).stderr(Stdio::inherit());
            }
        }
        let child = command.spawn().with_context(|| format!("failed to start {}", recipe.name))?;
        let pid =
            child.id().and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 1).and_then(Pid::from_raw);
        let pid = pid.with_context(|| format!("{} ended at once", recipe.name))?;
        Ok(Member { recipe, child, pid })
    }

    pub(super) fn name(&self) -> &str {
        &self.recipe.name
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(|status| status.to_string())
    }

    /// Fails with the last of its words where it has ended.
    pub(super) fn must_run(&mut self) -> Result<()> {
        let Some(how) = self.ended() else { return Ok(()) };
        let words = self.recipe.log.as_deref().map(tail).unwrap_or_default();
        bail!("{} ended ({how})\n{words}", self.recipe.name)
    }

    /// Tells it to end, and waits for so long; then it is killed.
    pub(super) async fn end(&mut self, patience: Duration) {
        self.signal(Signal::TERM);
        if tokio::time::timeout(patience, self.child.wait()).await.is_err() {
            self.kill();
            let _ = self.child.wait().await;
        }
    }

    /// Ends it and what it started, without a chance to tidy up.
    pub(super) fn kill(&mut self) {
        if self.ended().is_none() {
            self.kill_children();
            // It leads its group, and is not waited for yet: the number is nobody else's.
            let _ = kill_process_group(self.pid, Signal::KILL);
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }

    /// Workers lead groups of their own. While their supervisor stands still it waits for none of them, so their numbers
    /// are nobody else's.
    fn kill_children(&self) {
        if kill_process(self.pid, Signal::STOP).is_err() {
            return;
        }
        // EXITED, too: only waiting for the stop of one that just died would never end.
        let events = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(self.pid), events), Err(Errno::INTR)) {}
        for child in kin::children(self.pid) {
            if getpgid(Some(child)) == Ok(child) {
                let _ = kill_process_group(child, Signal::KILL);
            }
            let _ = kill_process(child, Signal::KILL);
        }
    }

    fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            let _ = kill_process(self.pid, signal);
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}

/// This very program, also after its file was replaced.
pub(super) fn this_program() -> Result<PathBuf> {
    std::env::current_exe().context("failed to find this program")
}

/// Settings of whoever started us that are not meant for the fleet.
fn ours() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| is_ours(name))
}

fn is_ours(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"BATON_") || name == "REDIS_URL"
}

/// The last lines of a log.
fn tail(path: &Path) -> String {
    const BYTES: u64 = 4_096;
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(12).collect();
    lines.into_iter().rev().map(|line| format!("  {line}\n")).collect()
}
