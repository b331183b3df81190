//! `task/link`: an edge that would close a circle is refused with the way round, and a search that is too long as well.

use baton_core::{Refusal, TaskId, limits};
use baton_store::calls::task::EdgeState;
use baton_testkit::with_store;

use super::flow_support::*;
use super::task_support::*;

/// The way that a refusal names, from the child to the parent.
fn way(ids: &[TaskId]) -> (Refusal, Option<String>) {
    let ids: Vec<String> = ids.iter().map(TaskId::to_string).collect();
    (Refusal::DependencyCycle, Some(ids.join(" ")))
}

#[tokio::test]
async fn a_task_does_not_wait_for_itself() {
    with_store(async |at| {
        let id = at.submit_many(1).await[0];
        assert_eq!(link_refused(at, id, id).await, way(&[id]));
    })
    .await;
}

#[tokio::test]
async fn two_tasks_do_not_wait_for_each_other() {
    with_store(async |at| {
        let made = at.submit_many(2).await;
        link(at, made[0], made[1]).await;
        assert_eq!(link_refused(at, made[1], made[0]).await, way(&made));
        // Not even where the first edge is closed already: what has completed may run again.
        end(at, made[0], baton_core::Status::Completed).await;
        rerun(at, &made[..1]).await;
        assert_eq!(link_refused(at, made[1], made[0]).await, way(&made));
    })
    .await;
}

#[tokio::test]
async fn the_way_that_is_named_exists() {
    with_store(async |at| {
        // 1 -> 2, 3 -> 4 -> 5, and a branch that leads nowhere.
        let parents = [&[][..], &[1], &[1], &[2, 3], &[4], &[1]];
        let flow = create_of(at, parents.map(<[u32]>::to_vec).to_vec()).await;
        let (refusal, named) = link_refused(at, flow.task(5), flow.task(1)).await;
        let through = |middle| way(&[1, middle, 4, 5].map(|position| flow.task(position)));
        assert!([through(2), through(3)].contains(&(refusal, named.clone())), "{named:?}");
        // What shares parents and children with another task is no circle.
        assert_eq!(link(at, flow.task(2), flow.task(3)).await.0, EdgeState::Open);
        assert_eq!(link_refused(at, flow.task(3), flow.task(2)).await, way(&[2, 3].map(|at| flow.task(at))));
    })
    .await;
}

#[tokio::test]
async fn of_two_links_that_close_a_circle_one_is_refused() {
    with_store(async |at| {
        let made = at.submit_many(4).await;
        link(at, made[0], made[1]).await;
        link(at, made[2], made[3]).await;
        let (there, back) = tokio::join!(try_link(at, made[1], made[2]), try_link(at, made[3], made[0]));
        let refused =
            [&there, &back].iter().filter(|linked| format!("{linked:?}").contains("Refused")).count();
        assert_eq!(refused, 1, "{there:?} {back:?}");
    })
    .await;
}

#[tokio::test]
async fn a_circle_of_a_thousand_is_found_and_its_beginning_named() {
    with_store(async |at| {
        let size = 1_000;
        let flow = create_of(at, chain(size)).await;
        let named = way(&tasks_of(flow, limits::CIRCLE_IDS_MAX as u32));
        assert_eq!(link_refused(at, flow.task(size), flow.task(1)).await, named);
        // A new task closes no circle, wherever it stands.
        let made = at.submit_many(2).await;
        assert_eq!(link(at, made[0], flow.task(1)).await.0, EdgeState::Open);
        assert_eq!(link(at, flow.task(size), made[1]).await.0, EdgeState::Open);
        assert_eq!(link_refused(at, made[1], made[0]).await.0, Refusal::DependencyCycle);
    })
    .await;
}

#[tokio::test]
async fn a_search_from_the_small_side_does_not_meet_the_bound() {
    with_store(async |at| {
        let beyond = limits::GRAPH_LOOKS_MAX as u32;
        let wide = create_of(at, fan_out(beyond)).await;
        let small = create_of(at, chain(2)).await;
        // Downwards there are too many, upwards there is one.
        assert_eq!(link(at, small.task(2), wide.task(1)).await.0, EdgeState::Open);
        // A circle is found from that side too, and named in the same order.
        let made = at.submit_many(2).await;
        link(at, wide.task(1), made[0]).await;
        link(at, made[0], made[1]).await;
        let round = way(&[wide.task(1), made[0], made[1]]);
        assert_eq!(link_refused(at, made[1], wide.task(1)).await, round);
        // On both sides there are too many.
        let deep = create_of(at, fan_in(beyond)).await;
        let last = deep.task(beyond + 1);
        assert_eq!(link_refused(at, last, wide.task(1)).await, (Refusal::GraphTooLarge, None));
        // Where one of the two knows nobody there is nothing to search.
        let alone = at.submit_many(2).await;
        assert_eq!(link(at, alone[0], wide.task(1)).await.0, EdgeState::Open);
        assert_eq!(link(at, last, alone[1]).await.0, EdgeState::Open);
    })
    .await;
}
