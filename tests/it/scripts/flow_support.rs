//! What the modules of flows and of edges share: graphs in few words, and the ends of tasks.

use baton_core::{FlowId, Refusal, Shard, Status, TaskId, limits};
use baton_store::calls::flow::{Begin, Begun, FlowAnswer, ListFlows, NewFlow};
use baton_store::calls::task::{
    EdgeState, EdgesOf, Link, Linked, NewTask, Order, Outcome, Side, Unlink, Unlinked,
};
use baton_store::record::flow::Flow;
use baton_testkit::{Fixture, Life, kind};

use super::task_support::*;

/// A flow of which each task waits for those at these positions; its payload is its own position.
pub(super) fn flow_of(at: &Fixture, parents: Vec<Vec<u32>>) -> NewFlow {
    let id = at.store.draw_flow(Shard::FIRST);
    let task = |at| NewTask::new(id.task(at), kind("noop"), at.to_string());
    let tasks = (1..=parents.len() as u32).map(task).collect();
    NewFlow { id, name: None, tasks, parents, by: Some(principal()), op: None }
}

/// Each task waits for the one before it.
pub(super) fn chain(tasks: u32) -> Vec<Vec<u32>> {
    (0..tasks).map(|before| Vec::from_iter(Some(before).filter(|before| *before > 0))).collect()
}

/// All wait for the first.
pub(super) fn fan_out(children: u32) -> Vec<Vec<u32>> {
    (0..=children).map(|at| if at == 0 { Vec::new() } else { vec![1] }).collect()
}

/// The last waits for all.
pub(super) fn fan_in(parents: u32) -> Vec<Vec<u32>> {
    (0..=parents).map(|at| if at == parents { (1..=parents).collect() } else { Vec::new() }).collect()
}

pub(super) async fn create(at: &Fixture, flow: &NewFlow) -> FlowId {
    match at.store.submit_flow(flow).await.expect("an answer") {
        FlowAnswer::Created { flow: id } => id,
        other => panic!("not created: {other:?}"),
    }
}

/// A flow of this form, with every default.
pub(super) async fn create_of(at: &Fixture, parents: Vec<Vec<u32>>) -> FlowId {
    create(at, &flow_of(at, parents)).await
}

/// The ids of the first tasks of a flow.
pub(super) fn tasks_of(flow: FlowId, count: u32) -> Vec<TaskId> {
    (1..=count).map(|position| flow.task(position)).collect()
}

pub(super) async fn flow(at: &Fixture, id: FlowId) -> Flow {
    at.store.read_flow(id).await.expect("an answer").expect("the flow exists")
}

/// How many tasks of a flow are in this status.
pub(super) async fn count_of(at: &Fixture, id: FlowId, status: Status) -> u64 {
    flow(at, id).await.counts.get(&status).copied().unwrap_or_default()
}

pub(super) async fn statuses(at: &Fixture, tasks: &[TaskId]) -> Vec<Status> {
    let mut statuses = Vec::new();
    for page in tasks.chunks(limits::PAGE_MAX as usize) {
        let read = at.store.read_tasks(Shard::FIRST, page, false).await.expect("an answer");
        statuses.extend(read.into_iter().map(|task| task.expect("the task exists").status()));
    }
    statuses
}

/// Claims this very task, and lets it end like this.
pub(super) async fn end(at: &Fixture, id: TaskId, status: Status) {
    if status == Status::Cancelled {
        assert_eq!(outcomes(&cancel(at, &[id]).await), [Ok(status)]);
        return;
    }
    let life = Life::new(1, 1);
    let grant = Ask::new(&life, 1).only(id).send(at).await.tasks.remove(0);
    let outcome = match status {
        Status::Completed => done_with(b"well"),
        Status::Failed => fail_for_good(),
        Status::Timeout => {
            // The last of its attempts, whatever it was allowed.
            set_field(at, id, "max_attempts", "1").await;
            Outcome::TimeOut { error: Vec::new() }
        }
        other => panic!("{other} is no end"),
    };
    assert_eq!(settle(at, &life, &grant, outcome).await.0, status);
}

/// The four ways to end.
pub(super) const ENDS: [Status; 4] = [Status::Completed, Status::Failed, Status::Timeout, Status::Cancelled];

/// Lets ends be passed on until none is left; answers how many calls that took.
pub(super) async fn pass_on(at: &Fixture) -> usize {
    for calls in 1..=1_000 {
        let left = at.store.cascade(Shard::FIRST).await.expect("an answer");
        at.pass_ms(1);
        if !left {
            return calls;
        }
    }
    panic!("ends are passed on without end");
}

pub(super) async fn try_link(at: &Fixture, parent: TaskId, child: TaskId) -> Linked {
    let by = principal();
    let link = Link { parent, child, by: Some(&by), op: None };
    at.store.link(&link).await.expect("an answer")
}

/// Links, and answers the state of the edge and where the child is then.
pub(super) async fn link(at: &Fixture, parent: TaskId, child: TaskId) -> (EdgeState, Status, u64) {
    match try_link(at, parent, child).await {
        Linked::Edge { state, status, version, replayed: false } => (state, status, version.0),
        other => panic!("not linked: {other:?}"),
    }
}

/// A link that is refused; the shard must stay as it is.
pub(super) async fn link_refused(at: &Fixture, parent: TaskId, child: TaskId) -> (Refusal, Option<String>) {
    match refuses_unchanged(at, async || try_link(at, parent, child).await).await {
        Linked::Refused(refused) => (refused.refusal, refused.detail),
        other => panic!("not refused: {other:?}"),
    }
}

/// Unlinks, and answers whether there was an edge, and where the child is then.
pub(super) async fn unlink(at: &Fixture, parent: TaskId, child: TaskId) -> (bool, Status, u64) {
    let by = principal();
    let unlink = Unlink { parent, child, by: Some(&by), op: None };
    match at.store.unlink(&unlink).await.expect("an answer") {
        Unlinked::Edge { was_there, status, version, replayed: false } => (was_there, status, version.0),
        other => panic!("not unlinked: {other:?}"),
    }
}

/// The first edges of a task on one side.
pub(super) async fn edges(at: &Fixture, task: TaskId, side: Side) -> Vec<(TaskId, EdgeState)> {
    let of = EdgesOf { task, side, first: 0, limit: limits::PAGE_MAX, only_open: false };
    let page = at.store.edges(of).await.expect("a page");
    page.edges.iter().map(|edge| (edge.task, edge.state)).collect()
}

pub(super) fn begin(flow: FlowId) -> Begin<'static> {
    Begin { flow, by: None, reason: "enough", op: None }
}

/// How many tasks a call on a whole flow may concern.
pub(super) fn concerned(begun: Begun) -> u64 {
    match begun {
        Begun::Tasks { concerned, replayed: false } => concerned,
        other => panic!("not begun: {other:?}"),
    }
}

/// The oldest flows.
pub(super) fn all() -> ListFlows {
    ListFlows { order: Order::Up, start: Default::default(), limit: limits::PAGE_MAX }
}
