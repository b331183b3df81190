//! `GET /flows/{id}/graph`: its tasks and their edges, with a place for each.

use axum::Json;
use axum::extract::State;
use baton_api::flow::{Direction, Graph};
use baton_core::{FlowId, limits};
use baton_store::Store;
use baton_store::calls::flow::FlowTask;
use baton_store::calls::task::{EdgesOf, Side};
use utoipa::IntoParams;

use super::list::known;
use crate::app::App;
use crate::auth::reach;
use crate::convert::graph::{Found, Subject, graph};
use crate::extract::{Caller, FlowPath, FromTerms, Query, Terms};
use crate::graph::{EDGES_MAX, NODES_MAX};
use crate::problem::Fail;

/// How it is drawn.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DrawQuery {
    /// `down`: parents stand above their children; `right`: to the left of them.
    #[param(value_type = Option<String>, default = "down")]
    pub(super) direction: Direction,
}

impl FromTerms for DrawQuery {
    const KNOWN: &[&str] = &["direction"];

    fn read(terms: &mut Terms) -> DrawQuery {
        DrawQuery { direction: terms.one("direction").unwrap_or_default() }
    }
}

/// Draw a flow
///
/// Every task has a place: parents stand above their children, or to the left of them. Of a flow with more than 5,000 tasks or 20,000 edges the
/// first are drawn. A status that changes moves no task. Of a task that is not for the reader only the id and the status are
/// said.
#[utoipa::path(
    get, path = "/flows/{id}/graph", tag = "flows", operation_id = "get_flow_graph",
    security(("bearer" = ["tasks:read"])),
    params(FlowPath, DrawQuery),
    responses((status = 200, description = "Its tasks and their edges", body = Graph)),
    extensions(("x-problem-codes" = json!(["unknown_flow", "overloaded"])))
)]
pub(crate) async fn flow_graph(
    State(app): State<App>,
    FlowPath(id): FlowPath,
    Query(query): Query<DrawQuery>,
    caller: Caller,
) -> Result<Json<Graph>, Fail> {
    reach::some_of_flow(&app, &caller.grant, id).await?;
    let total = known(&app, id).await?.tasks;
    let found = read(&app.store, id, total).await?;
    graph(&app, found, Subject::Flow(id), query.direction, &caller.grant).await.map(Json)
}

async fn read(store: &Store, id: FlowId, total: u64) -> Result<Found, Fail> {
    let (mut found, mut first) = (Found { total, ..Found::default() }, 0);
    // Places are counted, and not what they answer: while a flow is laid out most of them are silent.
    let end = total.min(NODES_MAX as u64);
    while !found.truncated && first < end {
        let limit = limits::PAGE_MAX.min(end - first);
        let page = store.flow_tasks(id, first, limit, limits::EDGES_PAGE_MAX).await?;
        for task in page.tasks {
            take(store, task, &mut found).await?;
        }
        first += limit;
        if first >= page.total {
            break;
        }
    }
    // Those of a flow that was just submitted come into their places from the last to the first.
    found.truncated |= (found.tasks.len() as u64) < total;
    Ok(found)
}

/// A task, and the edges for which the page had no room.
async fn take(store: &Store, read: FlowTask, found: &mut Found) -> Result<(), Fail> {
    let FlowTask { task, children } = read;
    let (parent, missing) = (task.id, (children.len() as u64) < task.family.children);
    found.tasks.push(task);
    let mut next = missing.then_some(children.len() as u64);
    found.edges.extend(children.into_iter().map(|(child, state)| (parent, child, state)));
    while let Some(first) = next.filter(|_| found.edges.len() < EDGES_MAX) {
        let limit = limits::PAGE_MAX;
        let of = EdgesOf { task: parent, side: Side::Children, first, limit, only_open: false };
        let page = store.edges(of).await?;
        found.edges.extend(page.edges.into_iter().map(|edge| (parent, edge.task, edge.state)));
        next = page.next;
    }
    found.truncated |= next.is_some() || found.edges.len() > EDGES_MAX;
    found.edges.truncate(EDGES_MAX);
    Ok(())
}
