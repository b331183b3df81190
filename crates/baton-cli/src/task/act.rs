//! `baton task cancel | rerun | promote`: the same for several tasks, each by itself.

use anyhow::Result;
use baton::{Client, TaskId};
use clap::Args;

use super::show;
use crate::exit::{self, Exit};
use crate::out::{Format, Out, say};

#[derive(Args)]
pub(crate) struct Several {
    /// The ids of the tasks
    #[arg(required = true)]
    ids: Vec<TaskId>,
    /// Goes into the history of the task
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

impl Several {
    /// What would be done, in words.
    pub(super) fn deed(&self, verb: &str) -> String {
        match &self.ids[..] {
            [id] => format!("{verb} the task {id}"),
            ids => format!("{verb} {} tasks", ids.len()),
        }
    }
}

#[derive(Clone, Copy)]
pub(super) enum Verb {
    Cancel,
    Rerun,
    Promote,
}

/// One that is refused does not keep the others from being asked; the first refusal is the exit code.
pub(super) async fn run(out: &Out, client: &Client, verb: Verb, several: Several) -> Result<Exit> {
    let mut exit = Exit::Fine;
    for id in &several.ids {
        let answer = match verb {
            Verb::Cancel => client.cancel(*id, &several.reason).await,
            Verb::Rerun => client.rerun(*id, &several.reason).await,
            Verb::Promote => client.promote(*id, &several.reason).await,
        };
        match answer {
            Ok(task) => match (&several.ids[..], out.format) {
                ([_], Format::Json) => out.document(&task)?,
                (_, Format::Json) => out.json_line(&task)?,
                (_, Format::Name) => out.line(&task.id.to_string())?,
                _ => out.line(&show::short(out, &task))?,
            },
            Err(error) if several.ids.len() == 1 => return Err(error.into()),
            Err(error) => {
                say(&format!("{id}: {}", error.sentence()));
                let of_this = exit::of(&error.into());
                exit = if exit == Exit::Fine { of_this } else { exit };
            }
        }
    }
    Ok(exit)
}
