//! The system's package tool, where it may be asked without a question: on Debian and Ubuntu, as root.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;

/// Can packages be installed here without asking anybody?
pub(crate) fn is_ours() -> bool {
    is_debian(&fs::read_to_string("/etc/os-release").unwrap_or_default()) && is_root()
}

/// Is this a Debian, or like one?
pub(crate) fn is_debian(os_release: &str) -> bool {
    names(os_release).any(|name| name == "debian" || name == "ubuntu")
}

/// The system's own name, then those it is like.
pub(crate) fn names(os_release: &str) -> impl Iterator<Item = &str> {
    let values = |key: &'static str| os_release.lines().filter_map(move |line| line.strip_prefix(key));
    values("ID=").chain(values("ID_LIKE=")).flat_map(|value| value.trim_matches('"').split_whitespace())
}

fn is_root() -> bool {
    command::answer("id", &["-u"]).is_some_and(|answer| answer.trim() == "0")
}

/// Installs a package. Only the programs are wanted, so its service is asked not to start.
pub(crate) fn install(package: &str) -> Result<()> {
    for arguments in [&["update"][..], &["install", "-y", "--no-install-recommends", package]] {
        println!("== apt-get {}", arguments.join(" "));
        let status = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("RUNLEVEL", "1")
            .status()
            .context("failed to start apt-get")?;
        if !status.success() {
            bail!("apt-get {} failed; to try by hand, type:\n\n    {}\n", arguments.join(" "), line(package));
        }
    }
    Ok(())
}

/// What a person would type.
pub(crate) fn line(package: &str) -> String {
    format!("sudo apt-get update && sudo apt-get install -y --no-install-recommends {package}")
}
