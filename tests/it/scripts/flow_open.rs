//! `flow/open`: the first task of a flow, by its position, that has not ended.

use baton_core::{FlowId, Status, limits};
use baton_store::calls::flow::FirstOpen;
use baton_testkit::{Fixture, with_store};

use super::flow_support::*;
use super::task_support::*;

async fn look(at: &Fixture, flow: FlowId, first: u64, limit: u64) -> FirstOpen {
    let found = refuses_unchanged(at, async || at.store.first_open(flow, first, limit).await).await;
    found.expect("an answer")
}

#[tokio::test]
async fn those_that_have_ended_are_passed() {
    with_store(async |at| {
        let flow = create_of(at, vec![vec![], vec![], vec![], vec![3]]).await;
        let most = limits::FLOW_LOOK_MAX;
        assert_eq!(look(at, flow, 0, most).await, FirstOpen::Task(flow.task(1)));
        end(at, flow.task(1), Status::Completed).await;
        end(at, flow.task(2), Status::Failed).await;
        assert_eq!(look(at, flow, 0, most).await, FirstOpen::Task(flow.task(3)));
        assert_eq!(look(at, flow, 3, most).await, FirstOpen::Task(flow.task(4)));
        assert_eq!(look(at, flow, 0, 2).await, FirstOpen::None { more: true });
        end(at, flow.task(3), Status::Completed).await;
        end(at, flow.task(4), Status::Completed).await;
        assert_eq!(look(at, flow, 0, most).await, FirstOpen::None { more: false });
        assert_eq!(look(at, flow, 9, 1).await, FirstOpen::None { more: false });
    })
    .await;
}

#[tokio::test]
async fn no_more_is_looked_at_than_allowed() {
    with_store(async |at| {
        let flow = create_of(at, chain(2)).await;
        invalid(at.store.first_open(flow, 0, limits::FLOW_LOOK_MAX + 1).await);
    })
    .await;
}
