//! `task/claim` again after its answer was lost: the same tasks under the same fence, and a lease that is renewed.

use baton_core::{Fence, Refusal, Shard, Status, limits};
use baton_store::calls::Pair;
use baton_store::calls::task::Grant;
use baton_store::calls::worker::{Renew, Renewed};
use baton_testkit::{Fixture, Life, with_store};

use super::task_claim::pause;
use super::task_support::*;

#[tokio::test]
async fn a_lost_answer_comes_again_under_the_same_fence() {
    with_store(async |at| {
        at.submit_many(5).await;
        let life = Life::new(1, 1);
        let lost = at.claim(&life, 2).await;
        at.pass_ms(10);
        let again = at.claim(&life, 2).await;
        assert_eq!(ids(&again), ids(&lost));
        for (before, after) in lost.iter().zip(&again) {
            assert_eq!((before.fence, after.redelivered), (after.fence, true));
            assert_eq!(before.payload, after.payload);
        }
        assert_eq!(at.read(lost[0].task).await.version.0, 2);
    })
    .await;
}

#[tokio::test]
async fn what_is_redelivered_counts_towards_what_is_asked_for() {
    with_store(async |at| {
        at.submit_many(5).await;
        let life = Life::new(1, 1);
        let lost = at.claim(&life, 2).await;
        let one = at.claim(&life, 1).await;
        assert_eq!(ids(&one), ids(&lost)[..1]);
        let four = at.claim(&life, 4).await;
        let redelivered: Vec<bool> = four.iter().map(|grant| grant.redelivered).collect();
        assert_eq!(redelivered, [true, true, false, false]);
        // A known pair is not delivered again; only the rest is.
        let rest = Ask::new(&life, 5).holding(&four[..3]).send(at).await.tasks;
        assert_eq!(rest.iter().map(|grant| grant.redelivered).collect::<Vec<_>>(), [true, false]);
        assert_eq!(rest[0].task, four[3].task);
    })
    .await;
}

#[tokio::test]
async fn a_claim_of_nothing_only_reconciles() {
    with_store(async |at| {
        submit_in_calls(at, limits::HELD_TASKS_MAX + 10).await;
        let life = Life::new(1, 1);
        assert!(at.claim(&life, 0).await.is_empty());
        let held = claim_in_calls(at, &life, limits::HELD_TASKS_MAX).await;
        // All of it, more than one claim could ask for.
        const { assert!(limits::HELD_TASKS_MAX > limits::CLAIM_TASKS_MAX) };
        assert_eq!(ids(&at.claim(&life, 0).await), ids(&held));
        let (first, more) = held.split_at(limits::CLAIM_TASKS_MAX as usize);
        let known = Ask::new(&life, 0).holding(first).send(at).await.tasks;
        assert_eq!(ids(&known), ids(more));
    })
    .await;
}

#[tokio::test]
async fn redelivery_ignores_the_queue_filter_and_a_pause() {
    with_store(async |at| {
        at.submit_many(2).await;
        let life = Life::new(1, 1);
        let lost = at.claim(&life, 1).await;
        pause(at, true).await;
        assert_eq!(ids(&at.claim(&life, 2).await), ids(&lost));
        let elsewhere = Ask::new(&life, 2).queues(&[]).send(at).await.tasks;
        assert_eq!(ids(&elsewhere), ids(&lost));
    })
    .await;
}

#[tokio::test]
async fn an_older_fence_of_a_known_task_is_not_known() {
    with_store(async |at| {
        at.submit_many(1).await;
        let life = Life::new(1, 1);
        let first = at.claim(&life, 1).await.remove(0);
        settle(at, &life, &first, release()).await;
        at.pass_ms(5);
        let second = at.claim(&life, 1).await.remove(0);
        let stale = Ask::new(&life, 1).holding(std::slice::from_ref(&first));
        let again = stale.send(at).await.tasks.remove(0);
        assert_eq!((again.fence, again.redelivered), (second.fence, true));
    })
    .await;
}

#[tokio::test]
async fn a_pair_is_known_with_and_without_its_timeout_and_never_by_a_wrong_fence() {
    with_store(async |at| {
        let mut task = at.new_task("noop");
        task.timeout_ms = 1_000;
        at.submit(&[task]).await;
        let life = Life::new(1, 1);
        let grant = at.claim(&life, 1).await.remove(0);
        let known = async |fence: u64, timeout_ms: Option<u64>| {
            let pair = Pair { task: grant.task, fence: Fence(fence), timeout_ms };
            let ask = Ask { holding: vec![pair], ..Ask::new(&life, 0) };
            ask.send(at).await.tasks.is_empty()
        };
        assert!(known(grant.fence.0, Some(1_000)).await);
        assert!(known(grant.fence.0, None).await);
        assert!(known(grant.fence.0, Some(77)).await);
        for wrong in [0, 1, grant.fence.0 - 1, grant.fence.0 + 1, 1 << 53, u64::MAX] {
            assert!(!known(wrong, None).await, "{wrong}");
            assert!(!known(wrong, Some(1_000)).await, "{wrong}");
        }
    })
    .await;
}

