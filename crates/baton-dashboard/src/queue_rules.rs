//! The form that says what a queue allows, and how long it keeps what has ended.

use askama::Template;
use baton_api::queue::{Keep, Queue};

use crate::page::pages;
use crate::sheet::{Field, Shape, Sheet};
use crate::shell::Shell;
use crate::words;

/// Sets limits and retention of a queue.
#[derive(Debug, Template)]
#[template(path = "queue_rules.html", blocks = ["live"])]
pub struct QueueRules {
    pub shell: Shell,
    pub name: String,
    /// What whoever sets them has seen.
    pub version: String,
    pub sheet: Sheet,
}

pages!(QueueRules);

/// How a task can end, as fields and as members of the interface.
pub const ENDS: [&str; 4] = ["completed", "failed", "timeout", "cancelled"];

fn sheet() -> Sheet {
    let limits = [
        Field::new("concurrency", "/concurrency", "Tasks that run at once")
            .hint("Over all workers. Empty: no limit."),
        Field::new("rate_count", "/rate", "Starts, at most").hint("So many in the time beside it."),
        Field::new("rate_per", "/rate/per_ms", "In").hint("As 1s, 1m or 1h."),
        Field::new("group_concurrency", "/group_concurrency", "Tasks of one group that run at once"),
    ];
    let order = [
        Field::new("fair", "/fair", "Groups take turns")
            .shape(Shape::Tick)
            .hint("Not together with rising priorities."),
        Field::new("aging", "/aging_ms", "A waiting task rises a priority every")
            .hint("As 10m. Empty: never."),
    ];
    let hint = "As 7d, or forever.";
    let kept = [
        Field::new("keep", "/retention", "All, unless said otherwise")
            .hint("As 7d, or forever. Empty: seven days."),
        Field::new("completed", "/retention/completed", "Completed").hint(hint),
        Field::new("failed", "/retention/failed", "Failed").hint(hint),
        Field::new("timeout", "/retention/timeout", "Timed out").hint(hint),
        Field::new("cancelled", "/retention/cancelled", "Cancelled").hint(hint),
    ];
    Sheet::default().group("Limits", limits).group("Order", order).group("Kept after their end", kept)
}

fn kept(keep: Option<Keep>) -> String {
    match keep.map(|keep| keep.0) {
        None => String::new(),
        Some(baton_core::queue::Keep::Ms(ms)) => words::length(ms),
        Some(baton_core::queue::Keep::Forever) => "forever".to_owned(),
    }
}

/// What holds now, in the fields of the form.
pub fn filled(queue: &Queue) -> Sheet {
    let (limits, retention, mut sheet) = (&queue.limits, queue.retention, sheet());
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    for (name, value) in [
        ("concurrency", number(limits.concurrency)),
        ("rate_count", number(limits.rate.map(|rate| rate.count))),
        ("rate_per", limits.rate.map(|rate| words::length(rate.per_ms)).unwrap_or_default()),
        ("group_concurrency", number(limits.group_concurrency)),
        ("fair", if limits.fair { "on".to_owned() } else { String::new() }),
        ("aging", limits.aging_ms.map(words::length).unwrap_or_default()),
        ("keep", kept(retention.default)),
        ("completed", kept(retention.completed)),
        ("failed", kept(retention.failed)),
        ("timeout", kept(retention.timeout)),
        ("cancelled", kept(retention.cancelled)),
    ] {
        sheet.set(name, value);
    }
    sheet
}
