//! `cargo xtask fuzz`: schemathesis, which makes up requests out of the API document, against a fleet of our own.
//!
//! What the document cannot say stands beside this file, in `fuzz.py` and `fuzz.toml`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::fleet::{self, Fleet};
use crate::{command, packages};

/// Another version finds other things: raise it by hand, and mend what it finds.
const PACKAGES: [&str; 1] = ["schemathesis==4.32.5"];

/// What the fuzzer is asked for.
#[derive(clap::Args)]
pub(crate) struct Fuzz {
    /// Examples of each operation
    #[arg(long, default_value_t = 50)]
    examples: u32,
    /// Require logins, and ask with a key that may do everything
    #[arg(long)]
    auth: bool,
    /// Handed on to `st run`: for example `--seed 7` or `--include-path /api/v1/tasks`
    #[arg(last = true)]
    more: Vec<String>,
}

pub(crate) fn run(root: &Path, fuzz: &Fuzz) -> Result<bool> {
    let here = command::target(root).join("fuzz");
    fs::create_dir_all(&here)?;
    let here = here.canonicalize()?;
    let st = packages::python(&here, &PACKAGES)?.join("st");
    let fleet = if fuzz.auth { fleet::secured(root, &here)? } else { fleet::open(root, &here)? };
    let passed = ask(root, &here, &st, &fleet, fuzz);
    println!("== logs: {}", here.display());
    passed
}

fn ask(root: &Path, here: &Path, st: &Path, fleet: &Fleet, fuzz: &Fuzz) -> Result<bool> {
    let beside = root.join("crates/xtask/src").canonicalize()?;
    let mut st = Command::new(st);
    st.arg("--config-file")
        .arg(beside.join("fuzz.toml"))
        .args(["run", &format!("{}/openapi.json", fleet.url), "--checks", "all", "--workers", "1"])
        .args(["--max-examples", &fuzz.examples.to_string(), "--request-timeout", "30"])
        // They end when their client does.
        .args(["--exclude-path-regex", "^/api/v1/(events|ws)$"])
        .args(&fuzz.more)
        .env("SCHEMATHESIS_HOOKS", beside.join("fuzz.py"))
        .current_dir(here);
    if let Some(key) = &fleet.key {
        st.args(["--header", &format!("Authorization: Bearer {key}")]);
        st.env("BATON_FUZZ_USER", format!("user_{}", fleet::USER)).env("BATON_FUZZ_KEY", key);
    }
    Ok(st.status().context("failed to start schemathesis")?.success())
}
