//! `GET /tasks/{id}/graph`: a task among those that it depends on and that depend on it.

use std::collections::{BTreeMap, HashSet};

use axum::Json;
use axum::extract::State;
use baton_api::flow::{Direction, Graph};
use baton_core::{Code, TaskId, limits};
use baton_store::Store;
use baton_store::calls::task::{Edge, EdgeState, EdgesOf, Side};
use futures_util::{StreamExt, TryStreamExt, stream};
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::Grant;
use crate::convert::graph::{Found, Subject, graph};
use crate::extract::{Caller, FromTerms, Query, TaskPath, Terms};
use crate::graph::EDGES_MAX;
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
/// their children. Of a task that is not for the reader only the id and the status are said, and nothing of what is behind it.
#[utoipa::path(
    get, path = "/tasks/{id}/graph", tag = "tasks", operation_id = "get_task_graph",
    security(("bearer" = ["tasks:read"])),
    params(TaskPath, GraphQuery),
    responses((status = 200, description = "The tasks around it and their edges", body = Graph)),
    extensions(("x-problem-codes" = json!(["unknown_task", "overloaded"])))
)]
pub(crate) async fn task_graph(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    Query(query): Query<GraphQuery>,
    caller: Caller,
) -> Result<Json<Graph>, Fail> {
    let found = around(&app.store, &caller.grant, id, query.limit as usize).await?;
    graph(&app, found, Subject::Task(id), Direction::Down, &caller.grant).await.map(Json)
}

/// The edges of one task, as far as they were read.
struct Sides {
    task: TaskId,
    parents: Vec<Edge>,
    children: Vec<Edge>,
    cut: bool,
}

/// What has been met so far.
struct Met<'a> {
    grant: &'a Grant,
    found: Found,
    known: HashSet<TaskId>,
    edges: BTreeMap<(TaskId, TaskId), EdgeState>,
    limit: usize,
    /// Edges that were read, also those that are not drawn.
    read: usize,
}

impl Met<'_> {
    /// One budget for the whole request: a few tasks can have very many edges.
    fn is_spent(&self) -> bool {
        self.found.tasks.len() >= self.limit && self.read >= EDGES_MAX
    }

    /// Takes the edges of one task; those tasks that are new come into the next ring.
    fn take(&mut self, sides: Sides, ring: &mut Vec<TaskId>) {
        let Sides { task, parents, children, cut } = sides;
        self.found.truncated |= cut;
        self.read += parents.len() + children.len();
        let above = parents.into_iter().map(|edge| ((edge.task, task), edge));
        let below = children.into_iter().map(|edge| ((task, edge.task), edge));
        for (ends, Edge { task: id, state, other }) in above.chain(below) {
            let Some(other) = other else { continue };
            if !self.known.contains(&id) {
                if self.found.tasks.len() >= self.limit {
                    self.found.truncated = true;
                    continue;
                }
                self.known.insert(id);
                if self.grant.reads(&other.queue) {
                    ring.push(id);
                }
                self.found.tasks.push(other);
            }
            if self.edges.len() < EDGES_MAX || self.edges.contains_key(&ends) {
                self.edges.insert(ends, state);
            } else {
                self.found.truncated = true;
            }
        }
    }

    fn done(self) -> Found {
        let Met { mut found, edges, .. } = self;
        found.edges = edges.into_iter().map(|((parent, child), state)| (parent, child, state)).collect();
        found.total = found.tasks.len() as u64;
        found
    }
}

/// Breadth-first, ring by ring: of the ring that does not fit whole, those that are met first.
async fn around(store: &Store, grant: &Grant, id: TaskId, limit: usize) -> Result<Found, Fail> {
    let focus = store.read_tasks(id.shard(), &[id], false).await?.into_iter().next().flatten();
    let focus = focus.ok_or_else(|| Fail::new(Code::UnknownTask))?;
    grant.must_read(&focus.queue, Code::UnknownTask)?;
    let found = Found { tasks: vec![focus], ..Found::default() };
    let mut met = Met { grant, found, known: HashSet::from([id]), edges: BTreeMap::new(), limit, read: 0 };
    let mut ring = vec![id];
    while !ring.is_empty() {
        let reads = ring.drain(..).map(|task| sides(store, task)).collect::<Vec<_>>();
        let mut left = reads.len();
        let mut each = stream::iter(reads).buffered(READS_AT_A_TIME);
        while let Some(sides) = each.try_next().await? {
            met.take(sides, &mut ring);
            left -= 1;
            if met.is_spent() && left + ring.len() > 0 {
                met.found.truncated = true;
                return Ok(met.done());
            }
        }
    }
    Ok(met.done())
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
