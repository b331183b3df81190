//! `flow/tasks`: the tasks of a flow in the order of their positions, with the edges to their children.

use baton_core::{FlowId, Shard, Status, limits};
use baton_store::calls::flow::FlowTasks;
use baton_store::calls::task::{EdgeState, NewTask};
use baton_testkit::{Fixture, with_store};

use super::flow_support::*;
use super::task_support::*;

async fn page(at: &Fixture, flow: FlowId, first: u64, limit: u64, edges: u64) -> FlowTasks {
    let page = refuses_unchanged(at, async || at.store.flow_tasks(flow, first, limit, edges).await).await;
    page.expect("a page")
}

/// Positions of the tasks of a page and of their children.
fn positions(page: &FlowTasks, flow: FlowId) -> Vec<(u32, Vec<u32>)> {
    let position = |id| (1..1_100).find(|position| flow.task(*position) == id).expect("a task of the flow");
    let children = |edges: &[(_, EdgeState)]| edges.iter().map(|(child, _)| position(*child)).collect();
    page.tasks.iter().map(|one| (position(one.task.id), children(&one.children))).collect()
}

#[tokio::test]
async fn parents_come_before_their_children_a_page_at_a_time() {
    with_store(async |at| {
        let flow = create_of(at, vec![vec![], vec![], vec![1, 2], vec![1], vec![3, 4]]).await;
        let most = limits::EDGES_PAGE_MAX;
        let whole = page(at, flow, 0, limits::PAGE_MAX, most).await;
        let expected = [(1, vec![3, 4]), (2, vec![3]), (3, vec![5]), (4, vec![5]), (5, vec![])];
        assert_eq!((whole.total, positions(&whole, flow)), (5, expected.to_vec()));
        for first in 0..5 {
            let one = page(at, flow, first, 1, most).await;
            assert_eq!((one.total, positions(&one, flow)), (5, vec![expected[first as usize].clone()]));
        }
        assert_eq!(page(at, flow, 5, 1, most).await, FlowTasks { total: 5, tasks: Vec::new() });
    })
    .await;
}

#[tokio::test]
async fn each_edge_says_what_it_still_means() {
    with_store(async |at| {
        let flow = create_of(at, vec![vec![], vec![], vec![], vec![1, 2, 3]]).await;
        end(at, flow.task(1), Status::Completed).await;
        end(at, flow.task(2), Status::Failed).await;
        let page = page(at, flow, 0, limits::PAGE_MAX, limits::EDGES_PAGE_MAX).await;
        let states: Vec<EdgeState> = page.tasks[..3].iter().map(|one| one.children[0].1).collect();
        assert_eq!(states, [EdgeState::Closed, EdgeState::Held, EdgeState::Open]);
    })
    .await;
}

#[tokio::test]
async fn edges_beyond_the_room_are_left_out_and_their_tasks_are_not() {
    with_store(async |at| {
        let size = limits::EDGES_PAGE_MAX as u32 + 10;
        let flow = create_of(at, fan_out(size)).await;
        let whole = page(at, flow, 0, 2, limits::EDGES_PAGE_MAX).await;
        assert_eq!(whole.tasks[0].children.len() as u64, limits::EDGES_PAGE_MAX);
        assert_eq!(whole.tasks[0].task.family.children, u64::from(size));
        for room in [0, 1, 7] {
            let page = page(at, flow, 0, limits::PAGE_MAX, room).await;
            assert_eq!(page.tasks.len() as u64, limits::PAGE_MAX);
            assert_eq!(page.tasks[0].children.len() as u64, room);
        }
    })
    .await;
}

#[tokio::test]
async fn a_task_that_joined_comes_last_and_edges_out_of_the_flow_are_told() {
    with_store(async |at| {
        let flow = create_of(at, chain(2)).await;
        let parents = vec![flow.task(1)];
        let joining = NewTask { flow: Some(flow), parents: parents.clone(), ..at.new_task("noop") };
        let stranger = NewTask { parents, ..at.new_task("noop") };
        let made = at.submit(&[stranger, joining]).await;
        let page = page(at, flow, 0, limits::PAGE_MAX, limits::EDGES_PAGE_MAX).await;
        assert_eq!(page.total, 3);
        assert_eq!(page.tasks[2].task.id, made[1]);
        let mut children: Vec<_> = page.tasks[0].children.iter().map(|edge| edge.0).collect();
        children.sort();
        let mut expected = vec![flow.task(2), made[0], made[1]];
        expected.sort();
        assert_eq!(children, expected);
    })
    .await;
}

#[tokio::test]
async fn pages_out_of_their_bounds_are_refused_before_they_are_sent() {
    with_store(async |at| {
        let flow = create_of(at, chain(1)).await;
        for (limit, edges) in
            [(0, 1), (limits::PAGE_MAX + 1, 1), (u64::MAX, 1), (1, limits::EDGES_PAGE_MAX + 1)]
        {
            invalid(at.store.flow_tasks(flow, 0, limit, edges).await);
        }
        let ghost = at.store.draw_flow(Shard::FIRST);
        assert_eq!(page(at, ghost, 0, 1, 1).await, FlowTasks { total: 0, tasks: Vec::new() });
    })
    .await;
}
