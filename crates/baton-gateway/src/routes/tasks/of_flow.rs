//! `GET /tasks?flow=…`: the tasks of one flow by their positions, parents first.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_core::{FlowId, limits};
use baton_store::{Store, Task};

use super::filter::Filter;
use super::walk::SCAN_MAX;
use crate::extract::no_cursor;
use crate::problem::Fail;

/// What a look at a flow has brought.
#[derive(Default)]
pub(super) struct Found {
    pub(super) tasks: Vec<Task>,
    /// The rank at which to go on.
    pub(super) next: Option<u64>,
    /// How many places were looked at. One that has not come into its place yet counts too.
    pub(super) scanned: u64,
    pub(super) unread: u64,
    pub(super) total: u64,
}

/// Positions only grow: a rank stays good, unless the flow goes as a whole.
pub(super) fn cursor(flow: FlowId, rank: u64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{flow}/{rank}"))
}

pub(super) fn rank(flow: FlowId, cursor: &str) -> Result<u64, Fail> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let rank = text.as_deref().and_then(|text| text.strip_prefix(&format!("{flow}/"))?.parse::<u32>().ok());
    rank.map(u64::from).ok_or_else(no_cursor)
}

/// Up to `limit` tasks that the filter takes, from this rank on. At most 2,000 places are looked at, or a page more.
pub(super) async fn walk(
    store: &Store,
    flow: FlowId,
    filter: &Filter<'_>,
    from: u64,
    limit: u64,
) -> Result<Found, Fail> {
    let mut found = Found::default();
    if store.keys(flow.shard()).is_err() {
        return Ok(found);
    }
    let (mut rank, mut whole) = (from, true);
    loop {
        let missing = limit - found.tasks.len() as u64;
        // Where places are silent, reading as few as are missing would be one call for each.
        let few = filter.is_everything() && whole;
        let size = if few { missing.min(limits::PAGE_MAX) } else { limits::PAGE_MAX };
        let page = store.flow_tasks(flow, rank, size, 0).await?;
        found.total = page.total;
        whole = page.tasks.len() as u64 == size.min(page.total.saturating_sub(rank));
        let tasks: Vec<Task> = page.tasks.into_iter().map(|read| read.task).collect();
        let sifted = filter.sift(store, &tasks, &vec![true; tasks.len()]).await?;
        found.unread += sifted.unread;
        for (at, (task, taken)) in (rank..).zip(tasks.into_iter().zip(sifted.taken)) {
            // Those that have not come into their places yet are left out of a page.
            let at = if whole { at } else { position(flow, rank..rank + size, &task).unwrap_or(at) };
            if taken {
                found.tasks.push(task);
            }
            if found.tasks.len() as u64 == limit {
                found.scanned = at + 1 - from;
                found.next = Some(at + 1).filter(|next| *next < page.total);
                return Ok(found);
            }
        }
        rank += size;
        found.scanned = rank.min(page.total).saturating_sub(from);
        if rank >= page.total {
            return Ok(found);
        }
        if found.scanned >= SCAN_MAX {
            found.next = Some(rank);
            return Ok(found);
        }
    }
}

fn position(flow: FlowId, mut among: Range<u64>, task: &Task) -> Option<u64> {
    among.find(|at| u32::try_from(at + 1).is_ok_and(|position| flow.task(position) == task.id))
}

/// A numbered page of a flow, and how many tasks there are on all of them; of filtered ones among those looked at.
pub(super) async fn page(
    store: &Store,
    flow: FlowId,
    filter: &Filter<'_>,
    (page, size): (u64, u64),
) -> Result<Found, Fail> {
    let skip = (page - 1).saturating_mul(size).min(u64::from(u32::MAX));
    if filter.is_everything() {
        return walk(store, flow, filter, skip, size).await;
    }
    let mut found = walk(store, flow, filter, 0, SCAN_MAX).await?;
    found.total = found.tasks.len() as u64;
    found.tasks = found.tasks.into_iter().skip(skip as usize).take(size as usize).collect();
    Ok(found)
}
