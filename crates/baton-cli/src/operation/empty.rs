//! `baton queue drain | purge`.

use std::time::Duration;

use anyhow::Result;
use baton::Client;
use baton::api::operation::Drained;
use baton::api::queue::Queue;

use super::{over, show};
use crate::console::{Target, client};
use crate::exit::{Exit, Stop};
use crate::out::{Format, Out};
use crate::progress::Progress;
use crate::wait::until;

/// How often a queue that still runs is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(crate) async fn drain(out: &Out, client: &Client, queue: &str, wait: bool) -> Result<Exit> {
    let mut drained = client.drain(queue, Duration::ZERO).await?;
    if wait {
        drained = until(at_rest(client, queue, drained), None).await?;
    }
    match out.format {
        Format::Json => out.document(&drained)?,
        Format::Name => out.line(drained.queue.as_str())?,
        Format::Table | Format::Wide => out.line(&said(&drained))?,
    }
    Ok(Exit::Fine)
}

/// Looks until nothing runs any more. It is paused only once: to do it again would undo what a colleague did meanwhile.
async fn at_rest(client: &Client, queue: &str, mut drained: Drained) -> Result<Drained> {
    let runs = drained.running;
    let mut progress = Progress::new(Some(runs), "tasks ended");
    while !drained.drained {
        progress.at(runs.saturating_sub(drained.running));
        tokio::time::sleep(LOOK_EVERY).await;
        let now = client.queue(queue).await?;
        if !now.paused {
            let sentence = format!("{queue} was resumed meanwhile, and is not at rest");
            return Err(Stop::new(Exit::Failure, sentence).into());
        }
        drained = looked(now);
    }
    Ok(drained)
}

fn looked(queue: Queue) -> Drained {
    let count = |status: &str| queue.tasks.get(status).copied().unwrap_or_default();
    let (running, pending) = (count("running"), count("pending"));
    Drained { queue: queue.name, drained: running == 0, running, pending }
}

fn said(drained: &Drained) -> String {
    let Drained { queue, running, pending, .. } = drained;
    match running {
        0 => format!("{queue} is paused, and nothing of it runs; {pending} wait until it is resumed"),
        _ => format!("{queue} is paused; {running} still run, {pending} wait until it is resumed"),
    }
}

/// How many of its tasks have not ended.
async fn live(client: &Client, queue: &str) -> Result<u64> {
    let tasks = client.queue(queue).await?.tasks;
    Ok(["scheduled", "blocked", "pending", "running"].iter().filter_map(|status| tasks.get(*status)).sum())
}

/// The name once more is what a slip of the hand does not type.
pub(crate) async fn purge(
    out: &Out,
    target: &Target,
    queue: &str,
    confirm: Option<&str>,
    reason: &str,
) -> Result<Exit> {
    let client = &client(target)?;
    if confirm != Some(queue) {
        let count = live(client, queue).await?;
        let sentence =
            format!("this cancels {count} tasks of {queue}: say --confirm {queue} if that is meant");
        return Err(Stop::new(Exit::Usage, sentence).into());
    }
    if target.guards()? {
        target.guard(&format!("cancel {} tasks of {queue}", live(client, queue).await?))?;
    }
    let operation = client.purge(queue, reason).await?;
    show::one(out, &until(over(client, operation), None).await?)?;
    Ok(Exit::Fine)
}
