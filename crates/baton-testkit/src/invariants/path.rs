//! A3 to A7: what the stream says of each task is a life that the rules allow.

use std::collections::{BTreeMap, BTreeSet};

use baton_core::{Move, Status, limits};

use super::Violation;
use super::picture::{Fields, Picture, Told, number, status};

pub(super) fn check(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let mut lives: BTreeMap<&str, Vec<&Told>> = BTreeMap::new();
    for told in &picture.events {
        lives.entry(&told.task).or_default().push(told);
    }
    for (id, task) in &picture.tasks {
        check_numbers(id, task, found);
    }
    if picture.trimmed {
        return;
    }
    for (id, life) in &lives {
        let mut walk = Walk::default();
        for told in life {
            walk.step(told, found);
        }
        if let Some(task) = picture.tasks.get(*id) {
            walk.compare(id, task, found);
        }
    }
}

/// A7, from the hash alone.
fn check_numbers(id: &str, task: &Fields, found: &mut Vec<Violation>) {
    let or = |field, default| number(task, field).unwrap_or(default);
    if or("attempt", 0) > or("max_attempts", limits::MAX_ATTEMPTS) {
        found.push(Violation::new("A7", format!("task {id} has used more attempts than it has")));
    }
    if or("crashes", 0) > or("max_crashes", limits::MAX_CRASHES) {
        found.push(Violation::new("A7", format!("task {id} has crashed more often than it may")));
    }
}

/// One life, walked from its beginning. A release or submit does not say whether it led to pending or scheduled, so
/// the walk keeps every status that is possible.
#[derive(Default)]
struct Walk {
    possible: BTreeSet<Status>,
    version: u64,
    fence: u64,
    holder: Option<(String, String)>,
    attempts: u64,
    crashes: u64,
}

impl Walk {
    fn step(&mut self, told: &Told, found: &mut Vec<Violation>) {
        let mut wrong = |check, problem: String| {
            found.push(Violation::new(
                check,
                format!("task {} at {} ({}): {problem}", told.task, told.entry, told.event),
            ));
        };
        let moves = !matches!(told.event.as_str(), "progress" | "prune");
        if told.version != self.version + u64::from(moves) {
            wrong("A3", format!("version {} follows {}", told.version, self.version));
        }
        self.version = told.version;
        let step = match told.event.as_str() {
            "submit" => {
                self.possible = BTreeSet::from([Status::Pending, Status::Scheduled, Status::Blocked]);
                return;
            }
            "prune" => {
                if !self.possible.iter().any(|status| status.is_terminal()) {
                    wrong("A3", "it had not ended".to_owned());
                }
                return;
            }
            "progress" | "reprioritise" | "link" | "unlink" => {
                let fits = told.event != "progress"
                    || self.holder.as_ref().is_some_and(|(worker, _)| *worker == told.worker);
                if !fits || told.fence != self.fence {
                    wrong("A4", "it was not said by the holder".to_owned());
                }
                return;
            }
            word => match word.parse::<Move>() {
                Ok(step) => step,
                Err(error) => return wrong("A3", format!("failed to {error}")),
            },
        };
        let next: BTreeSet<Status> =
            self.possible.iter().flat_map(|from| step.after(*from)).copied().collect();
        if next.is_empty() {
            let check = if step == Move::Claim { "A5" } else { "A3" };
            wrong(check, format!("it cannot follow, from {:?}", self.possible));
        }
        self.possible = next;
        match step {
            Move::Claim | Move::TakeOver => {
                if told.fence <= self.fence {
                    wrong("A4", format!("fence {} follows {}", told.fence, self.fence));
                }
                self.fence = told.fence;
                self.holder = Some((told.worker.clone(), told.boot.clone()));
            }
            Move::Complete | Move::Retry | Move::Fail | Move::TimeOut | Move::Release | Move::Reclaim => {
                let worker = self.holder.take().map(|(worker, _)| worker);
                if told.fence != self.fence || worker.as_deref() != Some(told.worker.as_str()) {
                    wrong(
                        "A4",
                        format!("fence {} of {}, not {} of {worker:?}", told.fence, told.worker, self.fence),
                    );
                }
            }
            // These end a run, or find none, without showing a fence.
            Move::Cancel | Move::Rerun => self.holder = None,
            Move::Mature | Move::Unblock | Move::Block | Move::RejectClaim | Move::Promote => {}
        }
        self.count(step, told);
    }

    /// A7: only failures burn attempts, only crashes count as crashes.
    fn count(&mut self, step: Move, told: &Told) {
        match step {
            Move::Retry | Move::TimeOut => self.attempts += 1,
            // A failure burns an attempt; a poisoning does not.
            Move::Fail if told.attempt > self.attempts => self.attempts += 1,
            Move::Fail | Move::Reclaim | Move::TakeOver => self.crashes += 1,
            Move::Rerun => (self.attempts, self.crashes) = (0, 0),
            _ => {}
        }
    }

    fn compare(&self, id: &str, task: &Fields, found: &mut Vec<Violation>) {
        let mut wrong =
            |check, problem: String| found.push(Violation::new(check, format!("task {id}: {problem}")));
        if !self.possible.iter().any(|possible| possible.as_str() == status(task)) {
            wrong("A3", format!("it is {}, while its events lead to {:?}", status(task), self.possible));
        }
        if number(task, "version") != Some(self.version) {
            wrong(
                "A3",
                format!("its version is {:?}, its last event's {}", task.get("version"), self.version),
            );
        }
        if number(task, "fence").unwrap_or_default() != self.fence {
            wrong("A4", format!("its fence is {:?}, its last claim's {}", task.get("fence"), self.fence));
        }
        for (field, counted) in [("attempt", self.attempts), ("crashes", self.crashes)] {
            if number(task, field).unwrap_or_default() != counted {
                wrong("A7", format!("{field} is {:?}, its events say {counted}", task.get(field)));
            }
        }
    }
}
