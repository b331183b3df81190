//! Running other programs: in silence for an answer, in the open for a person, or line by line for both.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, IsTerminal, PipeReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// How often a silent stream is asked whether its program still runs.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Where cargo builds: it says in a variable when that is elsewhere.
#[expect(clippy::disallowed_methods, reason = "where cargo builds is asked where cargo asks it")]
pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target))
}

/// What the program printed, or nothing when it is missing or failed.
pub(crate) fn answer<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[S]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program that speaks to the person directly; true when it succeeded.
pub(crate) fn shown<S: AsRef<OsStr>>(
    root: &Path,
    program: impl AsRef<OsStr>,
    arguments: &[S],
) -> Result<bool> {
    let program = program.as_ref();
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .status()
        .with_context(|| format!("failed to start {}", program.display()))?;
    Ok(status.success())
}

/// Runs `cargo` and hands on every line it prints as it comes, standard error included; true when it succeeded.
///
/// Both streams share one pipe: a line that says which program runs must arrive before that program's result.
pub(crate) fn cargo_lines(root: &Path, arguments: &[&str], mut each: impl FnMut(&str)) -> Result<bool> {
    let (reader, writer) = io::pipe()?;
    let color = if io::stdout().is_terminal() { "always" } else { "never" };
    let mut child = Command::new("cargo")
        .args(arguments)
        .current_dir(root)
        .env("CARGO_TERM_COLOR", color)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .context("failed to start cargo")?;
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || send_lines(reader, &sender));
    // The end of the pipe is not awaited: a server that a crashed test left behind holds the other end open for ever.
    let mut over = false;
    loop {
        match lines.recv_timeout(LOOK_EVERY) {
            Ok(line) => each(&line),
            Err(RecvTimeoutError::Timeout) if !over => over = child.try_wait()?.is_some(),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(child.wait()?.success())
}

fn send_lines(reader: PipeReader, lines: &mpsc::Sender<String>) {
    for line in BufReader::new(reader).split(b'\n') {
        let Ok(line) = line else { return };
        if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
            return;
        }
    }
}
