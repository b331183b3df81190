//! `GET /flows`, newest first or those that fail first; and one of them.

use std::fmt;
use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use baton_api::Timestamp;
use baton_api::flow::{Flow, FlowList, OpenTask};
use baton_auth::Action;
use baton_core::{Code, FlowId, FlowState, TaskId, limits};
use baton_store::calls::flow::FirstOpen;
use baton_store::record::flow::Flow as Record;
use futures_util::{StreamExt, TryStreamExt, stream};
use utoipa::IntoParams;

use super::look::{Place, Wish, look};
use super::part;
use crate::app::App;
use crate::auth::Grant;
use crate::convert;
use crate::extract::{Caller, FlowPath, FromTerms, Paging, Query, Terms, Walk, no_cursor, with_link};
use crate::problem::Fail;

/// Flows in which an open task is looked for at a time, and tasks that one request looks at for it: of one flow those of one
/// look.
const LOOKS_AT_A_TIME: usize = 8;
const LOOKED_MAX: u64 = 10_000;

/// Which flows, and what of them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only flows in one of these states.
    #[param(value_type = Option<String>, example = "held,failed")]
    state: Vec<FlowState>,
    /// Only flows whose name contains this, in large or small letters.
    #[param(value_type = Option<String>, max_length = 64)]
    name: String,
    /// `newest`, or `failing`: those first of which something ended badly or is held back.
    #[param(value_type = Option<String>, default = "newest")]
    sort: Sort,
    /// `oldest_open`: with the first task of each that has not ended, if it is among its first 500. 10,000 tasks are looked at
    /// for all flows of a page; of those behind it is not said.
    #[param(value_type = Option<String>)]
    include: bool,
}

impl Which {
    fn read(terms: &mut Terms) -> Which {
        let include = terms.one::<String>("include");
        if include.as_deref().is_some_and(|include| include != "oldest_open") {
            terms.wrong("include", "only `oldest_open` can be included");
        }
        Which {
            state: terms.many("state"),
            name: terms.one::<String>("name").unwrap_or_default().to_lowercase(),
            sort: terms.one("sort").unwrap_or_default(),
            include: include.is_some(),
        }
    }

    fn wish(self) -> Wish {
        Wish { states: self.state, name: self.name, failing_first: self.sort == Sort::Failing }
    }
}

/// The order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sort {
    #[default]
    Newest,
    Failing,
}

#[derive(Debug)]
struct UnknownSort;

impl fmt::Display for UnknownSort {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("read an order: it is newest or failing")
    }
}

impl FromStr for Sort {
    type Err = UnknownSort;

    fn from_str(word: &str) -> Result<Sort, UnknownSort> {
        match word {
            "newest" => Ok(Sort::Newest),
            "failing" => Ok(Sort::Failing),
            _ => Err(UnknownSort),
        }
    }
}

/// Which part of which flows.
pub(crate) struct FlowsQuery(Walk, Which);

impl FromTerms for FlowsQuery {
    const KNOWN: &[&str] = &["limit", "cursor", "state", "name", "sort", "include"];

    fn read(terms: &mut Terms) -> FlowsQuery {
        FlowsQuery(Walk::read(terms), Which::read(terms))
    }
}

