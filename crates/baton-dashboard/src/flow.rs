//! One flow: as a graph, as it went through time, and as a table.

use std::borrow::Borrow;
use std::collections::HashMap;

use askama::Template;
use baton_api::flow::{Direction, EdgeState, Flow, FlowKinds, Graph, GraphNode};
use baton_api::task::{Explanation, Task, Tasks};
use baton_core::{Status, TaskId};

use crate::deed::{Deed, Noun};
use crate::drawing::{self, Drawing, Subject};
use crate::flows;
use crate::kinds::KindsDrawing;
use crate::link::Link;
use crate::page::pages;
use crate::shell::Shell;
use crate::timeline::{self, Bar, Span};
use crate::words;

/// Graphs of more tasks are drawn only if somebody insists: the table says more.
pub const SHOWN_MAX: u64 = 1_000;
/// As many as the interface draws.
pub const DRAWN_MAX: u64 = 5_000;
/// Smaller graphs are seen whole; no map of them is needed.
const MAP_FROM: usize = 50;
const MAP_FROM_LONG: u64 = 1_600;
const LOW_MAX: u64 = 300;
/// Parents that a row names.
const NAMED_MAX: usize = 4;
/// Tasks of the critical path that stand in a list.
const STEPS_MAX: usize = 30;

/// How it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Graph,
    Timeline,
    Table,
}

impl View {
    pub const ALL: [View; 3] = [View::Graph, View::Timeline, View::Table];

    pub fn as_str(self) -> &'static str {
        match self {
            View::Graph => "graph",
            View::Timeline => "timeline",
            View::Table => "table",
        }
    }

    fn title(self) -> &'static str {
        match self {
            View::Graph => "Graph",
            View::Timeline => "Timeline",
            View::Table => "Table",
        }
    }

    /// What nobody chose depends on how large the flow is.
    pub fn of(word: &str, tasks: u64) -> View {
        let known = View::ALL.into_iter().find(|view| view.as_str() == word);
        known.unwrap_or(if tasks > SHOWN_MAX { View::Table } else { View::Graph })
    }
}

/// A node that was chosen.
#[derive(Debug)]
pub struct Chosen {
    pub id: TaskId,
    /// None where it cannot be read.
    pub task: Option<Task>,
    pub explanation: Option<Explanation>,
}

#[derive(Debug, Template)]
#[template(path = "flow.html", blocks = ["live"])]
pub struct FlowPage {
    pub shell: Shell,
    pub flow: Flow,
    pub view: View,
    pub direction: Direction,
    /// Its tasks and edges, where there are not too many.
    pub graph: Option<Graph>,
    /// Its kinds, where it is too large for its tasks to be drawn.
    pub kinds: Option<FlowKinds>,
    /// A page of its tasks: of the table, or with their histories of the timeline.
    pub tasks: Option<Tasks>,
    pub cursor: String,
    pub chosen: Option<Chosen>,
    /// Where the interface is reached: scheme and host.
    pub origin: String,
    /// The browser has the drawing already, and wants only what changes of it.
    pub has_drawing: bool,
}

pages!(FlowPage);

/// A task of the critical path.
#[derive(Clone, Debug)]
pub struct Step {
    pub id: TaskId,
    pub name: String,
    pub status: Status,
    /// How long its last run took or takes.
    pub ran_ms: Option<u64>,
}

/// A task beside the chosen one, or in a row of the table.
#[derive(Clone, Debug)]
pub struct Near {
    pub id: TaskId,
    pub name: String,
    pub status: Status,
    pub holds: bool,
}

impl FlowPage {
    fn id(&self) -> String {
        self.flow.id.to_string()
    }

    fn called(&self) -> String {
        flows::called(&self.flow)
    }

    /// This page, but shown so.
    fn link(&self, view: View, direction: Direction) -> Link {
        let link = self.shell.flow(self.flow.id).with("view", view.as_str());
        if view == View::Graph { link.with("direction", direction.as_str()) } else { link }
    }

    fn at_node(&self, id: impl Borrow<TaskId>) -> Link {
        self.link(self.view, self.direction).with("node", id.borrow())
    }

