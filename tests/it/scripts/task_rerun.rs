//! `task/rerun`: a new run with all its attempts, and the history of the ones before.

use baton_core::{Move, Refusal, Shard, Status, limits};
use baton_store::State;
use baton_store::calls::task::{NewTask, Outcome};
use baton_store::calls::{Answered, Operated};
use baton_testkit::{Life, with_store};

use super::task_support::*;

#[tokio::test]
async fn what_has_ended_runs_again_and_nothing_else_does() {
    with_store(async |at| {
        for status in Status::ALL {
            let id = one_in(at, *status).await;
            at.pass_ms(1);
            if Move::Rerun.after(*status).is_empty() {
                let each = refuses_unchanged(at, async || rerun(at, &[id]).await).await;
                let refused = Operated::Refused { refusal: Refusal::Conflict, status: Some(*status) };
                assert_eq!(each, [refused]);
                continue;
            }
            assert_eq!(outcomes(&rerun(at, &[id]).await), [Ok(Status::Pending)]);
            let read = at.read(id).await;
            assert_eq!((read.state, read.pending_ms), (State::Pending, at.now_ms()));
            assert_eq!((read.attempt, read.crashes), (0, 0));
            assert_eq!((read.error, read.reason), (None, None));
        }
    })
    .await;
}

#[tokio::test]
async fn a_task_out_of_attempts_has_all_of_them_again() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let task = NewTask { max_attempts: 2, ..at.new_task("noop") };
        let id = at.submit(&[task]).await[0];
        let broken = |error: &[u8]| Outcome::Fail {
            error: error.to_vec(),
            reason: "r".repeat(200),
            retry_in_ms: Some(0),
        };
        for _ in 0..2 {
            for expected in [Status::Scheduled, Status::Failed] {
                let grant = at.claim(&life, 1).await.remove(0);
                let settled = settle(at, &life, &grant, broken(&[b'x'; 100])).await;
                assert_eq!(settled.0, expected);
                at.pass_ms(1_000);
                tick(at).await;
            }
            rerun(at, &[id]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_poisoned_task_has_its_lives_again() {
    with_store(async |at| {
        let task = NewTask { max_crashes: 2, ..at.new_task("noop") };
        let id = at.submit(&[task]).await[0];
        for number in 1..=2 {
            assert_eq!(at.claim(&Life::new(number, 1), 1).await.len(), 1);
            crash(at).await;
        }
        assert_eq!(at.read(id).await.status(), Status::Failed);
        rerun(at, &[id]).await;
        // No longer alone: it has two lives.
        at.submit_many(1).await;
        assert_eq!(at.claim(&Life::new(3, 1), 2).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn results_short_and_long_do_not_outlive_the_run_that_made_them() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let id = at.submit_many(1).await[0];
        for length in [10, 1_000, 10, 0] {
            let grant = at.claim(&life, 1).await.remove(0);
            let result = vec![0xfe; length];
            settle(at, &life, &grant, done_with(&result)).await;
            match at.read(id).await.state {
                State::Completed { result: read, .. } => {
                    assert_eq!(read.unwrap_or_default(), result);
                }
                other => panic!("not completed: {other:?}"),
            }
            rerun(at, &[id]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn with_open_parents_it_waits_for_them() {
    with_store(async |at| {
        let id = one_in(at, Status::Blocked).await;
        cancel(at, &[id]).await;
        assert_eq!(outcomes(&rerun(at, &[id]).await), [Ok(Status::Blocked)]);
        let read = at.read(id).await;
        assert_eq!((read.state, read.family.open_parents), (State::Blocked { run_at_ms: None }, 1));
        assert!(at.claim(&Life::new(1, 1), 1).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn sent_twice_it_is_one_new_run() {
    with_store(async |at| {
        let id = one_in(at, Status::Failed).await;
        let first = each(try_rerun(at, &[id], "again", Some(&op("op-1"))).await);
        let again = async || try_rerun(at, &[id], "again", Some(&op("op-1"))).await;
        let expected = Answered::Tasks { each: first, replayed: true };
        assert_eq!(refuses_unchanged(at, again).await, expected);
        // And within one call, or without an op id: the second finds it pending.
        let other = one_in(at, Status::Failed).await;
        let each = rerun(at, &[other, id, other]).await;
        let expected = [Ok(Status::Pending), Err(Refusal::Conflict), Err(Refusal::Conflict)];
        assert_eq!(outcomes(&each), expected);
        let changed = async || try_rerun(at, &[other], "again", Some(&op("op-1"))).await;
        match refuses_unchanged(at, changed).await {
            Answered::Refused(refused) => assert_eq!(refused.refusal, Refusal::IdempotencyMismatch),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn unknown_tasks_long_reasons_and_newer_releases_are_refused() {
    with_store(async |at| {
        let ghost = at.store.draw(Shard::FIRST);
        let each = refuses_unchanged(at, async || rerun(at, &[ghost]).await).await;
        assert_eq!(outcomes(&each), [Err(Refusal::UnknownTask)]);
        let many: Vec<_> = (0..=limits::OPERATE_TASKS_MAX).map(|_| ghost).collect();
        for (tasks, reason) in [(&many[..1], "a\nb"), (&many[..1], &*"x".repeat(257)), (&many[..], "")] {
            let ask = baton_store::calls::task::Rerun { tasks, by: None, reason, op: None };
            invalid(refuses_unchanged(at, async || at.store.rerun(Shard::FIRST, &ask).await).await);
        }
        let id = one_in(at, Status::Failed).await;
        make_schema_too_new(at).await;
        match refuses_unchanged(at, async || try_rerun(at, &[id], "", None).await).await {
            Answered::Refused(refused) => assert_eq!(refused.refusal, Refusal::SchemaTooNew),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}
