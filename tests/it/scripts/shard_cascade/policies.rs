//! shard/cascade: what each child wants to happen when a parent ends otherwise than well.

use baton_core::{OnParentFailure, Status, limits};
use baton_store::State;
use baton_store::calls::task::{EdgeState, Side};
use baton_testkit::with_store;

use super::super::flow_support::*;
use super::super::task_support::*;
use crate::hand::events;

#[tokio::test]
async fn each_child_decides_for_itself() {
    with_store(async |at| {
        for ended in ENDS {
            let mut new = flow_of(at, fan_out(3));
            for (task, policy) in new.tasks[1..].iter_mut().zip(OnParentFailure::ALL) {
                task.on_parent_failure = *policy;
            }
            let flow = create(at, &new).await;
            end(at, flow.task(1), ended).await;
            for (position, policy) in (2..).zip(OnParentFailure::ALL) {
                let read = at.read(flow.task(position)).await;
                let expected = match policy {
                    _ if policy.lets_go(ended) => (Status::Pending, 0, EdgeState::Closed),
                    OnParentFailure::Cancel => (Status::Cancelled, 1, EdgeState::Held),
                    _ => (Status::Blocked, 1, EdgeState::Held),
                };
                let state = edges(at, flow.task(position), Side::Parents).await[0].1;
                assert_eq!((read.status(), read.family.open_parents, state), expected, "{ended} {policy:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_held_child_goes_on_when_its_parent_is_rerun_and_completes() {
    with_store(async |at| {
        let flow = create_of(at, chain(3)).await;
        end(at, flow.task(1), Status::Failed).await;
        assert_eq!(edges(at, flow.task(2), Side::Parents).await[0].1, EdgeState::Held);
        rerun(at, &[flow.task(1)]).await;
        assert_eq!(edges(at, flow.task(2), Side::Parents).await[0].1, EdgeState::Open);
        for position in 1..=3 {
            end(at, flow.task(position), Status::Completed).await;
        }
        assert!(self::flow(at, flow).await.finished_ms.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_child_cancelled_by_its_policy_says_by_which_parent() {
    with_store(async |at| {
        let mut new = flow_of(at, chain(2));
        new.tasks[1].on_parent_failure = OnParentFailure::Cancel;
        let flow = create(at, &new).await;
        end(at, flow.task(1), Status::Timeout).await;
        let read = at.read(flow.task(2)).await;
        let reason = format!("parent={} ended timeout", flow.task(1));
        assert_eq!(read.reason.as_ref(), Some(&reason));
        assert_eq!(read.state, State::Cancelled { finished_ms: at.now_ms(), by: None });
        let told = events(at).await.pop().expect("an event");
        assert_eq!((told.event.as_str(), told.by), ("cancel", None));
        assert_eq!(told.tasks[0].why, Some(format!("blocked {reason}")));
    })
    .await;
}

#[tokio::test]
async fn a_child_with_a_time_of_its_own_waits_for_that_too() {
    with_store(async |at| {
        let due = at.now_ms() + 60_000;
        let mut new = flow_of(at, fan_out(2));
        new.tasks[1].run_at_ms = Some(due);
        new.tasks[2].delay_ms = Some(60_000);
        let flow = create(at, &new).await;
        for child in [flow.task(2), flow.task(3)] {
            assert_eq!(at.read(child).await.state, State::Blocked { run_at_ms: Some(due) });
        }
        end(at, flow.task(1), Status::Completed).await;
        for child in [flow.task(2), flow.task(3)] {
            assert_eq!(at.read(child).await.state, State::Scheduled { run_at_ms: due });
        }
        at.pass_ms(60_000);
        tick(at).await;
        assert_eq!(count_of(at, flow, Status::Pending).await, 2);
    })
    .await;
}

#[tokio::test]
async fn five_hundred_cancels_in_a_row_need_no_recursion() {
    with_store(async |at| {
        let size = 500;
        let mut new = flow_of(at, chain(size));
        new.tasks.iter_mut().for_each(|task| task.on_parent_failure = OnParentFailure::Cancel);
        let flow = create(at, &new).await;
        end(at, flow.task(1), Status::Failed).await;
        let mut cancelled = count_of(at, flow, Status::Cancelled).await;
        let most = limits::CASCADE_ROOM / limits::WEIGHT_OF_MOVE;
        assert!(cancelled <= most, "{cancelled} at once");
        while at.store.cascade(baton_core::Shard::FIRST).await.expect("an answer") {
            let now = count_of(at, flow, Status::Cancelled).await;
            assert!(now > cancelled && now - cancelled <= most, "{cancelled}, then {now}");
            cancelled = now;
        }
        assert_eq!(count_of(at, flow, Status::Cancelled).await, u64::from(size) - 1);
        let last = at.read(flow.task(size)).await;
        assert_eq!(last.reason, Some(format!("parent={} ended cancelled", flow.task(size - 1))));
        let flow = self::flow(at, flow).await;
        assert_eq!((flow.state, flow.finished_ms), (baton_core::FlowState::Failed, Some(at.now_ms())));
    })
    .await;
}

#[tokio::test]
async fn a_child_of_two_that_end_badly_is_cancelled_once() {
    with_store(async |at| {
        let mut new = flow_of(at, fan_in(2));
        new.tasks[2].on_parent_failure = OnParentFailure::Cancel;
        let flow = create(at, &new).await;
        end(at, flow.task(1), Status::Failed).await;
        let first = at.read(flow.task(3)).await;
        assert_eq!((first.status(), first.family.open_parents), (Status::Cancelled, 2));
        end(at, flow.task(2), Status::Failed).await;
        let second = at.read(flow.task(3)).await;
        assert_eq!(second, first);
        let states: Vec<EdgeState> =
            edges(at, flow.task(3), Side::Parents).await.into_iter().map(|edge| edge.1).collect();
        assert_eq!(states, [EdgeState::Held; 2]);
    })
    .await;
}
