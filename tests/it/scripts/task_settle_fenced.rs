//! `task/settle` by those who may not: whoever is not the holder any more changes nothing, and is told so.

use baton_core::{Fence, Refusal, Shard, Status};
use baton_store::calls::task::{Grant, NewTask, Report, Settle, SettleAnswer, Settled};
use baton_store::calls::worker::Registered;
use baton_testkit::{Fixture, Life, with_store};

use super::task_settle::report_all;
use super::task_support::*;

async fn one_running(at: &Fixture, life: &Life) -> Grant {
    at.submit_many(1).await;
    at.claim(life, 1).await.remove(0)
}

#[tokio::test]
async fn only_worker_and_fence_of_the_holder_are_believed() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let grant = one_running(at, &life).await;
        let other = Life::new(2, 1);
        assert_eq!(settle_refused(at, &other, &grant, done_with(b"x")).await, Refusal::Fenced);
        for fence in [0, 1, grant.fence.0 - 1, grant.fence.0 + 1, 1 << 53, u64::MAX] {
            let wrong = Grant { fence: Fence(fence), ..grant.clone() };
            assert_eq!(settle_refused(at, &life, &wrong, done_with(b"x")).await, Refusal::Fenced);
        }
        let ghost = Grant { task: at.store.draw(Shard::FIRST), ..grant.clone() };
        assert_eq!(settle_refused(at, &life, &ghost, done_with(b"x")).await, Refusal::UnknownTask);
        settle(at, &life, &grant, done_with(b"x")).await;
        assert_eq!(settle_refused(at, &other, &grant, done_with(b"x")).await, Refusal::Fenced);
    })
    .await;
}

#[tokio::test]
async fn a_task_that_nobody_ever_held_takes_no_report() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let grant = one_running(at, &life).await;
        let pending = Grant { task: at.submit_many(1).await[0], ..grant };
        for outcome in [done_with(b""), release(), fail("x")] {
            assert_eq!(settle_refused(at, &life, &pending, outcome).await, Refusal::Fenced);
        }
    })
    .await;
}

#[tokio::test]
async fn after_the_lease_but_before_the_reaping_a_report_counts() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let grant = one_running(at, &life).await;
        at.pass_ms(10 * LEASE);
        let settled = settle(at, &life, &grant, done_with(b"late")).await;
        assert_eq!(settled.0, Status::Completed);
    })
    .await;
}

#[tokio::test]
async fn after_the_reaping_it_is_fenced_even_while_nobody_else_has_it() {
    with_store(async |at| {
        let (life, other) = (Life::new(1, 1), Life::new(2, 1));
        let grant = one_running(at, &life).await;
        crash(at).await;
        assert_eq!(at.read(grant.task).await.status(), Status::Pending);
        for outcome in [done_with(b""), fail("x"), release()] {
            assert_eq!(settle_refused(at, &life, &grant, outcome.clone()).await, Refusal::Fenced);
        }
        let next = at.claim(&other, 1).await.remove(0);
        assert!(next.fence > grant.fence && next.crashes == 1);
        assert_eq!(settle_refused(at, &life, &grant, done_with(b"")).await, Refusal::Fenced);
        settle(at, &other, &next, done_with(b"")).await;
        assert_eq!(settle_refused(at, &life, &grant, done_with(b"")).await, Refusal::Fenced);
    })
    .await;
}

#[tokio::test]
async fn after_a_cancel_a_rerun_and_a_new_claim_it_is_fenced() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let first = one_running(at, &life).await;
        cancel(at, &[first.task]).await;
        assert_eq!(settle_refused(at, &life, &first, done_with(b"")).await, Refusal::Fenced);
        rerun(at, &[first.task]).await;
        assert_eq!(settle_refused(at, &life, &first, done_with(b"")).await, Refusal::Fenced);
        let second = at.claim(&life, 1).await.remove(0);
        assert!(second.fence > first.fence);
        assert_eq!(settle_refused(at, &life, &first, done_with(b"")).await, Refusal::Fenced);
        settle(at, &life, &second, done_with(b"")).await;
        rerun(at, &[first.task]).await;
        // The very report that was recorded belongs to a run that is over.
        assert_eq!(settle_refused(at, &life, &second, done_with(b"")).await, Refusal::Fenced);
    })
    .await;
}

