//! The one way in which this program speaks: data on standard output, all else on standard error.
//!
//! A reader that has seen enough closes its end, as `head` does. That is no failure: the first write that finds the
//! pipe closed ends the command with code 0.

mod cells;
mod colour;
mod time;

use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use baton::TaskId;
use clap::ValueEnum;
use serde::Serialize;

pub(crate) use cells::{Table, plain};
pub(crate) use colour::{code, glyph, paint, status};
pub(crate) use time::{age, length, now_ms, span};

/// In which form data is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns
    Table,
    /// The same with more columns
    Wide,
    /// One document for one thing, one line each for many
    Json,
    /// Only the id or name
    Name,
}

/// Standard output, and how to write on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    pub(crate) format: Format,
    pub(crate) colour: bool,
    terminal: bool,
    /// Columns and rows of the terminal, if it is one and says so.
    pub(crate) width: Option<usize>,
    pub(crate) height: Option<usize>,
    /// Times as they are instead of as seen from now.
    pub(crate) absolute: bool,
}

impl Out {
    pub(crate) fn new(format: Format, absolute: bool) -> Out {
        let terminal = io::stdout().is_terminal();
        let size = terminal.then(|| rustix::termios::tcgetwinsize(io::stdout()).ok()).flatten();
        let width = size.map(|size| usize::from(size.ws_col)).filter(|width| *width > 0);
        let height = size.map(|size| usize::from(size.ws_row)).filter(|height| *height > 0);
        Out { format, colour: colour::wanted(terminal), terminal, width, height, absolute }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Text as it is.
    pub(crate) fn text(&self, text: &str) -> Result<()> {
        self.bytes(text.as_bytes())
    }

    pub(crate) fn line(&self, line: &str) -> Result<()> {
        self.text(&format!("{line}\n"))
    }

    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(Unwritten)?;
        Ok(())
    }

    /// One thing, for a program.
    pub(crate) fn document(&self, value: &impl Serialize) -> Result<()> {
        self.line(&serde_json::to_string_pretty(value)?)
    }

    /// One of many things, for a program: a line. A payload may have been written over several lines; between the
    /// tokens of JSON a space says the same, and inside a string there is no line end.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> Result<()> {
        self.line(&serde_json::to_string(value)?.replace(['\n', '\r'], " "))
    }
}

/// Standard output did not take it.
#[derive(Debug)]
pub(crate) struct Unwritten(io::Error);

impl std::fmt::Display for Unwritten {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("failed to write to standard output")
    }
}

impl std::error::Error for Unwritten {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// What somebody else wrote must not move the cursor of whoever reads it. Programs get it as it is.
pub(crate) fn tame(out: &Out, text: &str) -> String {
    let harmless = |one: char| !one.is_control() || one == '\n' || one == '\t';
    match out.is_terminal() {
        true => text.chars().map(|one| if harmless(one) { one } else { '�' }).collect(),
        false => text.to_owned(),
    }
}

/// For eyes: the nine hex digits before the last three, because the front is a clock and the very end is the shard.
pub(crate) fn short(id: TaskId) -> String {
    let text = id.to_string();
    text[text.len() - 12..text.len() - 3].to_owned()
}

/// True where nobody reads any more.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let unwritten = error.chain().find_map(|cause| cause.downcast_ref::<Unwritten>());
    unwritten.is_some_and(|Unwritten(cause)| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// A word to the person. Nobody who reads only the data misses it, and where standard error is closed it is lost.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
