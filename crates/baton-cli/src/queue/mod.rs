//! `baton queue`: look at queues, pause and resume them, set their limits.

mod set;

use anyhow::Result;
use baton::api::queue::Queue;
use clap::Subcommand;

use crate::console::{Target, client};
use crate::exit::{Exit, Stop};
use crate::operation;
use crate::out::{Format, Out, Table, age, span};

#[derive(Subcommand)]
pub(crate) enum QueueCommand {
    /// List all queues
    #[command(
        before_help = "Examples:\n  baton queue ls\n  baton queue ls --json | jq -r 'select(.unattended).name'"
    )]
    Ls,
    /// Show one queue
    #[command(before_help = "Examples:\n  baton queue get default")]
    Get {
        /// The name of the queue
        queue: String,
    },
    /// Hand out no more of a queue's tasks; those that run go on
    #[command(before_help = "Examples:\n  baton queue pause mail\n  baton queue pause tomorrow --create")]
    Pause {
        /// The name of the queue
        queue: String,
        /// Also where nothing was ever submitted to it
        #[arg(long)]
        create: bool,
    },
    /// Set what a queue allows, and how long it keeps what has ended
    Set(Box<set::Set>),
    /// Pause a queue, and say what of it still runs; the way back is to resume it
    #[command(before_help = "Examples:\n  baton queue drain mail\n  baton queue drain mail --wait")]
    Drain {
        /// The name of the queue
        queue: String,
        /// Return when nothing of it runs any more
        #[arg(long)]
        wait: bool,
    },
    /// Cancel everything of a queue that has not ended
    #[command(
        before_help = "Examples:\n  baton queue purge mail                   how many tasks would that be?\n  baton queue purge mail --confirm mail"
    )]
    Purge {
        /// The name of the queue
        queue: String,
        /// The name of the queue once more
        #[arg(long, value_name = "QUEUE")]
        confirm: Option<String>,
        /// Goes into the histories of the tasks
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Hand out a queue's tasks again
    #[command(before_help = "Examples:\n  baton queue resume mail")]
    Resume {
        /// The name of the queue
        queue: String,
    },
}

pub(crate) async fn run(out: &Out, target: &Target, command: QueueCommand) -> Result<Exit> {
    let client = client(target)?;
    match command {
        QueueCommand::Ls => list(out, &client.queues().await?)?,
        QueueCommand::Get { queue } => show(out, client.queue(&queue).await?)?,
        QueueCommand::Pause { queue, create } => {
            target.guard(&format!("pause the queue {queue}"))?;
            // Whoever mistypes a name would believe that the right one is paused.
            if !create {
                client.queue(&queue).await.map_err(unknown)?;
            }
            show(out, client.pause(&queue).await?)?;
        }
        QueueCommand::Set(set) => {
            let patch = set.patch()?;
            if patch.retention.is_some() {
                target.guard(&format!("change how long tasks of the queue {} are kept", set.queue))?;
            }
            show(out, client.set_queue(&set.queue, &patch).await?)?;
        }
        QueueCommand::Drain { queue, wait } => {
            target.guard(&format!("pause the queue {queue}"))?;
            return operation::drain(out, &client, &queue, wait).await;
        }
        QueueCommand::Purge { queue, confirm, reason } => {
            return operation::purge(out, target, &queue, confirm.as_deref(), &reason).await;
        }
        QueueCommand::Resume { queue } => {
            client.queue(&queue).await?;
            show(out, client.resume(&queue).await?)?;
        }
    }
    Ok(Exit::Fine)
}

fn unknown(error: baton::Error) -> anyhow::Error {
    match error.status() {
        Some(404) => {
            let sentence = format!("{}; --create pauses a queue before its first task", error.sentence());
            Stop::new(Exit::NotFound, sentence).into()
        }
        _ => error.into(),
    }
}

fn show(out: &Out, queue: Queue) -> Result<()> {
    if out.format == Format::Json { out.document(&queue) } else { list(out, &[queue]) }
}

fn list(out: &Out, queues: &[Queue]) -> Result<()> {
    match out.format {
        Format::Json => queues.iter().try_for_each(|queue| out.json_line(queue)),
        Format::Name => queues.iter().try_for_each(|queue| out.line(queue.name.as_str())),
        Format::Table | Format::Wide => table(out, queues).print(out),
    }
}

const STATUSES: [&str; 5] = ["pending", "running", "scheduled", "completed", "failed"];

fn table(out: &Out, queues: &[Queue]) -> Table {
    let mut table = Table::new(&[
        "QUEUE",
        "PENDING",
        "RUNNING",
        "SCHEDULED",
        "COMPLETED",
        "FAILED",
        "WORKERS",
        "OLDEST",
        "NOTE",
    ]);
    for queue in queues {
        let counts = STATUSES.map(|status| queue.tasks.get(status).copied().unwrap_or_default().to_string());
        let oldest = queue.oldest_pending_age_ms.map(span).unwrap_or_default();
        let rest = [queue.workers.to_string(), oldest, note(out, queue)];
        table.row([queue.name.to_string()].into_iter().chain(counts).chain(rest));
        if queue.paused || queue.unattended {
            table.paint(8, "33");
        }
    }
    table
}

fn note(out: &Out, queue: &Queue) -> String {
    match (queue.paused, queue.paused_at, queue.unattended) {
        (true, Some(at), _) => format!("paused {}", age(out, at)),
        (true, None, _) => "paused".to_owned(),
        (false, _, true) => "work, and no live worker".to_owned(),
        (false, _, false) => limits(queue),
    }
}

/// What the queue allows, in a few words.
fn limits(queue: &Queue) -> String {
    let limits = &queue.limits;
    let words = [
        limits.concurrency.map(|most| format!("at most {most} run")),
        limits.rate.map(|rate| format!("at most {} start in {}", rate.count, span(rate.per_ms))),
        limits.group_concurrency.map(|most| format!("at most {most} of a group")),
        limits.fair.then(|| "groups take turns".to_owned()),
        limits.aging_ms.map(|ms| format!("a priority per {}", span(ms))),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
