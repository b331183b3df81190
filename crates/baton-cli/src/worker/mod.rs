//! `baton worker`: look at workers, direct them, or be one.

mod show;

use anyhow::Result;
use baton::api::auth::{NewJoinToken, OneTimeCode};
use clap::Subcommand;

use crate::console::{Target, client};
use crate::exit::Exit;
use crate::out::{Format, Out, say};
use crate::serve;

#[derive(Subcommand)]
pub(crate) enum WorkerCommand {
    /// Be a worker: claim tasks and run them
    Run(Box<serve::Worker>),
    /// List workers
    #[command(before_help = "Examples:
  baton worker ls
  baton worker ls --pool media -o wide
  baton worker ls --all                 those that have left, too")]
    Ls {
        /// Also workers that are offline; their records stay for a day
        #[arg(long)]
        all: bool,
        /// Only those of this pool
        #[arg(long)]
        pool: Option<String>,
    },
    /// Show one worker, and what it holds
    #[command(before_help = "Examples:\n  baton worker get worker-001-default")]
    Get {
        /// The id of the worker, as `worker ls` shows it
        worker: String,
    },
    /// Tell a worker to claim no more; it finishes what it holds
    #[command(before_help = "Examples:\n  baton worker quiet worker-001-default")]
    Quiet {
        /// The id of the worker, as `worker ls` shows it
        worker: String,
    },
    /// Tell a worker to end
    #[command(before_help = "Examples:\n  baton worker stop worker-001-default")]
    Stop {
        /// The id of the worker, as `worker ls` shows it
        worker: String,
    },
    /// Take back what a worker was told: it claims again
    #[command(before_help = "Examples:\n  baton worker resume worker-001-default")]
    Resume {
        /// The id of the worker, as `worker ls` shows it
        worker: String,
    },
    /// Print a code by which one worker gets a credential of its own
    #[command(before_help = "Examples:
  baton worker join-token                                 for all queues
  baton worker join-token --queue mail --queue 'img-*'    for these
  JOIN=$(baton worker join-token -o name)")]
    JoinToken {
        /// What it may claim from; several times for several
        #[arg(long, value_name = "QUEUE")]
        queue: Vec<String>,
    },
}

pub(crate) async fn run(out: &Out, target: &Target, command: WorkerCommand) -> Result<Exit> {
    if let WorkerCommand::Run(worker) = command {
        return serve::worker(*worker).await;
    }
    let client = client(target)?;
    let one = match command {
        WorkerCommand::Get { worker } => {
            show::one(out, &client.worker(&worker).await?)?;
            return Ok(Exit::Fine);
        }
        WorkerCommand::Quiet { worker } => client.quiet_worker(&worker).await?,
        WorkerCommand::Stop { worker } => {
            target.guard(&format!("stop the worker {worker}"))?;
            client.stop_worker(&worker).await?
        }
        WorkerCommand::Resume { worker } => client.resume_worker(&worker).await?,
        WorkerCommand::JoinToken { queue } => {
            join_token(out, &client.join_token(&NewJoinToken { queues: queue }).await?)?;
            return Ok(Exit::Fine);
        }
        WorkerCommand::Ls { all, pool } => {
            let workers = match pool {
                Some(pool) => client.workers_of(&pool).await?,
                None => client.workers().await?,
            };
            show::some(out, workers, all)?;
            return Ok(Exit::Fine);
        }
        WorkerCommand::Run(_) => return Ok(Exit::Fine),
    };
    if out.format == Format::Json {
        out.document(&one)?
    } else {
        show::list(out, &[one])?
    }
    Ok(Exit::Fine)
}

fn join_token(out: &Out, token: &OneTimeCode) -> Result<()> {
    if out.format == Format::Json {
        return out.document(token);
    }
    out.line(&token.code.0)?;
    if out.format != Format::Name {
        let minutes = token.expires_in.div_ceil(60);
        say(&format!(
            "good once, for {minutes} minutes: a worker sends it as its credential to POST /auth/workers/join"
        ));
    }
    Ok(())
}
