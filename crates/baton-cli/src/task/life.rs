//! `baton task logs | history | explain`: what a task went through.

use anyhow::Result;
use baton::api::task::{Explanation, History, HistoryEntry, Level, LogLine, Logs as LogPage};
use baton::{Client, TaskId};
use clap::Args;

use crate::out::{Format, Out, Table, age, paint, say, status, tame};
use crate::wait::until;

#[derive(Args)]
#[command(before_help = "Examples:
  baton task logs 01a1fc29-8a56-7000-ba14-c38b1cfc4000 --follow
  baton task logs 01a1fc29-8a56-7000-ba14-c38b1cfc4000 --level warning")]
pub(crate) struct Logs {
    /// The id of the task
    id: TaskId,
    /// Go on until the task ends
    #[arg(long, short)]
    follow: bool,
    /// Leave out what matters less: debug, info, warning, error, critical
    #[arg(long, default_value = "debug", value_parser = level)]
    level: Level,
}

fn level(text: &str) -> Result<Level, String> {
    serde_json::from_value(text.into())
        .map_err(|_| "it is debug, info, warning, error or critical".to_owned())
}

pub(super) async fn logs(out: &Out, client: &Client, logs: Logs) -> Result<()> {
    let mut place = None;
    if !logs.follow {
        return rest(out, client, &logs, &mut place).await;
    }
    let out = &out.live();
    let follow = async {
        loop {
            let page = client.wait_for_logs(logs.id, logs.level, place.as_deref()).await?;
            let silent = page.logs.is_empty();
            show(out, page, &mut place)?;
            if silent && client.get(logs.id).await?.status.is_terminal() {
                // What was written between the two questions.
                return rest(out, client, &logs, &mut place).await;
            }
        }
    };
    until(follow, None).await
}

/// All lines after this place that there are by now.
async fn rest(out: &Out, client: &Client, logs: &Logs, place: &mut Option<String>) -> Result<()> {
    loop {
        let page = client.logs(logs.id, logs.level, place.as_deref()).await?;
        // Lines that matter less are looked past, so a page may have none and not be the last.
        let over = page.next_cursor.is_none() || page.next_cursor == *place;
        show(out, page, place)?;
        if over {
            return Ok(());
        }
    }
}

fn show(out: &Out, page: LogPage, place: &mut Option<String>) -> Result<()> {
    page.logs.iter().try_for_each(|line| print(out, line))?;
    *place = page.next_cursor.or(place.take());
    Ok(())
}

fn print(out: &Out, line: &LogLine) -> Result<()> {
    if out.format == Format::Json {
        return out.json_line(line);
    }
    let (word, code) = match line.level {
        Level::Debug => ("debug", "2"),
        Level::Info => ("info", "0"),
        Level::Warning => ("warning", "33"),
        Level::Error => ("error", "31"),
        Level::Critical => ("critical", "1;31"),
    };
    out.line(&format!(
        "{}  {}  {}  {}",
        line.at,
        line.attempt,
        paint(out.colour, code, &format!("{word:<8}")),
        tame(out, &line.text.replace('\n', " "))
    ))
}

pub(super) fn history(out: &Out, history: &History) -> Result<()> {
    if out.format == Format::Json {
        return out.document(history);
    }
    let mut table = Table::new(&["AT", "EVENT", "FROM", "TO", "WORKER", "FENCE", "WHY"]);
    for entry in &history.history {
        table.row(row(out, entry));
    }
    table.print(out)?;
    if history.truncated > 0 {
        say(&format!("{} steps in the middle of this long life are no longer kept", history.truncated));
    }
    Ok(())
}

fn row(out: &Out, entry: &HistoryEntry) -> [String; 7] {
    let time = if out.format == Format::Wide { entry.at.to_string() } else { age(out, entry.at) };
    let by = entry.by.as_ref().map(|by| format!("by {by}"));
    let why = [entry.why.clone(), by].into_iter().flatten().collect::<Vec<_>>().join(", ");
    [
        time,
        entry.event.clone(),
        entry.from.clone().unwrap_or_default(),
        entry.to.clone().unwrap_or_default(),
        entry.worker.clone().unwrap_or_default(),
        entry.fence.map(|fence| fence.to_string()).unwrap_or_default(),
        why,
    ]
}

pub(super) fn explain(out: &Out, explanation: &Explanation) -> Result<()> {
    match out.format {
        Format::Json => return out.document(explanation),
        Format::Name => return out.line(&explanation.code),
        Format::Table | Format::Wide => {}
    }
    let word = status(explanation.status, out.is_terminal(), out.colour);
    out.line(&format!("{word}: {}", tame(out, &explanation.sentence)))?;
    explanation.action.iter().try_for_each(|action| out.line(&format!("  {action}")))?;
    if explanation.refused_writes.is_empty() {
        return Ok(());
    }
    out.line("\nreported, and refused:")?;
    let mut table = Table::new(&["LAST", "WORKER", "FENCE", "WANTED", "REFUSED"]);
    for write in &explanation.refused_writes {
        let fence = write.fence.to_string();
        table.row([age(out, write.at), write.worker.clone(), fence, write.verb.clone(), write.code.clone()]);
    }
    table.print(out)
}
