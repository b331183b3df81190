//! `baton task submit`.

use std::time::Duration;

use anyhow::Result;
use baton::api::task::Task;
use baton::{Client, FlowId, Json, OnParentFailure, Status, TaskId, Timestamp};
use clap::Args;

use super::show;
use crate::console::{self, payload};
use crate::exit::Exit;
use crate::out::{Out, plain, say};
use crate::wait::until;

#[derive(Args)]
#[command(before_help = "Examples:
  baton task submit echo --payload '{\"hi\":1}' --wait
  baton task submit report.build --payload @november.json --queue reports --priority 7
  jq -c .order order.json | baton task submit order.ship --payload - --key order-1042
  baton task submit mail.send --payload '{\"to\":\"a@b.example\"}' --delay 5m
  baton task submit page.render --payload '{\"page\":7}' --cache 1h --result-ttl 24h
  baton task submit report.send --after 01a1fc29-8a56-7000-ba14-c38b1cfc4000")]
pub(crate) struct Submit {
    /// What is to be done: it names the handler
    kind: String,
    /// JSON as it is, `@file`, or `-` for standard input
    #[arg(long, short)]
    payload: Option<String>,
    /// The queue in which it waits
    #[arg(long)]
    queue: Option<String>,
    /// 0 to 9, 9 first
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=9))]
    priority: Option<u8>,
    /// At most one task of the queue that has not ended carries this key: while there is one, that one is the answer
    #[arg(long)]
    key: Option<String>,
    /// Fail with exit code 5 while another task carries the key
    #[arg(long, requires = "key")]
    reject_duplicates: bool,
    /// What it shares with others of its queue: groups can have limits, and take turns
    #[arg(long)]
    group: Option<String>,
    /// Take the place of another task that carries the key, unless that one runs: then fail with exit code 5
    #[arg(long, requires = "key", conflicts_with = "reject_duplicates")]
    replace_duplicates: bool,
    /// Be content with a task of the same kind, queue and payload that completed within this time
    #[arg(long, value_parser = console::span, value_name = "TIME", conflicts_with_all = ["after", "flow"])]
    cache: Option<Duration>,
    /// How long its result is kept once it has completed
    #[arg(long, value_parser = console::span, value_name = "TIME")]
    result_ttl: Option<Duration>,
    /// Not before this long from now
    #[arg(long, value_parser = console::span, value_name = "TIME", conflicts_with = "at")]
    delay: Option<Duration>,
    /// Not before this time, as in 2026-11-21T09:30:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// May be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// How long one run may take
    #[arg(long, value_parser = console::span, value_name = "TIME")]
    timeout: Option<Duration>,
    /// So many runs may fail; then it has failed
    #[arg(long)]
    max_attempts: Option<u64>,
    /// Not before these tasks have completed
    #[arg(long, value_name = "ID", num_args = 1..)]
    after: Vec<TaskId>,
    /// Join this flow
    #[arg(long, value_name = "ID")]
    flow: Option<FlowId>,
    /// What it does when a task that it waits for fails: hold, cancel, run
    #[arg(long, value_name = "WORD")]
    on_parent_failure: Option<OnParentFailure>,
    /// The same key within a day answers the same task, however often this is run
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Wait until it ends; exit code 6 if it did not complete
    #[arg(long)]
    wait: bool,
    /// Stop waiting after this long, with exit code 124
    #[arg(long, value_parser = console::span, value_name = "TIME", requires = "wait")]
    wait_timeout: Option<Duration>,
}

/// Who has waited for so long wonders why.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn run(out: &Out, client: &Client, submit: Submit) -> Result<Exit> {
    let (wait, limit) = (submit.wait, submit.wait_timeout);
    let submitted = draft(client, submit)?.await?;
    if !wait {
        show::one(out, &submitted.task)?;
        return Ok(Exit::Fine);
    }
    let waited = until(wait_for(client, submitted.id()), limit).await;
    let task = waited.inspect_err(|_| say(&format!("the task is {}", submitted.id())))?;
    show::one(out, &task)?;
    Ok(if task.status == Status::Completed { Exit::Fine } else { Exit::NotCompleted })
}

/// Who waits long is told once why.
async fn wait_for(client: &Client, id: TaskId) -> Result<Task> {
    let mut ended = std::pin::pin!(client.wait(id));
    tokio::select! {
        task = &mut ended => return Ok(task?),
        () = tokio::time::sleep(PATIENCE) => {}
    }
    // What cannot be explained is waited for all the same.
    if let Ok(why) = client.explain(id).await
        && !matches!(why.status, Status::Running)
        && !why.status.is_terminal()
    {
        say(&plain(&why.sentence));
    }
    Ok(ended.await?)
}

fn draft(client: &Client, submit: Submit) -> Result<baton::Submit<Json>> {
    let payload = submit.payload.as_deref().map_or_else(|| Ok(Json::null()), payload)?;
    let mut draft = client.submit_json(&submit.kind, payload).tags(&submit.tags);
    draft = submit.queue.iter().fold(draft, |draft, queue| draft.queue(queue));
    draft = submit.priority.into_iter().fold(draft, |draft, priority| draft.priority(priority));
    draft = submit.key.iter().fold(draft, |draft, key| draft.key(key));
    draft = submit.group.iter().fold(draft, |draft, group| draft.group(group));
    draft = submit.delay.into_iter().fold(draft, |draft, delay| draft.delay(delay));
    draft = submit.at.into_iter().fold(draft, |draft, at| draft.at(at));
    draft = submit.timeout.into_iter().fold(draft, |draft, timeout| draft.timeout(timeout));
    draft = submit.max_attempts.into_iter().fold(draft, |draft, attempts| draft.max_attempts(attempts));
    draft = submit.flow.into_iter().fold(draft.after(submit.after), |draft, flow| draft.flow(flow));
    draft = submit.on_parent_failure.into_iter().fold(draft, |draft, policy| draft.on_parent_failure(policy));
    draft = submit.idempotency_key.iter().fold(draft, |draft, key| draft.idempotency_key(key));
    draft = submit.cache.into_iter().fold(draft, |draft, time| draft.cached_for(time));
    draft = submit.result_ttl.into_iter().fold(draft, |draft, time| draft.keep_result(time));
    draft = if submit.replace_duplicates { draft.replace_duplicates() } else { draft };
    Ok(if submit.reject_duplicates { draft.reject_duplicates() } else { draft })
}
