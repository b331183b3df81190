//! `task/cancel`: whatever has not ended ends now, and a holder loses what it held.

use baton_core::{Move, Refusal, Shard, Status, TaskId, limits};
use baton_store::calls::task::{Cancel, NewTask, Promote, Reprioritise, Rerun};
use baton_store::calls::{Answered, Operated};
use baton_store::{Error, State};
use baton_testkit::{Fixture, Life, queue, with_store};

use super::task_support::*;

#[tokio::test]
async fn every_status_that_is_no_end_is_ended_at_once() {
    with_store(async |at| {
        for status in Status::ALL {
            let id = one_in(at, *status).await;
            let before = at.read(id).await;
            at.pass_ms(1);
            if Move::Cancel.after(*status).is_empty() {
                let each = refuses_unchanged(at, async || cancel(at, &[id]).await).await;
                let refused = Operated::Refused { refusal: Refusal::AlreadyFinished, status: Some(*status) };
                assert_eq!(each, [refused]);
                continue;
            }
            let each = each(try_cancel(at, &[id], "not wanted", None).await);
            let after = at.read(id).await;
            let state = State::Cancelled { finished_ms: at.now_ms(), by: Some(principal()) };
            assert_eq!((after.state, after.reason.as_deref()), (state, Some("not wanted")));
            assert_eq!(after.version.0, before.version.0 + 1);
            let moved = Operated::Moved { status: Status::Cancelled, version: after.version };
            assert_eq!(each, [moved]);
            assert_eq!((after.attempt, after.crashes), (before.attempt, before.crashes));
        }
    })
    .await;
}

#[tokio::test]
async fn a_holder_learns_it_and_nobody_gets_the_task() {
    with_store(async |at| {
        let (life, other) = (Life::new(1, 1), Life::new(2, 1));
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        cancel(at, &[grant.task]).await;
        assert_eq!(settle_refused(at, &life, &grant, done_with(b"")).await, Refusal::Fenced);
        assert!(at.claim(&life, 1).await.is_empty());
        crash(at).await;
        assert!(at.claim(&other, 1).await.is_empty());
        let read = at.read(grant.task).await;
        assert_eq!((read.status(), read.crashes), (Status::Cancelled, 0));
    })
    .await;
}

#[tokio::test]
async fn a_task_that_was_to_be_tried_again_is_not() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        settle(at, &life, &grant, fail("broken")).await;
        cancel(at, &[grant.task]).await;
        at.pass_ms(10_000);
        tick(at).await;
        assert!(at.claim(&life, 1).await.is_empty());
        let read = at.read(grant.task).await;
        assert_eq!((read.attempt, read.error.as_deref()), (1, Some(&b"it broke"[..])));
    })
    .await;
}

#[tokio::test]
async fn in_a_mixed_call_each_task_stands_for_itself() {
    with_store(async |at| {
        let pending = one_in(at, Status::Pending).await;
        let completed = one_in(at, Status::Completed).await;
        let ghost = at.store.draw(Shard::FIRST);
        let each = cancel(at, &[pending, completed, ghost, pending]).await;
        let expected = [
            Ok(Status::Cancelled),
            Err(Refusal::AlreadyFinished),
            Err(Refusal::UnknownTask),
            Err(Refusal::AlreadyFinished),
        ];
        assert_eq!(outcomes(&each), expected);
    })
    .await;
}

#[tokio::test]
async fn a_repeat_under_its_op_id_gets_the_first_answer() {
    with_store(async |at| {
        let id = one_in(at, Status::Pending).await;
        let first = each(try_cancel(at, &[id], "once", Some(&op("op-1"))).await);
        rerun(at, &[id]).await;
        let again = async || try_cancel(at, &[id], "once", Some(&op("op-1"))).await;
        let expected = Answered::Tasks { each: first, replayed: true };
        assert_eq!(refuses_unchanged(at, again).await, expected);
        let mismatch = async |tasks: &[TaskId], reason: &str| {
            let ask = async || try_cancel(at, tasks, reason, Some(&op("op-1"))).await;
            match refuses_unchanged(at, ask).await {
                Answered::Refused(refused) => refused.refusal,
                other => panic!("not refused: {other:?}"),
            }
        };
        let other = one_in(at, Status::Pending).await;
        assert_eq!(mismatch(&[id], "twice").await, Refusal::IdempotencyMismatch);
        assert_eq!(mismatch(&[other], "once").await, Refusal::IdempotencyMismatch);
        assert_eq!(mismatch(&[id, other], "once").await, Refusal::IdempotencyMismatch);
        // The same name for another kind of call.
        let rerun = async || try_rerun(at, &[id], "once", Some(&op("op-1"))).await;
        assert!(matches!(refuses_unchanged(at, rerun).await, Answered::Refused(_)));
    })
    .await;
}

