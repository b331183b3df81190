//! `baton flow trace`: a flow, live, until nothing of it moves by itself.
//!
//! What is shown is read from the tasks; the live feed only says when to look again. So nothing is missed when the feed
//! breaks, and what is on the screen is how it was at one look.

mod view;

use std::collections::HashSet;
use std::pin::pin;
use std::time::Duration;

use anyhow::Result;
use baton::api::event::Frame;
use baton::api::flow::Flow;
use baton::api::task::Task;
use baton::{Client, Filter, FlowId, FlowState, Watch};
use clap::Args;
use futures_util::{Stream, StreamExt, TryStreamExt};

use super::{Which, ended};
use crate::console;
use crate::exit::Exit;
use crate::out::Out;
use crate::wait::until;
use view::View;

/// A look comes so soon after a change at the earliest, and so late without one at the latest.
const LOOK_AFTER: Duration = Duration::from_millis(200);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Of a larger flow only the counts are followed: to read all of its tasks again and again would be a load.
const TASKS_MAX: u64 = 500;

#[derive(Args)]
#[command(before_help = "Examples:
  baton flow trace last
  baton flow trace 01a1fc29-8a56-7000-ba14-c38b1c000000 --timeout 10m
  baton flow trace last --json | jq -r 'select(.task.status==\"failed\").task.error'")]
pub(crate) struct Trace {
    /// Its id, or `last` for the newest one
    flow: Which,
    /// Stop watching after this long, with exit code 124
    #[arg(long, value_parser = console::span, value_name = "TIME")]
    timeout: Option<Duration>,
}

pub(super) async fn run(out: &Out, client: &Client, trace: Trace) -> Result<Exit> {
    let follow = async {
        let id = trace.flow.id(client).await?;
        follow(out, client, id).await
    };
    let flow = until(follow, trace.timeout).await?;
    Ok(ended(&flow))
}

async fn follow(out: &Out, client: &Client, id: FlowId) -> Result<Flow> {
    let mut frames = pin!(client.watch(Watch::new().topic("tasks")));
    let mut view = View::new(out);
    loop {
        // The flow first: when it is at rest, so are the tasks that are read after it.
        let flow = client.get_flow(id).await?;
        let tasks = tasks(client, &flow).await?;
        let rests = flow.state != FlowState::Running && flow.doing.is_none();
        view.show(&flow, &tasks, rests)?;
        if rests {
            return Ok(flow);
        }
        let ids: HashSet<String> = tasks.iter().map(|task| task.id.to_string()).collect();
        // A feed that has ended is silent, and the looks go on without it.
        let _ = tokio::time::timeout(LOOK_EVERY, heard(&mut frames, &ids)).await;
        tokio::time::sleep(LOOK_AFTER).await;
    }
}

async fn tasks(client: &Client, flow: &Flow) -> Result<Vec<Task>> {
    if flow.tasks > TASKS_MAX {
        return Ok(Vec::new());
    }
    let filter = Filter::new().flow(flow.id).page_of(TASKS_MAX);
    Ok(client.list(filter).try_collect().await?)
}

/// Until the feed tells of one of these tasks.
async fn heard(
    frames: &mut (impl Stream<Item = Result<Frame, baton::Error>> + Unpin),
    ids: &HashSet<String>,
) {
    loop {
        match frames.next().await {
            Some(Ok(Frame { data: Some(event), .. }))
                if event.task.as_ref().is_some_and(|id| ids.contains(id)) =>
            {
                return;
            }
            Some(Ok(frame)) if frame.topic == "reset" => return,
            Some(Ok(_)) => {}
            Some(Err(_)) | None => std::future::pending().await,
        }
    }
}
