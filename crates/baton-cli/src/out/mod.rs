//! The one way in which this program speaks: data on standard output, all else on standard error.
//!
//! A reader that has seen enough closes its end, as `head` does. That is no failure: the first write that finds the
//! pipe closed ends the command with code 0.

mod cells;
mod colour;
mod fields;
mod raw;
mod time;
mod yaml;

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use baton::TaskId;
use clap::ValueEnum;
use serde::Serialize;

pub(crate) use cells::{Table, plain};
pub(crate) use colour::{code, glyph, paint, status, wanted as colours};
pub(crate) use fields::Fields;
pub(crate) use time::{Times, age, length, now_ms, span};

/// In which form data is printed, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Aligned columns
    Table,
    /// The same with more columns
    Wide,
    /// One document for one thing, one line each for many
    Json,
    /// The same in YAML: one document each
    Yaml,
    /// Only the id or name
    Name,
}

/// In which form a command hands over what it prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Wide,
    /// For programs, as the interface has it: this is printed as JSON, as YAML, or as the fields that were asked for.
    Json,
    Name,
}

/// How what is for programs is written.
#[derive(Clone, Copy, Debug)]
enum Dress {
    Json,
    Yaml,
    /// Rows of the fields that were asked for, aligned at the end; or at once, where nobody knows when the end is.
    Rows {
        live: bool,
    },
}

/// How a person wants what is printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) form: Form,
    /// It lives as long as the program, so that whoever prints may keep a copy.
    pub(crate) fields: Option<&'static Fields>,
    pub(crate) times: Times,
}

/// Standard output, and how to write on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    pub(crate) format: Format,
    pub(crate) colour: bool,
    dress: Dress,
    fields: Option<&'static Fields>,
    terminal: bool,
    /// Columns and rows of the terminal, if it is one and says so.
    pub(crate) width: Option<usize>,
    pub(crate) height: Option<usize>,
    times: Times,
}

impl Out {
    pub(crate) fn new(Manner { form, fields, times }: Manner) -> Out {
        let terminal = io::stdout().is_terminal();
        let size = terminal.then(|| rustix::termios::tcgetwinsize(io::stdout()).ok()).flatten();
        let width = size.map(|size| usize::from(size.ws_col)).filter(|width| *width > 0);
        let height = size.map(|size| usize::from(size.ws_row)).filter(|height| *height > 0);
        let (format, dress) = match form {
            Form::Json => (Format::Json, Dress::Json),
            Form::Yaml => (Format::Json, Dress::Yaml),
            Form::Name => (Format::Name, Dress::Json),
            Form::Table | Form::Wide if fields.is_some() => (Format::Json, Dress::Rows { live: false }),
            Form::Table => (Format::Table, Dress::Json),
            Form::Wide => (Format::Wide, Dress::Json),
        };
        Out { format, colour: colour::wanted(terminal), dress, fields, terminal, width, height, times }
    }

    /// The same for what comes bit by bit: nothing is kept back.
    pub(crate) fn live(self) -> Out {
        match self.dress {
            Dress::Rows { .. } => Out { dress: Dress::Rows { live: true }, ..self },
            Dress::Json | Dress::Yaml => self,
        }
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
        match (self.dress, self.fields) {
            (Dress::Json, None) => self.json(&serde_json::to_string_pretty(value)?),
            (Dress::Json, Some(fields)) => {
                let json = serde_json::to_string(value)?;
                match fields.pick(&json) {
                    Some(picked) => self.json(&serde_json::to_string_pretty(&picked)?),
                    None => self.json(&json),
                }
            }
            (Dress::Yaml, _) => self.text(&yaml::yaml(&self.picked(&serde_json::to_string(value)?)?)),
            (Dress::Rows { .. }, _) => self.row(&serde_json::to_string(value)?),
        }
    }

    /// One of many things, for a program: a line. A payload may have been written over several lines; between the
    /// tokens of JSON a space says the same, and inside a string there is no line end.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> Result<()> {
        let json = serde_json::to_string(value)?;
        match self.dress {
            Dress::Json => self.json(&self.picked(&json)?.replace(['\n', '\r'], " ")),
            Dress::Yaml => self.text(&format!("---\n{}", yaml::yaml(&self.picked(&json)?))),
            Dress::Rows { .. } => self.row(&json),
        }
    }

    /// JSON that says the same to a program, and does nothing to a terminal.
    fn json(&self, json: &str) -> Result<()> {
        if self.terminal { self.line(&escaped(json)) } else { self.line(json) }
    }

    /// What is printed of it.
    fn picked<'a>(&self, json: &'a str) -> Result<Cow<'a, str>> {
        match self.fields.and_then(|fields| fields.pick(json)) {
            Some(picked) => Ok(Cow::Owned(serde_json::to_string(&picked)?)),
            None => Ok(Cow::Borrowed(json)),
        }
    }

    fn row(&self, json: &str) -> Result<()> {
        let Some(fields) = self.fields else { return Ok(()) };
        let row = fields.row(json);
        match self.dress {
            Dress::Rows { live: true } => {
                self.line(&row.iter().map(|cell| plain(cell)).collect::<Vec<_>>().join("  "))
            }
            _ => {
                fields.keep(row);
                Ok(())
            }
        }
    }

    /// Prints what was kept back, and says what nothing had.
    pub(crate) fn finish(&self) -> Result<()> {
        let Some(fields) = self.fields else { return Ok(()) };
        let rows = fields.kept();
        if !rows.is_empty() {
            let mut table = Table::new(&fields.heads());
            rows.into_iter().for_each(|row| table.row(row));
            table.print(self)?;
        }
        fields.missed().iter().for_each(|missed| say(missed));
        Ok(())
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
    let harmless = |one: char| !cells::is_hostile(one) || one == '\n' || one == '\t';
    match out.is_terminal() {
        true => text.chars().map(|one| if harmless(one) { one } else { '�' }).collect(),
        false => text.to_owned(),
    }
}

/// Outside of strings JSON has no such characters but the ends of its lines.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for one in json.chars() {
        match one {
            '\n' | '\t' => text.push(one),
            hostile if cells::is_hostile(hostile) => text.push_str(&format!("\\u{:04x}", u32::from(hostile))),
            harmless => text.push(harmless),
        }
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_at_a_terminal_says_the_same_and_moves_nothing() {
        let json = serde_json::to_string_pretty(&["a\u{9b}2J\u{7f}", "b\u{202e}c\n"]).unwrap();
        let text = escaped(&json);
        assert_eq!(text, "[\n  \"a\\u009b2J\\u007f\",\n  \"b\\u202ec\\n\"\n]");
        let read = |json: &str| serde_json::from_str::<Vec<String>>(json).unwrap();
        assert_eq!(read(&text), read(&json));
    }
}