    fn views(&self) -> impl Iterator<Item = (Link, &'static str, bool)> {
        View::ALL.into_iter().map(|view| (self.link(view, self.direction), view.title(), view == self.view))
    }

    fn directions(&self) -> [(Link, &'static str, bool); 2] {
        [(Direction::Right, "Left to right"), (Direction::Down, "Top to bottom")]
            .map(|(way, word)| (self.link(View::Graph, way), word, way == self.direction))
    }

    /// Too many tasks to be drawn one by one.
    fn is_huge(&self) -> bool {
        self.flow.tasks > DRAWN_MAX
    }

    fn is_large(&self) -> bool {
        self.flow.tasks > SHOWN_MAX
    }

    /// Buttons for what can still be done.
    fn deeds(&self) -> Vec<&'static Deed> {
        let allowed = Deed::allowed(Noun::Flow, &self.shell);
        allowed.filter(|deed| crate::deed::of_flow(deed, &self.flow).tasks > 0).collect()
    }

    /// Statuses that some of its tasks have, and how many.
    fn counts(&self) -> Vec<(Status, String, Link)> {
        let with = |status: &Status| {
            let many = flows::count(&self.flow, *status);
            let link = self.shell.tasks().with("status", status).with("flow", self.flow.id);
            (many > 0).then(|| (*status, words::grouped(many), link))
        };
        Status::ALL.iter().filter_map(with).collect()
    }

    fn drawing(&self) -> Option<Drawing> {
        let graph = self.graph.as_ref()?;
        let subject = Subject {
            graph,
            title: format!("The tasks of flow {}", self.called()),
            marks: self.shell.base.asset("marks.svg"),
            chosen: self.chosen.as_ref().map(|chosen| chosen.id),
        };
        Some(Drawing::of(&subject, |id| self.at_node(id)))
    }

