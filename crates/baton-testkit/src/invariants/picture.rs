//! A snapshot, sorted into tasks, indexes, holders and events.

use std::collections::BTreeMap;

pub(super) use baton_core::audit::{Fields, number, queue};

use super::Violation;
use crate::snapshot::{Content, Snapshot, Value};

pub(super) struct Picture<'a> {
    pub prefix: &'a str,
    /// Keys without their prefix.
    pub values: BTreeMap<&'a str, &'a Value>,
    pub tasks: BTreeMap<String, Fields>,
    /// Tasks of flows that are not whole yet: nobody sees them.
    pub drafts: BTreeMap<String, Fields>,
    pub events: Vec<Told>,
    /// The stream has been trimmed, so what it says has no beginning.
    pub trimmed: bool,
}

/// What one entry of the stream says of one task.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub entry: String,
    pub event: String,
    pub worker: String,
    pub task: String,
    pub version: u64,
    pub fence: u64,
    pub attempt: u64,
    pub why: String,
}

impl<'a> Picture<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, prefix: &'a str) -> Result<Picture<'a>, Violation> {
        let values: BTreeMap<&str, &Value> =
            snapshot.0.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value))).collect();
        let (mut tasks, mut drafts) = (BTreeMap::new(), BTreeMap::new());
        for (key, value) in &values {
            if let (Some(id), Content::Hash(_)) = (key.strip_prefix("task:"), &value.content)
                && !id.contains(':')
            {
                let task = fields(value);
                let kept = if task.contains_key("draft") { &mut drafts } else { &mut tasks };
                kept.insert(id.to_owned(), task);
            }
        }
        let mut picture = Picture { prefix, values, tasks, drafts, events: Vec::new(), trimmed: false };
        picture.read_events()?;
        Ok(picture)
    }

    fn read_events(&mut self) -> Result<(), Violation> {
        self.trimmed = self.values.contains_key("events:marks");
        let Some(Value { content: Content::Stream(entries), .. }) = self.values.get("events") else {
            return Ok(());
        };
        for entry in entries {
            let mut told = (String::new(), String::new());
            for (field, value) in &entry.fields {
                let (field, value) = (text(field), text(value));
                match field.as_str() {
                    "event" => told.0 = value,
                    "worker" => told.1 = value,
                    "boot" | "by" | "queue" | "stall" | "repair" | "pool" | "schedule" | "kind"
                    | "webhook" => {}
                    _ => {
                        let mut words = value.splitn(6, ' ');
                        let mut next = || words.next().and_then(|word| word.parse::<u64>().ok());
                        let (Some(version), Some(fence), Some(attempt)) = (next(), next(), next()) else {
                            let found = format!("event {} says {value:?} of {field}", entry.id);
                            return Err(Violation::new("A3", found));
                        };
                        self.events.push(Told {
                            entry: entry.id.clone(),
                            event: told.0.clone(),
                            worker: told.1.clone(),
                            task: field,
                            version,
                            fence,
                            attempt,
                            // Behind queue and kind.
                            why: words.nth(2).unwrap_or_default().to_owned(),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// Members and scores of a sorted set; empty where there is none.
    pub(super) fn sorted(&self, key: &str) -> Vec<(String, f64)> {
        match self.values.get(key).map(|value| &value.content) {
            Some(Content::SortedSet(members)) => members
                .iter()
                .map(|(member, score)| (text(member), score.parse().unwrap_or(f64::NAN)))
                .collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn hash(&self, key: &str) -> Fields {
        self.values.get(key).map(|value| fields(value)).unwrap_or_default()
    }

    pub(super) fn keys_with<'b>(&'b self, start: &'b str) -> impl Iterator<Item = &'a str> + 'b {
        self.values.keys().copied().filter(move |key| key.starts_with(start))
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn fields(value: &Value) -> Fields {
    match &value.content {
        Content::Hash(fields) => fields.iter().map(|(field, value)| (text(field), text(value))).collect(),
        _ => Fields::new(),
    }
}

pub(super) fn status(task: &Fields) -> &str {
    task.get("status").map_or("", String::as_str)
}
