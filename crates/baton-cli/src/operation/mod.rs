//! `baton operation`: acts on many tasks, and how far they are.

mod bulk;
mod empty;
mod show;

use std::time::Duration;

use anyhow::Result;
use baton::Client;
use baton::api::operation::Operation;
use clap::Subcommand;

use crate::console::{Target, client, limit, span};
use crate::exit::Exit;
use crate::out::Out;
use crate::progress::Progress;
use crate::wait::until;

pub(crate) use bulk::{Bulk, acted, bulk};
pub(crate) use empty::{drain, purge};

/// How often one that goes on is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);

#[derive(Subcommand)]
pub(crate) enum OperationCommand {
    /// List operations, the latest first
    #[command(
        before_help = "Examples:\n  baton operation ls\n  baton operation ls --json | jq -r 'select(.state == \"running\").id'"
    )]
    Ls {
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = limit)]
        limit: usize,
    },
    /// Show one operation, and how far it is
    #[command(before_help = "Examples:\n  baton operation get 01a1fc29-8a56-7000-ba14-c38b1cfc4000")]
    Get {
        /// The id of the operation, as `operation ls` shows it
        id: String,
    },
    /// Wait until an operation is over
    #[command(
        before_help = "Examples:\n  baton operation wait 01a1fc29-8a56-7000-ba14-c38b1cfc4000 --wait-timeout 5m"
    )]
    Wait {
        /// The id of the operation, as `operation ls` shows it
        id: String,
        /// Give up watching after this long, as in 30s, 5m, 2h
        #[arg(long, value_parser = span, value_name = "TIME")]
        wait_timeout: Option<Duration>,
    },
    /// Call an operation off; what was done stays done
    #[command(before_help = "Examples:\n  baton operation cancel 01a1fc29-8a56-7000-ba14-c38b1cfc4000")]
    Cancel {
        /// The id of the operation, as `operation ls` shows it
        id: String,
    },
}

pub(crate) async fn run(out: &Out, target: &Target, command: OperationCommand) -> Result<Exit> {
    let client = client(target)?;
    match command {
        OperationCommand::Ls { limit } => show::all(out, &client.operations(limit).await?)?,
        OperationCommand::Get { id } => show::one(out, &client.operation(&id).await?)?,
        OperationCommand::Wait { id, wait_timeout } => {
            let operation = client.operation(&id).await?;
            show::one(out, &until(over(&client, operation), wait_timeout).await?)?;
        }
        OperationCommand::Cancel { id } => show::one(out, &client.cancel_operation(&id).await?)?,
    }
    Ok(Exit::Fine)
}

/// Looks again until it is over.
async fn over(client: &Client, mut operation: Operation) -> Result<Operation> {
    let mut progress = Progress::new(None, "tasks");
    while !operation.state.is_over() {
        let through = operation.done + operation.refused.values().sum::<u64>();
        operation.left.into_iter().for_each(|left| progress.of(through + left));
        progress.at(through);
        tokio::time::sleep(LOOK_EVERY).await;
        operation = client.operation(operation.id.as_str()).await?;
    }
    Ok(operation)
}
