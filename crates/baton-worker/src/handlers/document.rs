//! A task as a program and a URL get it: one JSON document with the stored payload inside, byte for byte.

use std::borrow::Cow;

use baton_store::calls::task::{Parent, Parents};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::handler::{End, Run};

#[derive(Serialize)]
struct Document<'a> {
    id: String,
    kind: &'a str,
    queue: &'a str,
    attempt: u64,
    max_attempts: u64,
    fence: u64,
    payload: &'a RawValue,
    parents: ByName<'a>,
    /// Left out where nothing is missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    parents_truncated: bool,
}

/// Each parent under the word that tells it from the others, in their order.
struct ByName<'a>(&'a Parents);

#[derive(Serialize)]
struct Ended<'a> {
    id: String,
    status: &'a str,
    result: Option<Cow<'a, RawValue>>,
}

impl Serialize for ByName<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(self.0.each.len()))?;
        for (word, parent) in self.0.named() {
            map.serialize_entry(&word, &Ended::of(parent))?;
        }
        map.end()
    }
}

impl Ended<'_> {
    fn of(parent: &Parent) -> Ended<'_> {
        let result = parent.result.as_deref().and_then(stored);
        Ended { id: parent.id.to_string(), status: parent.status.as_str(), result }
    }
}

/// A result byte for byte. One that is no JSON, which only a handler of somebody's own or `redis-cli` can have stored,
/// is text.
fn stored(result: &[u8]) -> Option<Cow<'_, RawValue>> {
    let text = || to_raw_value(&String::from_utf8_lossy(result)).ok().map(Cow::Owned);
    serde_json::from_slice(result).ok().map(Cow::Borrowed).or_else(text)
}

/// The document, or how a run ends whose payload has no place in one.
pub(super) fn document(run: &Run) -> Result<Vec<u8>, End> {
    let grant = &run.grant;
    let payload: &[u8] = if grant.payload.is_empty() { b"null" } else { &grant.payload };
    let write = || {
        serde_json::to_vec(&Document {
            id: grant.task.to_string(),
            kind: grant.kind.as_str(),
            queue: grant.queue.as_str(),
            attempt: grant.attempt,
            max_attempts: grant.max_attempts,
            fence: grant.fence.0,
            payload: serde_json::from_slice(payload)?,
            parents: ByName(&run.parents),
            parents_truncated: run.parents.truncated,
        })
    };
    write().map_err(|error: serde_json::Error| bad_payload(&error))
}

/// A payload does not mend itself: no further attempt makes sense.
pub(super) fn bad_payload(error: &serde_json::Error) -> End {
    End::Fail { error: format!("the payload does not fit: {error}"), reason: "bad_payload".to_owned() }
}

/// What somebody outside answered: the one JSON value in it, `null` for nothing at all.
pub(super) fn result(answer: &[u8]) -> End {
    let value = answer.trim_ascii();
    if value.is_empty() {
        return End::Complete(b"null".to_vec());
    }
    match serde_json::from_slice::<&RawValue>(value) {
        Ok(_) => End::Complete(value.to_vec()),
        Err(error) => {
            let error = format!("the result is not one JSON value: {error}");
            End::Fail { error, reason: "bad_result".to_owned() }
        }
    }
}

/// How a run ends that was told to end.
pub(super) fn stopped() -> End {
    End::Release { reason: "stopped".to_owned(), delay_ms: None }
}
