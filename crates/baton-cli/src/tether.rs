//! Becomes another program, and makes sure that it does not outlive the process that started this one, however that
//! one ends. Where the kernel has no such promise, the starter's own care is all there is.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::exit::Exit;

#[derive(Args)]
pub(crate) struct Tether {
    /// The process that must be our parent
    #[arg(long)]
    parent: i32,
    /// How the program is told to end
    #[arg(long, value_enum)]
    signal: Signal,
    /// The program, and its arguments
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Signal {
    Term,
    Kill,
}

/// Comes back only where it failed.
pub(crate) fn run(tether: Tether) -> Result<Exit> {
    die_with_parent(tether.signal)?;
    // It may have died before it was asked to be followed; then we belong to somebody else by now.
    let parent = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().get());
    if parent != Some(tether.parent) {
        bail!("the process {} that started this one has ended", tether.parent);
    }
    let mut words = tether.program.into_iter();
    let program = words.next().context("there is no program to become")?;
    let error = Command::new(&program).args(words).exec();
    Err(error).with_context(|| format!("failed to start {}", program.display()))
}

#[cfg(target_os = "linux")]
fn die_with_parent(signal: Signal) -> Result<()> {
    let signal = match signal {
        Signal::Term => rustix::process::Signal::TERM,
        Signal::Kill => rustix::process::Signal::KILL,
    };
    Ok(rustix::process::set_parent_process_death_signal(Some(signal))?)
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: Signal) -> Result<()> {
    Ok(())
}
