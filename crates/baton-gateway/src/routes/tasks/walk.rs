//! Walks through the segments: on from a cursor, or from the beginning to a numbered page.

use baton_core::Tag;
use baton_store::{Store, Task};

use super::cursor::{Place, Within};
use super::filter::{Filter, Sifted};
use super::rows;
use super::segments::{Counted, Plan, Segment};
use crate::problem::Fail;

/// Rows that one request looks at where a filter has no index.
pub(super) const SCAN_MAX: u64 = 2_000;
/// Of a page, with or without rows in it, that one request reads.
const READS_MAX: usize = 400;

/// What a walk has brought.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tasks: Vec<Task>,
    pub(super) next: Option<Place>,
    /// Of those that may be read: an index has tasks of all queues, and is not to tell how many.
    pub(super) scanned: u64,
    /// Of those, payloads that were too large to be looked into.
    pub(super) unread: u64,
    /// It ended before the list did and before it had as many as were wanted.
    pub(super) truncated: bool,
}

/// Up to `limit` wanted tasks from this place on.
pub(super) async fn walk(
    store: &Store,
    plan: &Plan,
    from: Option<Place>,
    filter: &Filter<'_>,
    limit: u64,
) -> Result<Found, Fail> {
    let segments = &plan.segments;
    let (mut at, mut within) = begin(segments, from)?;
    let (mut found, mut forgotten, mut looked_at) = (Found::default(), false, 0);
    for _ in 0..READS_MAX {
        let Some(Counted { segment, .. }) = segments.get(at) else { break };
        let missing = limit - found.tasks.len() as u64;
        if missing == 0 || (looked_at >= SCAN_MAX && !filter.wanted.is_everything()) {
            break;
        }
        let piece = read(store, segment, &earlier_tags(segments, at), within, filter, missing).await?;
        looked_at += piece.looked_at;
        found.scanned += piece.readable;
        found.unread += piece.unread;
        found.tasks.extend(piece.tasks);
        forgotten |= piece.forgotten;
        match piece.next {
            Some(next) => within = next,
            None => (at, within) = (next_with_rows(segments, at + 1), Within::Start),
        }
    }
    let place = |counted: &Counted| Place { segment: counted.segment.clone(), within, indexed: plan.indexed };
    found.next = segments.get(at).map(place);
    found.truncated = forgotten || (found.next.is_some() && (found.tasks.len() as u64) < limit);
    Ok(found)
}

fn begin(segments: &[Counted], from: Option<Place>) -> Result<(usize, Within), Fail> {
    let Some(place) = from else { return Ok((next_with_rows(segments, 0), Within::Start)) };
    let at = segments.iter().position(|counted| counted.segment == place.segment);
    let foreign = || Fail::invalid("cursor", "it was not given out by a list with these filters");
    at.map(|at| (at, place.within)).ok_or_else(foreign)
}

fn next_with_rows(segments: &[Counted], from: usize) -> usize {
    let rest = segments.iter().skip(from);
    from + rest.take_while(|counted| counted.count == 0).count()
}

/// What one page of a segment brought.
struct Piece {
    tasks: Vec<Task>,
    next: Option<Within>,
    looked_at: u64,
    /// Of them, whatever else is wanted.
    readable: u64,
    unread: u64,
    /// The segment ended, and it has forgotten what was before.
    forgotten: bool,
}

/// A page of rows of which no more than `missing` are wanted: a cursor can only point behind a page.
async fn read(
    store: &Store,
    segment: &Segment,
    earlier: &[&Tag],
    from: Within,
    filter: &Filter<'_>,
    missing: u64,
) -> Result<Piece, Fail> {
    let size = if filter.wanted.is_everything() { missing } else { SCAN_MAX };
    let mut rows = rows::read(store, segment, from, size).await?;
    let mut sifted = sift(store, segment, earlier, filter, &rows.tasks).await?;
    let mut takes = sifted.taken.iter().enumerate().filter(|(_, taken)| **taken).map(|(at, _)| at);
    if let (Some(last), Some(_)) = (takes.nth(missing as usize - 1), takes.next()) {
        rows = rows::read(store, segment, from, last as u64 + 1).await?;
        sifted = sift(store, segment, earlier, filter, &rows.tasks).await?;
    }
    let cut = segment.cut.as_ref();
    // Newest first, all that comes behind this is older still.
    let oldest = rows.tasks.last().map_or(u64::MAX, |task| task.created_ms);
    let next = rows
        .next
        .filter(|_| cut.is_none_or(|cut| cut.up || !cut.by.is_by_creation() || !filter.is_past(oldest)));
    let forgotten = next.is_none() && cut.is_some_and(|cut| cut.by.forgets_at(rows.total));
    let looked_at = rows.tasks.len() as u64;
    let readable = rows.tasks.iter().filter(|task| filter.grant.reads(&task.queue)).count() as u64;
    let tasks = rows.tasks.into_iter().zip(sifted.taken).filter_map(|(task, taken)| taken.then_some(task));
    Ok(Piece { tasks: tasks.collect(), next, looked_at, readable, unread: sifted.unread, forgotten })
}

