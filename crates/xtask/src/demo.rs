//! `cargo xtask demo`: a whole fleet at work on this machine, from nothing but cargo and a C compiler.
//!
//! What there is to see is the business of `baton dev --demo`; this finds or installs Redis, builds, and becomes it.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, server};

/// What the demo is asked for.
#[derive(clap::Args)]
pub(crate) struct Demo {
    /// Run a dozen tasks to their end, print what became of them, and end
    #[arg(long)]
    once: bool,
    /// Kill a worker and a gateway at work, and print who took over what
    #[arg(long, conflicts_with = "once")]
    kill: bool,
    /// Never install Redis; say what to type instead
    #[arg(long)]
    no_install: bool,
}

/// Comes back only where something is missing or does not build.
pub(crate) fn run(root: &Path, demo: &Demo) -> Result<bool> {
    let server = if demo.no_install { server::find()? } else { server::ensure()? };
    println!("== redis: {server}");
    build(root)?;
    let error = Command::new(program(root)).args(arguments(demo)).current_dir(root).exec();
    Err(error).context("failed to start the demo")
}

fn build(root: &Path) -> Result<()> {
    if !program(root).exists() {
        println!("== build: the first time takes some minutes");
    }
    // What draws `baton top` would make the first build longer; without it, `baton top` prints one look.
    let words = ["build", "--profile", "demo", "--package", "baton-cli", "--no-default-features"];
    let built = command::shown(root, "cargo", &words)?;
    if built { Ok(()) } else { bail!("the demo does not build") }
}

fn program(root: &Path) -> std::path::PathBuf {
    command::target(root).join("demo").join("baton")
}

fn arguments(demo: &Demo) -> Vec<&'static str> {
    let mut arguments = vec!["dev", "--demo"];
    arguments.extend(demo.once.then_some("--once"));
    arguments.extend(demo.kill.then_some("--kill"));
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_handed_on() {
        let demo = |once, kill| Demo { once, kill, no_install: true };
        assert_eq!(arguments(&demo(false, false)), ["dev", "--demo"]);
        assert_eq!(arguments(&demo(true, false)), ["dev", "--demo", "--once"]);
        assert_eq!(arguments(&demo(false, true)), ["dev", "--demo", "--kill"]);
    }
}
