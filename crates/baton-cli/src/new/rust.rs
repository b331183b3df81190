//! A worker in Rust: a crate of one's own beside a checkout of ours.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use baton_core::Kind;

use super::write;
use crate::exit::{Exit, Stop};

const MANIFEST: &str = include_str!("rust/Cargo.toml.txt");
const MAIN: &str = include_str!("rust/main.rs");
const README: &str = include_str!("rust/README.md");

/// Makes the crate, and says where the crate `baton` is that it uses.
pub(super) fn make(directory: &Path, kind: &Kind, checkout: Option<&Path>) -> Result<PathBuf> {
    let checkout = found(checkout)?;
    let library = checkout.join(LIBRARY);
    if directory.exists() {
        let sentence = format!("{} is there already, and stays as it is", directory.display());
        return Err(Stop::new(Exit::Conflict, sentence).into());
    }
    let sources = directory.join("src");
    fs::create_dir_all(&sources).with_context(|| format!("failed to make {}", sources.display()))?;
    let filled = |text: &str| -> Result<String> {
        // A string of JSON is one of TOML.
        let path = serde_json::to_string(library.to_str().context("the path of the checkout is no UTF-8")?)?;
        let text = text.replace("{package}", &package(kind)).replace("{kind}", kind.as_str());
        Ok(text.replace("{path}", &path))
    };
    write(&directory.join("Cargo.toml"), &filled(MANIFEST)?, 0o644)?;
    write(&sources.join("main.rs"), &filled(MAIN)?, 0o644)?;
    write(&directory.join("README.md"), &filled(README)?, 0o644)?;
    // The versions with which the library is tested.
    let lock = checkout.join("Cargo.lock");
    if let Ok(lock) = fs::read_to_string(&lock) {
        write(&directory.join("Cargo.lock"), &lock, 0o644)?;
    }
    Ok(library)
}

/// Where the library is in a checkout.
const LIBRARY: &str = "crates/baton";

/// The checkout that was named, or the one in which this is run, or of which this program was built.
fn found(named: Option<&Path>) -> Result<PathBuf> {
    let is_one = |path: &Path| path.join(LIBRARY).join("Cargo.toml").is_file();
    let program = std::env::current_exe().ok();
    let here = std::env::current_dir().ok();
    let above = |path: Option<PathBuf>| {
        path.and_then(|path| path.ancestors().find(|path| is_one(path)).map(Path::to_owned))
    };
    let path = match named {
        Some(path) if is_one(path) => Some(path.to_owned()),
        Some(path) => {
            let sentence = format!("{} is no checkout of Baton: it has no {LIBRARY}", path.display());
            return Err(Stop::new(Exit::Usage, sentence).into());
        }
        None => above(here).or_else(|| above(program)),
    };
    let path = path.ok_or_else(|| {
        Stop::new(
            Exit::Usage,
            "there is no release of the crate in a registry yet, and no checkout of Baton around here: name one with --baton PATH",
        )
    })?;
    path.canonicalize().with_context(|| format!("failed to find {}", path.display()))
}

/// Names of packages have fewer characters than kinds, and begin with a letter.
fn package(kind: &Kind) -> String {
    let fits = |one: char| if one.is_ascii_alphanumeric() { one.to_ascii_lowercase() } else { '-' };
    let name: String = kind.as_str().chars().map(fits).collect();
    match name.trim_matches('-') {
        "" => "worker".to_owned(),
        // A dependency and a package of one name cannot be told apart.
        name if RESERVED.contains(&name) || !name.starts_with(|one: char| one.is_ascii_lowercase()) => {
            format!("worker-{name}")
        }
        name => name.to_owned(),
    }
}

/// Names of our dependencies, of crates of the language, and of directories in which cargo builds.
const RESERVED: [&str; 12] = [
    "anyhow",
    "baton",
    "serde",
    "tokio",
    "test",
    "core",
    "std",
    "alloc",
    "build",
    "deps",
    "examples",
    "incremental",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_a_package() {
        for (kind, name) in [
            ("mail.send", "mail-send"),
            ("a", "a"),
            ("Report:2", "report-2"),
            ("7", "worker-7"),
            ("baton", "worker-baton"),
            ("--", "worker"),
            ("build", "worker-build"),
            ("deps", "worker-deps"),
            ("examples", "worker-examples"),
            ("incremental", "worker-incremental"),
        ] {
            assert_eq!(package(&Kind::new(kind).unwrap()), name);
        }
    }

    #[test]
    fn what_is_no_checkout_is_refused() {
        let nowhere = tempfile::tempdir().unwrap();
        assert!(found(Some(nowhere.path())).unwrap_err().to_string().contains("no checkout of Baton"));
    }
}
