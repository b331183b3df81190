//! `baton task trace`: the steps of a task's life, as they happen, until it ends.
//!
//! What is printed is read from the task's history; the live feed only says when to look again.

use std::pin::pin;
use std::time::Duration;

use anyhow::Result;
use baton::api::task::HistoryEntry;
use baton::{Client, Status, TaskId, Watch};
use clap::Args;
use futures_util::StreamExt;

use crate::console;
use crate::exit::Exit;
use crate::out::{Format, Out, code, paint, tame};
use crate::wait::until;

/// Without a word from the feed it is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Args)]
#[command(before_help = "Examples:
  baton task trace 01a1fc29-8a56-7000-ba14-c38b1cfc4000
  baton task trace 01a1fc29-8a56-7000-ba14-c38b1cfc4000 --timeout 10m --json | jq -r .event")]
pub(crate) struct Trace {
    /// The id of the task
    id: TaskId,
    /// Stop watching after this long, with exit code 124
    #[arg(long, value_parser = console::span, value_name = "TIME")]
    timeout: Option<Duration>,
}

pub(super) async fn run(out: &Out, client: &Client, trace: Trace) -> Result<Exit> {
    let ended = until(follow(&out.live(), client, trace.id), trace.timeout).await?;
    Ok(if ended == Status::Completed { Exit::Fine } else { Exit::NotCompleted })
}

async fn follow(out: &Out, client: &Client, id: TaskId) -> Result<Status> {
    let mut frames = pin!(client.watch(Watch::new().task(&id.to_string())));
    let mut told = 0;
    loop {
        // The task first: when it has ended, so has the history that is read after it.
        let now = client.get(id).await?.status;
        let history = client.history(id).await?.history;
        for entry in history.iter().filter(|entry| entry.version > told) {
            print(out, entry)?;
        }
        told = history.iter().map(|entry| entry.version).max().unwrap_or(told);
        if now.is_terminal() {
            return Ok(now);
        }
        let heard = async {
            if !matches!(frames.next().await, Some(Ok(_))) {
                // A feed that has ended is silent, and the looks go on without it.
                std::future::pending::<()>().await;
            }
        };
        let _ = tokio::time::timeout(LOOK_EVERY, heard).await;
    }
}

fn print(out: &Out, entry: &HistoryEntry) -> Result<()> {
    match out.format {
        Format::Json => return out.json_line(entry),
        Format::Name => return out.line(&entry.event),
        Format::Table | Format::Wide => {}
    }
    let to = entry.to.as_deref().map(|to| match to.parse::<Status>() {
        Ok(to) => paint(out.colour, code(to), &format!("{to:<9}", to = to.as_str())),
        Err(_) => to.to_owned(),
    });
    let parts = [
        Some(entry.at.to_string()),
        Some(format!("{:<10}", entry.event)),
        to,
        entry.worker.clone(),
        entry.by.as_ref().map(|by| format!("by {by}")),
        entry.why.as_ref().map(|why| format!("({})", why.escape_debug())),
    ];
    out.line(tame(out, &parts.into_iter().flatten().collect::<Vec<_>>().join("  ")).trim_end())
}
