//! The chores of this repository, written in Rust so that a bare machine can run them: `cargo xtask <chore>`.
//!
//! This program knows files, words and commands. It refuses to know how to speak to Redis: a chore that needs a
//! running server is a test. It must not depend on `baton-store`, so that it builds in seconds.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program speaks by printing")]

mod apt;
mod check;
mod codegen;
mod command;
mod count;
mod demo;
mod fleet;
mod fuzz;
mod http;
mod interop;
mod lua;
mod packages;
mod server;
mod shots;
mod soak;
mod testing;
mod tidy;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The chores of this repository", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// A whole fleet at work on this machine; Ctrl-C ends it and leaves nothing
    Demo(demo::Demo),
    /// Run every test; the last line of output is `N passed, N failed`
    Test {
        /// Run only the tests whose names contain this text
        filter: Option<String>,
    },
    /// Everything a change must pass: format, lints, tidy, dependencies, then the tests
    Check {
        /// Leave out the tests
        #[arg(long)]
        no_test: bool,
        /// Install cargo-deny when it is missing (this takes some minutes)
        #[arg(long)]
        install: bool,
    },
    /// Requests made up out of the API document, against a fleet of our own (needs python3)
    Fuzz(fuzz::Fuzz),
    /// Login clients and token libraries of others, against a fleet of our own (needs python3 and node)
    Interop(interop::Interop),
    /// A fleet under load, of which something is killed every second; then the proofs
    Soak(soak::Soak),
    /// A picture of every page of a fleet that runs, for somebody to look at (needs chromium)
    Shots(shots::Shots),
    /// Text checks: arrows, keys, scripts, links, generated files
    Tidy,
    /// Write the files that are generated from baton-core
    Codegen {
        /// Write nothing; fail when a file is out of date
        #[arg(long)]
        check: bool,
    },
    /// Look at the scripts
    Lua {
        #[command(subcommand)]
        view: View,
    },
}

#[derive(Subcommand)]
enum View {
    /// Print a script as the store sends it, for `redis-cli --eval`
    Print {
        /// For example `task/progress`
        name: String,
    },
}

fn main() -> ExitCode {
    match run(&root(), Arguments::parse().chore) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// True when all is well; false when what is wrong has been printed.
fn run(root: &Path, chore: Chore) -> Result<bool> {
    match chore {
        Chore::Demo(demo) => demo::run(root, &demo),
        Chore::Test { filter } => testing::run(root, filter.as_deref()),
        Chore::Check { no_test, install } => check::run(root, &check::Wanted { tests: !no_test, install }),
        Chore::Fuzz(fuzz) => fuzz::run(root, &fuzz),
        Chore::Interop(interop) => interop::run(root, &interop),
        Chore::Soak(soak) => soak::run(root, &soak),
        Chore::Shots(shots) => shots::run(root, &shots),
        Chore::Tidy => tidy::run(root),
        Chore::Codegen { check: true } => codegen::check(root),
        Chore::Codegen { check: false } => codegen::write(root),
        Chore::Lua { view: View::Print { name } } => lua::print(root, &name),
    }
}

/// The directory of the workspace: two above this crate, wherever the command was typed.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
