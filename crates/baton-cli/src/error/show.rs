//! How groups of failures are shown.

use std::collections::BTreeMap;

use anyhow::Result;
use baton::api::error_group::{ErrorGroup, ErrorGroups, Silence};
use baton::api::task::Task;

use crate::out::{Format, Out, Table, age, code, plain, say, tame};

pub(super) fn all(out: &Out, found: &ErrorGroups) -> Result<()> {
    let groups = &found.errors;
    match out.format {
        Format::Json => groups.iter().try_for_each(|group| out.json_line(group))?,
        Format::Name => groups.iter().try_for_each(|group| out.line(&group.fingerprint.to_string()))?,
        Format::Table | Format::Wide => table(out, groups).print(out)?,
    }
    if found.total > groups.len() as u64 {
        say(&format!("{} of {} groups; --limit shows more", groups.len(), found.total));
    }
    Ok(())
}

pub(super) fn one(out: &Out, group: &ErrorGroup) -> Result<()> {
    match out.format {
        Format::Json => out.document(group),
        Format::Name => out.line(&group.fingerprint.to_string()),
        Format::Table | Format::Wide => {
            out.text(&lines(out, group))?;
            match group.tasks.as_deref() {
                None | Some([]) => Ok(()),
                Some(tasks) => out.text(&format!("\n{}", latest(out, tasks).text(out))),
            }
        }
    }
}

fn table(out: &Out, groups: &[ErrorGroup]) -> Table {
    let mut table =
        Table::new(&["FINGERPRINT", "COUNT", "LAST", "FIRST", "KIND", "QUEUES", "REASON", "MESSAGE"]);
    for group in groups {
        table.row([
            group.fingerprint.to_string(),
            group.count.to_string(),
            age(out, group.last_seen),
            age(out, group.first_seen),
            group.kind.to_string(),
            group.queues.keys().cloned().collect::<Vec<_>>().join(","),
            group.reason.clone(),
            match &group.silenced {
                Some(_) => format!("(silenced) {}", group.message),
                None => group.message.clone(),
            },
        ]);
    }
    table
}

fn lines(out: &Out, group: &ErrorGroup) -> String {
    let rows = [
        ("group", Some(group.fingerprint.to_string())),
        ("kind", Some(group.kind.to_string())),
        ("reason", Some(group.reason.clone())),
        ("message", Some(group.message.clone())),
        ("count", Some(group.count.to_string())),
        ("first", Some(age(out, group.first_seen))),
        ("last", Some(age(out, group.last_seen))),
        ("queues", Some(shares(&group.queues))),
        ("workers", Some(shares(&group.workers))),
        ("silenced", group.silenced.as_ref().map(|silence| silenced(out, silence))),
        ("task", group.sample_task.map(|task| task.to_string())),
    ];
    let rows = rows.into_iter().filter_map(|(name, value)| Some((name, plain(&value?))));
    let rows = rows.filter(|(_, value)| !value.is_empty());
    let sample = group.sample.as_ref().map(|sample| format!("\n{}\n", tame(out, sample.trim_end())));
    rows.map(|(name, value)| format!("{name:<9} {value}\n")).chain(sample).collect()
}

/// `ends in 6 d, by user:ann: the relay moves`.
fn silenced(out: &Out, silence: &Silence) -> String {
    let until = silence
        .until
        .map_or_else(|| "until it is taken back".to_owned(), |until| format!("ends {}", age(out, until)));
    let by = silence.by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
    let why = if silence.reason.is_empty() { String::new() } else { format!(": {}", silence.reason) };
    format!("{until}{by}{why}")
}

fn shares(counts: &BTreeMap<String, u64>) -> String {
    let mut each: Vec<(&String, &u64)> = counts.iter().collect();
    each.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    each.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

fn latest(out: &Out, tasks: &[Task]) -> Table {
    let mut table = Table::new(&["TASK", "STATUS", "QUEUE", "ATTEMPTS", "WORKER", "CREATED"]);
    for task in tasks {
        let attempts = format!("{}/{}", task.attempt, task.max_attempts);
        let worker = task.worker.clone().unwrap_or_default();
        let words =
            [task.status.to_string(), task.queue.to_string(), attempts, worker, age(out, task.created_at)];
        table.row([task.id.to_string()].into_iter().chain(words));
        table.paint(1, code(task.status));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_share_comes_first() {
        let counts = [("a", 1), ("b", 7), ("c", 7)].map(|(name, count)| (name.to_owned(), count));
        assert_eq!(shares(&counts.into()), "b 7, c 7, a 1");
    }
}
