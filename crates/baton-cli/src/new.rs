//! `baton new`: a handler of one's own, ready to run. A handler is a program: a task on standard input, its result on
//! standard output.

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
  baton task submit greet --payload '{\"name\":\"you\"}' --wait")]
pub(crate) struct New {
    /// The kind of task that it runs, which is the name of the file
    name: Kind,
    /// In which language
    #[arg(long, value_enum, default_value = "shell")]
    lang: Language,
    /// Where handlers are
    #[arg(long, value_name = "DIR", default_value = "handlers")]
    dir: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    /// For sh
    Shell,
    /// For Python 3, without libraries
    Python,
}

impl Language {
    fn text(self) -> &'static str {
        match self {
            Language::Shell => include_str!("new/handler.sh"),
            Language::Python => include_str!("new/handler.py"),
        }
    }
}

pub(crate) fn run(out: &Out, new: &New) -> Result<Exit> {
    let path = new.dir.join(new.name.as_str());
    fs::create_dir_all(&new.dir).with_context(|| format!("failed to make {}", new.dir.display()))?;
    write(&path, new.lang.text())?;
    out.line(&path.display().to_string())?;
    let dir = new.dir.display();
    say(&format!(
        "to run it: baton dev --exec-dir {dir}\nthen:      baton task submit {} --payload '{{\"name\":\"you\"}}' --wait",
        new.name
    ));
    Ok(Exit::Fine)
}

/// What is there stays: somebody has worked on it.
fn write(path: &Path, text: &str) -> Result<()> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o755).open(path);
    let mut file = opened.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Stop::new(Exit::Conflict, format!("{} is there already, and stays as it is", path.display()))
                .into()
        }
        _ => anyhow::Error::from(error).context(format!("failed to make {}", path.display())),
    })?;
    file.write_all(text.as_bytes()).with_context(|| format!("failed to write {}", path.display()))
}
