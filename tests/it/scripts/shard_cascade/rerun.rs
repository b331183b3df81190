//! shard/cascade: a parent that is run again while, and after, its end is passed on.

use baton_core::{OnParentFailure, Refusal, Status};
use baton_store::calls::task::{EdgeState, Side};
use baton_testkit::with_store;

use super::super::flow_support::*;
use super::super::task_support::*;

/// More than one call passes on.
const MANY: u32 = 1_000;

#[tokio::test]
async fn it_is_refused_until_the_end_is_passed_on_and_then_all_wait_again() {
    with_store(async |at| {
        let flow = create_of(at, fan_out(MANY)).await;
        let (parent, last) = (flow.task(1), flow.task(MANY + 1));
        end(at, parent, Status::Failed).await;
        let state = edges(at, last, Side::Parents).await[0].1;
        assert_eq!(state, EdgeState::Open, "it was passed on at once");
        let each = refuses_unchanged(at, async || rerun(at, &[parent]).await).await;
        assert_eq!(outcomes(&each), [Err(Refusal::Conflict)]);
        pass_on(at).await;
        assert_eq!(edges(at, last, Side::Parents).await[0].1, EdgeState::Held);
        assert_eq!(outcomes(&rerun(at, &[parent]).await), [Ok(Status::Pending)]);
        assert_eq!(edges(at, last, Side::Parents).await[0].1, EdgeState::Open);
        end(at, parent, Status::Completed).await;
        pass_on(at).await;
        assert_eq!(count_of(at, flow, Status::Pending).await, u64::from(MANY));
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_child_waits_again_when_it_is_rerun() {
    with_store(async |at| {
        let mut new = flow_of(at, chain(2));
        new.tasks[1].on_parent_failure = OnParentFailure::Cancel;
        let flow = create(at, &new).await;
        let (parent, child) = (flow.task(1), flow.task(2));
        end(at, parent, Status::Failed).await;
        // Its parent still stands where it stood: held by it, the child does not run.
        assert_eq!(outcomes(&rerun(at, &[child]).await), [Ok(Status::Blocked)]);
        assert_eq!(edges(at, child, Side::Parents).await[0].1, EdgeState::Held);
        rerun(at, &[parent]).await;
        end(at, parent, Status::Completed).await;
        assert_eq!(at.read(child).await.status(), Status::Pending);
    })
    .await;
}

#[tokio::test]
async fn the_other_way_round_as_well() {
    with_store(async |at| {
        let mut new = flow_of(at, chain(2));
        new.tasks[1].on_parent_failure = OnParentFailure::Cancel;
        let flow = create(at, &new).await;
        let (parent, child) = (flow.task(1), flow.task(2));
        end(at, parent, Status::Failed).await;
        rerun(at, &[parent]).await;
        assert_eq!(at.read(child).await.status(), Status::Cancelled);
        assert_eq!(outcomes(&rerun(at, &[child]).await), [Ok(Status::Blocked)]);
        // It fails once more, and takes the child along once more.
        end(at, parent, Status::Failed).await;
        assert_eq!(at.read(child).await.status(), Status::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_parent_with_open_parents_of_its_own_waits_for_them() {
    with_store(async |at| {
        let flow = create_of(at, chain(3)).await;
        cancel(at, &[flow.task(2)]).await;
        assert_eq!(outcomes(&rerun(at, &[flow.task(2)]).await), [Ok(Status::Blocked)]);
        for position in 1..=3 {
            end(at, flow.task(position), Status::Completed).await;
        }
    })
    .await;
}
