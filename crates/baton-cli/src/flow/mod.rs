//! `baton flow`: submit tasks that wait for each other, look at them, follow them, and move them together.

mod draw;
mod file;
mod graph;
mod show;
mod submit;
mod trace;

use std::str::FromStr;

use anyhow::Result;
use baton::api::flow::Flow;
use baton::{Client, FlowId, FlowState};
use clap::{Args, Subcommand};

use crate::console::{Target, client};
use crate::exit::{Exit, Stop};
use crate::out::{Out, say};

#[derive(Subcommand)]
pub(crate) enum FlowCommand {
    /// Submit a flow from a file: all of its tasks, or none
    Submit(submit::Submit),
    /// Show a flow, and how many of its tasks are where
    #[command(before_help = "Examples:
  baton flow get 01a1fc29-8a56-7000-ba14-c38b1c000000
  baton flow get last --json")]
    Get {
        /// Its id, or `last` for the newest one
        flow: Which,
    },
    /// List flows, the newest first
    Ls(show::Ls),
    /// Draw a flow: who waits for whom, and where each task is
    #[command(before_help = "Examples:
  baton flow graph last
  baton flow graph last -o wide        as a table, with what each task waits for
  baton flow graph last --json         with a place for each task, to draw it elsewhere")]
    Graph {
        /// Its id, or `last` for the newest one
        flow: Which,
    },
    /// Follow a flow until nothing of it moves by itself; exit code 6 if it did not complete
    Trace(trace::Trace),
    /// Cancel all tasks of a flow that have not ended
    #[command(before_help = "Examples:
  baton flow cancel 01a1fc29-8a56-7000-ba14-c38b1c000000 --reason 'wrong month'")]
    Cancel(Act),
    /// Run those tasks of a flow once more that failed, timed out or were cancelled
    #[command(before_help = "Examples:
  baton flow rerun last --reason 'the disk is mended'")]
    Rerun(Act),
}

#[derive(Args)]
pub(crate) struct Act {
    /// Its id, or `last` for the newest one
    flow: Which,
    /// Goes into the histories of the tasks
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

/// A flow: its id, or `last` for the newest one
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Id(FlowId),
    Last,
}

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Which, String> {
        match text {
            "last" => Ok(Which::Last),
            id => id
                .parse()
                .map(Which::Id)
                .map_err(|error| format!("failed to {error}; `last` is the newest flow")),
        }
    }
}

impl Which {
    async fn id(self, client: &Client) -> Result<FlowId> {
        match self {
            Which::Id(id) => Ok(id),
            Which::Last => {
                let newest = client.flow_page(1, None).await?.flows.into_iter().next();
                let none =
                    || Stop::new(Exit::NotFound, "there is no flow yet: `baton flow submit` makes one");
                Ok(newest.ok_or_else(none)?.id)
            }
        }
    }
}

pub(crate) async fn run(out: &Out, target: &Target, command: FlowCommand) -> Result<Exit> {
    let client = client(target)?;
    match command {
        FlowCommand::Submit(submit) => return submit::run(out, &client, submit).await,
        FlowCommand::Trace(trace) => return trace::run(out, &client, trace).await,
        FlowCommand::Ls(ls) => show::list(out, &client, ls).await?,
        FlowCommand::Get { flow } => show::one(out, &client.get_flow(flow.id(&client).await?).await?)?,
        FlowCommand::Graph { flow } => graph::show(out, &client.flow_graph(flow.id(&client).await?).await?)?,
        FlowCommand::Cancel(Act { flow, reason }) => {
            let id = flow.id(&client).await?;
            if target.guards()? {
                let tasks = client.get_flow(id).await?.tasks;
                target.guard(&format!("cancel the flow {id} of {tasks} tasks"))?;
            }
            moved(out, &client.cancel_flow(id, &reason).await?)?;
        }
        FlowCommand::Rerun(Act { flow, reason }) => {
            let id = flow.id(&client).await?;
            target.guard(&format!("rerun what failed of the flow {id}"))?;
            moved(out, &client.rerun_flow(id, &reason).await?)?;
        }
    }
    Ok(Exit::Fine)
}

/// What is done with a large flow goes on after the answer.
fn moved(out: &Out, flow: &Flow) -> Result<()> {
    show::one(out, flow)?;
    if flow.doing.is_some() {
        say(&format!("this is still being done: baton flow trace {}", flow.id));
    }
    Ok(())
}

/// What it means to whoever waited for a flow.
fn ended(flow: &Flow) -> Exit {
    match flow.state {
        FlowState::Completed => Exit::Fine,
        FlowState::Held => {
            say(&format!(
                "nothing of it moves by itself; what holds it: baton flow graph {} -o wide",
                flow.id
            ));
            Exit::NotCompleted
        }
        FlowState::Running | FlowState::Failed | FlowState::Cancelled => Exit::NotCompleted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_an_id_or_the_last_one() {
        assert_eq!("last".parse(), Ok(Which::Last));
        assert!(matches!("01a1fc29-8a56-7000-ba14-c38b1c000000".parse(), Ok(Which::Id(_))));
        assert!("lats".parse::<Which>().unwrap_err().contains("`last`"));
    }
}
