//! Looks for the tasks of an operation, index by index, a bounded piece at a time.

use baton_core::{FlowId, Shard, Status, limits};
use baton_store::calls::task::{Index, List, Order, Start};
use baton_store::{Error, Store, Task};

use super::Plan;
use super::place::{Place, Segment, Within};
use crate::{roster, search};

/// How to look: how many pages at most, and whether nothing is done to what is found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) stays: bool,
    pub(super) pages_max: usize,
}

impl Look {
    /// For one piece: with nothing among these pages, the next piece goes on behind them.
    pub(super) const PIECE: Look = Look { stays: false, pages_max: 20 };
}

/// Tasks that fit, and where looking goes on; nowhere if that was all.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tasks: Vec<Task>,
    pub(super) scanned: u64,
    /// Of those it cannot be told whether they fit, as their payloads are too large to be looked into.
    pub(super) unread: u64,
    pub(super) pages: usize,
    pub(super) next: Option<Place>,
}

/// The next tasks that fit, from this place on: those of one page, so that the place behind them is known.
pub(super) async fn walk(store: &Store, plan: &Plan, from: Place, look: Look) -> Result<Found, Error> {
    let mut found = Found { next: Some(from), ..Found::default() };
    let mut known = None;
    while found.pages < look.pages_max {
        let Some(place) = found.next.take() else { break };
        found.pages += 1;
        let page = match (place, plan.flow()) {
            (Place::Flow(at), Some(flow)) => of_flow(store, plan, flow, at).await?,
            (Place::Start, Some(flow)) => of_flow(store, plan, flow, 0).await?,
            (Place::Index(segment, within), _) => {
                let segments = segments_of(store, plan, &mut known, segment.status).await?;
                of_index(store, plan, segments, (segment, within), look.stays).await?
            }
            _ => Found { next: first_of(plan, 0), ..Found::default() },
        };
        found.scanned += page.scanned;
        found.unread += page.unread;
        found.next = page.next;
        found.tasks = page.tasks;
        if !found.tasks.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// Before all segments of a status.
fn first_of(plan: &Plan, status: usize) -> Option<Place> {
    let segment = Segment { status, shard: Shard::FIRST, queue: None };
    (status < plan.statuses().len()).then_some(Place::Index(segment, Within::Start))
}

/// Those of these tasks, all of one shard, that belong to the plan.
async fn sifted(store: &Store, plan: &Plan, tasks: Vec<Task>) -> Result<Found, Error> {
    let mut taken: Vec<bool> = tasks.iter().map(|task| plan.takes(task)).collect();
    let unread = search::sift(store, &plan.query, plan.now_ms, &tasks, &mut taken).await?;
    let scanned = tasks.len() as u64;
    let tasks = tasks.into_iter().zip(taken).filter_map(|(task, taken)| taken.then_some(task)).collect();
    Ok(Found { tasks, scanned, unread, ..Found::default() })
}

async fn of_flow(store: &Store, plan: &Plan, flow: FlowId, at: u64) -> Result<Found, Error> {
    let page = store.flow_tasks(flow, at, limits::PAGE_MAX, 0).await?;
    let behind = at + limits::PAGE_MAX;
    let found = sifted(store, plan, page.tasks.into_iter().map(|one| one.task).collect()).await?;
    Ok(Found { next: (behind < page.total).then_some(Place::Flow(behind)), ..found })
}

/// One page. What goes before the place is done with, also where its queue is gone by now.
async fn of_index(
    store: &Store,
    plan: &Plan,
    segments: &[Segment],
    (from, within): (Segment, Within),
    stays: bool,
) -> Result<Found, Error> {
    let behind = || first_of(plan, from.status + 1);
    let at = segments.partition_point(|segment| *segment < from);
    let status = plan.statuses().get(from.status).copied();
    let (Some(segment), Some(status)) = (segments.get(at), status) else {
        return Ok(Found { next: behind(), ..Found::default() });
    };
    let within = if *segment == from { within } else { Within::Start };
    let (tasks, next) = read(store, segment, status, within).await?;
    let mut found = sifted(store, plan, tasks).await?;
    let next = match next {
        // Others take the ranks of those that leave. What cannot be told is met there again, and counted then.
        _ if !found.tasks.is_empty() && !stays && plan.moves_on(status) => {
            found.unread = 0;
            Some(Place::Index(segment.clone(), within))
        }
        Some(next) => Some(Place::Index(segment.clone(), next)),
        None => {
            let next = segments.get(at + 1).map(|next| Place::Index(next.clone(), Within::Start));
            next.or_else(behind)
        }
    };
    Ok(Found { next, ..found })
}

/// The segments of a status, which are read once for all of its pages: later, as tasks move on from status to status.
async fn segments_of<'a>(
    store: &Store,
    plan: &Plan,
    known: &'a mut Option<(usize, Vec<Segment>)>,
    status: usize,
) -> Result<&'a [Segment], Error> {
    let read = match known.take() {
        Some((of, segments)) if of == status => segments,
        _ => segments(store, plan, status).await?,
    };
    Ok(&known.insert((status, read)).1)
}

/// In their order. Where no queue is named, these are all that have such tasks.
async fn segments(store: &Store, plan: &Plan, status: usize) -> Result<Vec<Segment>, Error> {
    let (named, shards) = (plan.queues(), store.shards());
    let Some(word) = plan.statuses().get(status).copied() else { return Ok(Vec::new()) };
    let mut segments: Vec<Segment> = Vec::new();
    if !named.is_empty() {
        for shard in shards.all() {
            segments.extend(named.iter().map(|name| Segment { status, shard, queue: Some(name.clone()) }));
        }
    } else if matches!(word, Status::Running | Status::Scheduled) {
        segments.extend(shards.all().map(|shard| Segment { status, shard, queue: None }));
    } else {
        for (shard, counts) in roster::counts(store).await? {
            let some = counts.into_iter().filter(|counts| counts.of(word) > 0);
            segments.extend(some.map(|counts| Segment { status, shard, queue: Some(counts.name) }));
        }
    }
    segments.sort();
    Ok(segments)
}

async fn read(
    store: &Store,
    segment: &Segment,
    status: Status,
    within: Within,
) -> Result<(Vec<Task>, Option<Within>), Error> {
    let (shard, limit) = (segment.shard, limits::OPERATION_PIECE);
    if status == Status::Running {
        let after = if let Within::Running(after) = within { after } else { Default::default() };
        let listed = store.list_running(shard, segment.queue.as_ref(), after, limit).await?;
        return Ok((listed.tasks, listed.next.map(Within::Running)));
    }
    let index = match (&segment.queue, status) {
        (queue, Status::Scheduled) => Index::Scheduled(queue.as_ref()),
        (Some(queue), status) => Index::Queue(queue, status),
        (None, _) => return Ok((Vec::new(), None)),
    };
    // What has ended is looked at from the newest on, so what ends meanwhile is not met.
    let order = if status.is_terminal() { Order::Down } else { Order::Up };
    let start = if let Within::After(after) = within { Start::After(after) } else { Start::default() };
    let listed = store.list(shard, &List { index, order, start, limit }).await?;
    Ok((listed.tasks, listed.next.map(Within::After)))
}
