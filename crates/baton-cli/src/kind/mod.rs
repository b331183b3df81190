//! `baton kind`: what holds for tasks of a kind that say nothing themselves.

mod show;

use std::time::Duration;

use anyhow::Result;
use baton::api::kind::PutKind;
use baton_core::{Kind, Reasons};
use clap::{Args, Subcommand};

use crate::console::{self, Target, client};
use crate::exit::Exit;
use crate::out::Out;

#[derive(Subcommand)]
pub(crate) enum KindCommand {
    /// List the kinds of which something is said
    #[command(before_help = "Examples:\n  baton kind ls\n  baton kind ls --json | jq -r .kind")]
    Ls,
    /// Show what is said of one kind
    #[command(before_help = "Examples:\n  baton kind get mail.send")]
    Get {
        /// The kind of task
        kind: Kind,
    },
    /// Say what holds for tasks of a kind; what is not named is as usual again
    Set(Box<Set>),
    /// Forget what is said of a kind; tasks that were submitted keep what they got from it
    #[command(before_help = "Examples:\n  baton kind rm mail.send")]
    Rm {
        /// The kind of task
        kind: Kind,
    },
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton kind set mail.send --max-attempts 8 --backoff 500ms --backoff-cap 1m
  baton kind set invoice.book --non-retryable bad_input --non-retryable 'http 4*'
  baton kind set report.build --timeout 2h --priority 3 --result-ttl 24h")]
pub(crate) struct Set {
    /// The kind of task
    kind: Kind,
    /// 0 to 9, 9 first
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..=9))]
    priority: Option<i64>,
    /// How long one run may take
    #[arg(long, value_parser = console::span, value_name = "TIME")]
    timeout: Option<Duration>,
    /// So many runs may fail; then it has failed
    #[arg(long)]
    max_attempts: Option<u64>,
    /// How many workers may vanish while they run one
    #[arg(long)]
    max_crashes: Option<u64>,
    /// The first wait after a failure is at most this
    #[arg(long, value_parser = console::span, value_name = "TIME")]
    backoff: Option<Duration>,
    /// No wait after a failure is longer
    #[arg(long, value_parser = console::span, value_name = "TIME")]
    backoff_cap: Option<Duration>,
    /// With each further failure the wait is so many times as long, 1 to 10
    #[arg(long, value_name = "N")]
    backoff_factor: Option<u64>,
    /// A reason that is not worth another attempt; with a star at its end, all that begin so; may be given several times
    #[arg(long, value_name = "REASON")]
    non_retryable: Vec<Reasons>,
    /// How long the result of a completed task is kept
    #[arg(long, value_parser = console::span, value_name = "TIME")]
    result_ttl: Option<Duration>,
}

fn ms(span: Option<Duration>) -> Option<u64> {
    span.map(|span| span.as_millis() as u64)
}

impl Set {
    fn put(self) -> PutKind {
        PutKind {
            priority: self.priority,
            timeout_ms: ms(self.timeout),
            max_attempts: self.max_attempts,
            max_crashes: self.max_crashes,
            backoff_ms: ms(self.backoff),
            backoff_cap_ms: ms(self.backoff_cap),
            backoff_factor: self.backoff_factor,
            non_retryable: self.non_retryable,
            result_ttl_ms: ms(self.result_ttl),
        }
    }
}

pub(crate) async fn run(out: &Out, target: &Target, command: KindCommand) -> Result<Exit> {
    let client = client(target)?;
    match command {
        KindCommand::Ls => show::all(out, &client.kinds().await?)?,
        KindCommand::Get { kind } => show::one(out, &client.kind(kind.as_str()).await?)?,
        KindCommand::Set(set) => {
            let kind = set.kind.to_string();
            show::one(out, &client.put_kind(&kind, &set.put()).await?)?;
        }
        KindCommand::Rm { kind } => {
            target.guard(&format!("forget what holds for the kind {kind}"))?;
            client.remove_kind(kind.as_str()).await?;
        }
    }
    Ok(Exit::Fine)
}
