//! `cargo xtask interop`: clients and token libraries of others, in Python and in Node, against a fleet of our own.
//!
//! Each script of the directory `interop` speaks for one library: it prints a line for each check, and fails if one does.
//! Versions are fixed, so that what failed today failed because of us; raise them by hand. It needs the registries of both
//! languages the first time, which is why it is no part of the tests.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::fleet::{self, Fleet};
use crate::{command, packages};

const PYTHON: [&str; 7] = [
    "authlib==1.9.9",
    "joserfc==1.8.0",
    "oauthlib==4.0.1",
    "pyjwt[crypto]==2.15.1",
    "python-jose[cryptography]==3.5.0",
    "requests==2.34.2",
    "requests-oauthlib==2.0.0",
];

const NODE: [&str; 3] = ["jose@6.2.17", "oauth4webapi@3.8.8", "openid-client@6.8.9"];

/// What is asked for.
#[derive(clap::Args)]
pub(crate) struct Interop {
    /// Run only the scripts whose names contain this text
    filter: Option<String>,
}

pub(crate) fn run(root: &Path, interop: &Interop) -> Result<bool> {
    let here = command::target(root).join("interop");
    fs::create_dir_all(&here)?;
    let here = here.canonicalize()?;
    let python = packages::python(&here, &PYTHON)?.join("python");
    packages::node(&here, &NODE)?;
    let fleet = fleet::secured(root, &here)?;
    let (mut passed, mut failed) = (0, Vec::new());
    for script in scripts(root, &here, interop.filter.as_deref())? {
        let language = if script.ends_with(".py") { python.as_os_str() } else { "node".as_ref() };
        if speak(Command::new(language).arg(here.join(&script)), &fleet)? {
            passed += 1;
        } else {
            failed.push(script);
        }
    }
    println!("== logs: {}", here.display());
    failed.iter().for_each(|script| println!("== FAILED: {script}"));
    println!("interop: {passed} passed, {} failed", failed.len());
    Ok(failed.is_empty() && passed > 0)
}

/// Copies the scripts to the packages, beside which Node looks for them, and names those that check something.
fn scripts(root: &Path, here: &Path, filter: Option<&str>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("crates/xtask/src/interop")).context("failed to find the scripts")? {
        let (path, name) =
            entry.map(|entry| (entry.path(), entry.file_name().to_string_lossy().into_owned()))?;
        if !path.is_file() {
            continue;
        }
        fs::copy(&path, here.join(&name))?;
        if name.starts_with("with_") && filter.is_none_or(|filter| name.contains(filter)) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn speak(script: &mut Command, fleet: &Fleet) -> Result<bool> {
    let status = script
        .env("BATON_URL", &fleet.url)
        .env("BATON_API_KEY", fleet.key.as_deref().unwrap_or_default())
        .env("BATON_USER", fleet::USER)
        .env("BATON_PASSWORD", fleet::PASSWORD)
        .env("BATON_CLIENT", fleet::CLIENT)
        .env("BATON_CLIENT_SECRET", fleet::CLIENT_SECRET)
        // Names under which these libraries let their users do without TLS on one machine.
        .env("AUTHLIB_INSECURE_TRANSPORT", "1")
        .env("OAUTHLIB_INSECURE_TRANSPORT", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status();
    Ok(status.context("failed to start a script")?.success())
}
