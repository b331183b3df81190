//! `GET /tasks`: by status, then queue; with filters, and a cursor or numbered pages.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use baton_api::task::{Task, Tasks};
use baton_core::FlowId;
use baton_store::Store;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::cursor::Place;
use super::filter::Filter;
use super::history::with_history;
use super::query::ListQuery;
use super::rows::Wanted;
use super::segments::{By, Ended, Plan, plan, segments};
use super::{of_flow, walk};
use crate::app::App;
use crate::auth::Grant;
use crate::convert;
use crate::extract::{Caller, Paging, Query, no_cursor, with_link};
use crate::problem::Fail;

/// Histories that are read at a time for one list.
const HISTORIES_AT_A_TIME: usize = 8;

/// List tasks
///
/// Running ones first, then pending, scheduled and blocked ones, then those that ended, newest first; within that by queue.
/// With `flow`, in the order of that flow. Payloads and results are left out.
///
/// Where more than 2,000 tasks have ended, those of a `kind`, `tag` or `worker`, said as a filter or in `q`, or of one group of
/// failures (`q=error:8f3a1c0b9d2e4f67`: the latest thousand of each shard that remembers it, so `truncated` is true at its end), come from an index, newest first, behind those that run and before those that wait. It is written behind the work: `behind_ms` says how
/// far. All else is looked at one by one, 2,000 at a time: `scanned` and `truncated` tell, and `next_cursor` goes on.
#[utoipa::path(
    get, path = "/tasks", tag = "tasks", operation_id = "list_tasks",
    security(("bearer" = ["tasks:read"])),
    params(ListQuery, Wanted, Paging),
    responses((status = 200, description = "A page of tasks", body = Tasks,
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\"")))),
)]
pub(crate) async fn list_tasks(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response, Fail> {
    let (mut page, rows) = match query.flow {
        Some(flow) => of_one_flow(&app, &caller.grant, flow, &query).await?,
        None => of_all(&app, &caller.grant, &query).await?,
    };
    page.tasks = rows.into_iter().map(convert::task::row).collect();
    if query.include {
        page.tasks = with_histories(&app, page.tasks).await?;
    }
    let (cursor, total) = (page.next_cursor.clone(), page.total);
    Ok(with_link(Json(page), &caller, &query.paging, cursor.as_deref(), total))
}

/// A page without its tasks, and those.
type Rows = (Tasks, Vec<baton_store::Task>);

async fn of_one_flow(app: &App, grant: &Grant, flow: FlowId, query: &ListQuery) -> Result<Rows, Fail> {
    if query.sort.is_some() {
        return Err(Fail::invalid("sort", "the tasks of a flow come in the order in which they stand in it"));
    }
    let filter = query.filter(grant);
    let (found, next_cursor, numbered) = match &query.paging {
        Paging::Cursor { limit, cursor } => {
            let from = cursor.as_deref().map_or(Ok(0), |cursor| of_flow::rank(flow, cursor))?;
            let found = of_flow::walk(&app.store, flow, &filter, from, *limit).await?;
            let next = found.next.map(|rank| of_flow::cursor(flow, rank));
            (found, next, None)
        }
        Paging::Page { page, size } => {
            let found = of_flow::page(&app.store, flow, &filter, (*page, *size)).await?;
            (found, None, Some((*page, *size)))
        }
    };
    let scans = !filter.is_everything();
    let cut = found.next.is_some() && found.scanned >= walk::SCAN_MAX;
    let page = Tasks {
        next_cursor,
        total: numbered.map(|_| found.total),
        page: numbered.map(|(page, _)| page),
        page_size: numbered.map(|(_, size)| size),
        scanned: scans.then_some(found.scanned),
        truncated: scans.then_some(cut),
        unread: found.unread,
        ..empty()
    };
    Ok((page, found.tasks))
}

async fn of_all(app: &App, grant: &Grant, query: &ListQuery) -> Result<Rows, Fail> {
    let filter = query.filter(grant);
    let segments = segments(&app.store, &query.status, &query.queue, grant).await?;
    let place = match &query.paging {
        Paging::Cursor { cursor: Some(cursor), .. } => Some(Place::read(cursor).ok_or_else(no_cursor)?),
        _ => None,
    };
    let ended = match query.sort {
        Some(sort) => Ended::Sorted(query.sorted(app.store.shards(), sort)?),
        None => Ended::Best {
            cuts: known(&app.store, query.wanted.cuts()).await?,
            began: place.as_ref().map(|place| place.indexed),
        },
    };
    let plan = plan(&app.store, segments, ended);
    let behind_ms = if plan.indexed { Some(behind_ms(app).await?) } else { None };
    let (page, rows) = of_plan(app, &plan, place, &filter, &query.paging).await?;
    Ok((Tasks { behind_ms, ..page }, rows))
}

/// Without groups of failures that nobody remembers: their tasks are looked for one by one.
async fn known(store: &Store, cuts: Vec<By>) -> Result<Vec<By>, Fail> {
    let mut known = Vec::new();
    for by in cuts {
        let By::Error(group) = by else {
            known.push(by);
            continue;
        };
        for shard in store.shards().all() {
            if store.tasks_of_error(shard, group, 0, 1).await?.total > 0 {
                known.push(by);
                break;
            }
        }
    }
    Ok(known)
}

/// How far the shard that is furthest behind is.
async fn behind_ms(app: &App) -> Result<u64, Fail> {
    let mut most = 0;
    for shard in app.store.shards().all() {
        most = most.max(app.store.lag(shard).await?.lag_ms);
    }
    Ok(most)
}

async fn of_plan(
    app: &App,
    plan: &Plan,
    place: Option<Place>,
    filter: &Filter<'_>,
    paging: &Paging,
) -> Result<Rows, Fail> {
    let scans = !filter.wanted.is_everything();
    Ok(match paging {
        Paging::Cursor { limit, .. } => {
            let found = walk::walk(&app.store, plan, place, filter, *limit).await?;
            let page = Tasks {
                next_cursor: found.next.as_ref().map(Place::write),
                scanned: scans.then_some(found.scanned),
                truncated: scans.then_some(found.truncated),
                unread: found.unread,
                ..empty()
            };
            (page, found.tasks)
        }
        Paging::Page { page, size } if !scans => {
            let (rows, total) = walk::page(&app.store, &plan.segments, *page, *size).await?;
            (Tasks { total: Some(total), page: Some(*page), page_size: Some(*size), ..empty() }, rows)
        }
        Paging::Page { page, size } => {
            let (found, total) = walk::filtered_page(&app.store, plan, filter, *page, *size).await?;
            let (total, page, page_size) = (Some(total), Some(*page), Some(*size));
            let (scanned, truncated) = (Some(found.scanned), Some(found.truncated));
            let unread = found.unread;
            (Tasks { total, page, page_size, scanned, truncated, unread, ..empty() }, found.tasks)
        }
    })
}

fn empty() -> Tasks {
    Tasks {
        tasks: Vec::new(),
        next_cursor: None,
        total: None,
        page: None,
        page_size: None,
        scanned: None,
        truncated: None,
        unread: 0,
        behind_ms: None,
    }
}

async fn with_histories(app: &App, tasks: Vec<Task>) -> Result<Vec<Task>, Fail> {
    let each = tasks.into_iter().map(|task| with_history(app, task));
    stream::iter(each).buffered(HISTORIES_AT_A_TIME).try_collect().await
}
