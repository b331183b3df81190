//! `baton task`: submit tasks, look at them, wait for them, and move them.

mod act;
mod life;
mod link;
mod list;
mod show;
mod submit;
mod trace;

use std::time::Duration;

use anyhow::Result;
use baton::{Client, Status, TaskId};
use clap::Subcommand;

use crate::console::{self, Target, client};
use crate::exit::Exit;
use crate::out::{Format, Out};
use crate::wait::until;

#[derive(Subcommand)]
pub(crate) enum TaskCommand {
    /// Submit a task
    Submit(submit::Submit),
    /// Show a task, with its payload and result
    #[command(before_help = "Examples:\n  baton task get 01a1fc29-8a56-7000-ba14-c38b1cfc4000")]
    Get {
        /// The id of the task
        id: TaskId,
    },
    /// List tasks
    Ls(list::Ls),
    /// Wait until tasks end; exit code 6 if one did not complete
    #[command(before_help = "Examples:
  baton task wait 01a1fc29-8a56-7000-ba14-c38b1cfc4000 --timeout 5m")]
    Wait {
        /// The ids of the tasks
        #[arg(required = true)]
        ids: Vec<TaskId>,
        /// Stop waiting after this long, with exit code 124
        #[arg(long, value_parser = console::span, value_name = "TIME")]
        timeout: Option<Duration>,
    },
    /// Cancel tasks; whoever runs one is told to stop
    #[command(before_help = "Examples:
  baton task cancel 01a1fc29-8a56-7000-ba14-c38b1cfc4000 --reason 'wrong month'")]
    Cancel(act::Several),
    /// Run tasks that have ended once more
    #[command(before_help = "Examples:
  baton task rerun 01a1fc29-8a56-7000-ba14-c38b1cfc4000
  baton task ls --status failed -o name | xargs baton task rerun")]
    Rerun(act::Several),
    /// Let scheduled tasks run now
    #[command(before_help = "Examples:\n  baton task promote 01a1fc29-8a56-7000-ba14-c38b1cfc4000")]
    Promote(act::Several),
    /// Give a task that waits another priority
    #[command(before_help = "Examples:\n  baton task reprioritise 01a1fc29-8a56-7000-ba14-c38b1cfc4000 9")]
    Reprioritise {
        /// The id of the task
        id: TaskId,
        /// 0 to 9, 9 first
        #[arg(value_parser = clap::value_parser!(u8).range(0..=9))]
        priority: u8,
    },
    /// Let a task wait for others too; one that runs or has ended cannot
    #[command(before_help = "Examples:
  baton task link 01a1fc29-8a56-7000-ba14-c38b1cfc5000 01a1fc29-8a56-7000-ba14-c38b1cfc4000")]
    Link(link::Edges),
    /// Let a task wait for others no longer
    #[command(before_help = "Examples:
  baton task unlink 01a1fc29-8a56-7000-ba14-c38b1cfc5000 01a1fc29-8a56-7000-ba14-c38b1cfc4000")]
    Unlink(link::Edges),
    /// Print what a task's handler wrote
    Logs(life::Logs),
    /// Follow a task, step by step, until it ends; exit code 6 if it did not complete
    Trace(trace::Trace),
    /// Print every step of a task's life
    #[command(before_help = "Examples:\n  baton task history 01a1fc29-8a56-7000-ba14-c38b1cfc4000")]
    History {
        /// The id of the task
        id: TaskId,
    },
    /// Say why a task is where it is, and what would move it
    #[command(before_help = "Examples:\n  baton task explain 01a1fc29-8a56-7000-ba14-c38b1cfc4000")]
    Explain {
        /// The id of the task
        id: TaskId,
    },
    /// Print what a task completed with, byte for byte
    #[command(
        before_help = "Examples:\n  baton task result 01a1fc29-8a56-7000-ba14-c38b1cfc4000 | jq .pages"
    )]
    Result {
        /// The id of the task
        id: TaskId,
    },
}

pub(crate) async fn run(out: &Out, target: &Target, command: TaskCommand) -> Result<Exit> {
    let client = client(target)?;
    match command {
        TaskCommand::Submit(submit) => return submit::run(out, &client, submit).await,
        TaskCommand::Ls(ls) => list::run(out, &client, ls).await?,
        TaskCommand::Get { id } => show::one(out, &client.get(id).await?)?,
        TaskCommand::Wait { ids, timeout } => return wait(out, &client, &ids, timeout).await,
        TaskCommand::Cancel(several) => {
            target.guard(&several.deed("cancel"))?;
            return act::run(out, &client, act::Verb::Cancel, several).await;
        }
        TaskCommand::Rerun(several) => {
            target.guard(&several.deed("rerun"))?;
            return act::run(out, &client, act::Verb::Rerun, several).await;
        }
        TaskCommand::Promote(several) => return act::run(out, &client, act::Verb::Promote, several).await,
        TaskCommand::Reprioritise { id, priority } => {
            show::one(out, &client.reprioritise(id, priority).await?)?;
        }
        TaskCommand::Link(edges) => link::link(out, &client, edges).await?,
        TaskCommand::Unlink(edges) => link::unlink(out, &client, edges).await?,
        TaskCommand::Logs(logs) => life::logs(out, &client, logs).await?,
        TaskCommand::Trace(trace) => return trace::run(out, &client, trace).await,
        TaskCommand::History { id } => life::history(out, &client.history(id).await?)?,
        TaskCommand::Explain { id } => life::explain(out, &client.explain(id).await?)?,
        TaskCommand::Result { id } => result(out, &client, id).await?,
    }
    Ok(Exit::Fine)
}

/// One task is a document, several are lines.
async fn wait(out: &Out, client: &Client, ids: &[TaskId], limit: Option<Duration>) -> Result<Exit> {
    let all = async {
        let mut exit = Exit::Fine;
        for id in ids {
            let task = client.wait(*id).await?;
            if task.status != Status::Completed {
                exit = Exit::NotCompleted;
            }
            match (ids, out.format) {
                ([_], _) => show::one(out, &task)?,
                (_, Format::Json) => out.json_line(&task)?,
                (_, Format::Name) => out.line(&task.id.to_string())?,
                _ => out.line(&show::short(out, &task))?,
            }
        }
        Ok(exit)
    };
    until(all, limit).await
}

async fn result(out: &Out, client: &Client, id: TaskId) -> Result<()> {
    out.bytes(&client.result_bytes(id).await?)?;
    if out.is_terminal() { out.line("") } else { Ok(()) }
}
