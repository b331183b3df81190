//! The order of all tasks: first by status, then by shard and queue. Each part is one index; a list walks them in turn.

use baton_auth::Action;
use baton_core::{QueueName, Shard, Status};
use baton_store::Store;

use crate::auth::Grant;
use crate::problem::Fail;
use crate::roster;

/// What matters most stands first; ends come last, the ordinary one behind all others.
pub(super) const ORDER: [Status; 8] = [
    Status::Running,
    Status::Pending,
    Status::Scheduled,
    Status::Blocked,
    Status::Failed,
    Status::Timeout,
    Status::Cancelled,
    Status::Completed,
];

/// One index of one shard. Running and scheduled tasks of all queues share one, so it may have no queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) status: Status,
    pub(super) shard: Shard,
    pub(super) queue: Option<QueueName>,
}

/// A segment, and how many tasks it had a moment ago.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) segment: Segment,
    pub(super) count: u64,
}

/// The segments in which tasks of these statuses and queues lie; no names mean all that can be read.
pub(super) async fn segments(
    store: &Store,
    statuses: &[Status],
    queues: &[QueueName],
    grant: &Grant,
) -> Result<Vec<Counted>, Fail> {
    let shards = roster::counts(store).await?;
    let all = queues.is_empty() && grant.reaches_all(Action::TasksRead);
    let listed = |name: &QueueName| (queues.is_empty() || queues.contains(name)) && grant.reads(name);
    let mut found = Vec::new();
    for status in ORDER.into_iter().filter(|status| statuses.is_empty() || statuses.contains(status)) {
        for (shard, counts) in &shards {
            let shared = matches!(status, Status::Running | Status::Scheduled) && all;
            let wanted = counts.iter().filter(|counts| listed(&counts.name));
            let segment = |queue| Segment { status, shard: *shard, queue };
            if shared {
                found.push(Counted {
                    segment: segment(None),
                    count: wanted.map(|counts| counts.of(status)).sum(),
                });
            } else {
                let each = wanted.map(|counts| (segment(Some(counts.name.clone())), counts.of(status)));
                found.extend(each.map(|(segment, count)| Counted { segment, count }));
            }
        }
    }
    Ok(found)
}
