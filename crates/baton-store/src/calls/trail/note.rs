//! Faces `lua/trail/note.lua`. Sent once: a repeat would note it twice.

use baton_core::{Principal, Shard, limits};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What an operator did. Words that are too long are cut.
#[derive(Clone, Debug, Default)]
pub struct TrailNote<'a> {
    /// As the API calls it.
    pub action: &'a str,
    pub by: Option<&'a Principal>,
    /// From where.
    pub address: &'a str,
    /// To what: a queue, a pool, a user, an operation.
    pub subject: &'a str,
    /// What came of it: a status of HTTP and the code of a problem, or the state of an operation.
    pub outcome: &'a str,
    /// In his own words, if he said.
    pub why: &'a str,
    /// Of the request, as it stands in the logs.
    pub request: &'a str,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    Done,
    Refused(Refused),
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(limits::TRAIL_WORD_BYTES_MAX as usize)]
}

impl Store {
    pub async fn note_trail(&self, note: &TrailNote<'_>) -> Result<Noted, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let fields = [
            ("action", note.action),
            ("by", note.by.map_or("", Principal::as_str)),
            ("address", note.address),
            ("subject", note.subject),
            ("outcome", note.outcome),
            ("why", note.why),
            ("request", note.request),
        ];
        let said = fields.iter().filter(|(_, value)| !value.is_empty());
        let mut call = Call::new("trail/note", [keys.meta(), keys.trail()]);
        call.arg(said.clone().count());
        for (name, value) in said {
            call.arg(*name).arg(cut(value));
        }
        let mut reply = self.run_once(&call).await?;
        match reply.text()?.as_str() {
            "noted" => Ok(Noted::Done),
            "refused" => Ok(Noted::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
