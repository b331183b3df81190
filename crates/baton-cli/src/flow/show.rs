//! How flows look: one, and many.

use std::pin::pin;

use anyhow::Result;
use baton::api::flow::Flow;
use baton::{Client, FlowState, Status};
use clap::Args;
use futures_util::{StreamExt, TryStreamExt};

use crate::out::{Format, Out, Table, age, paint, say, span, status};

pub(super) fn one(out: &Out, flow: &Flow) -> Result<()> {
    match out.format {
        Format::Json => out.document(flow),
        Format::Name => out.line(&flow.id.to_string()),
        Format::Table | Format::Wide => out.text(&details(out, flow)),
    }
}

fn details(out: &Out, flow: &Flow) -> String {
    let took = |end: baton::Timestamp| span(end.ms().saturating_sub(flow.created_at.ms()));
    let pairs = [
        ("id", Some(flow.id.to_string())),
        ("name", flow.name.clone()),
        ("state", Some(paint(out.colour, look(flow.state), flow.state.as_str()))),
        ("doing", flow.doing.clone()),
        (
            "tasks",
            Some(format!(
                "{}, with {} edge{}",
                flow.tasks,
                flow.edges,
                if flow.edges == 1 { "" } else { "s" }
            )),
        ),
        ("", Some(counts(out, flow)).filter(|counts| !counts.is_empty())),
        ("created", Some(age(out, flow.created_at))),
        ("finished", flow.finished_at.map(|at| age(out, at))),
        ("took", flow.finished_at.map(took)),
        ("by", flow.submitted_by.clone()),
    ];
    let line =
        |name: &str, value: &str| format!("{}{value}\n", paint(out.colour, "2", &format!("{name:<10}")));
    pairs.into_iter().filter_map(|(name, value)| value.map(|value| line(name, &value))).collect()
}

/// How many tasks are where, in the order of a task's life.
pub(super) fn counts(out: &Out, flow: &Flow) -> String {
    let count = |of: &Status| {
        let count = flow.counts.get(of.as_str()).copied().filter(|count| *count > 0)?;
        Some(format!("{} {count}", status(*of, out.is_terminal(), out.colour)))
    };
    Status::ALL.iter().filter_map(count).collect::<Vec<_>>().join("   ")
}

/// The colour of a state: that of the status which it resembles.
pub(super) fn look(state: FlowState) -> &'static str {
    crate::out::code(match state {
        FlowState::Running => Status::Running,
        FlowState::Held => Status::Blocked,
        FlowState::Completed => Status::Completed,
        FlowState::Failed => Status::Failed,
        FlowState::Cancelled => Status::Cancelled,
    })
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton flow ls
  baton flow ls --all --json | jq -r 'select(.state==\"held\").id'")]
pub(crate) struct Ls {
    /// How many at most
    #[arg(long, default_value_t = 50, conflicts_with = "all", value_parser = crate::console::limit)]
    limit: usize,
    /// All of them
    #[arg(long)]
    all: bool,
}

pub(super) async fn list(out: &Out, client: &Client, ls: Ls) -> Result<()> {
    let limit = if ls.all { usize::MAX } else { ls.limit };
    let mut flows = pin!(client.flows().take(limit));
    if matches!(out.format, Format::Table | Format::Wide) {
        return table(out, flows.try_collect().await?, limit);
    }
    while let Some(flow) = flows.try_next().await? {
        match out.format {
            Format::Json => out.json_line(&flow)?,
            _ => out.line(&flow.id.to_string())?,
        }
    }
    Ok(())
}

fn table(out: &Out, flows: Vec<Flow>, limit: usize) -> Result<()> {
    if flows.is_empty() {
        say("there are no flows; `baton flow submit --help` shows how to make one");
        return Ok(());
    }
    let mut table = Table::new(&["ID", "STATE", "NAME", "TASKS", "COMPLETED", "FAILED", "CREATED"]);
    for flow in &flows {
        let count = |of: Status| flow.counts.get(of.as_str()).copied().unwrap_or_default();
        table.row([
            flow.id.to_string(),
            flow.state.to_string(),
            flow.name.clone().unwrap_or_default(),
            flow.tasks.to_string(),
            count(Status::Completed).to_string(),
            (count(Status::Failed) + count(Status::Timeout)).to_string(),
            age(out, flow.created_at),
        ]);
        table.paint(1, look(flow.state));
    }
    table.print(out)?;
    if flows.len() == limit {
        say(&format!("the first {limit}; more with --limit or --all"));
    }
    Ok(())
}
