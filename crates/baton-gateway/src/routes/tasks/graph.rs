//! `GET /tasks/{id}/graph`: a task among those that it depends on and that depend on it.

use std::collections::{BTreeMap, HashSet};

use axum::Json;
use axum::extract::State;
use baton_api::flow::Graph;
use baton_core::{Code, TaskId, limits};
use baton_store::Store;
use baton_store::calls::task::{Edge, EdgeState, EdgesOf, Side};
use futures_util::{StreamExt, TryStreamExt, stream};
use utoipa::IntoParams;

use crate::app::App;
use crate::convert::graph::{Found, Subject, graph};
use crate::extract::{FromTerms, Query, TaskPath, Terms};
use crate::problem::Fail;

/// Tasks around which edges are read at a time.
const READS_AT_A_TIME: usize = 8;
/// Pages that are read of one side of one task.
const PAGES_MAX: u64 = 5;

/// How much of the graph.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct GraphQuery {
    /// How many tasks at most; the nearest ones are taken.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500, default = 100)]
    limit: u64,
}

impl FromTerms for GraphQuery {
    const KNOWN: &[&str] = &["limit"];

    fn read(terms: &mut Terms) -> GraphQuery {
        GraphQuery { limit: terms.number("limit", 1, 500).unwrap_or(100) }
    }
}

/// Draw a task's surroundings
///
/// The tasks that it waits for and that wait for it, and theirs in turn, the nearest first; each with a place, parents above
/// their children.
#[utoipa::path(
    get, path = "/tasks/{id}/graph", tag = "tasks", operation_id = "get_task_graph",
    params(TaskPath, GraphQuery),
    responses((status = 200, description = "The tasks around it and their edges", body = Graph)),
    extensions(("x-problem-codes" = json!(["unknown_task"])))
)]
pub(crate) async fn task_graph(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    Query(query): Query<GraphQuery>,
) -> Result<Json<Graph>, Fail> {
    let found = around(&app.store, id, query.limit as usize).await?;
    graph(&app, found, Subject::Task(id)).await.map(Json)
}

/// The edges of one task, as far as they were read.
struct Sides {
    task: TaskId,
    parents: Vec<Edge>,
    children: Vec<Edge>,
    cut: bool,
}

/// Breadth-first, ring by ring: of the ring that does not fit whole, those that are met first.
async fn around(store: &Store, id: TaskId, limit: usize) -> Result<Found, Fail> {
    let focus = store.read_tasks(id.shard(), &[id], false).await?.into_iter().next().flatten();
    let focus = focus.ok_or_else(|| Fail::new(Code::UnknownTask))?;
    let mut found = Found { tasks: vec![focus], ..Found::default() };
    let mut known = HashSet::from([id]);
    let mut edges: BTreeMap<(TaskId, TaskId), EdgeState> = BTreeMap::new();
    let mut ring = vec![id];
    while !ring.is_empty() {
        let reads = ring.drain(..).map(|task| sides(store, task)).collect::<Vec<_>>();
        let each: Vec<Sides> = stream::iter(reads).buffered(READS_AT_A_TIME).try_collect().await?;
        for Sides { task, parents, children, cut } in each {
            found.truncated |= cut;
            edges.extend(parents.iter().map(|edge| ((edge.task, task), edge.state)));
            edges.extend(children.iter().map(|edge| ((task, edge.task), edge.state)));
            for other in parents.into_iter().chain(children).filter_map(|edge| edge.other) {
                if known.contains(&other.id) {
                    continue;
                }
                if found.tasks.len() >= limit {
                    found.truncated = true;
                    continue;
                }
                known.insert(other.id);
                ring.push(other.id);
                found.tasks.push(other);
            }
        }
    }
    found.edges = edges.into_iter().map(|((parent, child), state)| (parent, child, state)).collect();
    found.total = found.tasks.len() as u64;
    Ok(found)
}

async fn sides(store: &Store, task: TaskId) -> Result<Sides, Fail> {
    let (parents, more_parents) = side(store, task, Side::Parents).await?;
    let (children, more_children) = side(store, task, Side::Children).await?;
    Ok(Sides { task, parents, children, cut: more_parents || more_children })
}

/// The first edges of one side, and whether there are more.
async fn side(store: &Store, task: TaskId, side: Side) -> Result<(Vec<Edge>, bool), Fail> {
    let (mut edges, mut next) = (Vec::new(), Some(0));
    for _ in 0..PAGES_MAX {
        let Some(first) = next else { break };
        let of = EdgesOf { task, side, first, limit: limits::PAGE_MAX, only_open: false };
        let page = store.edges(of).await?;
        edges.extend(page.edges);
        next = page.next;
    }
    Ok((edges, next.is_some()))
}
