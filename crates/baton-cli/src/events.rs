//! `baton events`: what happens, as it happens.

use std::pin::pin;

use anyhow::Result;
use baton::Watch;
use baton::api::event::{Event, Frame};
use clap::Args;
use futures_util::StreamExt;

use crate::console::{Target, client};
use crate::exit::Exit;
use crate::out::{Format, Out, say};
use crate::wait::until;

#[derive(Args)]
#[command(before_help = "Examples:
  baton events                        everything, until Ctrl-C
  baton events --queue mail --json    a line of JSON each
  baton events --limit 1              the next thing that happens")]
pub(crate) struct Events {
    /// Only of this queue
    #[arg(long)]
    queue: Option<String>,
    /// Only of this task
    #[arg(long)]
    task: Option<String>,
    /// Only of these: tasks, queues, workers
    #[arg(long, value_delimiter = ',', value_name = "TOPIC")]
    topic: Vec<String>,
    /// Go on after the event with this id
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// End after so many
    #[arg(long)]
    limit: Option<usize>,
}

pub(crate) async fn run(out: &Out, target: &Target, events: Events) -> Result<Exit> {
    let (client, out) = (client(target)?, &out.live());
    let mut watch = events.topic.iter().fold(Watch::new(), |watch, topic| watch.topic(topic));
    watch = events.queue.iter().fold(watch, |watch, queue| watch.queue(queue));
    watch = events.task.iter().fold(watch, |watch, task| watch.task(task));
    watch = events.after.iter().fold(watch, |watch, after| watch.after(after));
    let follow = async {
        let mut frames = pin!(client.watch(watch));
        let mut left = events.limit;
        while left != Some(0) {
            let Some(frame) = frames.next().await else { break };
            if show(out, &frame?)? {
                left = left.map(|left| left - 1);
            }
        }
        Ok(Exit::Fine)
    };
    until(follow, None).await
}

/// True where it was an event.
fn show(out: &Out, frame: &Frame) -> Result<bool> {
    let Some(event) = &frame.data else {
        if frame.topic == "reset" {
            say("something was missed here: what follows does not join what came before");
        }
        return Ok(false);
    };
    match out.format {
        Format::Json => out.json_line(frame)?,
        Format::Name => out.line(&frame.id)?,
        Format::Table | Format::Wide => out.line(&line(event))?,
    }
    Ok(true)
}

fn line(event: &Event) -> String {
    let attempt =
        event.attempt.filter(|attempt| *attempt > 0).map(|attempt| format!("attempt {}", attempt + 1));
    let parts = [
        Some(event.at.to_string()),
        Some(format!("{:<10}", event.event)),
        event.task.clone(),
        event.queue.clone(),
        event.kind.clone(),
        event.worker.clone(),
        event.pool.clone(),
        event.schedule.clone(),
        event.webhook.clone(),
        attempt,
        event.by.as_ref().map(|by| format!("by {by}")),
        event.why.as_ref().map(|why| format!("({})", why.escape_debug())),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}
