//! What happened, the latest first: the events of the feed, read back from the streams for as long as these remember them.
//!
//! A page looks at a bounded number of events, whatever the filter finds among them, and says how many these were. Its cursor
//! names a place in each shard: behind a page follows what is older than all of it, and nothing twice.

use std::collections::{HashSet, VecDeque};

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use baton_api::event::{Event, Events};
use baton_api::schemas;
use baton_core::Shard;
use baton_store::Store;
use baton_store::event::{Entry, StreamId};
use futures_util::future::try_join_all;

use super::filter::Filter;
use super::place::{Mark, Place};
use super::told::{Batch, Told};
use crate::app::App;
use crate::auth::Grant;
use crate::extract::{Caller, FromTerms, Lines, Paging, Query, Terms, Walk, no_cursor, with_link};
use crate::problem::Fail;

/// Entries of one read of a shard; each is at most 100 events.
const PAGE: u64 = 32;
/// Events that one request looks at.
const LOOKED_MAX: u64 = 20_000;

/// What a request asks for.
pub(crate) struct Wish {
    filter: Filter,
    /// Names of events; empty: all.
    events: HashSet<String>,
    by: Option<String>,
    walk: Walk,
    lines: Lines,
}

impl FromTerms for Wish {
    const KNOWN: &[&str] = &["topics", "queue", "task", "kind", "event", "by", "limit", "cursor", "format"];

    fn read(terms: &mut Terms) -> Wish {
        Wish {
            filter: Filter::read(terms),
            events: terms.many("event").into_iter().collect(),
            by: terms.one("by"),
            walk: Walk::read(terms),
            lines: Lines::read(terms),
        }
    }
}

/// The parameters beside those of pages, for the API document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read from the query by their names")]
pub(super) struct HistoryQuery {
    /// What it is to be about. Repeat it, or put commas between; so with the next four.
    #[param(value_type = Option<Vec<String>>, schema_with = super::filter::topics)]
    topics: (),
    /// Only of these queues.
    #[param(value_type = Option<Vec<String>>, schema_with = super::filter::queues)]
    queue: (),
    /// Only of these tasks.
    #[param(value_type = Option<Vec<String>>, schema_with = super::filter::tasks)]
    task: (),
    /// Only of tasks of these kinds.
    #[param(value_type = Option<Vec<String>>, schema_with = schemas::kinds)]
    kind: (),
    /// Only these events, as `claim` or `pause`.
    event: Option<Vec<String>>,
    /// Only what this user or key asked for.
    by: Option<String>,
    /// `ndjson`: one event a line, as with `Accept: application/x-ndjson`. The header `Link` then says where to go on.
    #[param(pattern = "^(json|ndjson)$")]
    format: Option<String>,
}

