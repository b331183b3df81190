//! flow/submit: a draft that nobody goes on with is given up in bounded steps, and leaves nothing.

use baton_core::{DedupeKey, Refusal, Shard, limits};
use baton_store::calls::flow::{FlowAnswer, NewFlow};
use baton_store::calls::shard::Ticked;
use baton_testkit::{Fixture, with_store};

use super::super::flow_support::*;
use super::super::task_support::*;
use super::piece::*;
use crate::hand::{by_hand, seasoned};

const PIECE: u32 = limits::FLOW_CHUNK_TASKS as u32;
const DRAFT: i64 = limits::DRAFT_MS as i64;
/// How many tasks one call removes at most.
const STEP: u64 = limits::CASCADE_ROOM / limits::WEIGHT_OF_MOVE;

/// A flow of three pieces with all that a task may have beside its hash.
fn rich(at: &Fixture) -> NewFlow {
    let mut new = NewFlow { op: Some(op("op-1")), ..flow_of(at, fan_out(2 * PIECE)) };
    for (number, task) in new.tasks.iter_mut().enumerate() {
        task.payload = vec![b'x'; 200];
        task.key = Some(DedupeKey::new(&format!("key-{number}")).expect("a key"));
    }
    mark(new, 2 * PIECE)
}

async fn hashes(at: &Fixture) -> u64 {
    let keys: Vec<String> = by_hand(at, "KEYS baton:{0}:task:*").await;
    keys.iter().filter(|key| key.matches(':').count() == 3).count() as u64
}

async fn cascade(at: &Fixture) -> bool {
    at.store.cascade(Shard::FIRST).await.expect("an answer")
}

#[tokio::test]
async fn its_time_over_it_goes_in_steps_with_everything_it_had() {
    with_store(async |at| {
        let before = at.snapshot().await;
        die_behind(at, &rich(at), HERE).await;
        at.pass_ms(DRAFT - 1);
        assert!(!refuses_unchanged(at, async || cascade(at).await).await);
        at.pass_ms(1);
        let tick = at.store.tick(Shard::FIRST, seasoned(at)).await.expect("an answer");
        assert!(matches!(tick, Ticked::Worked { cascades: true, .. }), "{tick:?}");
        let (mut there, mut calls) = (hashes(at).await, 0);
        assert_eq!(there, 2 * u64::from(PIECE));
        while cascade(at).await {
            let now = hashes(at).await;
            assert!(now < there && there - now <= STEP, "{there}, then {now}");
            (there, calls) = (now, calls + 1);
        }
        assert!(calls >= 2 * u64::from(PIECE) / STEP - 1, "{calls}");
        let after = at.snapshot().await;
        let of_draft = |key: &&String| !before.0.contains_key(*key) && !key.ends_with(":queues");
        assert_eq!(after.0.keys().filter(of_draft).collect::<Vec<_>>(), Vec::<&String>::new());
    })
    .await;
}

#[tokio::test]
async fn every_piece_gives_it_more_time() {
    with_store(async |at| {
        let new = flow_of(at, chain(3));
        let first = Piece { flow: &new, tasks: 1..=1, edges: true, first: true, last: false };
        let second = Piece { tasks: 2..=2, first: false, ..first.clone() };
        let last = Piece { tasks: 3..=3, first: false, last: true, ..first.clone() };
        first.send(at).await;
        at.pass_ms(DRAFT - 1);
        assert_eq!(second.send(at).await, ["drafted"]);
        at.pass_ms(DRAFT - 1);
        assert!(!cascade(at).await);
        assert_eq!(last.send(at).await, ["submitted", ""]);
        at.pass_ms(DRAFT);
        assert!(!cascade(at).await);
        assert_eq!(flow(at, new.id).await.tasks, 3);
    })
    .await;
}

#[tokio::test]
async fn a_writer_that_comes_back_too_late_is_refused_and_may_begin_anew() {
    with_store(async |at| {
        let new = rich(at);
        die_behind(at, &new, HERE).await;
        at.pass_ms(DRAFT);
        assert!(cascade(at).await);
        // Half of it is gone.
        let bare = NewFlow { op: None, ..new.clone() };
        match refuses_unchanged(at, async || at.store.submit_flow(&bare).await).await.expect("an answer") {
            FlowAnswer::Refused(refused) => assert_eq!(refused.refusal, Refusal::UnknownFlow),
            other => panic!("not refused: {other:?}"),
        }
        while cascade(at).await {}
        assert_eq!(create(at, &bare).await, new.id);
    })
    .await;
}

#[tokio::test]
async fn its_idempotency_key_belongs_to_the_next_from_the_first_step_on() {
    with_store(async |at| {
        let new = rich(at);
        die_behind(at, &new, HERE).await;
        at.pass_ms(DRAFT);
        assert!(cascade(at).await);
        let again = NewFlow { id: at.store.draw_flow(Shard::FIRST), ..new.clone() };
        die_behind(at, &again, HERE).await;
        while hashes(at).await > 2 * u64::from(PIECE) {
            cascade(at).await;
        }
        // The old draft is gone, and what the key says of the new one is not.
        let third = NewFlow { id: at.store.draw_flow(Shard::FIRST), ..new.clone() };
        let answer = at.store.submit_flow(&third).await.expect("an answer");
        assert_eq!(answer, FlowAnswer::Created { flow: again.id });
    })
    .await;
}
