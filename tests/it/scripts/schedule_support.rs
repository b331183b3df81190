//! What tests of schedules share.

use baton_core::login::UserId;
use baton_core::schedule::{Cron, Missed, Overlap, Timing, Zone};
use baton_core::{Principal, ScheduleName, Shard, TaskId};
use baton_store::calls::schedule::{Begins, Owner, PutSchedule, Schedule, SchedulePut, Template};
use baton_store::ticker::Fires;
use baton_testkit::{Fixture, kind};

pub(super) fn name(text: &str) -> ScheduleName {
    ScheduleName::new(text).unwrap()
}

pub(super) fn ada() -> Principal {
    Principal::new("ada").unwrap()
}

pub(super) const EVERY_S: Timing = Timing::Every { every_ms: 1_000, aligned_ms: 0 };

pub(super) fn every(ms: u64) -> Timing {
    Timing::Every { every_ms: ms, aligned_ms: 0 }
}

pub(super) fn cron(text: &str, zone: &str) -> Timing {
    Timing::Cron { cron: Cron::new(text).unwrap(), zone: Zone::new(zone).unwrap() }
}

/// What is put, so that a test names only what it is about.
#[derive(Clone)]
pub(super) struct Wish {
    pub(super) name: ScheduleName,
    pub(super) timing: Timing,
    pub(super) missed: Missed,
    pub(super) overlap: Overlap,
    pub(super) task: Template,
    pub(super) version: Option<u64>,
    pub(super) begins: Option<Begins>,
    pub(super) owner: Option<Owner>,
}

impl Wish {
    pub(super) fn new(text: &str, timing: Timing) -> Wish {
        Wish {
            name: name(text),
            timing,
            missed: Missed::default(),
            overlap: Overlap::default(),
            task: Template::new(kind("report"), *b"{}"),
            version: None,
            begins: None,
            owner: None,
        }
    }

    /// Made as callers make it: an interval counts from now, a cron expression from the clock that Redis shows.
    pub(super) async fn put(&self, at: &Fixture) -> SchedulePut {
        let begins = self.begins.unwrap_or(match &self.timing {
            Timing::Every { every_ms, .. } => Begins::InMs(*every_ms),
            cron => Begins::AtMs(cron.next_after(at.now_ms()).unwrap()),
        });
        let by = ada();
        let put = PutSchedule {
            name: &self.name,
            timing: &self.timing,
            missed: self.missed,
            overlap: self.overlap,
            task: &self.task,
            begins,
            version: self.version,
            by: Some(&by),
            owner: self.owner.as_ref(),
            op: None,
        };
        at.store.put_schedule(&put).await.expect("an answer")
    }
}

/// A user, as he stands on what he owns.
pub(super) fn owner(name: &str) -> Owner {
    Owner { user: UserId::person(name).unwrap(), born: "1".to_owned(), key: None }
}

pub(super) async fn read(at: &Fixture, text: &str) -> Schedule {
    at.store.schedule(&name(text)).await.unwrap().schedule.expect("a schedule")
}

pub(super) async fn fire_due(at: &Fixture) -> Fires {
    at.store.fire_due(Shard::FIRST).await.expect("an answer")
}

/// The tasks of a schedule, in the order in which they were made.
pub(super) async fn made(at: &Fixture) -> Vec<TaskId> {
    let submits = crate::hand::events(at).await.into_iter().filter(|entry| entry.event == "submit");
    submits.flat_map(|entry| entry.tasks.into_iter().map(|event| event.task)).collect()
}

/// What was told of schedules.
pub(super) async fn told(at: &Fixture) -> Vec<String> {
    let entries = crate::hand::events(at).await;
    entries.into_iter().filter_map(|entry| Some(format!("{} {}", entry.event, entry.schedule?))).collect()
}
