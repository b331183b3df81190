//! `cargo xtask check`: what a change must pass. Every step runs, whatever the one before it found.

use std::path::Path;

use anyhow::Result;

use crate::{command, testing, tidy};

pub(crate) struct Wanted {
    pub(crate) tests: bool,
    pub(crate) install: bool,
}

enum Outcome {
    Passed,
    Failed,
    /// The step could not be asked, and the line to type that would change this.
    Skipped(&'static str),
}

impl From<bool> for Outcome {
    fn from(good: bool) -> Self {
        if good { Self::Passed } else { Self::Failed }
    }
}

type Step = fn(&Path, &Wanted) -> Result<Outcome>;

const STEPS: [(&str, Step); 5] = [
    ("format", format),
    ("lints", lints),
    ("tidy", text),
    ("dependencies", dependencies),
    ("advisories", advisories),
];

/// True when no step failed. A skipped step is named, with what to type, but does not fail the rest.
pub(crate) fn run(root: &Path, wanted: &Wanted) -> Result<bool> {
    let mut outcomes = Vec::new();
    for (name, step) in STEPS {
        println!("== {name}");
        outcomes.push((name, step(root, wanted)?));
    }
    println!("== summary");
    for (name, outcome) in &outcomes {
        match outcome {
            Outcome::Passed => println!("   {name}: passed"),
            Outcome::Failed => println!("   {name}: FAILED"),
            Outcome::Skipped(line) => {
                println!("   {name}: SKIPPED, nothing was checked; to check it: {line}")
            }
        }
    }
    let good = !outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed));
    // The tests come last, so that the last line is their count here too.
    let tested = !wanted.tests || testing::run(root, None)?;
    Ok(good && tested)
}

fn format(root: &Path, _: &Wanted) -> Result<Outcome> {
    if !has("fmt") {
        return Ok(Outcome::Skipped("rustup component add rustfmt"));
    }
    Ok(command::shown(root, "cargo", &["fmt", "--all", "--check"])?.into())
}

/// Goes on after a crate with problems, so that one run shows those of every crate that can be read.
const LINTS: &[&str] = &["clippy", "--workspace", "--all-targets", "--keep-going", "--", "-D", "warnings"];

fn lints(root: &Path, _: &Wanted) -> Result<Outcome> {
    if !has("clippy") {
        return Ok(Outcome::Skipped("rustup component add clippy"));
    }
    Ok(command::shown(root, "cargo", LINTS)?.into())
}

fn text(root: &Path, _: &Wanted) -> Result<Outcome> {
    Ok(tidy::run(root)?.into())
}

/// A crate that may use a hidden library and does not is no news.
const GRAPH: &[&str] = &["deny", "check", "--allow", "unused-wrapper", "bans", "licenses", "sources"];

fn dependencies(root: &Path, wanted: &Wanted) -> Result<Outcome> {
    if !has("deny")
        && wanted.install
        && !command::shown(root, "cargo", &["install", "--locked", "cargo-deny"])?
    {
        return Ok(Outcome::Failed);
    }
    if !has("deny") {
        return Ok(Outcome::Skipped("cargo install --locked cargo-deny"));
    }
    Ok(command::shown(root, "cargo", GRAPH)?.into())
}

/// Apart from the other questions about dependencies, because it needs a list from the network: a machine that cannot
/// reach the list has not found a problem.
fn advisories(root: &Path, _: &Wanted) -> Result<Outcome> {
    if !has("deny") {
        return Ok(Outcome::Skipped("cargo install --locked cargo-deny"));
    }
    if !command::shown(root, "cargo", &["deny", "fetch", "db"])? {
        return Ok(Outcome::Skipped(
            "cargo deny check advisories (on a machine that reaches the advisory list)",
        ));
    }
    Ok(command::shown(root, "cargo", &["deny", "check", "--disable-fetch", "advisories"])?.into())
}

fn has(subcommand: &str) -> bool {
    command::answer("cargo", &[subcommand, "--version"]).is_some()
}
