//! `task/promote`: what is scheduled runs now.

use baton_core::{Refusal, Shard, Status, TaskId, limits};
use baton_store::State;
use baton_store::calls::task::Promote;
use baton_store::calls::{Answered, Operated};
use baton_testkit::{Fixture, Life, with_store};

use super::task_support::*;

async fn try_promote(
    at: &Fixture,
    tasks: &[TaskId],
    reason: &str,
    op: Option<&baton_core::OpId>,
) -> Result<Answered, baton_store::Error> {
    let by = principal();
    let ask = Promote { tasks, by: Some(&by), reason, op };
    at.store.promote(Shard::FIRST, &ask).await
}

async fn promote(at: &Fixture, tasks: &[TaskId]) -> Vec<Operated> {
    each(try_promote(at, tasks, "now", None).await.expect("an answer"))
}

#[tokio::test]
async fn only_what_is_scheduled_is_promoted() {
    with_store(async |at| {
        for status in Status::ALL {
            let id = one_in(at, *status).await;
            at.pass_ms(1);
            let refusal = match status {
                Status::Scheduled => {
                    assert_eq!(outcomes(&promote(at, &[id]).await), [Ok(Status::Pending)]);
                    let read = at.read(id).await;
                    assert_eq!((read.state, read.pending_ms), (State::Pending, at.now_ms()));
                    assert_eq!(ids(&at.claim(&Life::new(1, 1), 1).await), [id]);
                    continue;
                }
                Status::Blocked | Status::Pending | Status::Running => Refusal::Conflict,
                _ => Refusal::AlreadyFinished,
            };
            let each = refuses_unchanged(at, async || promote(at, &[id]).await).await;
            let refused = Operated::Refused { refusal, status: Some(*status) };
            assert_eq!(each, [refused]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_retry_and_a_release_need_not_be_waited_for() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let id = at.submit_many(1).await[0];
        let late = baton_store::calls::task::Outcome::Fail {
            error: Vec::new(),
            reason: "r".repeat(100),
            retry_in_ms: Some(limits::DELAY_MS_MAX),
        };
        for outcome in [late, release_for(Some(60_000))] {
            let grant = at.claim(&life, 1).await.remove(0);
            settle(at, &life, &grant, outcome.clone()).await;
            assert_eq!(outcomes(&promote(at, &[id]).await), [Ok(Status::Pending)]);
            // A repeat of the report is still known.
            let again = at.report(&life, id, grant.fence, outcome).await;
            let recorded = |status| matches!(status, baton_store::calls::task::Settled::Recorded { .. });
            assert!(recorded(again));
        }
        assert_eq!(at.read(id).await.attempt, 1);
    })
    .await;
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_each_task_stands_for_itself() {
    with_store(async |at| {
        let id = one_in(at, Status::Scheduled).await;
        let ghost = at.store.draw(Shard::FIRST);
        let tasks = [id, ghost, id];
        let first = try_promote(at, &tasks, "", Some(&op("op-1"))).await.expect("an answer");
        let first = each(first);
        let expected = [Ok(Status::Pending), Err(Refusal::UnknownTask), Err(Refusal::Conflict)];
        assert_eq!(outcomes(&first), expected);
        let again = async || try_promote(at, &tasks, "", Some(&op("op-1"))).await;
        let replayed = Answered::Tasks { each: first, replayed: true };
        assert_eq!(refuses_unchanged(at, again).await.expect("an answer"), replayed);
        let other = async || try_promote(at, &[id], "", Some(&op("op-1"))).await;
        match refuses_unchanged(at, other).await.expect("an answer") {
            Answered::Refused(refused) => assert_eq!(refused.refusal, Refusal::IdempotencyMismatch),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn calls_have_bounds_and_a_newer_release_refuses_them() {
    with_store(async |at| {
        let id = one_in(at, Status::Scheduled).await;
        let long = "x".repeat(limits::REASON_BYTES_MAX as usize + 1);
        let many = vec![id; limits::OPERATE_TASKS_MAX as usize + 1];
        for (tasks, reason) in [(&many[..], ""), (&many[..1], &*long), (&many[..1], "a\nb")] {
            invalid(refuses_unchanged(at, async || try_promote(at, tasks, reason, None).await).await);
        }
        make_schema_too_new(at).await;
        let ask = async || try_promote(at, &[id], "", None).await;
        match refuses_unchanged(at, ask).await.expect("an answer") {
            Answered::Refused(refused) => assert_eq!(refused.refusal, Refusal::SchemaTooNew),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}
