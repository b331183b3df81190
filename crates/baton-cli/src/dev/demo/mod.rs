//! A fleet at work: a trickle of tasks to look at, a dozen tasks from beginning to end, or a look at what happens when
//! processes die.

mod crash;
mod runs;
mod set;
mod ticker;
mod trickle;
mod verdict;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use baton::api::task::{History, Task};
use baton::{Client, TaskId};

use super::fleet::Fleet;
use crate::exit::Exit;
use crate::out::{Out, Table, code, now_ms, short, span};

pub(super) use crash::kill;
use set::Submitted;
pub(super) use trickle::live;

/// What the workers of a demonstration claim from.
pub(super) const QUEUES: [&str; 4] = ["default", "media", "mail", "reports"];

/// How long a demonstration may take to end; it takes a few seconds.
const OVER_WITHIN: Duration = Duration::from_secs(120);

const HANDLER: &str = include_str!("../../../../../deploy/demo/handlers/report.build");

/// Puts the programs that serve as handlers into a directory.
pub(super) fn write_handlers(directory: &Path) -> Result<PathBuf> {
    let handlers = directory.join("handlers");
    let file = handlers.join("report.build");
    std::fs::create_dir(&handlers)
        .and_then(|()| std::fs::write(&file, HANDLER))
        .and_then(|()| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)))
        .context("failed to write the handlers of the demonstration")?;
    Ok(handlers)
}

/// A task at its end, with its whole life.
#[derive(Clone, Debug)]
struct Life {
    task: Task,
    history: History,
}

/// A flow of a dozen tasks to its end, and what became of them.
pub(super) async fn once(out: &Out, fleet: &mut Fleet) -> Result<Exit> {
    let client = fleet.client(0)?;
    let began = now_ms();
    let submitted = set::submit(&client, set::dozen()?).await?;
    introduce(out, fleet, &submitted)?;
    let lives = lives(std::slice::from_ref(&client), &submitted.ids).await?;
    table(&submitted, &lives).print(out)?;
    let verdict = verdict::judge(&submitted, &lives);
    out.line(&format!("\n{verdict}  in {}", span(now_ms().saturating_sub(began))))?;
    let clean = audited(out, fleet, &submitted.ids).await?;
    Ok(if verdict.is_good() && clean { Exit::Fine } else { Exit::Failure })
}

/// What an audit of the keys and the stream says; histories alone could hide what they do not tell. Answers whether it is clean.
async fn audited(out: &Out, fleet: &Fleet, ids: &[TaskId]) -> Result<bool> {
    match crate::audit::of_fleet(fleet.redis_url(), ids).await {
        Ok(report) => {
            out.line(&crate::audit::brief(&report))?;
            Ok(report.is_clean())
        }
        // Nobody looked, which is no violation.
        Err(why) => out.line(&format!("audit: skipped: {why:#}")).map(|()| true),
    }
}

fn introduce(out: &Out, fleet: &Fleet, submitted: &Submitted) -> Result<()> {
    let Submitted { flow, ids, edges } = submitted;
    let (tasks, edges, workers) = (ids.len(), edges.len(), fleet.size());
    out.line(&format!(
        "{tasks} tasks are submitted as flow {flow}, with {edges} edges; {workers} workers run them"
    ))
}

/// Waits until all have ended, and reads their lives. What has not ended by then is as it is: lost, unless it shows up.
async fn lives(clients: &[Client], ids: &[TaskId]) -> Result<Vec<Life>> {
    // All share one deadline; a task that never ends must not hide what became of the others.
    let over = tokio::time::sleep(OVER_WITHIN);
    tokio::pin!(over);
    let mut lives = Vec::new();
    for id in ids {
        tokio::select! {
            _ = any(clients, async |client: &Client| client.wait(*id).await) => {}
            () = &mut over, if !over.is_elapsed() => {}
        }
        let read = async |client: &Client| {
            Ok(Life { task: client.get(*id).await?, history: client.history(*id).await? })
        };
        match any(clients, read).await {
            Ok(life) => lives.push(life),
            Err(error) if error.status() == Some(404) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(lives)
}

/// Asks one gateway after the other: one of them may have been killed.
async fn any<T>(
    clients: &[Client],
    ask: impl AsyncFn(&Client) -> Result<T, baton::Error>,
) -> Result<T, baton::Error> {
    let mut last = baton::Error::Invalid("there is no gateway to ask".to_owned());
    for client in clients {
        match ask(client).await {
            Ok(answer) => return Ok(answer),
            Err(error @ baton::Error::Problem(_)) => return Err(error),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn table(submitted: &Submitted, lives: &[Life]) -> Table {
    let name = |id: TaskId| lives.iter().find(|life| life.task.id == id).map(|life| called(&life.task));
    let heads = ["TASK", "KIND", "QUEUE", "AFTER", "STATUS", "ATTEMPTS", "WORKER", "WAIT", "RUN"];
    let mut table = Table::new(&heads);
    for Life { task, history } in lives {
        let parents = submitted.edges.iter().filter(|(child, _)| *child == task.id);
        table.row([
            called(task),
            task.kind.to_string(),
            task.queue.to_string(),
            parents.filter_map(|(_, parent)| name(*parent)).collect::<Vec<_>>().join(", "),
            task.status.to_string(),
            runs::of(history).len().to_string(),
            task.worker.clone().unwrap_or_default(),
            task.wait_ms.map(span).unwrap_or_default(),
            task.run_ms.map(span).unwrap_or_default(),
        ]);
        table.paint(4, code(task.status));
    }
    table
}

/// What a task is called in its flow.
fn called(task: &Task) -> String {
    task.name.clone().unwrap_or_else(|| short(task.id))
}