/// List flows
///
/// The newest first, or those first that fail. A credential that does not read every queue gets the flows of which it reads
/// some tasks, those tasks counted; then there is no total, and a page may be short although there is a next one. So it may be
/// where only some are wanted: one request looks at 2,000 flows, and `scanned` and `truncated` tell.
#[utoipa::path(
    get, path = "/flows", tag = "flows", operation_id = "list_flows",
    security(("bearer" = ["tasks:read"])),
    params(Walk, Which),
    responses((status = 200, description = "A page of flows", body = FlowList,
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(crate) async fn list_flows(
    State(app): State<App>,
    caller: Caller,
    Query(FlowsQuery(Walk { limit, cursor }, which)): Query<FlowsQuery>,
) -> Result<Response, Fail> {
    let (with_open, wish) = (which.include, which.wish());
    let place = match &cursor {
        Some(cursor) => Place::read(cursor, &wish).ok_or_else(no_cursor)?,
        None => Place::first(&wish),
    };
    let looked = look(&app, &caller.grant, &wish, limit, place).await?;
    let next_cursor = looked.next.map(Place::write);
    let counts_all = caller.grant.reaches_all(Action::TasksRead) && wish.is_everything();
    let scans = !wish.is_everything() || wish.failing_first;
    let answer = FlowList {
        flows: answered(&app, &caller.grant, looked.flows, with_open).await?,
        next_cursor: next_cursor.clone(),
        total: counts_all.then_some(looked.total),
        scanned: scans.then_some(looked.scanned),
        truncated: scans.then_some(looked.truncated),
    };
    let paging = Paging::Cursor { limit, cursor };
    Ok(with_link(Json(answer), &caller, &paging, next_cursor.as_deref(), None))
}

async fn answered(
    app: &App,
    grant: &Grant,
    records: Vec<Record>,
    with_open: bool,
) -> Result<Vec<Flow>, Fail> {
    let (mut left, reads_all) = (LOOKED_MAX, grant.reaches_all(Action::TasksRead));
    let each = records.into_iter().map(|record| {
        // Who reads only a part of a flow has only that counted.
        let tasks = if reads_all { record.tasks } else { u64::MAX };
        let cost = tasks.min(limits::FLOW_LOOK_MAX);
        let looks = with_open && !record.state.has_ended() && cost <= left;
        left -= if looks { cost } else { 0 };
        one(app, grant, record, looks)
    });
    stream::iter(each.collect::<Vec<_>>()).buffered(LOOKS_AT_A_TIME).try_collect().await
}

async fn one(app: &App, grant: &Grant, record: Record, with_open: bool) -> Result<Flow, Fail> {
    let oldest_open = match with_open {
        true => open_task(app, grant, record.id).await?,
        false => None,
    };
    Ok(Flow { oldest_open, ..convert::flow::flow(record) })
}

/// The first task of a flow that has not ended, if it is among those looked at and the grant reads it.
async fn open_task(app: &App, grant: &Grant, flow: FlowId) -> Result<Option<OpenTask>, Fail> {
    match app.store.first_open(flow, 0, limits::FLOW_LOOK_MAX).await? {
        FirstOpen::Task(id) => said(app, grant, id).await,
        FirstOpen::None { .. } => Ok(None),
    }
}

async fn said(app: &App, grant: &Grant, id: TaskId) -> Result<Option<OpenTask>, Fail> {
    let found = app.store.read_tasks(id.shard(), &[id], false).await?.into_iter().next().flatten();
    Ok(found.filter(|task| grant.reads(&task.queue)).map(|task| OpenTask {
        id,
        status: task.status(),
        name: task.family.name.map(|name| name.to_string()),
        kind: task.kind,
        created_at: Timestamp::from_ms(task.created_ms),
    }))
}

/// Read a flow
///
/// A credential that does not read every queue gets the tasks counted that it reads.
#[utoipa::path(
    get, path = "/flows/{id}", tag = "flows", operation_id = "get_flow",
    security(("bearer" = ["tasks:read"])),
    params(FlowPath),
    responses((status = 200, description = "The flow", body = Flow)),
    extensions(("x-problem-codes" = json!(["unknown_flow"])))
)]
pub(crate) async fn get_flow(
    State(app): State<App>,
    FlowPath(id): FlowPath,
    caller: Caller,
) -> Result<Json<Flow>, Fail> {
    let found = part::of(&app, &caller.grant, known(&app, id).await?).await?;
    found.map(convert::flow::flow).map(Json).ok_or_else(|| Fail::new(Code::UnknownFlow))
}

/// All of a flow, for whoever has just acted on all of it.
pub(super) async fn flow(app: &App, id: FlowId) -> Result<Flow, Fail> {
    known(app, id).await.map(convert::flow::flow)
}

pub(super) async fn known(app: &App, id: FlowId) -> Result<Record, Fail> {
    app.store.read_flow(id).await?.ok_or_else(|| Fail::new(Code::UnknownFlow))
}
