//! What the shard answers to those who look at flows and edges, against what the model holds. It is asked at the end of a
//! sequence, as a read leaves nothing behind that a later one could find.

use std::collections::BTreeMap;
use std::fmt::Debug;

use baton_core::{FlowId, FlowState, Shard, Status, TaskId, limits};
use baton_store::calls::flow::ListFlows;
use baton_store::calls::task::{EdgeState, EdgesOf, Order, Side, Start};
use baton_store::record::Family;
use baton_store::record::flow::Flow as Record;
use baton_store::{Error, Store};

use super::model::Model;

/// What is answered of a task: its id, status and relatives.
type Seen = (TaskId, Status, Family);

fn agree<T: Debug + PartialEq>(what: &str, model: &T, shard: &T) -> Result<(), String> {
    let differ = || format!("{what}: the model has\n  {model:?}\nand the shard\n  {shard:?}");
    if model == shard { Ok(()) } else { Err(differ()) }
}

pub(super) async fn check(store: &Store, model: &Model) -> Result<(), String> {
    let list = ListFlows { order: Order::Up, start: Start::Rank(0), limit: limits::PAGE_MAX };
    let page = store.list_flows(Shard::FIRST, list).await.map_err(broken)?;
    agree("the flows", &model.records(), &page.flows)?;
    for id in model.flows.keys() {
        check_flow(store, model, *id).await?;
    }
    // Of all the others one is as good as another.
    match model.edges.keys().next_back() {
        Some((parent, child)) => {
            check_edges(store, model, *parent, Side::Children).await?;
            check_edges(store, model, *child, Side::Parents).await
        }
        None => Ok(()),
    }
}

async fn check_flow(store: &Store, model: &Model, id: FlowId) -> Result<(), String> {
    let all = store.flow_tasks(id, 0, limits::PAGE_MAX, limits::EDGES_PAGE_MAX);
    let page = all.await.map_err(broken)?;
    let found: Vec<(Seen, Vec<(TaskId, EdgeState)>)> = page
        .tasks
        .into_iter()
        .map(|found| ((found.task.id, found.task.state.status(), found.task.family), found.children))
        .collect();
    let tasks = model.flows[&id].tasks.values();
    let expected = tasks.map(|task| (model.seen(*task), model.edges_of(*task, Side::Children))).collect();
    agree("the tasks of a flow", &expected, &found)
}

async fn check_edges(store: &Store, model: &Model, task: TaskId, side: Side) -> Result<(), String> {
    let of = EdgesOf { task, side, first: 0, limit: limits::PAGE_MAX, only_open: false };
    let page = store.edges(of).await.map_err(broken)?;
    let found: Vec<(Option<Seen>, EdgeState)> = page
        .edges
        .into_iter()
        .map(|edge| (edge.other.map(|task| (task.id, task.state.status(), task.family)), edge.state))
        .collect();
    let edges = model.edges_of(task, side).into_iter();
    let expected = edges.map(|(other, state)| (Some(model.seen(other)), state)).collect();
    agree("the edges of a task", &expected, &found)
}

fn broken(error: Error) -> String {
    format!("{error:?}")
}

impl Model {
    fn records(&self) -> Vec<Record> {
        let mut records: Vec<Record> = self.flows.keys().map(|id| self.record(*id)).collect();
        records.sort_by_key(|record| (record.created_ms, record.id));
        records
    }

    fn record(&self, id: FlowId) -> Record {
        let flow = &self.flows[&id];
        let counts: BTreeMap<Status, u64> = Status::ALL
            .iter()
            .map(|status| (*status, self.count_of(id, *status) as u64))
            .filter(|(_, count)| *count > 0)
            .collect();
        let count = |status| counts.get(&status).copied().unwrap_or_default();
        // While ends are on their way, nobody knows yet whether what is blocked stays so.
        let passing = !self.cascades.is_empty() && count(Status::Blocked) > 0;
        Record {
            id,
            name: flow.name.clone(),
            state: FlowState::of(count, flow.doing.is_some() || passing),
            tasks: flow.size,
            edges: flow.edges,
            created_ms: flow.created_ms,
            finished_ms: flow.finished_ms,
            submitted_by: None,
            doing: flow.doing.as_ref().map(|doing| doing.work),
            counts,
        }
    }

    fn seen(&self, id: TaskId) -> Seen {
        let task = &self.tasks[&id];
        let family = Family {
            flow: task.spec.flow,
            name: task.spec.name.clone(),
            on_parent_failure: task.spec.on_parent_failure,
            parents: self.parents(id).len() as u64,
            open_parents: self.open_parents(id) as u64,
            children: self.children(id).len() as u64,
        };
        (id, task.status, family)
    }

    /// In the order in which they are shown.
    fn edges_of(&self, task: TaskId, side: Side) -> Vec<(TaskId, EdgeState)> {
        let others = self.edges.iter().filter_map(|((parent, child), edge)| match side {
            Side::Parents => (*child == task).then_some((edge.places.0, *parent, edge.state)),
            Side::Children => (*parent == task).then_some((edge.places.1, *child, edge.state)),
        });
        let mut others: Vec<(u64, TaskId, EdgeState)> = others.collect();
        others.sort_unstable();
        others.into_iter().map(|(_, other, state)| (other, state)).collect()
    }
}
