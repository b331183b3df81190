//! A3 to A7: what the stream says of each task is a life that the rules allow, and so is what its record says.

use std::collections::BTreeMap;

use baton_core::audit::life::{self, Walk};
use baton_core::audit::record;

use super::Violation;
use super::picture::{Picture, Told};

pub(super) fn check(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let mut lives: BTreeMap<&str, Vec<&Told>> = BTreeMap::new();
    for told in &picture.events {
        lives.entry(&told.task).or_default().push(told);
    }
    for (id, task) in &picture.tasks {
        found.extend(record::check(task).iter().map(|wrong| Violation::of(id, wrong)));
    }
    for (id, life) in &lives {
        let mut walk = Walk::default();
        for told in life {
            let wrong = walk.step(told.as_said(), picture.trimmed);
            let at = format!("{id} at {}", told.entry);
            found.extend(wrong.iter().map(|wrong| Violation::of(&at, wrong)));
        }
        if let Some(task) = picture.tasks.get(*id) {
            found.extend(walk.compare(task).iter().map(|wrong| Violation::of(id, wrong)));
        }
    }
}

impl Told {
    fn as_said(&self) -> life::Told<'_> {
        let Told { event, worker, version, fence, attempt, .. } = self;
        life::Told { event, worker, version: *version, fence: *fence, attempt: *attempt }
    }
}
