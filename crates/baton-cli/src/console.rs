//! Values as they are typed: lengths of time, payloads, ids.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use baton::{Client, Json};
use baton_service::config::Span;

use crate::exit::{Exit, Stop};

/// `250ms`, `30s`, `5m`, `2h`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    text.parse::<Span>().map(|span| span.0).map_err(|error| format!("failed to {error}"))
}

/// How many of a list: at least one, because a list of none says nothing.
pub(crate) fn limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it is at least 1; without --limit it is 50, and --all is all of them".to_owned()),
        Ok(limit) => Ok(limit),
        Err(error) => Err(error.to_string()),
    }
}

/// JSON as it is typed, `@file`, or `-` for standard input.
pub(crate) fn payload(text: &str) -> Result<Json> {
    let bytes = match text.strip_prefix('@') {
        Some(path) => std::fs::read(Path::new(path)).with_context(|| format!("failed to read {path}"))?,
        None if text == "-" => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).context("failed to read standard input")?;
            bytes
        }
        None => text.as_bytes().to_vec(),
    };
    let hint = "the payload is JSON: quote a text twice, as in '\"text\"'";
    Json::from_bytes(&bytes)
        .map_err(|error| Stop::new(Exit::Usage, format!("failed to {error}; {hint}")).into())
}

pub(crate) fn client(url: &str) -> Result<Client> {
    Ok(Client::new(url)?)
}