/// The tags whose indexes come before this segment.
fn earlier_tags(segments: &[Counted], at: usize) -> Vec<&Tag> {
    fn tag(counted: &Counted) -> Option<&Tag> {
        counted.segment.cut.as_ref().and_then(|cut| cut.by.tag())
    }
    let own = segments.get(at).and_then(tag);
    segments.iter().take(at).filter_map(tag).filter(|tag| Some(*tag) != own).collect()
}

/// Which of these are in the list, and were not in a segment before.
async fn sift(
    store: &Store,
    segment: &Segment,
    earlier: &[&Tag],
    filter: &Filter<'_>,
    tasks: &[Task],
) -> Result<Sifted, Fail> {
    let cut = segment.cut.as_ref();
    let belongs = |task: &Task| cut.is_none_or(|cut| cut.by.has(task) && is_first_met(task, earlier));
    // What was met before is counted there, and what lies beside it is not read twice.
    let belong: Vec<bool> = tasks.iter().map(belongs).collect();
    filter.sift(store, tasks, &belong).await
}

/// An index is written behind, so what it has may be live again; and a task may be in those of several tags.
fn is_first_met(task: &Task, earlier: &[&Tag]) -> bool {
    task.status().is_terminal() && !task.tags.iter().any(|tag| earlier.contains(&tag))
}

/// A numbered page, and how many tasks there are on all of them.
pub(super) async fn page(
    store: &Store,
    segments: &[Counted],
    page: u64,
    size: u64,
) -> Result<(Vec<Task>, u64), Fail> {
    let total = segments.iter().map(|counted| counted.count).sum();
    let (mut skip, mut tasks) = ((page - 1) * size, Vec::new());
    for Counted { segment, count } in segments {
        if skip >= *count {
            skip -= count;
            continue;
        }
        let (mut within, mut over) = start(segment, skip);
        skip = 0;
        for _ in 0..READS_MAX {
            let missing = size - tasks.len() as u64;
            if missing == 0 {
                return Ok((tasks, total));
            }
            let rows = rows::read(store, segment, within, missing + over).await?;
            let passed = over.min(rows.tasks.len() as u64);
            over -= passed;
            tasks.extend(rows.tasks.into_iter().skip(passed as usize).take(missing as usize));
            match rows.next {
                Some(next) => within = next,
                None => break,
            }
        }
    }
    Ok((tasks, total))
}

/// Where a rank is: running and scheduled tasks of one queue have none, so those before it are read and passed over.
fn start(segment: &Segment, skip: u64) -> (Within, u64) {
    use baton_core::Status::{Running, Scheduled};
    match (segment.status, &segment.queue, skip) {
        (_, _, 0) => (Within::Start, 0),
        (Running | Scheduled, Some(_), _) => (Within::Start, skip),
        _ => (Within::Rank(skip), 0),
    }
}

/// A numbered page of what no index knows: the first rows are looked at, and only they are counted.
pub(super) async fn filtered_page(
    store: &Store,
    plan: &Plan,
    filter: &Filter<'_>,
    page: u64,
    size: u64,
) -> Result<(Found, u64), Fail> {
    let mut found = walk(store, plan, None, filter, SCAN_MAX).await?;
    let total = found.tasks.len() as u64;
    found.tasks = found.tasks.into_iter().skip(((page - 1) * size) as usize).take(size as usize).collect();
    Ok((found, total))
}
