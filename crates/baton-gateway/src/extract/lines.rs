//! Lists as one JSON value a line, for programs that read them as they come and for people who keep them.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Terms;

const KIND: &str = "application/x-ndjson";

/// Whether the query asks for lines. The header `Accept` may, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines(Option<bool>);

impl Lines {
    pub(crate) fn read(terms: &mut Terms) -> Lines {
        let word: Option<String> = terms.one("format");
        match word.as_deref() {
            None => Lines(None),
            Some("json") => Lines(Some(false)),
            Some("ndjson") => Lines(Some(true)),
            Some(_) => {
                terms.wrong("format", "it is json or ndjson");
                Lines(None)
            }
        }
    }

    /// What the query says, or else what the client takes.
    pub(crate) fn asked(self, headers: &HeaderMap) -> bool {
        let accepted = || {
            let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).any(|kind| kind.trim_start().starts_with(KIND))
        };
        self.0.unwrap_or_else(accepted)
    }

    /// A line for each; a browser keeps it under this name.
    pub(crate) fn answer<T: Serialize>(items: &[T], name: &'static str) -> Response {
        let mut text = String::new();
        for item in items {
            // Texts and numbers can always be written.
            text.push_str(&serde_json::to_string(item).unwrap_or_default());
            text.push('\n');
        }
        let mut answer = ([(header::CONTENT_TYPE, KIND)], text).into_response();
        if let Ok(kept) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
            answer.headers_mut().insert(header::CONTENT_DISPOSITION, kept);
        }
        answer
    }
}