#[tokio::test]
async fn pairs_that_are_not_held_are_answered_as_gone_with_the_reason() {
    with_store(async |at| {
        at.submit_many(5).await;
        let (one, other) = (Life::new(1, 1), Life::new(2, 1));
        let mine = at.claim(&one, 3).await;
        let foreign = at.claim(&other, 1).await.remove(0);
        settle(at, &one, &mine[0], done_with(b"")).await;
        cancel(at, &[mine[1].task]).await;
        let ghost = Grant { task: at.store.draw(Shard::FIRST), ..mine[0].clone() };
        let older = Grant { fence: Fence(mine[0].fence.0 - 1), ..mine[0].clone() };
        let listed = [mine.clone(), vec![foreign, ghost, older]].concat();
        let grants = Ask::new(&one, 5).holding(&listed).send(at).await;
        assert!(grants.tasks.len() == 1 && !grants.tasks[0].redelivered);
        let gone: Vec<_> = grants.gone.iter().map(|gone| (gone.task, gone.why.as_str())).collect();
        let expected = [
            (mine[0].task, "completed"),
            (mine[1].task, "cancelled"),
            (listed[3].task, "fenced"),
            (listed[4].task, "unknown_task"),
            (mine[0].task, "fenced"),
        ];
        assert_eq!(gone, expected);
    })
    .await;
}

#[tokio::test]
async fn a_list_that_is_right_has_nothing_gone() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(3).await;
        assert!(Ask::new(&life, 0).send(at).await.gone.is_empty());
        let held = at.claim(&life, 3).await;
        assert!(Ask::new(&life, 3).holding(&held).send(at).await.gone.is_empty());
        // The same pair twice is one pair.
        let twice = [held.clone(), held.clone()].concat();
        let grants = Ask::new(&life, 3).holding(&twice).send(at).await;
        assert!(grants.gone.is_empty() && grants.tasks.is_empty());
        // After the reaping all of it is gone, whoever has it now.
        crash(at).await;
        let afresh = Ask::new(&life, 0).holding(&held).send(at).await;
        assert_eq!((afresh.gone.len(), afresh.tasks.len()), (3, 0));
    })
    .await;
}

#[tokio::test]
async fn what_is_being_retried_is_not_stolen() {
    with_store(async |at| {
        at.submit_many(1).await;
        let life = Life::new(1, 1);
        let lost = at.claim(&life, 1).await.remove(0);
        // A millisecond before its end, and once more after it, as long as nobody has reaped it.
        for wait in [LEASE - 1, LEASE + 5] {
            at.pass_ms(wait);
            let again = at.claim(&life, 1).await.remove(0);
            assert_eq!(again.fence, lost.fence);
            at.pass_ms(LEASE - 1);
            tick(at).await;
            assert!(at.claim(&Life::new(2, 1), 1).await.is_empty());
        }
        settle(at, &life, &lost, done_with(b"")).await;
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_goes_back_shortens_no_lease() {
    with_store(async |at| {
        at.submit_many(1).await;
        let life = Life::new(1, 1);
        at.claim(&life, 1).await;
        at.pass_ms(-20_000);
        at.claim(&life, 1).await;
        at.pass_ms(20_000 + LEASE - 1);
        tick(at).await;
        assert!(at.claim(&Life::new(2, 1), 1).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn while_its_tasks_are_handed_on_a_holder_claims_nothing() {
    with_store(async |at| {
        submit_in_calls(at, limits::REAP_TASKS_MAX + 10).await;
        let life = Life::new(1, 1);
        let held = claim_in_calls(at, &life, limits::REAP_TASKS_MAX + 10).await;
        let (first, rest) = held.split_at(limits::REAP_TASKS_MAX as usize);
        crash(at).await;
        // A bounded piece is reaped by one tick; ten are left.
        assert_eq!(at.read(first[first.len() - 1].task).await.status(), Status::Pending);
        assert_eq!(at.read(rest[0].task).await.status(), Status::Running);
        assert_eq!(Ask::new(&life, 1).refused(at).await, (Refusal::LeaseLost, None));
        assert_eq!(Ask::new(&life, 0).refused(at).await, (Refusal::LeaseLost, None));
        assert_eq!(renewal(at, &life).await, Refusal::LeaseLost);
        // What has not been reaped yet is still its own.
        settle(at, &life, &rest[9], done_with(b"")).await;
        assert_eq!(settle_refused(at, &life, &first[0], done_with(b"")).await, Refusal::Fenced);
        at.pass_ms(2);
        tick(at).await;
        let afresh = at.claim(&life, 5).await;
        assert!(afresh.len() == 5 && afresh.iter().all(|grant| !grant.redelivered));
    })
    .await;
}

async fn renewal(at: &Fixture, life: &Life) -> Refusal {
    let renew = Renew { worker: &life.worker, boot: &life.boot, holding: &[], alone: false, about: &[] };
    match at.store.renew(Shard::FIRST, &renew).await.expect("an answer") {
        Renewed::Refused(refused) => refused.refusal,
        other => panic!("not refused: {other:?}"),
    }
}
