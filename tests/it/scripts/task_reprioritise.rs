//! `task/reprioritise`: another priority, and within it the age that a task has.

use baton_core::{OpId, Refusal, Shard, Status, TaskId, limits};
use baton_store::calls::task::{NewTask, Reprioritise};
use baton_store::calls::{Answered, Operated};
use baton_testkit::{Fixture, Life, with_store};

use super::task_support::*;

async fn try_reprioritise(
    at: &Fixture,
    tasks: &[TaskId],
    level: i64,
    op: Option<&OpId>,
) -> Result<Answered, baton_store::Error> {
    let by = principal();
    let ask = Reprioritise { tasks, by: Some(&by), priority: priority(level), op };
    at.store.reprioritise(Shard::FIRST, &ask).await
}

async fn reprioritise(at: &Fixture, tasks: &[TaskId], level: i64) -> Vec<Operated> {
    each(try_reprioritise(at, tasks, level, None).await.expect("an answer"))
}

#[tokio::test]
async fn whatever_has_not_ended_takes_another_priority() {
    with_store(async |at| {
        for status in Status::ALL {
            let id = one_in(at, *status).await;
            let before = at.read(id).await;
            if status.is_terminal() {
                let each = refuses_unchanged(at, async || reprioritise(at, &[id], 9).await).await;
                let refused = Operated::Refused { refusal: Refusal::AlreadyFinished, status: Some(*status) };
                assert_eq!(each, [refused]);
                continue;
            }
            assert_eq!(outcomes(&reprioritise(at, &[id], 9).await), [Ok(*status)]);
            let after = at.read(id).await;
            assert_eq!((after.priority.get(), &after.state), (9, &before.state));
            assert_eq!((after.version.0, after.pending_ms), (before.version.0 + 1, before.pending_ms));
            // The same again is no change.
            let again = refuses_unchanged(at, async || reprioritise(at, &[id], 9).await).await;
            let moved = Operated::Moved { status: *status, version: after.version };
            assert_eq!(again, [moved]);
        }
    })
    .await;
}

#[tokio::test]
async fn back_at_the_default_nothing_of_it_is_stored() {
    with_store(async |at| {
        let stored = async |id: TaskId| -> Option<String> {
            crate::hand::by_hand(at, &format!("HGET baton:{{0}}:task:{id} priority")).await
        };
        for status in Status::ALL.iter().filter(|status| !status.is_terminal()) {
            let id = one_in(at, *status).await;
            let score = async || crate::hand::score(at, "queue:default:pending", &id.to_string()).await;
            let before = score().await;
            assert_eq!(stored(id).await, None);
            reprioritise(at, &[id], 9).await;
            assert_eq!(stored(id).await.as_deref(), Some("9"));
            reprioritise(at, &[id], 5).await;
            assert_eq!((stored(id).await, score().await), (None, before), "{status}");
            let read = at.read(id).await;
            assert_eq!((read.priority.get(), read.status()), (5, *status));
            // At the default already: no change.
            refuses_unchanged(at, async || reprioritise(at, &[id], 5).await).await;
        }
        let task = NewTask { priority: priority(9), ..at.new_task("noop") };
        let id = at.submit(&[task]).await[0];
        reprioritise(at, &[id], 5).await;
        assert_eq!(stored(id).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_task_keeps_its_age_within_its_priority() {
    with_store(async |at| {
        let mut made = Vec::new();
        for _ in 0..4 {
            made.push(at.submit_many(1).await[0]);
            at.pass_ms(1);
        }
        reprioritise(at, &[made[3]], 8).await;
        at.pass_ms(1);
        reprioritise(at, &[made[1]], 8).await;
        reprioritise(at, &[made[0]], 2).await;
        let order = ids(&at.claim(&Life::new(1, 1), 4).await);
        assert_eq!(order, [made[1], made[3], made[2], made[0]]);
    })
    .await;
}

#[tokio::test]
async fn one_that_waits_for_its_time_takes_it_along() {
    with_store(async |at| {
        let later = one_in(at, Status::Scheduled).await;
        reprioritise(at, &[later], 9).await;
        let first = at.submit_many(1).await[0];
        at.pass_ms(60_000);
        tick(at).await;
        assert_eq!(ids(&at.claim(&Life::new(1, 1), 2).await), [later, first]);
    })
    .await;
}

#[tokio::test]
async fn a_running_task_has_it_when_it_waits_again() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let made = at.submit_many(2).await;
        let grant = at.claim(&life, 1).await.remove(0);
        reprioritise(at, &made[..1], 0).await;
        assert_eq!(at.claim(&life, 0).await[0].priority.get(), 0);
        settle(at, &life, &grant, release()).await;
        assert_eq!(ids(&at.claim(&life, 1).await), made[1..]);
    })
    .await;
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer() {
    with_store(async |at| {
        let id = at.submit_many(1).await[0];
        let ghost = at.store.draw(Shard::FIRST);
        let first = try_reprioritise(at, &[id, ghost], 9, Some(&op("op-1"))).await;
        let first = each(first.expect("an answer"));
        assert_eq!(outcomes(&first), [Ok(Status::Pending), Err(Refusal::UnknownTask)]);
        reprioritise(at, &[id], 3).await;
        let again = async || try_reprioritise(at, &[id, ghost], 9, Some(&op("op-1"))).await;
        let replayed = Answered::Tasks { each: first, replayed: true };
        assert_eq!(refuses_unchanged(at, again).await.expect("an answer"), replayed);
        let other = async || try_reprioritise(at, &[id, ghost], 8, Some(&op("op-1"))).await;
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
        let id = at.submit_many(1).await[0];
        let many = vec![id; limits::OPERATE_TASKS_MAX as usize + 1];
        invalid(refuses_unchanged(at, async || try_reprioritise(at, &many, 9, None).await).await);
        let foreign = [at.store.draw(Shard::new(7).expect("a shard"))];
        invalid(refuses_unchanged(at, async || try_reprioritise(at, &foreign, 9, None).await).await);
        make_schema_too_new(at).await;
        let ask = async || try_reprioritise(at, &[id], 9, None).await;
        match refuses_unchanged(at, ask).await.expect("an answer") {
            Answered::Refused(refused) => assert_eq!(refused.refusal, Refusal::SchemaTooNew),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}
