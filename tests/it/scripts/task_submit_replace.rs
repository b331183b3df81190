//! `task/submit` in the place of another task: the one that carries the key makes room, unless it runs.

use baton_core::{Refusal, Status, TaskId, limits};
use baton_store::calls::task::{NewTask, OnDuplicate, Submitted};
use baton_testkit::{Fixture, Life, with_store};

use super::task_submit::{submit, try_submit};
use super::task_support::*;

fn replacing(at: &Fixture) -> NewTask {
    NewTask { on_duplicate: OnDuplicate::Replace, ..with_key(at.new_task("noop"), "k") }
}

async fn replaced_by(at: &Fixture, old: TaskId, new: TaskId) {
    let old = at.read(old).await;
    let reason = format!("replaced by {new}");
    assert_eq!((old.status(), old.reason.as_deref()), (Status::Cancelled, Some(reason.as_str())));
}

#[tokio::test]
async fn a_pending_or_a_scheduled_one_is_cancelled_and_the_new_one_has_the_key() {
    with_store(async |at| {
        let far = at.now_ms() + 60_000;
        let mut last = at.submit(&[replacing(at)]).await[0];
        for run_at_ms in [Some(far), None, Some(far)] {
            let new = at.submit(&[NewTask { run_at_ms, ..replacing(at) }]).await[0];
            replaced_by(at, last, new).await;
            last = new;
        }
        let same = submit(at, &[with_key(at.new_task("noop"), "k")]).await;
        assert!(matches!(same[0], Submitted::Duplicate { id, .. } if id == last), "{same:?}");
    })
    .await;
}

#[tokio::test]
async fn one_that_runs_stays() {
    with_store(async |at| {
        let first = at.submit(&[replacing(at)]).await[0];
        at.claim(&Life::new(1, 1), 1).await;
        let tasks = [replacing(at)];
        let answer = refuses_unchanged(at, async || submit(at, &tasks).await).await;
        let expected = Submitted::Refused { refusal: Refusal::DuplicateKey, other: first };
        assert_eq!(answer, [expected]);
    })
    .await;
}

#[tokio::test]
async fn of_several_in_one_call_the_last_one_is_left() {
    with_store(async |at| {
        let old = at.submit(&[replacing(at)]).await[0];
        let ids = at.submit(&[replacing(at), at.new_task("noop"), replacing(at), replacing(at)]).await;
        replaced_by(at, old, ids[0]).await;
        replaced_by(at, ids[0], ids[2]).await;
        replaced_by(at, ids[2], ids[3]).await;
        let left: Vec<TaskId> = at.claim(&Life::new(1, 1), 9).await.iter().map(|grant| grant.task).collect();
        assert_eq!(left, [ids[1], ids[3]]);
    })
    .await;
}

#[tokio::test]
async fn a_repeat_finds_what_it_made_and_what_cannot_be_made_replaces_nothing() {
    with_store(async |at| {
        let tasks = [replacing(at)];
        at.submit(&tasks).await;
        let again = refuses_unchanged(at, async || submit(at, &tasks).await).await;
        assert!(matches!(again[0], Submitted::Existing { .. }), "{again:?}");
        let orphan = [NewTask { parents: vec![at.store.draw(baton_core::Shard::FIRST)], ..replacing(at) }];
        let refused = refuses_unchanged(at, async || submit(at, &orphan).await).await;
        assert!(matches!(refused[0], Submitted::Refused { refusal: Refusal::DependencyMissing, .. }));
    })
    .await;
}

#[tokio::test]
async fn fewer_of_them_fit_into_one_call() {
    with_store(async |at| {
        let most = limits::SUBMIT_TASKS_MAX / limits::REPLACE_WEIGHT;
        let tasks: Vec<NewTask> = (0..=most).map(|_| replacing(at)).collect();
        invalid(refuses_unchanged(at, async || try_submit(at, &tasks, None).await).await);
        submit(at, &tasks[..most as usize]).await;
    })
    .await;
}
