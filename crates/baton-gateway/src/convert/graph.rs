//! Tasks and edges as they were read, drawn.

use std::collections::HashMap;
use std::sync::Arc;

use baton_api::flow::{Direction, Graph, GraphEdge, GraphNode};
use baton_core::{FlowId, Kind, Status, TaskId};
use baton_store::Task;
use baton_store::calls::task::EdgeState;

use super::flow::edge;
use crate::app::App;
use crate::auth::Grant;
use crate::graph::{self, Drawing, Edge, Place};
use crate::problem::Fail;
use crate::{clock, convert};

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
pub(crate) async fn graph(
    app: &App,
    found: Found,
    subject: Subject,
    direction: Direction,
    grant: &Grant,
) -> Result<Graph, Fail> {
    let at: HashMap<TaskId, u32> = found.tasks.iter().map(|task| task.id).zip(0..).collect();
    let mut edges = found.edges;
    edges.retain(|(parent, child, _)| at.contains_key(parent) && at.contains_key(child));
    let places = edges.iter().map(|(parent, child, _)| (at[parent], at[child])).collect::<Vec<_>>();
    let nodes: Vec<GraphNode> = found.tasks.into_iter().map(|task| node(task, grant)).collect();
    let (flow, focus, critical) = match subject {
        Subject::Flow(flow) => (Some(flow), None, critical(&nodes, &places)),
        Subject::Task(task) => (None, Some(task), Vec::new()),
    };
    let (name, drawing) = drawn(app, nodes.len(), places, direction).await?;
    Ok(Graph {
        flow,
        focus,
        nodes: nodes.into_iter().zip(&drawing.places).map(|(node, place)| placed(node, *place)).collect(),
        edges: edges
            .into_iter()
            .map(|(parent, child, state)| GraphEdge { parent, child, state: edge(state) })
            .collect(),
        direction,
        width: drawing.width,
        height: drawing.height,
        drawing: name,
        critical,
        tasks: found.total,
        truncated: found.truncated,
    })
}

/// The drawing and its name: the one that is there, or a new one.
async fn drawn(
    app: &App,
    nodes: usize,
    mut edges: Vec<Edge>,
    direction: Direction,
) -> Result<(String, Arc<Drawing>), Fail> {
    edges.sort_unstable();
    let name = graph::name(nodes, &edges, direction);
    if let Some(drawing) = app.drawings.find(&name) {
        return Ok((name, drawing));
    }
    let drawing = Arc::new(app.apart(move || graph::draw(nodes, &edges, direction)).await?);
    app.drawings.keep(name.clone(), Arc::clone(&drawing));
    Ok((name, drawing))
}

fn critical(nodes: &[GraphNode], edges: &[Edge]) -> Vec<TaskId> {
    if edges.is_empty() {
        return Vec::new();
    }
    let path = graph::critical(&lengths(nodes, clock::now_ms()), edges);
    path.into_iter().map(|node| nodes[node as usize].id).collect()
}

/// How long each task took or takes so far; of one that never ran, how long those of its kind took.
fn lengths(nodes: &[GraphNode], now_ms: u64) -> Vec<u64> {
    let took = |node: &GraphNode| {
        let until = match (node.status, node.finished_at) {
            (Status::Running, _) => now_ms,
            (status, Some(at)) if status.is_terminal() => at.ms(),
            _ => return None,
        };
        Some(until.saturating_sub(node.started_at?.ms()))
    };
    let mut kinds: HashMap<&Kind, (u64, u64)> = HashMap::new();
    for (kind, ms) in nodes.iter().filter_map(|node| Some((node.kind.as_ref()?, took(node)?))) {
        let (sum, count) = kinds.entry(kind).or_default();
        (*sum, *count) = (sum.saturating_add(ms), *count + 1);
    }
    let usual = |node: &GraphNode| kinds.get(node.kind.as_ref()?).map(|(sum, count)| sum / count);
    nodes.iter().map(|node| took(node).or_else(|| usual(node)).unwrap_or_default()).collect()
}

fn node(task: Task, grant: &Grant) -> GraphNode {
    let read = grant.reads(&task.queue);
    let task = convert::task::task(task);
    GraphNode {
        id: task.id,
        status: task.status,
        name: task.name.filter(|_| read),
        kind: read.then_some(task.kind),
        queue: read.then_some(task.queue),
        attempt: if read { task.attempt } else { 0 },
        wait_ms: task.wait_ms.filter(|_| read),
        started_at: task.started_at.filter(|_| read),
        finished_at: task.finished_at.filter(|_| read),
        layer: 0,
        x: 0,
        y: 0,
    }
}

fn placed(node: GraphNode, place: Place) -> GraphNode {
    GraphNode { layer: place.layer, x: place.x, y: place.y, ..node }
}

#[cfg(test)]
mod tests {
    use baton_api::Timestamp;

    use super::*;

    fn node(kind: &str, status: Status, started: Option<u64>, finished: Option<u64>) -> GraphNode {
        GraphNode {
            id: "01a1fc29-8a56-7000-8a14-c38b1cfc4000".parse().unwrap(),
            name: None,
            kind: kind.parse().ok(),
            queue: None,
            status,
            attempt: 0,
            wait_ms: None,
            started_at: started.map(Timestamp::from_ms),
            finished_at: finished.map(Timestamp::from_ms),
            layer: 0,
            x: 0,
            y: 0,
        }
    }

    #[test]
    fn a_task_that_never_ran_is_as_long_as_those_of_its_kind() {
        let nodes = [
            node("a", Status::Completed, Some(100), Some(300)),
            node("a", Status::Running, Some(900), None),
            node("a", Status::Pending, None, None),
            node("b", Status::Blocked, None, None),
            node("c", Status::Cancelled, None, Some(500)),
        ];
        assert_eq!(lengths(&nodes, 1_000), [200, 100, 150, 0, 0]);
    }
}
