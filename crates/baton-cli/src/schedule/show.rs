//! How schedules are shown.

use anyhow::Result;
use baton::Timestamp;
use baton::api::schedule::{NextTime, Preview, Schedule, ScheduleState};

use crate::out::{Format, Out, Table, age, length, plain, span};

pub(super) fn all(out: &Out, schedules: &[Schedule]) -> Result<()> {
    match out.format {
        Format::Json => schedules.iter().try_for_each(|schedule| out.json_line(schedule)),
        Format::Name => schedules.iter().try_for_each(|schedule| out.line(schedule.name.as_str())),
        Format::Table | Format::Wide => table(out, schedules).print(out),
    }
}

pub(super) fn one(out: &Out, schedule: &Schedule) -> Result<()> {
    match out.format {
        Format::Json => out.document(schedule),
        Format::Name => out.line(schedule.name.as_str()),
        Format::Table | Format::Wide => out.text(&lines(out, schedule)),
    }
}

pub(super) fn preview(out: &Out, preview: &Preview) -> Result<()> {
    match out.format {
        Format::Json => out.document(preview),
        Format::Name | Format::Table | Format::Wide => {
            preview.next.iter().try_for_each(|next| out.line(&moment(next)))
        }
    }
}

/// As its zone shows it, so that it can be compared with what was meant.
fn moment(next: &NextTime) -> String {
    next.local.clone().unwrap_or_else(|| next.at.to_string())
}

fn times(schedule: &Schedule) -> String {
    match (&schedule.cron, schedule.every_ms) {
        (Some(cron), _) => cron.clone(),
        (None, Some(ms)) => format!("every {}", length(ms)),
        (None, None) => String::new(),
    }
}

fn table(out: &Out, schedules: &[Schedule]) -> Table {
    let wide = out.format == Format::Wide;
    let mut heads = vec!["SCHEDULE", "TIMES", "ZONE", "KIND", "QUEUE", "OWNER", "NEXT", "LAST", "MADE"];
    heads.extend(if wide { &["SKIPPED", "MISSED", "OVERLAP", "LAST TASK"][..] } else { &[] });
    heads.push("NOTE");
    let mut table = Table::new(&heads);
    for schedule in schedules {
        let when = |at: Option<Timestamp>| at.map(|at| age(out, at)).unwrap_or_default();
        let mut row = vec![
            schedule.name.to_string(),
            times(schedule),
            schedule.zone.clone().unwrap_or_default(),
            schedule.kind.to_string(),
            schedule.queue.to_string(),
            owner(schedule).unwrap_or_default(),
            when(schedule.next.first().map(|next| next.at)),
            when(schedule.last_fired_at),
            schedule.fired.to_string(),
        ];
        if wide {
            let last = schedule.last_task.map(|task| task.to_string()).unwrap_or_default();
            let policies = [schedule.missed.to_string(), schedule.overlap.to_string()];
            row.extend([schedule.skipped.to_string()].into_iter().chain(policies).chain([last]));
        }
        row.push(note(schedule));
        let last = row.len() - 1;
        table.row(row);
        table.paint(last, "33");
    }
    table
}

/// Later than this is worth a word: usually a time is seen to within a tick.
const OVERDUE_MS: u64 = 5_000;

/// The user, and the key that he made it with.
fn owner(schedule: &Schedule) -> Option<String> {
    let key = schedule.owner_key.as_ref().map(|key| format!(" key {key}")).unwrap_or_default();
    schedule.owner.as_ref().map(|owner| format!("{owner}{key}"))
}

fn note(schedule: &Schedule) -> String {
    match (schedule.state, schedule.overdue_ms) {
        (ScheduleState::Paused | ScheduleState::Ended, _) => schedule.state.as_str().to_owned(),
        (ScheduleState::Active, Some(ms)) if ms > OVERDUE_MS => {
            let who = if schedule.owner.is_some() { "no gateway" } else { "no worker or gateway" };
            format!("overdue by {}: {who} sees to it", span(ms))
        }
        (ScheduleState::Active, _) => {
            schedule.denied.map(|denied| format!("skipped: {denied}")).unwrap_or_default()
        }
    }
}

fn lines(out: &Out, schedule: &Schedule) -> String {
    let when = |at: Option<Timestamp>| at.map(|at| age(out, at));
    let payload = schedule.payload.get().to_owned();
    let rows = [
        ("schedule", Some(schedule.name.to_string())),
        ("state", Some(schedule.state.as_str().to_owned())),
        ("times", Some(times(schedule))),
        ("zone", schedule.zone.clone()),
        ("kind", Some(schedule.kind.to_string())),
        ("queue", Some(schedule.queue.to_string())),
        ("owner", owner(schedule)),
        ("payload", Some(payload)),
        ("missed", Some(schedule.missed.to_string())),
        ("overlap", Some(schedule.overlap.to_string())),
        ("made", Some(schedule.fired.to_string())),
        ("skipped", Some(schedule.skipped.to_string())),
        ("last", when(schedule.last_fired_at)),
        ("task", schedule.last_task.map(|task| task.to_string())),
        ("note", Some(note(schedule)).filter(|note| !note.is_empty())),
    ];
    let rows = rows.into_iter().filter_map(|(name, value)| Some((name, plain(&value?))));
    let next = schedule.next.iter().map(|next| ("next", moment(next)));
    rows.chain(next).map(|(name, value)| format!("{name:<9} {value}\n")).collect()
}
