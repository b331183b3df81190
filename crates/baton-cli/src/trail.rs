//! `baton trail`: what operators did.

use anyhow::Result;
use baton::api::operation::TrailEntry;
use clap::Args;

use crate::console::{Target, client, limit};
use crate::exit::Exit;
use crate::out::{Format, Out, Table, age, plain};

#[derive(Args)]
#[command(before_help = "Examples:
  baton trail
  baton trail --limit 1000 --json | jq -r 'select(.action == \"pause_queue\") | .by'")]
pub(crate) struct Trail {
    /// How many at most, the latest first
    #[arg(long, default_value_t = 50, value_parser = limit)]
    limit: usize,
}

pub(crate) async fn run(out: &Out, target: &Target, trail: Trail) -> Result<Exit> {
    let entries = client(target)?.trail(trail.limit).await?;
    match out.format {
        Format::Json => entries.iter().try_for_each(|entry| out.json_line(entry))?,
        Format::Name => entries.iter().try_for_each(|entry| out.line(&entry.id))?,
        Format::Table | Format::Wide => table(out, &entries).print(out)?,
    }
    Ok(Exit::Fine)
}

fn table(out: &Out, entries: &[TrailEntry]) -> Table {
    let mut table = Table::new(&["WHEN", "WHO", "WHAT", "OF WHAT", "TASKS", "OUTCOME", "FROM"]);
    for entry in entries {
        let text = |value: &Option<String>| value.as_deref().map(plain).unwrap_or_default();
        table.row([
            age(out, entry.at),
            text(&entry.by),
            plain(&entry.action),
            text(&entry.subject),
            entry.count.map(|count| count.to_string()).unwrap_or_default(),
            text(&entry.outcome),
            text(&entry.address),
        ]);
    }
    table
}
