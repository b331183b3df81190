//! `baton bulk`: one act on all tasks that have something in common.

use anyhow::Result;
use baton::api::operation::{Acted, NewAction, TaskFilter};
use baton::{Client, FlowId, Status, TaskId, Timestamp};
use baton_core::operation::Act;
use baton_core::{DedupeKey, Kind, QueueName, Tag, WorkerId};
use clap::Args;

use super::{over, show};
use crate::console::{Target, client};
use crate::exit::Exit;
use crate::out::Out;
use crate::wait::until;

#[derive(Args)]
#[command(before_help = "Examples:
  baton bulk rerun --queue mail --status failed --dry-run        how many would that be?
  baton bulk rerun --queue mail --status failed --reason 'the relay is back'
  baton bulk cancel --kind report.build --created-before 2026-11-01T00:00:00Z --wait
  baton bulk reprioritise --queue mail --tag urgent --priority 9
  baton bulk rerun --query 'status:failed kind:mail error:refused created:>2h' --dry-run
  baton bulk cancel --id 01a1fc29-8a56-7000-ba14-c38b1cfc4000 --id 01a1fc29-8a56-7000-ba14-c38b1cfc5000")]
pub(crate) struct Bulk {
    /// cancel, rerun, promote, reprioritise
    action: Act,
    /// These tasks, instead of those that fit
    #[arg(long = "id", value_name = "ID", conflicts_with_all = [
        "status", "queue", "kind", "worker", "tag", "key", "flow", "created_after", "created_before", "query", "all",
    ])]
    ids: Vec<TaskId>,
    /// Those in these statuses
    #[arg(long, value_delimiter = ',')]
    status: Vec<Status>,
    /// Those of these queues
    #[arg(long, value_delimiter = ',')]
    queue: Vec<QueueName>,
    /// Those of these kinds
    #[arg(long, value_delimiter = ',')]
    kind: Vec<Kind>,
    /// Who runs them, or ran them last
    #[arg(long, value_delimiter = ',')]
    worker: Vec<WorkerId>,
    /// Those with one of these tags
    #[arg(long, value_delimiter = ',')]
    tag: Vec<Tag>,
    /// Those with one of these dedupe keys
    #[arg(long, value_delimiter = ',')]
    key: Vec<DedupeKey>,
    /// Those of one flow
    #[arg(long, value_name = "ID")]
    flow: Option<FlowId>,
    /// Those that came after this, as in 2026-01-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    created_after: Option<Timestamp>,
    /// Those that came before this
    #[arg(long, value_name = "TIME")]
    created_before: Option<Timestamp>,
    /// A search, as `task ls` takes it: 'error:refused attempt:>2 -tag:keep'
    #[arg(long, value_name = "QUERY", default_value = "", hide_default_value = true)]
    query: String,
    /// The tasks of all queues are meant
    #[arg(long)]
    all: bool,
    /// The new one, of reprioritise: 0 to 9, 9 first
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..=9))]
    priority: Option<i64>,
    /// Goes into the histories of the tasks
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    /// Only say how many there are, and show some
    #[arg(long)]
    dry_run: bool,
    /// Return when it is over
    #[arg(long)]
    wait: bool,
}

impl Bulk {
    fn action(self) -> NewAction {
        let filter = TaskFilter {
            status: self.status,
            queue: self.queue,
            kind: self.kind,
            worker: self.worker,
            tag: self.tag,
            key: self.key,
            flow: self.flow,
            created_after: self.created_after,
            created_before: self.created_before,
            q: self.query,
            all: self.all,
        };
        let named = !self.ids.is_empty();
        NewAction {
            ids: named.then_some(self.ids),
            filter: (!named).then_some(filter),
            dry_run: self.dry_run,
            priority: self.priority,
            reason: self.reason,
            ..NewAction::new(self.action)
        }
    }
}

pub(crate) async fn bulk(out: &Out, target: &Target, bulk: Bulk) -> Result<Exit> {
    let (client, wait) = (client(target)?, bulk.wait);
    let action = bulk.action();
    if !action.dry_run && target.guards()? {
        let foreseen = client.act(&NewAction { dry_run: true, ..action.clone() }).await?;
        if let Acted::Foreseen(foreseen) = &foreseen {
            let more = if foreseen.truncated { "or more " } else { "" };
            target.guard(&format!("{} {} {more}tasks", foreseen.action, foreseen.matched))?;
        }
    }
    let done = client.act(&action).await?;
    acted(out, &client, done, wait).await?;
    Ok(Exit::Fine)
}

/// Shows what it would be done to, or the operation, when it is over if that is to be waited for.
pub(crate) async fn acted(out: &Out, client: &Client, acted: Acted, wait: bool) -> Result<()> {
    match acted {
        Acted::Foreseen(foreseen) => show::foreseen(out, &foreseen),
        Acted::Operation(operation) if wait => show::one(out, &until(over(client, *operation), None).await?),
        Acted::Operation(operation) => show::one(out, &operation),
    }
}
