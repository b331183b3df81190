//! Packages of Python and of Node that chores need, each chore's in a directory of its own below `target`, apart from
//! whatever else is installed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::{apt, command};

/// Where the programs of a Python are that has these packages.
pub(crate) fn python(place: &Path, packages: &[&str]) -> Result<PathBuf> {
    let programs = place.join("venv/bin");
    once(place, "python", packages, || {
        if !command::shown(place, "python3", &["-m", "venv", "venv"]).unwrap_or(false) {
            bail!(
                "this needs python3 with its module venv; to install it, type:\n\n    {}\n",
                apt::line("python3-venv")
            );
        }
        let install = ["install", "--quiet", "--disable-pip-version-check"];
        command::shown(place, programs.join("pip"), &[&install, packages].concat())
    })?;
    Ok(programs)
}

/// Packages that programs of Node find which lie in the same directory.
pub(crate) fn node(place: &Path, packages: &[&str]) -> Result<()> {
    if command::answer("node", &["--version"]).is_none() || command::answer("npm", &["--version"]).is_none() {
        bail!("this needs node and npm; to install them, type:\n\n    {}\n", apt::line("nodejs npm"));
    }
    once(place, "node", packages, || {
        let install = ["install", "--no-save", "--no-audit", "--no-fund", "--silent"];
        command::shown(place, "npm", &[&install, packages].concat())
    })
}

/// Installs what a note does not say is there.
fn once(place: &Path, name: &str, packages: &[&str], install: impl FnOnce() -> Result<bool>) -> Result<()> {
    let note = place.join(format!("{name}.installed"));
    let wanted = packages.join("\n");
    if fs::read_to_string(&note).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    println!("== {name}: installing {}", packages.join(", "));
    if !install()? {
        bail!("{name} cannot install its packages");
    }
    Ok(fs::write(note, wanted)?)
}
