//! `baton new`: a worker of one's own, ready to run. In most languages that is a handler, which is a program: a task on
//! standard input, its result on standard output. In Rust it is a crate.

mod rust;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use baton_core::Kind;
use clap::{Args, ValueEnum};

use crate::exit::{Exit, Stop};
use crate::out::{Out, say};

#[derive(Args)]
#[command(before_help = "Examples:
  baton new greet                          handlers/greet, a shell script
  baton new --lang python mail.send        the same in Python
  baton dev --exec-dir handlers            a fleet that runs it
  baton new --lang rust mail.send          a crate with a worker, its handler and a test
  baton task submit greet --payload '{\"name\":\"you\"}' --wait")]
pub(crate) struct New {
    /// The kind of task that it runs, which is the name of the file, or of the directory of the crate
    name: Kind,
    /// In which language
    #[arg(long, value_enum, default_value = "shell")]
    lang: Language,
    /// Where it is made [default: handlers; in Rust: here]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// In Rust: the checkout of Baton whose library is used [default: the one around here, or around this program]
    #[arg(long, value_name = "PATH")]
    baton: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    /// For sh
    Shell,
    /// For Python 3, without libraries
    Python,
    /// A crate that uses the library `baton`, and speaks to Redis itself
    Rust,
}

pub(crate) fn run(out: &Out, new: &New) -> Result<Exit> {
    match new.lang {
        Language::Shell => handler(out, new, include_str!("handler.sh")),
        Language::Python => handler(out, new, include_str!("handler.py")),
        Language::Rust => package(out, new),
    }
}

fn handler(out: &Out, new: &New, text: &str) -> Result<Exit> {
    if new.baton.is_some() {
        return Err(Stop::new(Exit::Usage, "--baton is for --lang rust").into());
    }
    let dir = new.dir.as_deref().unwrap_or(Path::new("handlers"));
    let path = dir.join(new.name.as_str());
    fs::create_dir_all(dir).with_context(|| format!("failed to make {}", dir.display()))?;
    write(&path, text, 0o755)?;
    out.line(&path.display().to_string())?;
    let dir = dir.display();
    say(&format!("to run it: baton dev --exec-dir {dir}\nthen:      {}", submit(&new.name)));
    Ok(Exit::Fine)
}

fn package(out: &Out, new: &New) -> Result<Exit> {
    let directory = match &new.dir {
        Some(dir) => dir.join(new.name.as_str()),
        None => PathBuf::from(new.name.as_str()),
    };
    let library = rust::make(&directory, &new.name, new.baton.as_deref())?;
    out.line(&directory.display().to_string())?;
    say(&format!(
        "it uses the library in {}, because there is no release in a registry yet\nto try it: cd {} && cargo test\nto run it: BATON_REDIS_URL=redis://127.0.0.1:6379 cargo run\nthen:      {}",
        library.display(),
        directory.display(),
        submit(&new.name)
    ));
    Ok(Exit::Fine)
}

fn submit(kind: &Kind) -> String {
    format!("baton task submit {kind} --payload '{{\"name\":\"you\"}}' --wait")
}

/// What is there stays: somebody has worked on it.
fn write(path: &Path, text: &str, mode: u32) -> Result<()> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = opened.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Stop::new(Exit::Conflict, format!("{} is there already, and stays as it is", path.display()))
                .into()
        }
        _ => anyhow::Error::from(error).context(format!("failed to make {}", path.display())),
    })?;
    file.write_all(text.as_bytes()).with_context(|| format!("failed to write {}", path.display()))
}
