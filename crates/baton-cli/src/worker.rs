//! `baton worker`: look at workers, direct them, or be one.

use anyhow::Result;
use baton::api::auth::{NewJoinToken, OneTimeCode};
use baton::api::worker::{State, Worker};
use clap::Subcommand;

use crate::console::{Target, client};
use crate::exit::Exit;
use crate::out::{Format, Out, Table, say, span};
use crate::serve;

#[derive(Subcommand)]
pub(crate) enum WorkerCommand {
    /// Be a worker: claim tasks and run them
    Run(Box<serve::Worker>),
    /// List workers
    #[command(before_help = "Examples:\n  baton worker ls\n  baton worker ls -o wide")]
    Ls,
    /// Show one worker
    #[command(before_help = "Examples:\n  baton worker get worker-001-default")]
    Get { worker: String },
    /// Tell a worker to claim no more; it finishes what it holds
    #[command(before_help = "Examples:\n  baton worker quiet worker-001-default")]
    Quiet { worker: String },
    /// Tell a worker to end
    #[command(before_help = "Examples:\n  baton worker stop worker-001-default")]
    Stop { worker: String },
    /// Take back what a worker was told: it claims again
    #[command(before_help = "Examples:\n  baton worker resume worker-001-default")]
    Resume { worker: String },
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
        WorkerCommand::Get { worker } => client.worker(&worker).await?,
        WorkerCommand::Quiet { worker } => client.quiet_worker(&worker).await?,
        WorkerCommand::Stop { worker } => client.stop_worker(&worker).await?,
        WorkerCommand::Resume { worker } => client.resume_worker(&worker).await?,
        WorkerCommand::JoinToken { queue } => {
            join_token(out, &client.join_token(&NewJoinToken { queues: queue }).await?)?;
            return Ok(Exit::Fine);
        }
        WorkerCommand::Ls | WorkerCommand::Run(_) => {
            list(out, &client.workers().await?)?;
            return Ok(Exit::Fine);
        }
    };
    if out.format == Format::Json {
        out.document(&one)?
    } else {
        list(out, &[one])?
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

fn list(out: &Out, workers: &[Worker]) -> Result<()> {
    match out.format {
        Format::Json => workers.iter().try_for_each(|worker| out.json_line(worker)),
        Format::Name => workers.iter().try_for_each(|worker| out.line(worker.id.as_str())),
        Format::Table | Format::Wide => table(out, workers).print(out),
    }
}

fn table(out: &Out, workers: &[Worker]) -> Table {
    let wide = out.format == Format::Wide;
    let mut heads = vec!["WORKER", "STATE", "HOLDS", "SLOTS", "HEARTBEAT", "QUEUES"];
    heads.extend(if wide { &["KINDS", "HOST", "PID", "VERSION", "LEASE"][..] } else { &[] });
    let mut table = Table::new(&heads);
    for worker in workers {
        let heartbeat = worker.heartbeat_age_ms.map(|ms| format!("{} ago", span(ms))).unwrap_or_default();
        let (word, code) = look(worker.state);
        let slots = worker.slots.map(|slots| slots.to_string()).unwrap_or_default();
        let mut row =
            vec![worker.id.to_string(), word.to_owned(), worker.holds.to_string(), slots, heartbeat];
        row.push(worker.queues.join(","));
        if wide {
            row.extend(more(worker));
        }
        table.row(row);
        table.paint(1, code);
    }
    table
}

fn more(worker: &Worker) -> [String; 5] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (host, pid, version) = (text(&worker.host), text(&worker.pid), text(&worker.version));
    [worker.kinds.join(","), host, pid, version, span(worker.lease_ms)]
}

fn look(state: State) -> (&'static str, &'static str) {
    match state {
        State::Idle => ("idle", "32"),
        State::Busy => ("busy", "36"),
        State::Quiet => ("quiet", "33"),
        State::Offline => ("offline", "90"),
    }
}
