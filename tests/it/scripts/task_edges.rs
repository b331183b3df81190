//! `task/edges`: pages of parents and children, each with what the edge still means.

use baton_core::{Shard, Status, TaskId, limits};
use baton_store::calls::task::{EdgeState, Edges, EdgesOf, Side};
use baton_testkit::{Fixture, Life, with_store};

use super::flow_support::*;
use super::task_support::*;

fn of(task: TaskId, side: Side) -> EdgesOf {
    EdgesOf { task, side, first: 0, limit: limits::PAGE_MAX, only_open: false }
}

async fn page(at: &Fixture, of: EdgesOf) -> Edges {
    refuses_unchanged(at, async || at.store.edges(of).await).await.expect("a page")
}

fn ids_of(page: &Edges) -> Vec<TaskId> {
    page.edges.iter().map(|edge| edge.task).collect()
}

#[tokio::test]
async fn both_sides_come_in_order_a_page_at_a_time() {
    with_store(async |at| {
        let size = 7;
        for (flow, side, task) in [
            (create_of(at, fan_out(size)).await, Side::Children, 1),
            (create_of(at, fan_in(size)).await, Side::Parents, size + 1),
        ] {
            let (mut seen, mut first) = (Vec::new(), Some(0));
            while let Some(rank) = first {
                let page = page(at, EdgesOf { first: rank, limit: 3, ..of(flow.task(task), side) }).await;
                assert_eq!(page.total, u64::from(size));
                seen.extend(ids_of(&page));
                first = page.next;
            }
            let others: Vec<TaskId> =
                (1..=size + 1).filter(|at| *at != task).map(|at| flow.task(at)).collect();
            assert_eq!(seen, others);
        }
        // Beyond the end, and of a task that knows nobody or does not exist.
        for task in [at.submit_many(1).await[0], at.store.draw(Shard::FIRST)] {
            for side in [Side::Parents, Side::Children] {
                let page = page(at, of(task, side)).await;
                assert_eq!(page, Edges { total: 0, edges: Vec::new(), next: None });
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_edge_is_open_then_held_then_closed() {
    with_store(async |at| {
        let made = at.submit_many(2).await;
        let (parent, child) = (made[0], made[1]);
        link(at, parent, child).await;
        let state = async || {
            let states = [edges(at, parent, Side::Children).await, edges(at, child, Side::Parents).await];
            assert_eq!(states[0][0].1, states[1][0].1);
            let open = EdgesOf { only_open: true, ..of(child, Side::Parents) };
            let open = page(at, open).await.edges.len();
            assert_eq!(open, usize::from(states[0][0].1 != EdgeState::Closed));
            states[0][0].1
        };
        assert_eq!(state().await, EdgeState::Open);
        end(at, parent, Status::Failed).await;
        assert_eq!(state().await, EdgeState::Held);
        rerun(at, &[parent]).await;
        assert_eq!(state().await, EdgeState::Open);
        end(at, parent, Status::Completed).await;
        assert_eq!(state().await, EdgeState::Closed);
        // Closed for ever, whatever becomes of the parent.
        rerun(at, &[parent]).await;
        assert_eq!(state().await, EdgeState::Closed);
    })
    .await;
}

#[tokio::test]
async fn those_that_are_open_are_found_behind_many_that_are_not() {
    with_store(async |at| {
        let size = limits::SCAN_MAX as u32 + 20;
        let flow = create_of(at, fan_in(size)).await;
        let last = flow.task(size + 1);
        let life = Life::new(1, 1);
        for _ in 0..size / 20 - 1 {
            for grant in Ask::new(&life, 20).send(at).await.tasks {
                at.complete(&life, &grant).await;
            }
        }
        let mut open = EdgesOf { only_open: true, limit: 15, ..of(last, Side::Parents) };
        let mut seen = Vec::new();
        loop {
            let page = page(at, open).await;
            assert!(page.edges.iter().all(|edge| edge.state == EdgeState::Open));
            seen.extend(ids_of(&page));
            let Some(first) = page.next else { break };
            open.first = first;
        }
        let left: Vec<TaskId> = (size - 19..=size).map(|position| flow.task(position)).collect();
        assert_eq!(seen, left);
    })
    .await;
}

#[tokio::test]
async fn pages_out_of_their_bounds_are_refused_before_they_are_sent() {
    with_store(async |at| {
        let id = at.submit_many(1).await[0];
        for limit in [0, limits::PAGE_MAX + 1, u64::MAX] {
            invalid(at.store.edges(EdgesOf { limit, ..of(id, Side::Parents) }).await);
        }
        for first in [1 << 40, u64::MAX] {
            invalid(at.store.edges(EdgesOf { first, ..of(id, Side::Parents) }).await);
        }
    })
    .await;
}
