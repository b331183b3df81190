//! `baton recover`: what a restart of the whole fleet would lead to, now.

use anyhow::Result;
use baton::api::pool::{Recovery, Silent};
use clap::Args;

use crate::console::{Target, client};
use crate::exit::Exit;
use crate::out::{Format, Out, Table, age, span};

#[derive(Args)]
#[command(before_help = "Examples:
  baton recover              take back what is lost, start what is due, and say how the fleet stands
  baton recover --json | jq .silent")]
pub(crate) struct Recover {}

pub(crate) async fn run(out: &Out, target: &Target, _: Recover) -> Result<Exit> {
    let recovery = client(target)?.recover().await?;
    match out.format {
        Format::Json => out.document(&recovery)?,
        Format::Name => recovery.silent.iter().try_for_each(|one| out.line(one.worker.as_str()))?,
        Format::Table | Format::Wide => out.text(&lines(out, &recovery))?,
    }
    Ok(Exit::Fine)
}

fn lines(out: &Out, recovery: &Recovery) -> String {
    let tasks = recovery.tasks.iter().filter(|(_, count)| **count > 0);
    let tasks: Vec<String> = tasks.map(|(status, count)| format!("{count} {status}")).collect();
    let workers = &recovery.workers;
    let pairs = [
        ("reclaimed", format!("{} tasks of workers that were lost", recovery.reclaimed)),
        ("matured", format!("{} tasks whose time had come", recovery.matured)),
        ("tasks", if tasks.is_empty() { "none".to_owned() } else { tasks.join(", ") }),
        (
            "workers",
            format!(
                "{} idle, {} busy, {} quiet, {} offline",
                workers.idle, workers.busy, workers.quiet, workers.offline
            ),
        ),
        ("took", span(recovery.took_ms)),
    ];
    let mut text: String = pairs.iter().map(|(name, value)| format!("{name:<11}{value}\n")).collect();
    if !recovery.silent.is_empty() {
        text.push_str("\nSilent, and still holding tasks; these come back when the lease is over:\n");
        text.push_str(&silent(out, &recovery.silent).text(out));
    }
    text
}

fn silent(out: &Out, workers: &[Silent]) -> Table {
    let mut table = Table::new(&["WORKER", "HOLDS", "LEASE ENDS"]);
    for one in workers {
        let ends = one.lease_expires_at.map(|at| age(out, at)).unwrap_or_default();
        table.row([one.worker.to_string(), one.holds.to_string(), ends]);
    }
    table
}
