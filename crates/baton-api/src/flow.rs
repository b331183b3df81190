//! Flows: tasks that wait for each other, submitted all or none; and graphs, as they are drawn.

use std::collections::BTreeMap;

use baton_core::{FlowId, FlowState, Kind, OnParentFailure, QueueName, Status, TaskId, TaskRef};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, object, schemas, text};

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
    /// How many flows there are on all pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// Tasks and their edges, with a place for each: parents stand above their children.
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
    pub width: u64,
    pub height: u64,
    /// How many tasks the flow has, also where not all of them are shown; around a task, how many are shown.
    pub tasks: u64,
    /// True where tasks or edges are left out.
    pub truncated: bool,
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