#[tokio::test]
async fn without_an_op_id_a_second_call_is_a_second_call() {
    with_store(async |at| {
        let id = one_in(at, Status::Pending).await;
        assert_eq!(outcomes(&cancel(at, &[id]).await), [Ok(Status::Cancelled)]);
        assert_eq!(outcomes(&cancel(at, &[id]).await), [Err(Refusal::AlreadyFinished)]);
    })
    .await;
}

/// The caller may repeat his own key for a day; one that was drawn for him serves only the retries of its call.
#[tokio::test]
async fn an_answer_is_kept_longer_under_a_key_of_the_caller() {
    with_store(async |at| {
        let by_hand = async |line: &str| crate::hand::by_hand::<u64>(at, line).await;
        for sent in [Some(op("op-1")), None] {
            for verb in ["cancel", "rerun", "reprioritise", "promote"] {
                let from = match verb {
                    "rerun" => Status::Completed,
                    "promote" => Status::Scheduled,
                    _ => Status::Pending,
                };
                let (tasks, op) = (&[one_in(at, from).await], sent.as_ref());
                let answered = match verb {
                    "cancel" => {
                        at.store.cancel(Shard::FIRST, &Cancel { tasks, by: None, reason: "", op }).await
                    }
                    "rerun" => at.store.rerun(Shard::FIRST, &Rerun { tasks, by: None, reason: "", op }).await,
                    "promote" => {
                        at.store.promote(Shard::FIRST, &Promote { tasks, by: None, reason: "", op }).await
                    }
                    _ => {
                        let ask = Reprioritise { tasks, by: None, priority: priority(9), op };
                        at.store.reprioritise(Shard::FIRST, &ask).await
                    }
                };
                let done = outcomes(&each(answered.expect("an answer")));
                assert!(done[0].is_ok(), "{verb}: {done:?}");
                let keys: Vec<String> = crate::hand::by_hand(at, "KEYS baton:{0}:op:*").await;
                assert_eq!((keys.len(), keys[0] == "baton:{0}:op:op-1"), (1, sent.is_some()), "{keys:?}");
                let kept =
                    if sent.is_some() { limits::OP_RETENTION_MS } else { limits::OPERATE_RETENTION_MS };
                // Redis counts by its own clock, and the test takes a moment.
                let left = by_hand(&format!("PTTL {}", keys[0])).await;
                assert!((kept - 60_000..=kept).contains(&left), "{verb}: {left} of {kept}");
                by_hand(&format!("DEL {}", keys[0])).await;
            }
        }
    })
    .await;
}

async fn asked(at: &Fixture, tasks: &[TaskId], reason: &str) -> Result<Answered, Error> {
    let ask = Cancel { tasks, by: None, reason, op: None };
    refuses_unchanged(at, async || at.store.cancel(Shard::FIRST, &ask).await).await
}

#[tokio::test]
async fn calls_and_reasons_have_bounds() {
    with_store(async |at| {
        let most = limits::OPERATE_TASKS_MAX as usize;
        let made = submit_in_calls(at, limits::OPERATE_TASKS_MAX + 1).await;
        invalid(asked(at, &made, "").await);
        for reason in
            ["two\nlines", "a\0b", "a\r", "\u{7f}", &"x".repeat(limits::REASON_BYTES_MAX as usize + 1)]
        {
            invalid(asked(at, &made[..1], reason).await);
        }
        let foreign = at.store.draw(Shard::new(1).expect("a shard"));
        invalid(asked(at, &[made[0], foreign], "").await);
        assert_eq!(outcomes(&each(asked(at, &[], "").await.expect("an answer"))), []);
        let longest = "é".repeat(limits::REASON_BYTES_MAX as usize / 2);
        let each = each(try_cancel(at, &made[..most], &longest, None).await);
        assert_eq!(outcomes(&each), vec![Ok(Status::Cancelled); most]);
        assert_eq!(at.read(made[0]).await.reason, Some(longest));
        assert_eq!(listed(at, &queue("default"), Status::Cancelled).await, made[..most]);
    })
    .await;
}

#[tokio::test]
async fn tasks_of_many_queues_are_cancelled_in_one_call() {
    with_store(async |at| {
        let task =
            |number: usize| NewTask { queue: queue(&format!("queue-{number}")), ..at.new_task("noop") };
        let tasks: Vec<NewTask> = (0..100).map(task).collect();
        let made = at.submit(&tasks).await;
        assert_eq!(outcomes(&cancel(at, &made).await), [Ok(Status::Cancelled); 100]);
    })
    .await;
}

#[tokio::test]
async fn a_shard_of_a_newer_release_cancels_nothing() {
    with_store(async |at| {
        let id = one_in(at, Status::Pending).await;
        make_schema_too_new(at).await;
        match refuses_unchanged(at, async || try_cancel(at, &[id], "", None).await).await {
            Answered::Refused(refused) => assert_eq!(refused.refusal, Refusal::SchemaTooNew),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}