/// Read what happened
///
/// The events of the live feed, the latest first, for as long as the streams remember them. Those of queues that the credential
/// does not read are left out. One request looks at 20,000 events at most: where a filter finds little, a page may be short, or
/// empty, and still have a `next_cursor`. Where many tasks changed at once, a page is longer than `limit` by the rest of these.
#[utoipa::path(
    get, path = "/events/history", tag = "events", operation_id = "list_events",
    security(("bearer" = ["tasks:read"])),
    params(HistoryQuery, Walk),
    responses((status = 200, description = "A page of events",
               content((Events = "application/json"), (String = "application/x-ndjson")),
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(super) async fn list_events(
    State(app): State<App>,
    Query(wish): Query<Wish>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Fail> {
    let mut sides = begin(&app.store, wish.walk.cursor.as_deref())?;
    let (mut events, mut looked_at, mut more) = (Vec::new(), 0, true);
    while more && (events.len() as u64) < wish.walk.limit && looked_at < LOOKED_MAX {
        try_join_all(sides.iter_mut().map(|side| side.fill(&app.store))).await?;
        match latest(&mut sides) {
            None => more = false,
            Some((shard, entry)) => {
                // One that names no tasks is one event.
                looked_at += entry.tasks.len().max(1) as u64;
                if wish.wants(&entry) {
                    let batch = Batch::new(shard, &entry);
                    let told = batch.events.iter().rev().filter(|told| wish.is_told(told, &caller.grant));
                    events
                        .extend(told.filter_map(|told| serde_json::from_str::<Event>(told.json.get()).ok()));
                }
            }
        }
    }
    let next_cursor = more.then(|| cursor(&sides).to_string());
    let paging = Paging::Cursor { limit: wish.walk.limit, cursor: None };
    let answer = match wish.lines.asked(&headers) {
        true => Lines::answer(&events, "baton-events.ndjson"),
        false => Json(Events { events, next_cursor: next_cursor.clone(), looked_at }).into_response(),
    };
    Ok(with_link(answer, &caller, &paging, next_cursor.as_deref(), None))
}

impl Wish {
    fn wants(&self, entry: &Entry) -> bool {
        let by = |by: &String| entry.by.as_ref().is_some_and(|known| known.as_str() == by);
        (self.events.is_empty() || self.events.contains(&entry.event)) && self.by.as_ref().is_none_or(by)
    }

    fn is_told(&self, told: &Told, grant: &Grant) -> bool {
        self.filter.wants(told) && told.is_for(grant)
    }
}

/// One shard, read from its end.
struct Side {
    shard: Shard,
    /// What is older than this is not told yet.
    before: StreamId,
    at_hand: VecDeque<Entry>,
}

impl Side {
    /// Nothing is before the very beginning.
    fn is_over(&self) -> bool {
        self.before == StreamId::default()
    }

    async fn fill(&mut self, store: &Store) -> Result<(), baton_store::Error> {
        if self.at_hand.is_empty() && !self.is_over() {
            self.at_hand.extend(store.events_before(self.shard, self.before, PAGE).await?);
            if self.at_hand.is_empty() {
                self.before = StreamId::default();
            }
        }
        Ok(())
    }
}

fn begin(store: &Store, cursor: Option<&str>) -> Result<Vec<Side>, Fail> {
    let end = StreamId { ms: u64::MAX, sequence: u64::MAX };
    let place: Option<Place> = cursor.map(|text| text.parse().map_err(|_| no_cursor())).transpose()?;
    let shards = usize::from(store.shards().get());
    if place.as_ref().is_some_and(|place| place.shards() != shards) {
        return Err(no_cursor());
    }
    let before = |shard| place.as_ref().map_or(end, |place| place.of(shard).entry);
    Ok(store
        .shards()
        .all()
        .map(|shard| Side { shard, before: before(shard), at_hand: VecDeque::new() })
        .collect())
}

/// The latest entry of all shards that is at hand.
fn latest(sides: &mut [Side]) -> Option<(Shard, Entry)> {
    let side = sides
        .iter_mut()
        .filter(|side| !side.at_hand.is_empty())
        .max_by_key(|side| side.at_hand.front().map(|entry| entry.id))?;
    let entry = side.at_hand.pop_front()?;
    side.before = entry.id;
    Some((side.shard, entry))
}

/// Shards of which nothing was told go on at the time that the page has come to: what happens in them meanwhile is newer.
fn cursor(sides: &[Side]) -> Place {
    let told = sides.iter().map(|side| side.before).filter(|id| *id != StreamId::default()).min();
    let reached = told.map_or(u64::MAX, |id| id.ms.saturating_add(1));
    Place::new(sides.iter().map(|side| Mark::behind(side.before.min(StreamId { ms: reached, sequence: 0 }))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(number: usize, ms: u64) -> Side {
        let shards = baton_core::ShardCount::new(2).unwrap();
        let shard = shards.all().nth(number).unwrap();
        Side { shard, before: StreamId { ms, sequence: 3 }, at_hand: VecDeque::new() }
    }

    #[test]
    fn a_shard_of_which_nothing_was_told_goes_on_where_the_page_ends() {
        let mut none = side(1, u64::MAX);
        assert_eq!(cursor(&[side(0, 70), side(1, u64::MAX)]).to_string(), "70-3,71-0");
        none.before = StreamId::default();
        assert_eq!(cursor(&[side(0, 70), none]).to_string(), "70-3,0-0");
        assert_eq!(cursor(&[side(0, 70), side(1, 60)]).to_string(), "61-0,60-3");
    }
}
