//! `GET /tasks`: by status, then queue; with filters, and a cursor or numbered pages.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use baton_api::schemas;
use baton_api::task::{Task, Tasks};
use baton_core::query::Test;
use baton_core::{FlowId, QueueName, ShardCount, Status};
use futures_util::{StreamExt, TryStreamExt, stream};
use utoipa::IntoParams;
use utoipa::openapi::Schema;

use super::cursor::Place;
use super::filter::Filter;
use super::history::{is_included, with_history};
use super::rows::Wanted;
use super::segments::{Cut, Ended, Plan, plan, segments};
use super::{of_flow, walk};
use crate::app::App;
use crate::auth::Grant;
use crate::extract::{Caller, FromTerms, Paging, Query, Terms, no_cursor, with_link};
use crate::problem::Fail;
use crate::{clock, convert};

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
    /// By the time of creation. It takes an index, so it goes with exactly one kind, tag or worker, with statuses that are
    /// ends, and in a namespace of one shard.
    #[param(value_type = Option<String>, pattern = "^-?created_at$")]
    sort: Option<Sort>,
    #[param(ignore)]
    paging: Paging,
    #[param(ignore)]
    wanted: Wanted,
}

/// From which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    OldestFirst,
    NewestFirst,
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
        "q",
    ];

    fn read(terms: &mut Terms) -> ListQuery {
        let wanted = Wanted::read(terms);
        let sort = match terms.one::<String>("sort").as_deref() {
            None => None,
            Some("created_at") => Some(Sort::OldestFirst),
            Some("-created_at") => Some(Sort::NewestFirst),
            Some(_) => {
                terms.wrong("sort", "there is created_at, and -created_at for the newest first");
                None
            }
        };
        let paging = Paging::read(terms);
        let include = is_included(terms);
        if include && matches!(paging, Paging::Cursor { limit: 101.., .. }) {
            terms.wrong("limit", "with histories it is at most 100");
        }
        ListQuery {
            status: or_term(terms.many("status"), &wanted, |test| match test {
                Test::Status(values) => Some(values),
                _ => None,
            }),
            queue: or_term(terms.many("queue"), &wanted, |test| match test {
                Test::Queue(values) => Some(values),
                _ => None,
            }),
            flow: terms.one("flow").or_else(|| wanted.query().cut(one_flow)),
            include,
            sort,
            paging,
            wanted,
        }
    }
}

/// What a parameter says, or else the search: then fewer tasks are looked at.
fn or_term<'a, T: Clone + 'a>(
    said: Vec<T>,
    wanted: &'a Wanted,
    term: impl Fn(&'a Test) -> Option<&'a Vec<T>>,
) -> Vec<T> {
    if said.is_empty() { wanted.query().cut(term).cloned().unwrap_or_default() } else { said }
}

fn one_flow(test: &Test) -> Option<FlowId> {
    match test {
        Test::Flow(flows) if flows.len() == 1 => flows.first().copied(),
        _ => None,
    }
}

/// List tasks
///
/// Running ones first, then pending, scheduled and blocked ones, then those that ended, newest first; within that by queue.
/// With `flow`, in the order of that flow. Payloads and results are left out.
///
/// Where more than 2,000 tasks have ended, those of a `kind`, `tag` or `worker`, said as a filter or in `q`, come from an
/// index, newest first, behind those that run and before those that wait. It is written behind the work: `behind_ms` says how
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
        None => Ended::Best { cuts: query.wanted.cuts(), began: place.as_ref().map(|place| place.indexed) },
    };
    let plan = plan(&app.store, segments, ended);
    let behind_ms = if plan.indexed { Some(behind_ms(app).await?) } else { None };
    let (page, rows) = of_plan(app, &plan, place, &filter, &query.paging).await?;
    Ok((Tasks { behind_ms, ..page }, rows))
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
            (Tasks { total, page, page_size, scanned, truncated, ..empty() }, found.tasks)
        }
    })
}

impl ListQuery {
    fn filter<'a>(&'a self, grant: &'a Grant) -> Filter<'a> {
        let now_ms = clock::now_ms();
        Filter { status: &self.status, queue: &self.queue, wanted: &self.wanted, grant, now_ms }
    }

    /// The one index that has all that are wanted, in their order.
    fn sorted(&self, shards: ShardCount, sort: Sort) -> Result<Cut, Fail> {
        let cannot = |why: &str| Err(Fail::invalid("sort", why));
        let [by] = &self.wanted.cuts()[..] else {
            return cannot("it takes exactly one kind, tag or worker: there is an index for each of these");
        };
        if self.status.is_empty() || !self.status.iter().all(|status| status.is_terminal()) {
            return cannot(
                "only those that have ended have that order: add status=completed,failed,timeout,cancelled",
            );
        }
        if shards != ShardCount::ONE {
            return cannot("each shard has an order of its own, and this namespace has several");
        }
        Ok(Cut { by: by.clone(), up: sort == Sort::OldestFirst })
    }
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
        behind_ms: None,
    }
}

async fn with_histories(app: &App, tasks: Vec<Task>) -> Result<Vec<Task>, Fail> {
    let each = tasks.into_iter().map(|task| with_history(app, task));
    stream::iter(each).buffered(HISTORIES_AT_A_TIME).try_collect().await
}
