//! The form that submits a task, new or like another one.

use askama::Template;
use baton_api::task::Task;

use crate::page::pages;
use crate::sheet::{Field, Shape, Sheet};
use crate::shell::Shell;
use crate::words;

/// Submits a task.
#[derive(Debug, Template)]
#[template(path = "submit.html", blocks = ["live"])]
pub struct SubmitPage {
    pub shell: Shell,
    pub sheet: Sheet,
    /// Names the wish, so that it makes one task however often it is sent.
    pub once: String,
    /// The task that it is like.
    pub from: Option<String>,
}

pages!(SubmitPage);

/// What is asked of a task to be.
pub fn sheet(queues: &[String], kinds: &[String]) -> Sheet {
    let what = [
        Field::new("kind", "/kind", "Kind")
            .hint("It names the handler.")
            .shape(Shape::Known(kinds.to_vec()))
            .must(),
        Field::new("queue", "/queue", "Queue").shape(Shape::Known(queues.to_vec())).starts("default"),
        Field::new("payload", "/payload", "Payload")
            .hint("JSON, handed to the handler byte for byte.")
            .text(),
    ];
    let when = [
        Field::new("priority", "/priority", "Priority")
            .hint("0 to 9, 9 first; as its kind says unless said here."),
        Field::new("delay", "/delay_ms", "Not before").hint("In so long: 30s, 10m, 2h, 1d."),
        Field::new("timeout", "/timeout_ms", "One run may take").hint("As 30s or 10m."),
        Field::new("attempts", "/max_attempts", "Attempts").hint("Counted with the first one."),
    ];
    let more = [
        Field::new("key", "/key", "Key").hint("At most one task of the queue that has not ended carries it."),
        Field::new("group", "/group", "Group").hint("What it shares with others: groups can have limits."),
        Field::new("tags", "/tags", "Tags").hint("With commas between."),
    ];
    Sheet::default()
        .group("What is to be done", what)
        .group("When and how often", when)
        .group("Words for it", more)
}

/// The form, as it would be filled for a task like that one. What is one task's own is left out: its key, and its flow.
pub fn like(task: &Task, queues: &[String], kinds: &[String]) -> Sheet {
    let mut sheet = sheet(queues, kinds);
    for (name, value) in [
        ("kind", task.kind.to_string()),
        ("queue", task.queue.to_string()),
        ("payload", payload(task)),
        ("priority", task.priority.to_string()),
        ("timeout", words::length(task.timeout_ms)),
        ("attempts", task.max_attempts.to_string()),
        ("group", task.group.clone().unwrap_or_default()),
        ("tags", task.tags.join(", ")),
    ] {
        sheet.set(name, value);
    }
    sheet
}

/// As it would be typed.
pub fn payload(task: &Task) -> String {
    task.payload.as_ref().map(|payload| words::typed(payload.get())).unwrap_or_default()
}
