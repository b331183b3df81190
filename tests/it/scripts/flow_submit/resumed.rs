//! flow/submit: a flow that one process began to write, and another one with the same idempotency key goes on with.

use baton_core::{Refusal, Shard, Status, limits};
use baton_store::calls::flow::{FlowAnswer, NewFlow};
use baton_testkit::{Fixture, Loss, Then, with_store};

use super::super::flow_support::*;
use super::super::task_support::*;
use super::piece::*;
use crate::hand::by_hand;

const PIECE: u32 = limits::FLOW_CHUNK_TASKS as u32;
/// Three pieces.
const SIZE: u32 = 2 * PIECE + 1;

/// A flow with an idempotency key; its writer dies behind the piece that has this position in it.
async fn half_written(at: &Fixture, position: u32) -> NewFlow {
    let new = NewFlow { op: Some(op("op-1")), ..mark(flow_of(at, fan_out(SIZE - 1)), position) };
    die_behind(at, &new, HERE).await;
    new
}

/// The same request through another gateway, which draws another id.
fn redrawn(at: &Fixture, new: &NewFlow) -> NewFlow {
    NewFlow { id: at.store.draw_flow(Shard::FIRST), ..new.clone() }
}

#[tokio::test]
async fn whoever_comes_with_the_same_key_goes_on_with_the_same_flow() {
    with_store(async |at| {
        for position in [1, PIECE, PIECE + 1] {
            let new = half_written(at, position).await;
            assert_eq!(at.store.read_flow(new.id).await.expect("an answer"), None);
            let again = redrawn(at, &new);
            let created = FlowAnswer::Created { flow: new.id };
            assert_eq!(at.store.submit_flow(&again).await.expect("an answer"), created);
            let flow = flow(at, new.id).await;
            assert_eq!((flow.tasks, flow.edges), (u64::from(SIZE), u64::from(SIZE) - 1));
            assert_eq!(count_of(at, new.id, Status::Blocked).await, u64::from(SIZE) - 1);
            assert_eq!(at.store.read_flow(again.id).await.expect("an answer"), None);
            let replayed = FlowAnswer::Replayed { flow: new.id };
            assert_eq!(at.store.submit_flow(&redrawn(at, &new)).await.expect("an answer"), replayed);
            by_hand::<()>(at, "DEL baton:{0}:op:op-1").await;
        }
    })
    .await;
}

#[tokio::test]
async fn one_that_died_behind_the_last_piece_has_made_a_flow() {
    with_store(async |at| {
        let new = half_written(at, SIZE).await;
        let found = flow(at, new.id).await;
        assert!(found.doing.is_some(), "it is not laid out yet");
        let replayed = FlowAnswer::Replayed { flow: new.id };
        assert_eq!(at.store.submit_flow(&redrawn(at, &new)).await.expect("an answer"), replayed);
        // It is there as soon as that was answered.
        assert_eq!(flow(at, new.id).await.doing, None);
        assert_eq!(count_of(at, new.id, Status::Blocked).await, u64::from(SIZE) - 1);
    })
    .await;
}

#[tokio::test]
async fn another_request_under_its_key_is_refused() {
    with_store(async |at| {
        let new = half_written(at, 1).await;
        let mut other = redrawn(at, &new);
        other.tasks[0].payload = b"something else".to_vec();
        let answer = refuses_unchanged(at, async || at.store.submit_flow(&other).await).await;
        match answer.expect("an answer") {
            FlowAnswer::Refused(refused) => assert_eq!(refused.refusal, Refusal::IdempotencyMismatch),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn two_that_write_the_same_flow_at_once_make_one() {
    with_store(async |at| {
        let new = NewFlow { op: Some(op("op-1")), ..flow_of(at, fan_out(SIZE - 1)) };
        let (other, another) = (redrawn(at, &new), redrawn(at, &new));
        let store = at.store.apart().expect("another store");
        let answers = tokio::join!(
            at.store.submit_flow(&new),
            store.submit_flow(&other),
            at.store.submit_flow(&another)
        );
        let answers = [answers.0, answers.1, answers.2].map(|answer| answer.expect("an answer"));
        let page = at.store.list_flows(Shard::FIRST, all()).await.expect("a page");
        assert_eq!(page.total, 1, "{answers:?}");
        for answer in answers {
            match answer {
                FlowAnswer::Created { flow } | FlowAnswer::Replayed { flow } => {
                    assert_eq!(flow, page.flows[0].id)
                }
                other => panic!("not there: {other:?}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_piece_whose_answer_is_lost_is_sent_again() {
    with_store(async |at| {
        for position in [1, PIECE + 1, SIZE] {
            let new = mark(flow_of(at, fan_out(SIZE - 1)), position);
            let (proxy, store) = behind_proxy(at).await;
            proxy.lose(Loss::to(HERE, Then::Close));
            let answer = store.submit_flow(&new).await.expect("an answer");
            proxy.lost().await;
            // The last piece had made it a flow already.
            let made = [FlowAnswer::Created { flow: new.id }, FlowAnswer::Replayed { flow: new.id }];
            assert_eq!(answer, made[usize::from(position == SIZE)]);
            let flow = flow(at, new.id).await;
            assert_eq!((flow.tasks, flow.edges, flow.doing), (u64::from(SIZE), u64::from(SIZE) - 1, None));
        }
    })
    .await;
}
