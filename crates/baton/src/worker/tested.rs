//! What became of a handler that was run on its own.

use baton_worker::End;
use baton_worker::handler::{Heard, Word};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::TaskError;
use super::task::Level;

/// What a handler said, and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    pub end: End,
    pub progress: Vec<(f64, String)>,
    pub log: Vec<(Level, String)>,
}

impl Tested {
    pub(super) fn of(end: End) -> Tested {
        Tested { end, progress: Vec::new(), log: Vec::new() }
    }

    pub(super) async fn hear(end: End, mut heard: Heard) -> Tested {
        let mut tested = Tested::of(end);
        while let Some(word) = heard.next().await {
            match word {
                Word::Progress { fraction, text } => tested.progress.push((fraction, text)),
                Word::Line { level, text } => {
                    tested.log.push((level, String::from_utf8_lossy(&text).into_owned()));
                }
            }
        }
        tested
    }

    /// What it completed with, if it did, as this type.
    pub fn completed<O: DeserializeOwned>(&self) -> Option<O> {
        match &self.end {
            End::Complete(bytes) => serde_json::from_slice(bytes).ok(),
            _ => None,
        }
    }

    /// Did it end with this error? Compares everything that a worker would report.
    pub fn ended_with(&self, error: TaskError) -> bool {
        self.end == error.end()
    }

    /// Did it complete with a value that is written like this one?
    pub fn completed_with(&self, value: &impl Serialize) -> bool {
        matches!((&self.end, serde_json::to_vec(value)), (End::Complete(bytes), Ok(wanted)) if *bytes == wanted)
    }
}
