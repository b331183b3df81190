//! `GET /flows`, newest first; and one of them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_api::flow::{Flow, FlowList};
use baton_auth::Action;
use baton_core::{Code, FlowId, limits};
use baton_store::calls::flow::ListFlows;
use baton_store::calls::task::{After, Order, Start};
use baton_store::record::flow::Flow as Record;
use futures_util::future::try_join_all;

use super::part;
use crate::app::App;
use crate::auth::Grant;
use crate::convert;
use crate::extract::{Caller, FlowPath, FromTerms, Paging, Query, Terms, Walk, no_cursor, with_link};
use crate::problem::Fail;

/// Tasks at which one request looks for what can be read of a page of flows; the last flow is looked at whole.
const LOOKED_AT_MAX: u64 = 20_000;

/// Which part of the flows.
pub(crate) struct FlowsQuery(Walk);

impl FromTerms for FlowsQuery {
    const KNOWN: &[&str] = &["limit", "cursor"];

    fn read(terms: &mut Terms) -> FlowsQuery {
        FlowsQuery(Walk::read(terms))
    }
}

/// List flows
///
/// The newest first. A credential that does not read every queue gets the flows of which it reads some tasks, those tasks
/// counted; then there is no total, and a page may be short although there is a next one.
#[utoipa::path(
    get, path = "/flows", tag = "flows", operation_id = "list_flows",
    security(("bearer" = ["tasks:read"])),
    params(Walk),
    responses((status = 200, description = "A page of flows", body = FlowList,
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(crate) async fn list_flows(
    State(app): State<App>,
    caller: Caller,
    Query(FlowsQuery(Walk { limit, cursor })): Query<FlowsQuery>,
) -> Result<Response, Fail> {
    let after = cursor.as_deref().map(|cursor| place(cursor).ok_or_else(no_cursor)).transpose()?;
    let (mut records, total) = newest(&app, after, limit).await?;
    let more = records.len() as u64 > limit;
    records.truncate(limit as usize);
    let all = caller.grant.reaches_all(Action::TasksRead);
    let (records, last) = match all {
        true => {
            let last = records.last().filter(|_| more).map(last_place);
            (records, last)
        }
        false => some(&app, &caller.grant, records, more).await?,
    };
    let next_cursor = last.map(|after| URL_SAFE_NO_PAD.encode(after.to_string()));
    let flows = records.into_iter().map(convert::flow::flow).collect();
    let answer = FlowList { flows, next_cursor: next_cursor.clone(), total: all.then_some(total) };
    let paging = Paging::Cursor { limit, cursor };
    Ok(with_link(Json(answer), &caller, &paging, next_cursor.as_deref(), None))
}

fn place(cursor: &str) -> Option<After> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?.parse().ok()
}

/// A flow's place among all of them: the index of each shard is in the same order.
fn last_place(flow: &Record) -> After {
    After { score: flow.created_ms, id: flow.id.task(0) }
}

/// What can be read of these flows, and behind which one to go on if that was too much for one request.
async fn some(
    app: &App,
    grant: &Grant,
    records: Vec<Record>,
    more: bool,
) -> Result<(Vec<Record>, Option<After>), Fail> {
    let (mut found, mut left, mut last) = (Vec::new(), LOOKED_AT_MAX, None);
    let mut records = records.into_iter();
    for record in records.by_ref() {
        last = Some(last_place(&record));
        left = left.saturating_sub(record.tasks.max(limits::PAGE_MAX));
        found.extend(part::of(app, grant, record).await?);
        if left == 0 {
            break;
        }
    }
    let more = more || records.len() > 0;
    Ok((found, last.filter(|_| more)))
}

/// The flows of all shards behind a place: at least one more than wanted, if there are so many.
async fn newest(app: &App, after: Option<After>, limit: u64) -> Result<(Vec<Record>, u64), Fail> {
    let each = app.store.shards().all().map(|shard| of_shard(app, shard, after, limit));
    let (mut found, mut total) = (Vec::new(), 0);
    for (flows, count) in try_join_all(each).await? {
        found.extend(flows);
        total += count;
    }
    found.sort_by_key(|flow| std::cmp::Reverse((flow.created_ms, flow.id)));
    Ok((found, total))
}

async fn of_shard(
    app: &App,
    shard: baton_core::Shard,
    after: Option<After>,
    limit: u64,
) -> Result<(Vec<Record>, u64), Fail> {
    let (mut flows, mut start) = (Vec::new(), after.map_or(Start::default(), Start::After));
    loop {
        let size = (limit + 1 - flows.len() as u64).min(limits::PAGE_MAX);
        let page = app.store.list_flows(shard, ListFlows { order: Order::Down, start, limit: size }).await?;
        flows.extend(page.flows);
        match page.next {
            Some(next) if (flows.len() as u64) <= limit => start = Start::After(next),
            _ => return Ok((flows, page.total)),
        }
    }
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
