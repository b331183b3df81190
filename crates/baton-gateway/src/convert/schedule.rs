//! Schedules, from the words of whoever wants one to what the store takes, and back.

use baton_api::problem::Pointed;
use baton_api::schedule::{NewSchedule, NextTime, PatchSchedule, Schedule, ScheduleState};
use baton_api::task::NewTask;
use baton_api::{Json, Timestamp, nearest};
use baton_core::schedule::{Cron, Missed, Overlap, Timing, Zone};
use baton_core::{Code, TaskId, limits};
use baton_store::calls::schedule as stored;
use baton_store::calls::schedule::{Begins, Template};

use super::new_task;
use crate::problem::Fail;

/// Times that are shown of those to come.
pub(crate) const NEXT: usize = 5;

/// What a schedule is to be, checked.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) timing: Timing,
    pub(crate) missed: Missed,
    pub(crate) overlap: Overlap,
    pub(crate) task: Template,
}

fn wrong(pointer: &str, message: impl Into<String>) -> Pointed {
    Pointed { pointer: pointer.to_owned(), message: message.into() }
}

/// The times that are asked for. What is wrong with them is said all at once.
pub(crate) fn timing(
    cron: Option<&str>,
    every_ms: Option<u64>,
    zone: Option<&str>,
) -> Result<Timing, Vec<Pointed>> {
    match (cron, every_ms) {
        (Some(_), Some(_)) => {
            Err(vec![wrong("/every_ms", "it is either a cron expression or an interval, not both")])
        }
        (None, None) => {
            Err(vec![wrong("", "say when: `cron`, such as \"0 3 * * *\", or `every_ms`, such as 300000")])
        }
        (None, Some(every_ms)) => interval(every_ms, zone),
        (Some(cron), None) => {
            let cron = Cron::new(cron).map_err(|error| wrong("/cron", format!("failed to {error}")));
            match (cron, named_zone(zone)) {
                (Ok(cron), Ok(zone)) => Ok(Timing::Cron { cron, zone }),
                (cron, zone) => Err([cron.err(), zone.err()].into_iter().flatten().collect()),
            }
        }
    }
}

fn interval(every_ms: u64, zone: Option<&str>) -> Result<Timing, Vec<Pointed>> {
    let mut errors = Vec::new();
    let (min, max) = (limits::SCHEDULE_EVERY_MS_MIN, limits::DELAY_MS_MAX);
    if !(min..=max).contains(&every_ms) {
        errors.push(wrong("/every_ms", format!("{every_ms} is not between {min} and {max}")));
    }
    if zone.is_some() {
        errors.push(wrong("/zone", "an interval knows no time zone: it only counts"));
    }
    if errors.is_empty() { Ok(Timing::Every { every_ms, aligned_ms: 0 }) } else { Err(errors) }
}

fn named_zone(zone: Option<&str>) -> Result<Zone, Pointed> {
    let asked = zone.unwrap_or("UTC");
    Zone::new(asked).map_err(|error| {
        let names: Vec<String> = Zone::names().collect();
        let meant = nearest(asked, names.iter().map(String::as_str));
        let meant = meant.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        wrong("/zone", format!("failed to {error}{meant}"))
    })
}

/// Its tasks are tasks like any other, and so are the mistakes in them; only their payload is shorter.
fn template(asked: &NewSchedule, id: TaskId) -> Result<Template, Vec<Pointed>> {
    let task = NewTask {
        queue: asked.queue.clone(),
        priority: asked.priority,
        timeout_ms: asked.timeout_ms,
        max_attempts: asked.max_attempts,
        max_crashes: asked.max_crashes,
        backoff_ms: asked.backoff_ms,
        backoff_cap_ms: asked.backoff_cap_ms,
        tags: asked.tags.clone(),
        ..NewTask::new(asked.kind.clone(), asked.payload.clone().unwrap_or_else(Json::null))
    };
    let task = new_task::checked(&task, id, None)?;
    let (bytes, max) = (task.payload.len() as u64, limits::SCHEDULE_PAYLOAD_BYTES_MAX);
    if bytes > max {
        return Err(vec![wrong("/payload", format!("{bytes} bytes are more than {max}"))]);
    }
    Ok(Template {
        kind: task.kind,
        queue: task.queue,
        priority: task.priority,
        payload: task.payload,
        timeout_ms: task.timeout_ms,
        max_attempts: task.max_attempts,
        max_crashes: task.max_crashes,
        backoff: task.backoff,
        insists: task.insists,
        tags: task.tags,
    })
}

