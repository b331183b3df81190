//! The order of all tasks: first by status, then by shard and queue. Each part is one index; a list walks them in turn.

use std::fmt;

use baton_auth::Action;
use baton_core::{Fingerprint, Kind, QueueName, Shard, Status, Tag, WorkerId, limits};
use baton_store::behind::BehindKey;
use baton_store::{Store, Task};

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

/// Above so many that have ended, an index is taken where there is one. Below, all are looked at: that is never behind.
const SCANNED_MAX: u64 = super::walk::SCAN_MAX;

/// One index of one shard. Running and scheduled tasks of all queues share one, so it may have no queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) status: Status,
    pub(super) shard: Shard,
    pub(super) queue: Option<QueueName>,
    /// Those that have ended, of all statuses and queues, by something else.
    pub(super) cut: Option<Cut>,
}

/// An index that is written behind, and from which end it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) by: By,
    /// The oldest first.
    pub(super) up: bool,
}

/// What an index is by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum By {
    Kind(Kind),
    Tag(Tag),
    Worker(WorkerId),
    /// The latest that failed so, by when they did.
    Error(Fingerprint),
}

impl By {
    pub(super) fn key(&self) -> BehindKey {
        match self {
            By::Kind(kind) => BehindKey::kind(kind),
            By::Tag(tag) => BehindKey::tag(tag),
            By::Worker(worker) => BehindKey::worker(worker),
            By::Error(group) => BehindKey::error_tasks(*group),
        }
    }

    pub(super) fn tag(&self) -> Option<&Tag> {
        if let By::Tag(tag) = self { Some(tag) } else { None }
    }

    /// Whether a task is there by what it is now: it may have run elsewhere since, and stands in the index of that worker too.
    pub(super) fn has(&self, task: &Task) -> bool {
        match self {
            By::Kind(_) | By::Tag(_) | By::Error(_) => true,
            By::Worker(worker) => task.run.as_ref().is_some_and(|run| run.worker == *worker),
        }
    }

    /// Whether an index that has so many may have forgotten others. Which groups of failures a shard has forgotten, and when,
    /// nobody knows: it may have those of yesterday alone.
    pub(super) fn forgets_at(&self, total: u64) -> bool {
        match self {
            By::Worker(_) => total >= limits::INDEX_WORKER_TASKS_MAX,
            By::Error(_) => true,
            By::Kind(_) | By::Tag(_) => false,
        }
    }

    /// Whether its tasks come in the order in which they were created.
    pub(super) fn is_by_creation(&self) -> bool {
        !matches!(self, By::Error(_))
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.up { '+' } else { '-' };
        match &self.by {
            By::Kind(kind) => write!(out, "{order}kind:{kind}"),
            By::Tag(tag) => write!(out, "{order}tag:{tag}"),
            By::Worker(worker) => write!(out, "{order}worker:{worker}"),
            By::Error(group) => write!(out, "{order}error:{group}"),
        }
    }
}

impl Cut {
    pub(super) fn read(text: &str) -> Option<Cut> {
        let up = text.starts_with('+');
        let (by, name) = text.strip_prefix(['+', '-'])?.split_once(':')?;
        let by = match by {
            "kind" => By::Kind(name.parse().ok()?),
            "tag" => By::Tag(name.parse().ok()?),
            "worker" => By::Worker(name.parse().ok()?),
            "error" => By::Error(name.parse().ok()?),
            _ => return None,
        };
        Some(Cut { by, up })
    }
}

/// The segments of a list, and whether those that have ended are found by an index that is written behind.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) segments: Vec<Counted>,
    pub(super) indexed: bool,
}

/// How the ended ones are to be found.
#[derive(Debug)]
pub(super) enum Ended {
    /// As is best; a list goes on as it began.
    Best { cuts: Vec<By>, began: Option<bool> },
    /// From this index alone, sorted by when they were created.
    Sorted(Cut),
}

/// Puts the indexes where those that have ended would be looked at one by one, or in front of what waits: that may be
/// much, and is looked at one by one.
pub(super) fn plan(store: &Store, segments: Vec<Counted>, ended: Ended) -> Plan {
    let (is_ended, others): (Vec<Counted>, Vec<Counted>) =
        segments.into_iter().partition(|counted| counted.segment.status.is_terminal());
    let ended_count: u64 = is_ended.iter().map(|counted| counted.count).sum();
    let cuts: Vec<Cut> = match ended {
        Ended::Sorted(cut) => vec![cut],
        Ended::Best { cuts, began } => {
            let indexed =
                !cuts.is_empty() && !is_ended.is_empty() && began.unwrap_or(ended_count > SCANNED_MAX);
            let cut = |by| Cut { by, up: false };
            if indexed { cuts.into_iter().map(cut).collect() } else { Vec::new() }
        }
    };
    if cuts.is_empty() {
        let segments = others.into_iter().chain(is_ended).collect();
        return Plan { segments, indexed: false };
    }
    let shards: Vec<Shard> = store.shards().all().collect();
    let indexes = cuts.into_iter().flat_map(|cut| {
        let segment = move |shard: &Shard| Segment {
            status: Status::Completed,
            shard: *shard,
            queue: None,
            cut: Some(cut.clone()),
        };
        // How many there are in it is not known; a look tells.
        shards.iter().map(segment).map(|segment| Counted { segment, count: 1 }).collect::<Vec<_>>()
    });
    let (running, waiting): (Vec<Counted>, Vec<Counted>) =
        others.into_iter().partition(|counted| counted.segment.status == Status::Running);
    Plan { segments: running.into_iter().chain(indexes).chain(waiting).collect(), indexed: true }
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
            let segment = |queue| Segment { status, shard: *shard, queue, cut: None };
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
