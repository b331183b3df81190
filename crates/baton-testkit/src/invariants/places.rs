//! A1, A2, A9: each task is in the one place of its status.

use std::collections::{BTreeMap, BTreeSet};

use baton_core::{Priority, Status, limits};

use super::Violation;
use super::keys::is_dedupe;
use super::picture::{Fields, Picture, number, queue, status};

pub(super) fn check(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let places = places(picture);
    for (id, task) in &picture.tasks {
        let expected = place_of(id, task);
        let actual = places.get(id).cloned().unwrap_or_default();
        let waits = status(task) == "pending" && actual == BTreeSet::from([waiting_of(task)]);
        if actual != BTreeSet::from([expected.clone()]) && !waits {
            let check = if status(task) == "running" { "A2" } else { "A1" };
            let found_at = format!(
                "task {id} is {} and should be in {expected} alone, but is in {actual:?}",
                status(task)
            );
            found.push(Violation::new(check, found_at));
        }
    }
    for (id, at) in &places {
        if !picture.tasks.contains_key(id) {
            found.push(Violation::new("A2", format!("{at:?} name {id}, which has no hash")));
        }
    }
    check_submitted(picture, found);
    check_scores(picture, found);
    check_leases(picture, found);
    check_dedupe(picture, found);
}

fn place_of(id: &str, task: &Fields) -> String {
    let word = |field: &str| task.get(field).map_or("", String::as_str);
    match status(task) {
        "running" => format!("held:{}:{}", word("worker"), word("boot")),
        "scheduled" => "scheduled".to_owned(),
        other if other.parse::<Status>().is_ok() => format!("queue:{}:{other}", queue(task)),
        other => format!("nowhere: {id} has the status {other:?}"),
    }
}

/// Where a pending task is whose group has no place.
fn waiting_of(task: &Fields) -> String {
    format!("queue:{}:waiting", queue(task))
}

/// For every id, the indexes that name it.
fn places(picture: &Picture<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let queue_indexes = picture.keys_with("queue:").filter(|key| {
        let last = key.rsplit(':').next().unwrap_or_default();
        last.parse::<Status>().is_ok() && !picture.sorted(key).is_empty()
    });
    for key in picture.keys_with("queue:").filter(|key| key.ends_with(":waiting")) {
        for (member, _) in picture.sorted(key) {
            let id = member.rsplit(' ').next().unwrap_or_default().to_owned();
            places.entry(id).or_default().insert(key.to_owned());
        }
    }
    for key in queue_indexes.chain(picture.keys_with("held:")).chain(["scheduled"]) {
        for (id, _) in picture.sorted(key) {
            places.entry(id).or_default().insert(key.to_owned());
        }
    }
    places
}

fn check_submitted(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let submitted: BTreeSet<&str> =
        picture.events.iter().filter(|told| told.event == "submit").map(|told| told.task.as_str()).collect();
    let pruned: BTreeSet<&str> =
        picture.events.iter().filter(|told| told.event == "prune").map(|told| told.task.as_str()).collect();
    for id in picture.tasks.keys().filter(|id| !picture.trimmed && !submitted.contains(id.as_str())) {
        found.push(Violation::new("A1", format!("task {id} exists, and nobody submitted it")));
    }
    for id in submitted.iter().filter(|id| !picture.tasks.contains_key(**id) && !pruned.contains(**id)) {
        found
            .push(Violation::new("A1", format!("task {id} was submitted, and is gone without being pruned")));
    }
}

/// Scores say what they should: claim order, due time, run deadline.
fn check_scores(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let mut scores: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for (id, task) in &picture.tasks {
        let place = place_of(id, task);
        let index =
            scores.entry(place.clone()).or_insert_with(|| picture.sorted(&place).into_iter().collect());
        let Some(score) = index.get(id).copied() else { continue };
        let expected = match status(task) {
            "running" => number(task, "fence")
                .map(|fence| fence + number(task, "timeout_ms").unwrap_or(limits::TIMEOUT_MS) * 1_000),
            "scheduled" => number(task, "run_at_ms"),
            "pending" => {
                let since = number(task, "pending_ms").or(number(task, "created_ms")).unwrap_or_default();
                let priority =
                    Priority::new(number(task, "priority").unwrap_or(5) as i64).unwrap_or_default();
                // Where groups take turns, or took them, the score says whose turn it is, within the priority.
                let band = limits::PRIORITY_BAND;
                let same = score as u64 / band == priority.score(0) / band;
                if same && picture.hash("meta").contains_key("ruled") {
                    Some(score as u64)
                } else {
                    Some(priority.score(since))
                }
            }
            "blocked" => continue,
            _ => number(task, "finished_ms"),
        };
        if expected.map(|expected| expected as f64) != Some(score) {
            found.push(Violation::new(
                "A1",
                format!("task {id} has the score {score} in {place}, not {expected:?}"),
            ));
        }
    }
}

fn check_leases(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let leases: BTreeMap<String, f64> = picture.sorted("leases").into_iter().collect();
    for key in picture.keys_with("held:") {
        let holder = &key["held:".len()..];
        if !leases.get(holder).is_some_and(|deadline| deadline.is_finite()) {
            found.push(Violation::new("A2", format!("{holder} holds tasks and has no lease")));
        }
    }
    for holder in leases.keys() {
        let (worker, boot) = holder.split_once(':').unwrap_or_default();
        if picture.hash(&format!("worker:{worker}")).get("boot").map(String::as_str) != Some(boot) {
            found.push(Violation::new(
                "A2",
                format!("{holder} has a lease and is not the current boot of its worker"),
            ));
        }
    }
}

fn check_dedupe(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let mut live: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (id, task) in picture.tasks.iter().chain(&picture.drafts) {
        let terminal = status(task).parse::<Status>().is_ok_and(Status::is_terminal);
        if let (Some(key), false) = (task.get("key"), terminal) {
            let flow = task.get("flow").map(|flow| format!("flow:{flow}:key:{key}"));
            let holder = flow.unwrap_or_else(|| format!("queue:{}:key:{key}", queue(task)));
            live.entry(holder).or_default().push(id);
        }
    }
    for (key, ids) in &live {
        let holder = match picture.values.get(key.as_str()).map(|value| &value.content) {
            Some(crate::snapshot::Content::String(bytes)) => super::picture::text(bytes),
            _ => String::new(),
        };
        if ids.len() != 1 || ids[0] != holder {
            found.push(Violation::new("A9", format!("{key} names {holder:?}, while {ids:?} live")));
        }
    }
    let keys = picture.keys_with("queue:").chain(picture.keys_with("flow:"));
    for key in keys.filter(|key| is_dedupe(key)) {
        if !live.contains_key(key) {
            found.push(Violation::new("A9", format!("{key} names a task that does not live")));
        }
    }
}