#[tokio::test]
async fn whatever_a_run_was_reported_as_is_fenced_after_the_rerun() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        for outcome in [done_with(b"a result"), fail_for_good()] {
            let grant = one_running(at, &life).await;
            settle(at, &life, &grant, outcome.clone()).await;
            rerun(at, &[grant.task]).await;
            assert_eq!(settle_refused(at, &life, &grant, outcome).await, Refusal::Fenced);
            cancel(at, &[grant.task]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_boot_before_is_fenced_by_the_takeover() {
    with_store(async |at| {
        let (old, new) = (Life::new(1, 1), Life::new(1, 2));
        let grant = one_running(at, &old).await;
        let registered = at.register(&new, Some(&old.boot)).await;
        assert!(!matches!(registered, Registered::Refused(_)), "{registered:?}");
        assert_eq!(settle_refused(at, &old, &grant, done_with(b"")).await, Refusal::Fenced);
        let taken = at.claim(&new, 1).await.remove(0);
        settle(at, &new, &taken, done_with(b"")).await;
    })
    .await;
}

#[tokio::test]
async fn a_report_of_the_attempt_before_is_known_until_the_next_claim() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let first = one_running(at, &life).await;
        settle(at, &life, &first, fail("broken")).await;
        let recorded = async |expected: Status| {
            let report = async || at.report(&life, first.task, first.fence, fail("broken")).await;
            let answer = refuses_unchanged(at, report).await;
            assert!(matches!(answer, Settled::Recorded { status, .. } if status == expected), "{answer:?}");
        };
        recorded(Status::Scheduled).await;
        at.pass_ms(2_000);
        tick(at).await;
        recorded(Status::Pending).await;
        let second = at.claim(&life, 1).await.remove(0);
        assert_eq!(settle_refused(at, &life, &first, fail("broken")).await, Refusal::Fenced);
        // The same words again are the report of the second attempt.
        settle(at, &life, &second, fail("broken")).await;
        assert_eq!(at.read(first.task).await.attempt, 2);
    })
    .await;
}

#[tokio::test]
async fn an_overdue_run_that_was_ended_for_its_worker_is_fenced() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let task = NewTask { timeout_ms: 1_000, max_attempts: 1, ..at.new_task("hung") };
        at.submit(&[task]).await;
        let grant = at.claim(&life, 1).await.remove(0);
        // It renews for as long as it likes: a lease after the deadline the backstop ends the run.
        for _ in 0..4 {
            at.pass_ms(LEASE / 3);
            Ask::new(&life, 0).holding(std::slice::from_ref(&grant)).send(at).await;
        }
        tick(at).await;
        assert_eq!(at.read(grant.task).await.status(), Status::Timeout);
        assert_eq!(settle_refused(at, &life, &grant, done_with(b"")).await, Refusal::Fenced);
    })
    .await;
}

#[tokio::test]
async fn in_a_mixed_batch_each_report_stands_for_itself() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(4).await;
        let grants = at.claim(&life, 4).await;
        cancel(at, &[grants[1].task]).await;
        let report = |grant: &Grant, outcome| Report { task: grant.task, fence: grant.fence, outcome };
        let ghost = Report { task: at.store.draw(Shard::FIRST), ..report(&grants[0], done_with(b"")) };
        let reports = [
            report(&grants[0], done_with(b"one")),
            report(&grants[1], done_with(b"two")),
            ghost,
            report(&grants[2], fail("broken")),
            report(&grants[0], done_with(b"one")),
            report(&grants[0], release()),
            report(&grants[3], release()),
        ];
        let each = report_all(at, &life, &reports).await;
        let words: Vec<String> = each
            .iter()
            .map(|one| match one {
                Settled::Now { status, .. } => format!("now {status}"),
                Settled::Recorded { status, .. } => format!("recorded {status}"),
                Settled::Refused { refusal, status } => format!("{refusal} {status:?}"),
            })
            .collect();
        let expected = [
            "now completed",
            "fenced Some(Cancelled)",
            "unknown_task None",
            "now scheduled",
            "recorded completed",
            "already_finished Some(Completed)",
            "now pending",
        ];
        assert_eq!(words, expected);
    })
    .await;
}

#[tokio::test]
async fn who_knows_only_worker_and_fence_may_report() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let grant = one_running(at, &life).await;
        let reports = [Report { task: grant.task, fence: grant.fence, outcome: done_with(b"over HTTP") }];
        let settle = Settle { worker: &life.worker, boot: None, reports: &reports, claim: None };
        let answer = at.store.settle(Shard::FIRST, &settle).await.expect("an answer");
        assert!(
            matches!(&answer, SettleAnswer::Reports { each, .. } if matches!(each[0], Settled::Now { .. })),
            "{answer:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_shard_of_a_newer_release_takes_no_report() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let grant = one_running(at, &life).await;
        make_schema_too_new(at).await;
        let reports = [Report { task: grant.task, fence: grant.fence, outcome: done_with(b"") }];
        let settle = Settle { worker: &life.worker, boot: Some(&life.boot), reports: &reports, claim: None };
        let answer = refuses_unchanged(at, async || at.store.settle(Shard::FIRST, &settle).await).await;
        match answer.expect("an answer") {
            SettleAnswer::Refused(refused) => assert_eq!(refused.refusal, Refusal::SchemaTooNew),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}
