//! Flows: tasks that wait for each other, submitted all or none; and graphs, as they are drawn.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use baton_core::{FlowId, FlowState, Kind, OnParentFailure, QueueName, Status, TaskId, TaskRef};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, number, object, schemas, text};

pub use crate::new_task::NewFlowTask;

/// Tasks that wait for each other: all of them are made, or none.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "nightly", "tasks": [
    {"ref": "extract", "kind": "table.extract"},
    {"ref": "load", "kind": "table.load", "parents": ["extract"]},
]}))]
pub struct NewFlow {
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::name_or_null)]
    pub name: Option<TaskRef>,
    /// For those of its tasks that do not say it themselves.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::on_parent_failure_or_null)]
    pub on_parent_failure: Option<OnParentFailure>,
    /// In any order.
    #[serde(deserialize_with = "object::list::deserialize")]
    #[schema(min_items = 1, max_items = 100_000)]
    pub tasks: Vec<NewFlowTask>,
}

impl NewFlow {
    /// A flow of these tasks, with every default.
    pub fn new(tasks: Vec<NewFlowTask>) -> NewFlow {
        NewFlow { name: None, on_parent_failure: None, tasks }
    }
}

/// A flow, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Flow {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::flow)]
    pub id: FlowId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `held`: what is left of it is blocked, and goes on when a task is rerun, unlinked or cancelled.
    #[serde(with = "text")]
    #[schema(schema_with = schemas::flow_state)]
    pub state: FlowState,
    /// How many tasks it has.
    pub tasks: u64,
    /// How many edges there are between them.
    pub edges: u64,
    /// How many of its tasks are in which status.
    pub counts: BTreeMap<String, u64>,
    #[schema(schema_with = schemas::time)]
    pub created_at: Timestamp,
    /// When the last of it ended, once everything has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub finished_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
    /// What is being done with all of it at the moment: `lay_out`, `cancel` or `rerun`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doing: Option<String>,
    /// The first of its tasks that has not ended; only where it is asked for, and among the tasks that are looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_open: Option<OpenTask>,
}

/// A task that has not ended. All tasks of a flow come at once, so the first by its position is the oldest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OpenTask {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub id: TaskId,
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::kind)]
    pub kind: Kind,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::status)]
    pub status: Status,
    #[schema(schema_with = schemas::time)]
    pub created_at: Timestamp,
}

/// A flow that was submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlowCreated {
    #[serde(flatten)]
    pub flow: Flow,
    /// The id of each task that has a ref.
    #[serde(with = "text::map")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub refs: BTreeMap<String, TaskId>,
}

/// A page of flows.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FlowList {
    pub flows: Vec<Flow>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many flows there are on all pages; not where only some are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// How many flows were looked at, where only some are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned: Option<u64>,
    /// True where the page ended because so many were looked at; `next_cursor` goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

/// Which way a graph is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Parents stand above their children.
    #[default]
    Down,
    /// Parents stand to the left of their children.
    Right,
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Down => "down",
            Direction::Right => "right",
        }
    }
}

impl FromStr for Direction {
    type Err = UnknownDirection;

    fn from_str(word: &str) -> Result<Direction, UnknownDirection> {
        match word {
            "down" => Ok(Direction::Down),
            "right" => Ok(Direction::Right),
            _ => Err(UnknownDirection),
        }
    }
}

/// A word that is none of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownDirection;

impl fmt::Display for UnknownDirection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("read a direction: it is down or right")
    }
}

impl std::error::Error for UnknownDirection {}

/// Tasks and their edges, with a place for each: parents stand above their children, or to the left of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Graph {
    /// The flow that it shows.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::flow)]
    pub flow: Option<FlowId>,
    /// The task around which it was drawn.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::task)]
    pub focus: Option<TaskId>,
    pub nodes: Vec<GraphNode>,
    pub edges: Vec<GraphEdge>,
    #[serde(default)]
    pub direction: Direction,
    pub width: u64,
    pub height: u64,
    /// Names the places: it is another one when a task or an edge comes or goes, and the same whatever happens to tasks.
    #[serde(default)]
    pub drawing: String,
    /// Of a flow: the tasks of the longest way through it, the first one first. A task is as long as its last run took or
    /// takes; one that never ran, as those of its kind did.
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub critical: Vec<TaskId>,
    /// How many tasks the flow has, also where not all of them are shown; around a task, how many are shown.
    pub tasks: u64,
    /// True where tasks or edges are left out.
    pub truncated: bool,
}

/// A flow by the kinds of its tasks, with a place for each: those that wait stand below those that they wait for, or to the right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlowKinds {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::flow)]
    pub flow: FlowId,
    /// In the order of the first task of each.
    pub nodes: Vec<KindNode>,
    pub edges: Vec<KindEdge>,
    pub direction: Direction,
    pub width: u64,
    pub height: u64,
    /// There are so many kinds that some, or some of the ways between them, are left out.
    #[serde(default)]
    pub truncated: bool,
    /// How many tasks there are, of those that the reader may read.
    pub tasks: u64,
}

/// The tasks of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KindNode {
    /// Absent: all kinds but the fifty with most tasks, together.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::kind)]
    pub kind: Option<Kind>,
    /// How many kinds that are.
    pub kinds: u64,
    pub tasks: u64,
    /// How many of them are in which status.
    pub counts: BTreeMap<String, u64>,
    /// How many edges there are between tasks of it.
    pub within: u64,
    pub layer: u64,
    /// The middle of its box, from the left and from the top. A box is 160 wide and 40 high.
    pub x: u64,
    pub y: u64,
}

/// Tasks of one kind wait for tasks of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KindEdge {
    /// Those that are waited for, by their place in `nodes`.
    pub parents: u64,
    /// Those that wait. They may stand in front of the others: a line would lead back.
    pub children: u64,
    /// How many edges these are.
    pub edges: u64,
}

/// A task in a graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GraphNode {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub id: TaskId,
    /// What it is called within its flow.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Like its `ref`, only where the reader may read the task.
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::kind)]
    pub kind: Option<Kind>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::queue)]
    pub queue: Option<QueueName>,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::status)]
    pub status: Status,
    /// Attempts that have failed. Like its kind, this and the times are said where the reader may read the task.
    #[serde(default, skip_serializing_if = "number::is_zero")]
    pub attempt: u64,
    /// How long it waited until its last run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// When its last run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub finished_at: Option<Timestamp>,
    /// How many edges the longest way to it has, of those that are shown.
    pub layer: u64,
    /// The middle of its box, from the left and from the top. A box is 160 wide and 40 high.
    pub x: u64,
    pub y: u64,
}

/// The child does not start before the parent has completed; where its policy is `run`, before it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GraphEdge {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub parent: TaskId,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub child: TaskId,
    pub state: EdgeState,
}

/// What an edge still means for its child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EdgeState {
    /// The parent has not ended, or its end is still on its way to the child.
    Open,
    /// The parent ended badly: the child waits until it is rerun and completes.
    Held,
    /// The child waits for this parent no longer.
    Closed,
}
