//! `baton stats`: how the fleet does, in figures.

use std::time::Duration;

use anyhow::Result;
use baton::api::series::{Measured, Series};
use baton::api::task::Stats;
use baton::{Figures, Metric};
use clap::Args;
use serde::Serialize;

use crate::console::{self, Target, client};
use crate::exit::Exit;
use crate::out::{Format, Out, Table, span};

/// How many tasks there are, how many went through lately, and how long they took
#[derive(Args)]
#[command(before_help = "Examples:
  baton stats                              all queues, and the last hour
  baton stats --queue mail --last 7d
  baton stats --json | jq .recent.run.p95_ms")]
pub(crate) struct StatsCommand {
    /// Of this queue only
    #[arg(long)]
    queue: Option<String>,
    /// How far back to look, up to 90d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = console::span)]
    last: Duration,
}

pub(crate) async fn run(out: &Out, target: &Target, command: StatsCommand) -> Result<Exit> {
    let figures = Figures::new().last(command.last);
    let figures = command.queue.iter().fold(figures, |figures, queue| figures.queue(queue));
    let client = client(target)?;
    let stats = client.stats_of(&figures).await?;
    let depth = match command.queue {
        Some(_) => match client.series(&DEPTHS, &figures).await {
            Ok(answer) => answer.series,
            // An older gateway: it has none, or not these.
            Err(error) if matches!(error.status(), Some(400 | 404 | 422)) => Vec::new(),
            Err(error) => return Err(error.into()),
        },
        None => Vec::new(),
    };
    match out.format {
        Format::Json => out.document(&Shown { stats: &stats, depth: &depth })?,
        Format::Name => stats.queues.keys().try_for_each(|queue| out.line(queue))?,
        Format::Table | Format::Wide => {
            out.text(&format!("{}\n{}", counts(out, &stats), pace(out, &stats)))?;
            if !depth.is_empty() {
                out.text(&format!("\n{}", depths(out, &depth)))?;
            }
            if out.format == Format::Wide {
                out.text(&format!("\n{}", workers(out, &stats)))?;
            }
        }
    }
    Ok(Exit::Fine)
}

/// What is printed for programs.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    stats: &'a Stats,
    /// How many tasks there were, point by point; only of one queue.
    #[serde(skip_serializing_if = "<[Series]>::is_empty")]
    depth: &'a [Series],
}

const DEPTHS: [Metric; 4] = [Metric::Scheduled, Metric::Blocked, Metric::Pending, Metric::Running];

const STATUSES: [&str; 8] =
    ["scheduled", "blocked", "pending", "running", "completed", "failed", "timeout", "cancelled"];

/// What there is, by queue, and all together where there are several.
fn counts(out: &Out, stats: &Stats) -> String {
    let mut table = Table::new(&[
        "QUEUE",
        "SCHEDULED",
        "BLOCKED",
        "PENDING",
        "RUNNING",
        "COMPLETED",
        "FAILED",
        "TIMEOUT",
        "CANCELLED",
    ]);
    let all = [("all".to_owned(), &stats.tasks)].into_iter().filter(|_| stats.queues.len() != 1);
    for (name, tasks) in stats.queues.iter().map(|(name, tasks)| (name.clone(), tasks)).chain(all) {
        let count = |status: &str| tasks.get(status).copied().unwrap_or_default().to_string();
        table.row([name].into_iter().chain(STATUSES.map(count)));
    }
    table.text(out)
}

/// What went through, how fast, and how long it took.
fn pace(out: &Out, stats: &Stats) -> String {
    let recent = &stats.recent;
    let within = format!("LAST {}", span(recent.span_ms).to_uppercase());
    let mut rows = vec![("", vec![within, "1 M".into(), "5 M".into(), "1 H".into()])];
    let rate = |over: &str, name: &str| stats.rates.get(over).and_then(|rates| rates.get(name)).copied();
    for name in ["submitted", "started", "completed", "failed", "timeout", "cancelled", "retried", "crashed"]
    {
        let count = recent.counts.get(name).copied().unwrap_or_default().to_string();
        let rates = ["1m", "5m", "1h"].map(|over| format!("{:.1}/s", rate(over, name).unwrap_or_default()));
        rows.push((name, [count].into_iter().chain(rates).collect()));
    }
    if let Some(share) = recent.success_rate {
        rows.push(("success", vec![format!("{:.1} %", share * 100.0)]));
    }
    for (name, measured) in [("wait", &recent.wait), ("run", &recent.run)] {
        rows.extend(times(measured).map(|times| (name, vec![times])));
    }
    if stats.behind_ms >= BEHIND_MS {
        rows.push(("behind", vec![format!("by {}: no worker or gateway keeps up", span(stats.behind_ms))]));
    }
    let bold = |line: String| crate::out::paint(out.colour, "1", &line);
    let line = |(at, (name, cells)): (usize, &(&str, Vec<String>))| {
        let cells: String = cells.iter().map(|cell| format!("{cell:<12}")).collect();
        let line = format!("{name:<10} {}", cells.trim_end());
        format!("{}\n", if at == 0 { bold(line) } else { line })
    };
    rows.iter().enumerate().map(line).collect()
}

/// Later than this is worth a word: usually the figures are a second old.
const BEHIND_MS: u64 = 5_000;

fn times(measured: &Measured) -> Option<String> {
    let [average, half, most, nearly_all] =
        [measured.average_ms?, measured.p50_ms?, measured.p95_ms?, measured.p99_ms?].map(span);
    Some(format!("{average} on average; half within {half}, 95 % within {most}, 99 % within {nearly_all}"))
}

/// How many tasks there were in each status, over the time that was asked for.
fn depths(out: &Out, depth: &[Series]) -> String {
    let mut table = Table::new(&["DEPTH", "LEAST", "MOST", "NOW", "OVER THE TIME"]);
    for series in depth {
        let counts: Vec<u64> = series.points.iter().map(|point| point.count).collect();
        let cells = [counts.iter().min(), counts.iter().max(), counts.last()];
        let cells = cells.map(|count| count.map_or_else(|| "-".to_owned(), u64::to_string));
        table.row([series.metric.to_string()].into_iter().chain(cells).chain([picture(&counts)]));
    }
    table.text(out)
}

/// Columns of the picture.
const COLUMNS: usize = 40;

/// The most of each part of the time, as high as its share of the most of all.
fn picture(counts: &[u64]) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = counts.iter().max().copied().unwrap_or_default().max(1);
    let columns = counts.chunks(counts.len().div_ceil(COLUMNS).max(1));
    let highest = columns.map(|column| column.iter().max().copied().unwrap_or_default());
    let height = |count: u64| {
        if count == 0 { ' ' } else { HEIGHTS[(u128::from(count) * 7 / u128::from(most)) as usize] }
    };
    highest.map(height).collect::<String>().trim_end().to_owned()
}

fn workers(out: &Out, stats: &Stats) -> String {
    let mut table = Table::new(&["WORKER", "HOLDS"]);
    stats.workers.iter().for_each(|(worker, holds)| table.row([worker.clone(), holds.to_string()]));
    table.text(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_as_high_as_its_most_and_not_too_long() {
        assert_eq!(picture(&[]), "");
        assert_eq!(picture(&[0, 1, 4, 7, 0]), " ▂▅█");
        assert_eq!(picture(&[u64::MAX; 360]).chars().count(), COLUMNS);
        assert_eq!(picture(&[0; 360]), "");
    }
}