/// `id` is any that was drawn now: it tells what time it is.
pub(crate) fn wanted(asked: &NewSchedule, id: TaskId) -> Result<Wanted, Fail> {
    let timing = timing(asked.cron.as_deref(), asked.every_ms, asked.zone.as_deref());
    match (timing, template(asked, id)) {
        (Ok(timing), Ok(task)) => Ok(Wanted {
            timing,
            missed: asked.missed.unwrap_or_default(),
            overlap: asked.overlap.unwrap_or_default(),
            task,
        }),
        (Ok(_), Err(errors)) if errors.len() == 1 && errors[0].pointer == "/payload" => {
            Err(Fail::all_of(Code::PayloadTooLarge, errors))
        }
        (timing, task) => {
            Err(Fail::all([timing.err(), task.err()].into_iter().flatten().flatten().collect()))
        }
    }
}

/// When something with these times is due first.
pub(crate) fn begins(timing: &Timing, now_ms: u64) -> Result<Begins, Fail> {
    match timing {
        Timing::Every { every_ms, .. } => Ok(Begins::InMs(*every_ms)),
        cron => cron.next_after(now_ms).map(Begins::AtMs).ok_or_else(never),
    }
}

pub(crate) fn never() -> Fail {
    let years = limits::CRON_YEARS_MAX;
    Fail::invalid("/cron", format!("it never comes in the next {years} years: are day and month right?"))
}

/// Whether these are the times that it has; where an interval began is no matter.
pub(crate) fn is_same(one: &Timing, other: &Timing) -> bool {
    match (one, other) {
        (Timing::Every { every_ms: one, .. }, Timing::Every { every_ms: other, .. }) => one == other,
        (one, other) => one == other,
    }
}

/// A schedule with a change, as if it were asked for as a whole.
pub(crate) fn patched(schedule: &stored::Schedule, patch: PatchSchedule) -> NewSchedule {
    let task = &schedule.task;
    let says = task.says();
    let (mut cron, mut zone, mut every_ms) = match &schedule.timing {
        Timing::Cron { cron, zone } => (Some(cron.to_string()), Some(zone.to_string()), None),
        Timing::Every { every_ms, .. } => (None, None, Some(*every_ms)),
    };
    if patch.cron.is_some() {
        (cron, every_ms) = (patch.cron, None);
    }
    if patch.every_ms.is_some() {
        (cron, zone, every_ms) = (None, None, patch.every_ms);
    }
    NewSchedule {
        name: schedule.name.clone(),
        cron,
        every_ms,
        zone: patch.zone.or(zone),
        missed: Some(patch.missed.unwrap_or(schedule.missed)),
        overlap: Some(patch.overlap.unwrap_or(schedule.overlap)),
        kind: patch.kind.unwrap_or_else(|| task.kind.clone()),
        payload: Some(patch.payload.unwrap_or_else(|| Json::of_stored(&task.payload))),
        queue: Some(patch.queue.unwrap_or_else(|| task.queue.clone())),
        priority: patch.priority.or_else(|| says.priority.then(|| task.priority.get().into())),
        timeout_ms: patch.timeout_ms.or_else(|| says.timeout.then_some(task.timeout_ms)),
        max_attempts: patch.max_attempts.or_else(|| says.max_attempts.then_some(task.max_attempts)),
        max_crashes: patch.max_crashes.or_else(|| says.max_crashes.then_some(task.max_crashes)),
        backoff_ms: patch.backoff_ms.or_else(|| says.backoff.then(|| task.backoff.base_ms())),
        backoff_cap_ms: patch.backoff_cap_ms.or_else(|| says.backoff.then(|| task.backoff.cap_ms())),
        tags: patch.tags.unwrap_or_else(|| task.tags.clone()),
    }
}

