//! How one task looks.

use anyhow::Result;
use baton::Status;
use baton::api::task::Task;

use crate::out::{Format, Out, age, paint, span, status, tame};

pub(super) fn one(out: &Out, task: &Task) -> Result<()> {
    match out.format {
        Format::Json => out.document(task),
        Format::Name => out.line(&task.id.to_string()),
        Format::Table | Format::Wide => out.text(&details(out, task)),
    }
}

/// One of several, in a line.
pub(super) fn short(out: &Out, task: &Task) -> String {
    format!("{}  {}", task.id, status(task.status, out.is_terminal(), out.colour))
}

fn details(out: &Out, task: &Task) -> String {
    let theirs = |text: &str| tame(out, text.trim_end());
    let attempts = format!("{} of {} failed", task.attempt, task.max_attempts);
    let pairs = [
        ("id", Some(task.id.to_string())),
        ("status", Some(status(task.status, out.is_terminal(), out.colour))),
        ("kind", Some(task.kind.to_string())),
        ("queue", Some(task.queue.to_string())),
        ("priority", Some(task.priority.to_string())),
        ("created", Some(age(out, task.created_at))),
        ("runs", task.run_at.map(|at| age(out, at))),
        ("started", task.started_at.map(|at| age(out, at))),
        ("finished", task.finished_at.map(|at| age(out, at))),
        ("waited", task.wait_ms.map(span)),
        ("ran", task.run_ms.map(span)),
        ("attempts", Some(attempts).filter(|_| task.attempt > 0)),
        ("crashes", (task.crashes > 0).then(|| format!("{} of {}", task.crashes, task.max_crashes))),
        ("worker", task.worker.clone()),
        (
            "progress",
            task.progress.as_ref().map(|now| format!("{:.0} % {}", now.fraction * 100.0, theirs(&now.text))),
        ),
        ("flow", task.flow.map(|flow| flow.to_string())),
        ("ref", task.name.clone()),
        ("parents", (task.parents > 0).then(|| parents(task))),
        ("children", (task.children > 0).then(|| task.children.to_string())),
        ("key", task.key.clone()),
        ("group", task.group.clone()),
        ("tags", (!task.tags.is_empty()).then(|| task.tags.join(", "))),
        ("reason", task.reason.as_deref().map(theirs)),
        ("error", task.error.as_deref().map(theirs)),
        ("payload", task.payload.as_ref().map(|payload| theirs(payload.get()))),
        ("expires", task.result_expires_at.filter(|_| !task.result_expired).map(|at| age(out, at))),
        ("result", task.result_expired.then(|| "its time is over".to_owned())),
        ("cached", task.cached.then(|| "it had completed with the same words".to_owned())),
        (
            "result",
            task.result.as_ref().filter(|_| task.status == Status::Completed).map(|json| theirs(json.get())),
        ),
    ];
    let lines = pairs.into_iter().filter_map(|(name, value)| value.map(|value| line(out, name, &value)));
    lines.collect()
}

/// How many, for how many of them it waits, and what it does when one ends badly.
fn parents(task: &Task) -> String {
    let open = match task.open_parents.unwrap_or_default() {
        0 => String::new(),
        open => format!(", waits for {open}"),
    };
    let policy = task.on_parent_failure.map(|policy| format!(", {policy} when one fails"));
    format!("{}{open}{}", task.parents, policy.unwrap_or_default())
}

fn line(out: &Out, name: &str, value: &str) -> String {
    format!("{}{value}\n", paint(out.colour, "2", &format!("{name:<10}")))
}
