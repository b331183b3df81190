//! Tasks and edges as they were read, drawn.

use std::collections::HashMap;

use baton_api::flow::{Graph, GraphEdge, GraphNode};
use baton_core::{FlowId, TaskId};
use baton_store::Task;
use baton_store::calls::task::EdgeState;

use super::flow::edge;
use crate::app::App;
use crate::auth::Grant;
use crate::graph::{self, Place};
use crate::problem::Fail;

/// What was read of a graph.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) tasks: Vec<Task>,
    /// Parent and child. Those that lead out of the tasks are not drawn.
    pub(crate) edges: Vec<(TaskId, TaskId, EdgeState)>,
    /// How many tasks there are, with those that were not read.
    pub(crate) total: u64,
    pub(crate) truncated: bool,
}

/// What the graph is of.
pub(crate) enum Subject {
    Flow(FlowId),
    Task(TaskId),
}

/// Tasks that the grant cannot read keep their places, and lose their names.
pub(crate) async fn graph(app: &App, found: Found, subject: Subject, grant: &Grant) -> Result<Graph, Fail> {
    let at: HashMap<TaskId, u32> = found.tasks.iter().map(|task| task.id).zip(0..).collect();
    let mut edges = found.edges;
    edges.retain(|(parent, child, _)| at.contains_key(parent) && at.contains_key(child));
    let places = edges.iter().map(|(parent, child, _)| (at[parent], at[child])).collect::<Vec<_>>();
    let count = found.tasks.len();
    let drawing = app.apart(move || graph::draw(count, &places)).await?;
    let (flow, focus) = match subject {
        Subject::Flow(flow) => (Some(flow), None),
        Subject::Task(task) => (None, Some(task)),
    };
    Ok(Graph {
        flow,
        focus,
        nodes: found
            .tasks
            .into_iter()
            .zip(drawing.places)
            .map(|(task, place)| node(task, place, grant))
            .collect(),
        edges: edges
            .into_iter()
            .map(|(parent, child, state)| GraphEdge { parent, child, state: edge(state) })
            .collect(),
        width: drawing.width,
        height: drawing.height,
        tasks: found.total,
        truncated: found.truncated,
    })
}

fn node(task: Task, place: Place, grant: &Grant) -> GraphNode {
    let read = grant.reads(&task.queue);
    GraphNode {
        id: task.id,
        status: task.status(),
        name: task.family.name.filter(|_| read).map(|name| name.to_string()),
        kind: read.then_some(task.kind),
        queue: read.then_some(task.queue),
        layer: place.layer,
        x: place.x,
        y: place.y,
    }
}
