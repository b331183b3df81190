//! `GET /tasks`: by status, then queue; with filters, and a cursor or numbered pages.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use baton_api::schemas;
use baton_api::task::{HistoryEntry, Task, Tasks};
use baton_core::{FlowId, QueueName, Status};
use baton_store::calls::task::HistoryRead;
use futures_util::{StreamExt, TryStreamExt, stream};
use utoipa::IntoParams;
use utoipa::openapi::Schema;

use super::cursor::Place;
use super::rows::Wanted;
use super::segments::segments;
use super::{of_flow, walk};
use crate::app::App;
use crate::auth::Grant;
use crate::convert;
use crate::extract::{Caller, FromTerms, Paging, Query, Terms, no_cursor, with_link};
use crate::problem::Fail;

/// Histories that are read at a time for one list.
const HISTORIES_AT_A_TIME: usize = 8;

/// Which tasks to list. Values of one filter are alternatives; several filters must all fit.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Repeat it, or put commas between.
    #[param(value_type = Option<Vec<String>>, schema_with = statuses, example = json!(["pending"]))]
    status: Vec<Status>,
    #[param(value_type = Option<Vec<String>>, schema_with = queues)]
    queue: Vec<QueueName>,
    /// Only those of this flow, by their positions in it: parents first.
    #[param(value_type = Option<String>, schema_with = schemas::flow)]
    flow: Option<FlowId>,
    /// `history`: with the whole life of each task; then at most 100 tasks.
    #[param(value_type = Option<String>, pattern = "^history$")]
    include: bool,
    #[param(ignore)]
    paging: Paging,
    #[param(ignore)]
    wanted: Wanted,
}

fn statuses() -> Schema {
    schemas::each(schemas::status())
}

fn queues() -> Schema {
    schemas::each(schemas::queue())
}

impl FromTerms for ListQuery {
    const KNOWN: &[&str] = &[
        "status",
        "queue",
        "flow",
        "kind",
        "worker",
        "tag",
        "key",
        "created_after",
        "created_before",
        "include",
        "limit",
        "cursor",
        "page",
        "page_size",
        "sort",
    ];

    fn read(terms: &mut Terms) -> ListQuery {
        let wanted = Wanted::read(terms);
        if terms.has("sort") {
            terms.wrong("sort", "lists have one order in this release: by status, then queue, then time");
        }
        let paging = Paging::read(terms);
        let include = terms.one::<String>("include");
        if include.as_deref().is_some_and(|include| include != "history") {
            terms.wrong("include", "only `history` can be included");
        }
        if include.is_some() && matches!(paging, Paging::Cursor { limit: 101.., .. }) {
            terms.wrong("limit", "with histories it is at most 100");
        }
        ListQuery {
            status: terms.many("status"),
            queue: terms.many("queue"),
            flow: terms.one("flow"),
            include: include.is_some(),
            paging,
            wanted,
        }
    }
}

/// List tasks
///
/// Running ones first, then pending, scheduled and blocked ones, then those that ended, newest first; within that by queue.
/// With `flow`, in the order of that flow. Payloads and results are left out.
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
    let filter = of_flow::Filter { status: &query.status, queue: &query.queue, wanted: &query.wanted, grant };
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
        ..empty()
    };
    Ok((page, found.tasks))
}

async fn of_all(app: &App, grant: &Grant, query: &ListQuery) -> Result<Rows, Fail> {
    let segments = segments(&app.store, &query.status, &query.queue, grant).await?;
    Ok(match &query.paging {
        Paging::Cursor { limit, cursor } => {
            let place =
                cursor.as_ref().map(|cursor| Place::read(cursor).ok_or_else(no_cursor)).transpose()?;
            let found = walk::walk(&app.store, &segments, place, &query.wanted, *limit).await?;
            let scans = !query.wanted.is_everything();
            let page = Tasks {
                next_cursor: found.next.as_ref().map(Place::write),
                scanned: scans.then_some(found.scanned),
                truncated: scans.then_some(found.truncated),
                ..empty()
            };
            (page, found.tasks)
        }
        Paging::Page { page, size } if query.wanted.is_everything() => {
            let (rows, total) = walk::page(&app.store, &segments, *page, *size).await?;
            (Tasks { total: Some(total), page: Some(*page), page_size: Some(*size), ..empty() }, rows)
        }
        Paging::Page { page, size } => {
            let (found, total) =
                walk::filtered_page(&app.store, &segments, &query.wanted, *page, *size).await?;
            let (total, page, page_size) = (Some(total), Some(*page), Some(*size));
            let (scanned, truncated) = (Some(found.scanned), Some(found.truncated));
            (Tasks { total, page, page_size, scanned, truncated, ..empty() }, found.tasks)
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
    }
}

async fn with_histories(app: &App, tasks: Vec<Task>) -> Result<Vec<Task>, Fail> {
    let each = tasks.into_iter().map(|mut task| async {
        // A task that was pruned meanwhile is listed as it was.
        if let HistoryRead::Entries { entries, truncated } = app.store.history(task.id).await? {
            let entries: Vec<HistoryEntry> = entries.into_iter().map(convert::history::entry).collect();
            task.history_count = Some(entries.len() as u64 + truncated);
            task.history = Some(entries);
        }
        Ok::<Task, Fail>(task)
    });
    stream::iter(each).buffered(HISTORIES_AT_A_TIME).try_collect().await
}
