//! The worker under test: a process in a group of its own, which ends with its case.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// As much of what it wrote as fits onto a screen.
const LAST_WORDS_BYTES: u64 = 1_500;

pub(super) struct Program {
    child: Mutex<Child>,
    group: Pid,
    output: File,
}

impl Program {
    pub(super) fn start(command: &str, url: &str) -> Result<Program> {
        let output = tempfile::tempfile().context("failed to make a file for what it writes")?;
        let mut shell = Command::new("/bin/sh");
        shell
            .arg("-c")
            // The whole group gets the signal; the shell must outlive what it started, to say how that ended.
            .arg(format!("trap : TERM; {command}"))
            .env("BATON_URL", url)
            .env("BATON_API_KEY", "conformance");
        shell.env("BATON_CONFORMANCE", "1");
        shell.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?);
        let child =
            shell.process_group(0).kill_on_drop(true).spawn().context("failed to start the worker")?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 1);
        let group = id.and_then(Pid::from_raw).context("failed to start the worker: it ended at once")?;
        Ok(Program { child: Mutex::new(child), group, output })
    }

    /// How it ended, if it has.
    pub(super) fn ended(&self) -> Option<ExitStatus> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait().ok().flatten()
    }

    /// Tells it to end, as an operator or a container does.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        // It leads its group, and is not waited for yet: the number is nobody else's.
        if self.ended().is_none() {
            let _ = kill_process_group(self.group, signal);
        }
    }

    pub(super) fn last_words(&self) -> String {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = self.output.try_clone()?;
            let length = file.seek(SeekFrom::End(0))?;
            file.seek(SeekFrom::Start(length.saturating_sub(LAST_WORDS_BYTES)))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        String::from_utf8_lossy(&read().unwrap_or_default()).trim().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
