//! What must hold of a shard at every moment. Each check reads a snapshot and names what it found wrong. What can be said of one
//! task, its place, its record and its life are rules of `baton_core::audit`, which `baton audit` keeps too.
//!
//! | id | what must hold | where |
//! | --- | --- | --- |
//! | A1 | each task is in exactly one place, the index of its status, and was submitted | `places` |
//! | A2 | running if and only if in exactly one `held` set, its own holder's; which has a lease | `places` |
//! | A3 | the events of a task are a path of the lifecycle, its versions without a gap | `path` |
//! | A4 | fences rise, and reports carry the fence of the last claim or takeover | `path` |
//! | A5 | between two claims of a task it was given up | `path` |
//! | A6 | no task runs while a parent is open; no claim came before its parents; edges are counted right | `edges` |
//! | A7 | attempts and crashes are within their limits, and counted by what burned them | `path` |
//! | A9 | at most one live task per dedupe key | `places` |
//! | A10 | counters equal what they count | `counters` |
//! | A11 | every key is of the key table, of its type, and belongs to something | `keys` |
//!
mod behind;
mod counters;
mod edges;
mod keys;
mod path;
mod picture;
mod places;

use baton_core::audit::Wrong;

use crate::snapshot::Snapshot;
use picture::Picture;

/// Something that does not hold: the id of the check, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub check: &'static str,
    pub found: String,
}

impl Violation {
    fn new(check: &'static str, found: String) -> Violation {
        Violation { check, found }
    }

    fn of(subject: &str, wrong: &Wrong) -> Violation {
        let Wrong { rule, expected, found } = wrong;
        Violation::new(rule.id, format!("{subject}: {}: expected {expected}, found {found}", rule.name))
    }
}

/// Checks one shard, whose keys begin with `prefix`.
pub fn violations(snapshot: &Snapshot, prefix: &str) -> Vec<Violation> {
    let picture = match Picture::of(snapshot, prefix) {
        Ok(picture) => picture,
        Err(violation) => return vec![violation],
    };
    let mut found = Vec::new();
    places::check(&picture, &mut found);
    path::check(&picture, &mut found);
    edges::check(&picture, &mut found);
    counters::check(&picture, &mut found);
    keys::check(&picture, &mut found);
    behind::check(&picture, &mut found);
    found
}

/// Panics with everything that does not hold, and the whole shard.
pub fn assert_hold(snapshot: &Snapshot, prefix: &str) {
    let found = violations(snapshot, prefix);
    if !found.is_empty() {
        let lines: Vec<String> =
            found.iter().map(|violation| format!("{} {}", violation.check, violation.found)).collect();
        panic!("the shard breaks its invariants:\n{}\n\n{snapshot}", lines.join("\n"));
    }
}
