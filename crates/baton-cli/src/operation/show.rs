//! How operations are shown.

use anyhow::Result;
use baton::Timestamp;
use baton::api::operation::{Foreseen, Operation};

use crate::out::{Format, Out, Table, age, plain, say};

pub(super) fn all(out: &Out, operations: &[Operation]) -> Result<()> {
    match out.format {
        Format::Json => operations.iter().try_for_each(|operation| out.json_line(operation)),
        Format::Name => operations.iter().try_for_each(|operation| out.line(operation.id.as_str())),
        Format::Table | Format::Wide => table(out, operations).print(out),
    }
}

pub(super) fn one(out: &Out, operation: &Operation) -> Result<()> {
    match out.format {
        Format::Json => out.document(operation),
        Format::Name => out.line(operation.id.as_str()),
        Format::Table | Format::Wide => out.text(&lines(out, operation)),
    }
}

pub(super) fn foreseen(out: &Out, foreseen: &Foreseen) -> Result<()> {
    match out.format {
        Format::Json => out.document(foreseen),
        Format::Name => foreseen.sample.iter().try_for_each(|task| out.line(&task.id.to_string())),
        Format::Table | Format::Wide => {
            let more = if foreseen.truncated { "or more " } else { "" };
            out.line(&format!("would {} {} {more}tasks", foreseen.action, foreseen.matched))?;
            if foreseen.unread > 0 {
                say(&format!(
                    "{} more have payloads that no search looks into: over 16 KiB",
                    foreseen.unread
                ));
            }
            if foreseen.sample.is_empty() {
                return Ok(());
            }
            let mut table = Table::new(&["TASK", "KIND", "QUEUE", "STATUS", "CREATED"]);
            for task in &foreseen.sample {
                let names = [task.id.to_string(), task.kind.to_string(), task.queue.to_string()];
                table.row(names.into_iter().chain([task.status.to_string(), age(out, task.created_at)]));
            }
            table.print(out)
        }
    }
}

fn refused(operation: &Operation) -> String {
    let each: Vec<String> = operation.refused.iter().map(|(code, count)| format!("{count} {code}")).collect();
    each.join(", ")
}

fn table(out: &Out, operations: &[Operation]) -> Table {
    let mut table = Table::new(&["OPERATION", "ACTION", "STATE", "DONE", "REFUSED", "LEFT", "BEGAN", "BY"]);
    for operation in operations {
        let left = operation.left.map(|left| left.to_string()).unwrap_or_default();
        let by = operation.created_by.as_ref().map(ToString::to_string).unwrap_or_default();
        table.row([
            operation.id.to_string(),
            operation.action.to_string(),
            operation.state.to_string(),
            operation.done.to_string(),
            refused(operation),
            left,
            age(out, operation.created_at),
            by,
        ]);
    }
    table
}

fn lines(out: &Out, operation: &Operation) -> String {
    let when = |at: Option<Timestamp>| at.map(|at| age(out, at));
    let filter = operation.filter.as_ref().and_then(|filter| serde_json::to_string(filter).ok());
    let rows = [
        ("operation", Some(operation.id.to_string())),
        ("action", Some(operation.action.to_string())),
        ("state", Some(operation.state.to_string())),
        ("filter", filter),
        ("priority", operation.priority.map(|priority| priority.to_string())),
        ("reason", operation.reason.clone()),
        ("done", Some(operation.done.to_string())),
        ("refused", Some(refused(operation)).filter(|refused| !refused.is_empty())),
        ("unread", Some(operation.unread).filter(|unread| *unread > 0).map(|unread| unread.to_string())),
        ("left", operation.left.map(|left| left.to_string())),
        ("by", operation.created_by.as_ref().map(ToString::to_string)),
        ("began", when(Some(operation.created_at))),
        ("ended", when(operation.ended_at)),
    ];
    let rows = rows.into_iter().filter_map(|(name, value)| Some((name, plain(&value?))));
    rows.map(|(name, value)| format!("{name:<9} {value}\n")).collect()
}
