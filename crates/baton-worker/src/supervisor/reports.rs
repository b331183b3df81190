//! What a worker tells its supervisor: one JSON object per line, on what is the worker's stdout as it starts.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::predecessor::Predecessor;

/// A longer line is not ours. The metrics of a worker are the largest part of one.
pub(super) const LINE_BYTES_MAX: usize = 1 << 20;

/// What a person reads of a fault at most.
const FAULT_BYTES_MAX: usize = 200;

/// One line. Each says as much as is known; what is missing is not known, or has not changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) worker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) boot: Option<String>,
    /// Did a claim or a renewal ever come through?
    pub(super) ready: bool,
    /// How long ago the last one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answered_ms: Option<u64>,
    /// Tasks that it holds.
    pub(super) holds: u64,
    /// Tasks that it completed, and that it brought to another end, in this life.
    pub(super) done: u64,
    pub(super) failed: u64,
    /// As Prometheus reads them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metrics: Option<String>,
    /// Why it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<Fault>,
}

/// Why a worker ends without having been asked to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Fault {
    /// A later process has its name.
    pub(super) superseded: bool,
    /// Redis would not have us, which somebody may mend without starting anything again.
    pub(super) unfit: bool,
    pub(super) text: String,
}

impl Fault {
    pub(crate) fn new(text: &str) -> Fault {
        Fault { text: cut(text, FAULT_BYTES_MAX).to_owned(), ..Fault::default() }
    }

    pub(crate) fn superseded(self, superseded: bool) -> Fault {
        Fault { superseded, ..self }
    }

    pub(crate) fn unfit(self, unfit: bool) -> Fault {
        Fault { unfit, ..self }
    }
}

impl Report {
    /// `None` for a line that is no report.
    pub(super) fn read(line: &[u8]) -> Option<Report> {
        serde_json::from_slice(line).ok()
    }

    /// Who says it, once that is known.
    pub(super) fn name(&self) -> Option<Predecessor> {
        let (worker, boot) = self.worker.as_deref().zip(self.boot.as_deref())?;
        Some(Predecessor { worker: worker.parse().ok()?, boot: boot.parse().ok()? })
    }

    /// Writes the line at once. It fails where nobody reads any more.
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        to.write_all(&line)?;
        to.flush()
    }
}

/// The beginning of a text, up to so many bytes, and never half a letter.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_survives_the_pipe() {
        let report = Report {
            worker: Some("worker-001-default".to_owned()),
            ready: true,
            answered_ms: Some(12),
            holds: 1,
            done: 7,
            metrics: Some("a 1\n".to_owned()),
            fault: Some(Fault::new("gone").superseded(true)),
            ..Report::default()
        };
        let mut pipe = Vec::new();
        report.write(&mut pipe).unwrap();
        assert_eq!(pipe.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(Report::read(&pipe), Some(report));
    }

    #[test]
    fn other_lines_are_no_reports_and_unknown_words_do_no_harm() {
        for line in ["", "hello", "[1]", "{\"holds\":-1}", "{\"holds\":"] {
            assert_eq!(Report::read(line.as_bytes()), None, "{line}");
        }
        assert_eq!(Report::read(br#"{"later":1}"#), Some(Report::default()));
    }

    #[test]
    fn texts_are_cut_between_letters() {
        assert_eq!((cut("añb", 2), cut("añb", 3), cut("", 5), cut("abc", 9)), ("a", "añ", "", "abc"));
        assert_eq!(Fault::new(&"ü".repeat(500)).text.len(), FAULT_BYTES_MAX);
    }
}
