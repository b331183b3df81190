//! flow/submit: what is not a flow yet is seen by nobody, whatever he asks for.

use baton_core::{Priority, Refusal, Shard, Status, TaskId, limits};
use baton_store::calls::flow::Begun;
use baton_store::calls::task::{
    EdgesOf, HistoryRead, Index, List, Order, Promote, Reprioritise, Side, Submitted,
};
use baton_testkit::{Fixture, Life, queue, with_store};

use super::super::flow_support::*;
use super::super::task_submit::submit;
use super::super::task_support::*;
use super::piece::*;
use crate::hand::events;

/// A draft of which only the last piece is missing.
async fn drafted(at: &Fixture) -> baton_core::FlowId {
    let new = flow_of(at, chain(3));
    let first = Piece { flow: &new, tasks: 1..=2, edges: true, first: true, last: false };
    assert_eq!(first.send(at).await, ["drafted"]);
    new.id
}

#[tokio::test]
async fn nobody_reads_or_lists_it() {
    with_store(async |at| {
        let flow = drafted(at).await;
        let tasks = tasks_of(flow, 2);
        let read = at.store.read_tasks(Shard::FIRST, &tasks, false).await.expect("an answer");
        assert_eq!(read, [None, None]);
        let read = at.store.read_tasks(Shard::FIRST, &tasks, true).await.expect("an answer");
        assert_eq!(read, [None, None]);
        assert_eq!(at.store.read_flow(flow).await.expect("an answer"), None);
        assert_eq!(at.store.list_flows(Shard::FIRST, all()).await.expect("a page").total, 0);
        let page = at.store.flow_tasks(flow, 0, limits::PAGE_MAX, limits::EDGES_PAGE_MAX).await;
        assert!(page.expect("a page").tasks.is_empty());
        for status in [Status::Pending, Status::Blocked] {
            let list = List {
                index: Index::Queue(&queue("default"), status),
                order: Order::Up,
                start: Default::default(),
                limit: limits::PAGE_MAX,
            };
            assert_eq!(at.store.list(Shard::FIRST, &list).await.expect("a page").total, 0);
        }
        assert_eq!(at.store.counts(Shard::FIRST, 0, 10).await.expect("counts").queues_total, 0);
        assert_eq!(events(at).await, []);
        for (task, side) in [(tasks[1], Side::Parents), (tasks[0], Side::Children)] {
            let of = EdgesOf { task, side, first: 0, limit: 5, only_open: false };
            let page = at.store.edges(of).await.expect("a page");
            assert!(page.edges.iter().all(|edge| edge.other.is_none()));
        }
        match at.store.history(tasks[0]).await.expect("an answer") {
            HistoryRead::Refused(refused) => assert_eq!(refused.refusal, Refusal::UnknownTask),
            other => panic!("it has a history: {other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_operates_on_it() {
    with_store(async |at| {
        let flow = drafted(at).await;
        let tasks = tasks_of(flow, 2);
        let (shard, by) = (Shard::FIRST, None);
        let unknown = vec![Err(Refusal::UnknownTask); 2];
        let moved = refuses_unchanged(at, async || {
            let promote = Promote { tasks: &tasks, by, reason: "", op: None };
            let priority = Priority::new(9).expect("a priority");
            let reprioritise = Reprioritise { tasks: &tasks, by, priority, op: None };
            [
                outcomes(&cancel(at, &tasks).await),
                outcomes(&rerun(at, &tasks).await),
                outcomes(&each(at.store.promote(shard, &promote).await.expect("an answer"))),
                outcomes(&each(at.store.reprioritise(shard, &reprioritise).await.expect("an answer"))),
            ]
        });
        assert_eq!(moved.await, [unknown.clone(), unknown.clone(), unknown.clone(), unknown]);
        for begun in [at.store.cancel_flow(&begin(flow)).await, at.store.rerun_flow(&begin(flow)).await] {
            match begun.expect("an answer") {
                Begun::Refused(refused) => assert_eq!(refused.refusal, Refusal::UnknownFlow),
                other => panic!("not refused: {other:?}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_depends_on_it_or_joins_it() {
    with_store(async |at| {
        let flow = drafted(at).await;
        let alone = at.submit_many(1).await[0];
        assert_eq!(link_refused(at, flow.task(1), alone).await.0, Refusal::DependencyMissing);
        assert_eq!(link_refused(at, alone, flow.task(1)).await.0, Refusal::UnknownTask);
        let mut child = at.new_task("noop");
        child.parents = vec![flow.task(1)];
        let mut member = at.new_task("noop");
        member.flow = Some(flow);
        let each = refuses_unchanged(at, async || submit(at, &[child, member]).await).await;
        let named: TaskId = flow.to_string().parse().expect("an id");
        let missing = Submitted::Refused { refusal: Refusal::DependencyMissing, other: flow.task(1) };
        let unknown = Submitted::Refused { refusal: Refusal::UnknownFlow, other: named };
        assert_eq!(each, [missing, unknown]);
    })
    .await;
}

#[tokio::test]
async fn nobody_claims_it() {
    with_store(async |at| {
        let flow = drafted(at).await;
        let life = Life::new(1, 1);
        assert!(at.claim(&life, limits::CLAIM_TASKS_MAX).await.is_empty());
        for position in 1..=3 {
            let refused = Ask::new(&life, 1).only(flow.task(position)).refused(at).await;
            assert_eq!(refused, (Refusal::UnknownTask, None));
        }
        at.pass_ms(limits::TICK_EVERY_MS as i64);
        tick(at).await;
        assert!(at.claim(&life, limits::CLAIM_TASKS_MAX).await.is_empty());
    })
    .await;
}