    fn by_kinds(&self) -> Option<KindsDrawing<'_>> {
        Some(KindsDrawing::of(self.kinds.as_ref()?, &self.called(), &self.shell))
    }

    /// What the script is told of a drawing while tasks go their ways.
    fn letters(&self) -> (String, String) {
        self.graph.as_ref().map(drawing::letters).unwrap_or_default()
    }

    fn needs_map(&self) -> bool {
        let is_long = |graph: &Graph| graph.width.max(graph.height) > MAP_FROM_LONG;
        self.graph.as_ref().is_some_and(|graph| graph.nodes.len() > MAP_FROM || is_long(graph))
    }

    /// A few rows: a canvas as high as for many would be empty.
    fn is_low(&self) -> bool {
        self.graph.as_ref().is_some_and(|graph| graph.height <= LOW_MAX)
    }

    fn node(&self, id: TaskId) -> Option<&GraphNode> {
        self.graph.as_ref()?.nodes.iter().find(|node| node.id == id)
    }

    /// The chosen node as it stands in the graph.
    fn chosen_node(&self) -> Option<&GraphNode> {
        self.node(self.chosen.as_ref()?.id)
    }

    fn name_of(&self, node: &GraphNode) -> String {
        drawing::names(node).0
    }

    /// Those that it waits for, or those that wait for it.
    fn near(&self, id: TaskId, parents: bool) -> Vec<Near> {
        let beside = self.graph.iter().flat_map(|graph| drawing::beside(graph, id, parents));
        let near = beside.map(|(node, state)| Near {
            id: node.id,
            name: self.name_of(node),
            status: node.status,
            holds: state == EdgeState::Held,
        });
        near.collect()
    }

    /// What stands beside the graph of a chosen node.
    fn around(&self, id: &TaskId) -> [(&'static str, Vec<Near>); 2] {
        [("Waits for", self.near(*id, true)), ("Waited for by", self.near(*id, false))]
    }

    /// The longest way through it, the first task first.
    fn path(&self) -> Vec<Step> {
        let Some(graph) = &self.graph else { return Vec::new() };
        let nodes: HashMap<TaskId, &GraphNode> = graph.nodes.iter().map(|node| (node.id, node)).collect();
        let steps = graph.critical.iter().filter_map(|id| nodes.get(id)).map(|node| Step {
            id: node.id,
            name: self.name_of(node),
            status: node.status,
            ran_ms: self.ran_ms(node),
        });
        steps.collect()
    }

    fn steps(&self) -> Vec<Step> {
        self.path().into_iter().take(STEPS_MAX).collect()
    }

    fn more_steps(&self) -> u64 {
        self.path().len().saturating_sub(STEPS_MAX) as u64
    }

    fn path_ms(&self) -> u64 {
        self.path().iter().filter_map(|step| step.ran_ms).sum()
    }

    fn ran_ms(&self, node: &GraphNode) -> Option<u64> {
        let until = match node.status {
            Status::Running => self.shell.now,
            _ => node.finished_at?,
        };
        Some(until.ms().saturating_sub(node.started_at?.ms()))
    }

    fn ran(&self, node: &GraphNode) -> String {
        words::took_some(&self.ran_ms(node))
    }

    /// Tasks that hold others back, and how many each.
    fn holders(&self) -> Vec<(Near, u64)> {
        let Some(graph) = &self.graph else { return Vec::new() };
        let mut held: Vec<(TaskId, u64)> = Vec::new();
        for edge in graph.edges.iter().filter(|edge| edge.state == EdgeState::Held) {
            match held.iter_mut().find(|(id, _)| *id == edge.parent) {
                Some((_, many)) => *many += 1,
                None => held.push((edge.parent, 1)),
            }
        }
        let near = |id| {
            let node = self.node(id)?;
            Some(Near { id, name: self.name_of(node), status: node.status, holds: true })
        };
        held.into_iter().filter_map(|(id, many)| Some((near(id)?, many))).take(STEPS_MAX).collect()
    }

    fn rows(&self) -> &[Task] {
        self.tasks.as_ref().map_or(&[], |tasks| &tasks.tasks)
    }

    /// Parents that a row names: first those that hold it back, for they say why it does not run.
    fn named(&self, task: &Task) -> Vec<Near> {
        let mut near = self.near(task.id, true);
        near.sort_by_key(|near| !near.holds);
        near.truncate(NAMED_MAX);
        near
    }

    /// How many there are beside these.
    fn unnamed(&self, task: &Task) -> u64 {
        task.parents.saturating_sub(self.named(task).len() as u64)
    }

    fn is_critical(&self, task: &Task) -> bool {
        self.graph.as_ref().is_some_and(|graph| graph.critical.contains(&task.id))
    }

    fn further(&self) -> Option<Link> {
        let next = self.tasks.as_ref()?.next_cursor.as_ref()?;
        Some(self.link(self.view, self.direction).with("cursor", next))
    }

    fn span(&self) -> Span {
        Span { from: self.flow.created_at, to: self.flow.finished_at.unwrap_or(self.shell.now) }
    }

    fn bars(&self, task: &Task) -> Vec<Bar> {
        timeline::bars(task, self.span())
    }

    fn runs(&self, task: &Task) -> u64 {
        self.bars(task).iter().filter(|bar| bar.is_run).count() as u64
    }

    /// The same question to the interface and to the command line.
    fn commands(&self) -> [(&'static str, &'static str, String); 2] {
        let path = self.shell.base.of("/api/v1/flows", self.id()).and("/graph");
        [
            ("curl", "copy-curl", self.shell.curl(&self.origin, &path)),
            ("CLI", "copy-cli", format!("baton flow graph {}", self.id())),
        ]
    }
}

/// What a row calls a task.
pub fn name(task: &Task) -> String {
    task.name.as_ref().map_or_else(|| words::short(task.id.to_string()), words::line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_flows_are_tables_at_first() {
        assert_eq!(View::of("", 1_000), View::Graph);
        assert_eq!(View::of("", 1_001), View::Table);
        assert_eq!(View::of("graph", 1_001), View::Graph);
        assert_eq!(View::of("<script>", 3), View::Graph);
        for view in View::ALL {
            assert_eq!(View::of(view.as_str(), 0), view);
        }
    }
}
