//! A10: what is written behind agrees with the tasks, where all is written down.

use std::collections::{BTreeMap, BTreeSet};

use super::Violation;
use super::picture::{Fields, Picture, number};
use crate::snapshot::{Content, Value};

/// Indexes by their keys: ids and scores.
type Indexes = BTreeMap<String, BTreeSet<(String, u64)>>;

pub(super) fn check(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let meta = picture.hash("meta");
    // Events that were missed leave holes, and what came before the first reading is in no index.
    if meta.get("behind") != last_entry(picture).as_ref() || meta.contains_key("behind_missed") {
        return;
    }
    let (expected, is) = (expected(picture), written(picture));
    for key in expected.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
        if expected.get(key) != is.get(key) {
            let problem = format!("{key} holds {:?}, not {:?}", is.get(key), expected.get(key));
            found.push(Violation::new("A10", problem));
        }
    }
}

fn last_entry(picture: &Picture<'_>) -> Option<String> {
    match picture.values.get("events") {
        Some(Value { content: Content::Stream(entries), .. }) => entries.last().map(|last| last.id.clone()),
        _ => None,
    }
}

fn expected(picture: &Picture<'_>) -> Indexes {
    let mut indexes = Indexes::new();
    for (id, task) in picture.tasks.iter().filter(|(_, task)| task.contains_key("finished_ms")) {
        let created_ms = number(task, "created_ms").unwrap_or_default();
        let mut enter = |key: String| indexes.entry(key).or_default().insert((id.clone(), created_ms));
        enter(format!("index:kind:{}", task.get("kind").map_or("", String::as_str)));
        for tag in tags(picture, id, task).split(',').filter(|tag| !tag.is_empty()) {
            enter(format!("index:tag:{tag}"));
        }
    }
    indexes
}

/// Long ones lie beside the task.
fn tags(picture: &Picture<'_>, id: &str, task: &Fields) -> String {
    let beside = match picture.values.get(format!("task:{id}:tags").as_str()).map(|value| &value.content) {
        Some(Content::String(text)) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    };
    task.get("tags").cloned().unwrap_or(beside)
}

fn written(picture: &Picture<'_>) -> Indexes {
    let keys = picture.keys_with("index:kind:").chain(picture.keys_with("index:tag:"));
    let entries = |key: &str| {
        picture.sorted(key).into_iter().map(|(id, score)| (id, score as u64)).collect::<BTreeSet<_>>()
    };
    keys.map(|key| (key.to_owned(), entries(key))).collect()
}