pub(crate) fn next_times(timing: &Timing, times: Vec<u64>) -> Vec<NextTime> {
    let local = |at_ms: u64| match timing {
        Timing::Cron { zone, .. } => zone.show(at_ms),
        Timing::Every { .. } => None,
    };
    times.into_iter().map(|at| NextTime { at: Timestamp::from_ms(at), local: local(at) }).collect()
}

pub(crate) fn schedule(stored: stored::Schedule, now_ms: u64) -> Schedule {
    let stored::Schedule { timing, task, .. } = stored;
    let next: Vec<u64> = stored.next_ms.map_or_else(Vec::new, |next_ms| {
        let more = timing.following(next_ms, NEXT - 1);
        std::iter::once(next_ms).chain(more).collect()
    });
    let (cron, zone, every_ms) = match &timing {
        Timing::Cron { cron, zone } => (Some(cron.to_string()), Some(zone.to_string()), None),
        Timing::Every { every_ms, .. } => (None, None, Some(*every_ms)),
    };
    Schedule {
        state: match (stored.paused_ms, stored.next_ms) {
            (Some(_), _) => ScheduleState::Paused,
            (None, Some(_)) => ScheduleState::Active,
            (None, None) => ScheduleState::Ended,
        },
        cron,
        zone,
        every_ms,
        missed: stored.missed,
        overlap: stored.overlap,
        kind: task.kind,
        queue: task.queue,
        payload: Json::of_stored(&task.payload),
        priority: u64::from(task.priority.get()),
        timeout_ms: task.timeout_ms,
        max_attempts: task.max_attempts,
        max_crashes: task.max_crashes,
        backoff_ms: task.backoff.base_ms(),
        backoff_cap_ms: task.backoff.cap_ms(),
        tags: task.tags,
        next: next_times(&timing, next),
        overdue_ms: stored.next_ms.and_then(|next_ms| now_ms.checked_sub(next_ms)).filter(|ms| *ms > 0),
        last_due_at: stored.last_due_ms.map(Timestamp::from_ms),
        last_fired_at: stored.last_fired_ms.map(Timestamp::from_ms),
        last_task: stored.last_task,
        fired: stored.fired,
        skipped: stored.skipped,
        denied: stored.denied.map(|(denied, _)| denied),
        denied_at: stored.denied.map(|(_, at_ms)| Timestamp::from_ms(at_ms)),
        owner: stored.owner.as_ref().map(|owner| owner.user.to_string()),
        owner_key: stored.owner.and_then(|owner| owner.key).map(|key| key.to_string()),
        paused_at: stored.paused_ms.map(Timestamp::from_ms),
        created_at: Timestamp::from_ms(stored.created_ms),
        created_by: stored.created_by,
        changed_at: stored.changed_ms.map(Timestamp::from_ms),
        changed_by: stored.changed_by,
        version: stored.version,
        name: stored.name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cron: Option<&str>, every_ms: Option<u64>, zone: Option<&str>, expected: &[(&str, &str)]) {
        let errors = timing(cron, every_ms, zone).err().unwrap_or_default();
        assert_eq!(errors.len(), expected.len(), "{errors:?}");
        for (error, (pointer, words)) in errors.iter().zip(expected) {
            assert!(error.pointer == *pointer && error.message.contains(words), "{error:?}");
        }
    }

    #[test]
    fn every_mistake_in_the_times_is_named_with_its_place() {
        check(Some("0 3 * * *"), None, Some("Europe/Berlin"), &[]);
        check(None, Some(1_000), None, &[]);
        check(Some("61 * * * *"), None, None, &[("/cron", "minute 61: it is between 0 and 59")]);
        check(None, None, None, &[("", "say when")]);
        check(Some("* * * * *"), Some(5_000), None, &[("/every_ms", "not both")]);
        check(None, Some(999), Some("UTC"), &[("/every_ms", "between 1000"), ("/zone", "only counts")]);
        let meant = "did you mean Europe/Berlin?";
        check(Some("* * *"), None, Some("Europe/Berln"), &[("/cron", "take 3 fields"), ("/zone", meant)]);
    }
}
