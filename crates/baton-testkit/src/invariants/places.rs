//! A1, A2, A9: each task is in the one place of its status.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use baton_core::Status;
use baton_core::audit::place::{self, Standing};
use baton_core::audit::rule::NO_HASH;

use super::Violation;
use super::keys::is_dedupe;
use super::picture::{Picture, queue, status};

pub(super) fn check(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let (places, scores) = (places(picture), Scores::default());
    let ruled = picture.hash("meta").contains_key("ruled");
    for (id, task) in &picture.tasks {
        let standing = Standing {
            score: place::index_of(task).and_then(|index| scores.of(picture, &index, id)),
            waits: place::waiting_of(task)
                .is_some_and(|waiting| places.get(id).is_some_and(|at| at.contains(&waiting))),
        };
        found.extend(place::check(task, standing, ruled).iter().map(|wrong| Violation::of(id, wrong)));
    }
    for (id, at) in &places {
        match picture.tasks.get(id) {
            Some(task) => {
                let wrong = at.iter().filter_map(|index| place::check_named(index, task));
                found.extend(wrong.map(|wrong| Violation::of(id, &wrong)));
            }
            None => found.push(Violation::of(id, &NO_HASH.broken("a record", format!("{at:?} name it")))),
        }
    }
    check_submitted(picture, found);
    check_leases(picture, found);
    check_dedupe(picture, found);
}

/// The indexes that were looked into, as they are asked for.
#[derive(Default)]
struct Scores(RefCell<BTreeMap<String, BTreeMap<String, f64>>>);

impl Scores {
    fn of(&self, picture: &Picture<'_>, index: &str, id: &str) -> Option<f64> {
        let mut known = self.0.borrow_mut();
        let scores =
            known.entry(index.to_owned()).or_insert_with(|| picture.sorted(index).into_iter().collect());
        scores.get(id).copied()
    }
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
