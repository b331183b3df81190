//! `baton error`: failures in groups.

mod show;

use std::time::Duration;

use anyhow::Result;
use baton::api::error_group::SilenceError;
use baton::api::operation::RerunGroup;
use baton::{Fingerprint, Groups};
use clap::Subcommand;

use crate::console::{self, Target, client};
use crate::exit::Exit;
use crate::operation;
use crate::out::Out;

#[derive(Subcommand)]
pub(crate) enum ErrorCommand {
    /// List groups of failures, the last one seen first
    #[command(before_help = "Examples:
  baton error ls
  baton error ls --queue mail
  baton error ls --json | jq -r 'select(.count > 100).message'")]
    Ls {
        /// Seen in this queue
        #[arg(long)]
        queue: Option<String>,
        /// Only those that are silenced; with `=false`, only those that are not
        #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
        silenced: Option<bool>,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
        limit: u64,
    },
    /// Show one group, and the tasks that failed so last
    #[command(before_help = "Examples:
  baton error get 8f3a1c0b9d2e4f67
  baton error get 8f3a1c0b9d2e4f67 --json | jq -r '.tasks[].id' | xargs baton task rerun")]
    Get {
        /// The group, as `error ls` shows it
        fingerprint: Fingerprint,
        /// How many of its tasks
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100))]
        limit: u64,
    },
    /// Leave a group out of what asks for attention; it stays listed, and is counted as before
    #[command(before_help = "Examples:
  baton error silence 8f3a1c0b9d2e4f67 --for 7d --reason 'the relay moves on Monday'
  baton error silence 8f3a1c0b9d2e4f67                until somebody takes it back")]
    Silence {
        /// The group, as `error ls` shows it
        fingerprint: Fingerprint,
        /// For how long, from 1m to 365d; without it, until it is taken back
        #[arg(long = "for", value_name = "TIME", value_parser = console::span)]
        length: Option<Duration>,
        /// For others who look at the group
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Take a silence back
    #[command(before_help = "Examples:
  baton error unsilence 8f3a1c0b9d2e4f67
  baton error ls --silenced -o name | xargs -n1 baton error unsilence")]
    Unsilence {
        /// The group, as `error ls` shows it
        fingerprint: Fingerprint,
    },
    /// Run all tasks once more that failed in this way
    #[command(before_help = "Examples:
  baton error rerun 8f3a1c0b9d2e4f67 --dry-run        how many would that be?
  baton error rerun 8f3a1c0b9d2e4f67 --reason 'the relay is back' --wait")]
    Rerun {
        /// The group, as `error ls` shows it
        fingerprint: Fingerprint,
        /// Goes into the histories of the tasks
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
        /// Only say how many there are, and show some
        #[arg(long)]
        dry_run: bool,
        /// Return when it is over
        #[arg(long)]
        wait: bool,
    },
}

pub(crate) async fn run(out: &Out, target: &Target, command: ErrorCommand) -> Result<Exit> {
    let client = client(target)?;
    match command {
        ErrorCommand::Ls { queue, silenced, limit } => {
            let which = Groups { queue: queue.as_deref(), silenced };
            show::all(out, &client.errors_of(which, limit).await?)?;
        }
        ErrorCommand::Silence { fingerprint, length, reason } => {
            let for_ms = length.map(|length| u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
            let silence = SilenceError { for_ms, reason };
            show::one(out, &client.silence_error(fingerprint, &silence).await?)?;
        }
        ErrorCommand::Unsilence { fingerprint } => client.unsilence_error(fingerprint).await?,
        ErrorCommand::Get { fingerprint, limit } => show::one(out, &client.error(fingerprint, limit).await?)?,
        ErrorCommand::Rerun { fingerprint, reason, dry_run, wait } => {
            if !dry_run {
                target.guard(&format!("rerun all tasks that failed as {fingerprint}"))?;
            }
            let how = RerunGroup { dry_run, reason };
            let acted = client.rerun_error(fingerprint, &how).await?;
            operation::acted(out, &client, acted, wait).await?;
        }
    }
    Ok(Exit::Fine)
}
