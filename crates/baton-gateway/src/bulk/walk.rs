//! Looks for the tasks of an operation, index by index, a bounded piece at a time.

use std::collections::BTreeMap;

use baton_core::{FlowId, QueueName, Shard, Status, limits};
use baton_store::calls::task::{Index, List, Order, Start};
use baton_store::{Error, Store, Task};

use super::Plan;
use super::place::{Place, Segment, Within};
use crate::roster;

/// Pages that are read for one piece: with nothing among them, the next piece goes on behind them.
const PAGES_MAX: usize = 20;

/// Tasks that fit, and where looking goes on; nowhere if that was all.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tasks: Vec<Task>,
    pub(super) scanned: u64,
    pub(super) next: Option<Place>,
}

/// The next tasks that fit, from this place on: those of one page, so that the place behind them is known. `stays` is for
/// whoever does nothing to them.
pub(super) async fn walk(store: &Store, plan: &Plan, from: Place, stays: bool) -> Result<Found, Error> {
    let mut found = Found { next: Some(from), ..Found::default() };
    for _ in 0..PAGES_MAX {
        let Some(place) = found.next.take() else { break };
        let page = match (place, plan.filter.flow) {
            (Place::Flow(at), Some(flow)) => of_flow(store, flow, at).await?,
            (Place::Start, Some(flow)) => of_flow(store, flow, 0).await?,
            (Place::Index(segment, within), _) => {
                of_index(store, plan, Some((segment, within)), stays).await?
            }
            _ => of_index(store, plan, None, stays).await?,
        };
        found.scanned += page.scanned;
        found.next = page.next;
        found.tasks = page.tasks.into_iter().filter(|task| plan.takes(task)).collect();
        if !found.tasks.is_empty() {
            break;
        }
    }
    Ok(found)
}

async fn of_flow(store: &Store, flow: FlowId, at: u64) -> Result<Found, Error> {
    let page = store.flow_tasks(flow, at, limits::PAGE_MAX, 0).await?;
    let behind = at + limits::PAGE_MAX;
    Ok(Found {
        scanned: page.tasks.len() as u64,
        tasks: page.tasks.into_iter().map(|one| one.task).collect(),
        next: (behind < page.total).then_some(Place::Flow(behind)),
    })
}

/// One page. What goes before the place is done with, also where its queue is gone by now.
async fn of_index(
    store: &Store,
    plan: &Plan,
    from: Option<(Segment, Within)>,
    stays: bool,
) -> Result<Found, Error> {
    let segments = segments(store, plan).await?;
    let statuses = plan.statuses();
    let at = from.as_ref().map_or(0, |(from, _)| segments.partition_point(|segment| segment < from));
    let Some(segment) = segments.get(at) else { return Ok(Found::default()) };
    let within = from.filter(|(from, _)| from == segment).map_or(Within::Start, |(_, within)| within);
    let status = statuses.get(segment.status).copied().unwrap_or(Status::Running);
    let (tasks, next) = read(store, segment, status, within).await?;
    let fits = tasks.iter().any(|task| plan.takes(task));
    let next = match next {
        // Others take the ranks of those that leave.
        _ if fits && !stays && plan.moves_on(status) => Some(Place::Index(segment.clone(), within)),
        Some(next) => Some(Place::Index(segment.clone(), next)),
        None => segments.get(at + 1).map(|next| Place::Index(next.clone(), Within::Start)),
    };
    Ok(Found { scanned: tasks.len() as u64, tasks, next })
}

/// In their order. The names of all queues are read only where none is named.
async fn segments(store: &Store, plan: &Plan) -> Result<Vec<Segment>, Error> {
    let (named, shards) = (plan.queues(), store.shards());
    let mut known: BTreeMap<Shard, Vec<QueueName>> = BTreeMap::new();
    if named.is_empty() {
        for (shard, counts) in roster::counts(store).await? {
            known.insert(shard, counts.into_iter().map(|counts| counts.name).collect());
        }
    }
    let mut segments = Vec::new();
    for (status, word) in plan.statuses().into_iter().enumerate() {
        for shard in shards.all() {
            let shared = matches!(word, Status::Running | Status::Scheduled) && named.is_empty();
            let queues = if named.is_empty() { known.get(&shard) } else { Some(&named) };
            if shared {
                segments.push(Segment { status, shard, queue: None });
            } else if let Some(queues) = queues {
                let each = queues.iter().cloned().map(Some);
                segments.extend(each.map(|queue| Segment { status, shard, queue }));
            }
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
