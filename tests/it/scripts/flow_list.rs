//! `flow/list`: pages of flows by when they came, and one flow by itself.

use baton_core::{FlowId, FlowState, Shard, Status, limits};
use baton_store::calls::flow::{FlowsPage, ListFlows};
use baton_store::calls::task::{Order, Start};
use baton_testkit::{Fixture, with_store};

use super::flow_support::*;
use super::task_support::*;

async fn page(at: &Fixture, list: ListFlows) -> FlowsPage {
    refuses_unchanged(at, async || at.store.list_flows(Shard::FIRST, list).await).await.expect("a page")
}

fn ids_of(page: &FlowsPage) -> Vec<FlowId> {
    page.flows.iter().map(|flow| flow.id).collect()
}

/// So many flows, some of them in one moment.
async fn made(at: &Fixture, count: usize) -> Vec<FlowId> {
    let mut made = Vec::new();
    for number in 0..count {
        made.push(create_of(at, chain(1)).await);
        at.pass_ms(i64::from(number % 3 == 0));
    }
    made
}

#[tokio::test]
async fn every_flow_is_on_one_page_in_either_order() {
    with_store(async |at| {
        let mut flows = made(at, 11).await;
        flows.sort_by_key(|flow| flow.to_string());
        for order in [Order::Up, Order::Down] {
            let (mut seen, mut start) = (Vec::new(), Start::Rank(0));
            loop {
                let page = page(at, ListFlows { order, start, limit: 3 }).await;
                assert_eq!(page.total, 11);
                seen.extend(ids_of(&page));
                let Some(after) = page.next else { break };
                start = Start::After(after);
            }
            assert_eq!(seen, flows);
            flows.reverse();
        }
    })
    .await;
}

#[tokio::test]
async fn new_flows_and_pruned_ones_do_not_move_a_page() {
    with_store(async |at| {
        let flows = made(at, 5).await;
        let newest = ListFlows { order: Order::Down, ..all() };
        let first = page(at, ListFlows { limit: 2, ..newest }).await;
        made(at, 2).await;
        let after = Start::After(first.next.expect("there are more"));
        let second = page(at, ListFlows { start: after, limit: 2, ..newest }).await;
        let seen: Vec<FlowId> = ids_of(&first).into_iter().chain(ids_of(&second)).collect();
        let mut expected: Vec<FlowId> = flows[1..].to_vec();
        expected.sort_by_key(|flow| std::cmp::Reverse(flow.to_string()));
        assert_eq!(seen, expected);
        let skipped = page(at, ListFlows { start: Start::Rank(5), ..all() }).await;
        assert_eq!((skipped.flows.len(), skipped.next), (2, None));
        assert_eq!(page(at, ListFlows { start: Start::Rank(1 << 30), ..all() }).await.flows, []);
    })
    .await;
}

#[tokio::test]
async fn the_state_of_a_flow_is_made_from_its_counts() {
    with_store(async |at| {
        use Status::{Cancelled, Completed, Failed};
        for (ends, expected) in [
            ([Completed, Completed], FlowState::Completed),
            ([Failed, Completed], FlowState::Failed),
            ([Cancelled, Completed], FlowState::Cancelled),
            ([Cancelled, Failed], FlowState::Failed),
        ] {
            let id = create_of(at, vec![vec![]; 2]).await;
            assert_eq!(flow(at, id).await.state, FlowState::Running);
            for (position, status) in (1..).zip(ends) {
                end(at, id.task(position), status).await;
            }
            let ended = flow(at, id).await;
            assert_eq!((ended.state, ended.finished_ms), (expected, Some(at.now_ms())));
            assert_eq!(ended.counts.values().sum::<u64>(), 2);
        }
    })
    .await;
}

#[tokio::test]
async fn a_flow_that_waits_for_somebody_is_held_but_not_while_an_end_is_on_its_way() {
    with_store(async |at| {
        let id = create_of(at, fan_out(1_000)).await;
        end(at, id.task(1), Status::Failed).await;
        let held = flow(at, id).await;
        assert_eq!((held.state, held.counts[&Status::Blocked]), (FlowState::Running, 1_000));
        pass_on(at).await;
        let held = flow(at, id).await;
        assert_eq!((held.state, held.finished_ms), (FlowState::Held, None));
        unlink(at, id.task(1), id.task(2)).await;
        assert_eq!(flow(at, id).await.state, FlowState::Running);
    })
    .await;
}

#[tokio::test]
async fn a_flow_lives_again_when_a_task_of_it_is_rerun_or_joins_it() {
    with_store(async |at| {
        let id = create_of(at, chain(1)).await;
        end(at, id.task(1), Status::Failed).await;
        assert!(flow(at, id).await.finished_ms.is_some());
        rerun(at, &[id.task(1)]).await;
        assert_eq!(flow(at, id).await.finished_ms, None);
        end(at, id.task(1), Status::Completed).await;
        at.pass_ms(5);
        let mut task = at.new_task("noop");
        (task.flow, task.parents) = (Some(id), vec![id.task(1)]);
        let joined = at.submit(&[task]).await[0];
        let again = flow(at, id).await;
        assert_eq!((again.state, again.finished_ms), (FlowState::Running, None));
        assert_eq!((again.tasks, again.edges), (2, 1));
        end(at, joined, Status::Completed).await;
        assert_eq!(flow(at, id).await.finished_ms, Some(at.now_ms()));
    })
    .await;
}

#[tokio::test]
async fn pages_out_of_their_bounds_are_refused_before_they_are_sent() {
    with_store(async |at| {
        for limit in [0, limits::PAGE_MAX + 1, u64::MAX] {
            let list = ListFlows { limit, ..all() };
            invalid(at.store.list_flows(Shard::FIRST, list).await);
        }
        let ghost = at.store.draw_flow(Shard::FIRST);
        assert_eq!(at.store.read_flow(ghost).await.expect("an answer"), None);
        assert_eq!(page(at, all()).await, FlowsPage { total: 0, flows: Vec::new(), next: None });
    })
    .await;
}
