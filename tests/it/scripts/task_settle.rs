//! `task/settle`: each outcome, its repeat, and its bounds.

use baton_core::{Refusal, Shard, Status, limits};
use baton_store::State;
use baton_store::calls::task::{Grant, NewTask, Outcome, Report, Settle, SettleAnswer, Settled};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, Life, with_store};

use super::task_support::*;

/// Reports of one life in one call, without a claim.
pub(super) async fn report_all(at: &Fixture, life: &Life, reports: &[Report]) -> Vec<Settled> {
    let settle = Settle { worker: &life.worker, boot: Some(&life.boot), reports, claim: None };
    match at.store.settle(Shard::FIRST, &settle).await.expect("an answer") {
        SettleAnswer::Reports { each, claimed: None } => each,
        other => panic!("not settled: {other:?}"),
    }
}

#[tokio::test]
async fn a_result_comes_back_byte_for_byte() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let largest = vec![0xfe; limits::RESULT_BYTES_MAX as usize];
        let results = [vec![0; 64], vec![0xff; 65], hostile_bytes(), b"-0".to_vec(), largest];
        for result in results {
            at.submit_many(1).await;
            let grant = at.claim(&life, 1).await.remove(0);
            at.pass_ms(7);
            let settled = settle(at, &life, &grant, done_with(&result)).await;
            assert_eq!(settled, (Status::Completed, 3));
            let read = at.read(grant.task).await;
            let state = State::Completed {
                finished_ms: at.now_ms(),
                result: Some(result.clone()),
                result_until_ms: None,
            };
            assert!(read.state == state, "{} bytes came back otherwise", result.len());
            let again = at.report(&life, grant.task, grant.fence, done_with(&result)).await;
            assert!(
                matches!(again, Settled::Recorded { status: Status::Completed, version } if version.0 == 3)
            );
        }
        let mut long = vec![0; limits::RESULT_BYTES_MAX as usize];
        long.push(0);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        refused_unsent(at, &life, &grant, done_with(&long)).await;
    })
    .await;
}

async fn refused_unsent(at: &Fixture, life: &Life, grant: &Grant, outcome: Outcome) {
    let reports = [Report { task: grant.task, fence: grant.fence, outcome }];
    let settle = Settle { worker: &life.worker, boot: Some(&life.boot), reports: &reports, claim: None };
    invalid(refuses_unchanged(at, async || at.store.settle(Shard::FIRST, &settle).await).await);
}

#[tokio::test]
async fn a_completion_without_a_result_has_none() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        settle(at, &life, &grant, done_with(b"")).await;
        let state = State::Completed { finished_ms: START_MS, result: None, result_until_ms: None };
        assert_eq!(at.read(grant.task).await.state, state);
    })
    .await;
}

#[tokio::test]
async fn a_repeat_is_recorded_and_another_outcome_is_too_late() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let outcomes = [
            done_with(b""),
            done_with(b"one"),
            fail("broken"),
            Outcome::Fail { error: b"it broke".to_vec(), reason: "broken".to_owned(), retry_in_ms: Some(5) },
            fail("worn"),
            fail_for_good(),
            Outcome::TimeOut { error: Vec::new() },
            release(),
            release_for(Some(0)),
            release_for(Some(9)),
        ];
        for first in &outcomes {
            let grant = {
                at.submit_many(1).await;
                at.claim(&life, 1).await.remove(0)
            };
            let (status, version) = settle(at, &life, &grant, first.clone()).await;
            for second in &outcomes {
                let report = at.report(&life, grant.task, grant.fence, second.clone());
                let (answer, noted) = only_refused(at, report).await;
                assert!(noted.is_empty() || !matches!(answer, Settled::Recorded { .. }), "{noted}");
                match answer {
                    Settled::Recorded { status: said, version: at } => {
                        assert_eq!((first, said, at.0), (second, status, version));
                    }
                    Settled::Refused { refusal, status: said } => {
                        assert_ne!(first, second);
                        assert_eq!((refusal, said), (Refusal::AlreadyFinished, Some(status)));
                    }
                    other => panic!("settled twice: {other:?}"),
                }
            }
            cancel(at, &[grant.task]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_failed_attempt_is_tried_again_within_its_ceiling() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let task = NewTask {
            max_attempts: 20,
            backoff: baton_core::Backoff::new(1_000, 60_000).expect("a backoff"),
            ..at.new_task("noop")
        };
        let backoff = task.backoff;
        let id = at.submit(&[task]).await[0];
        let mut waits = Vec::new();
        for failed in 1..20 {
            let grant = at.claim(&life, 1).await.remove(0);
            assert_eq!(grant.attempt, failed - 1);
            let settled = settle(at, &life, &grant, fail("broken")).await;
            assert_eq!(settled.0, Status::Scheduled);
            let State::Scheduled { run_at_ms } = at.read(id).await.state else {
                panic!("it is not scheduled");
            };
            let wait = run_at_ms.checked_sub(at.now_ms()).expect("never due in the past");
            assert!(wait < backoff.ceiling_ms(failed), "{wait} after {failed}");
            waits.push(wait);
            // Never before it is due.
            if wait > 1_000 {
                at.pass_ms(wait as i64 - 1);
                tick(at).await;
                assert!(at.claim(&life, 1).await.is_empty());
                at.pass_ms(1_001);
            } else {
                at.pass_ms(2_000);
            }
            tick(at).await;
        }
        assert!(waits.iter().any(|wait| *wait > 10_000), "{waits:?}");
        let grant = at.claim(&life, 1).await.remove(0);
        let settled = settle(at, &life, &grant, fail("broken")).await;
        assert_eq!(settled.0, Status::Failed);
        let read = at.read(id).await;
        assert_eq!((read.attempt, read.reason.as_deref()), (20, Some("broken")));
        assert_eq!(read.error.as_deref(), Some(&b"it broke"[..]));
    })
    .await;
}

#[tokio::test]
async fn a_holder_may_name_the_wait_itself() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        for wait in [0, 1, limits::DELAY_MS_MAX] {
            at.submit_many(1).await;
            let grant = at.claim(&life, 1).await.remove(0);
            let outcome = Outcome::Fail { error: Vec::new(), reason: String::new(), retry_in_ms: Some(wait) };
            settle(at, &life, &grant, outcome).await;
            let run_at_ms = START_MS + wait;
            assert_eq!(at.read(grant.task).await.state, State::Scheduled { run_at_ms });
        }
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        for wait in [limits::DELAY_MS_MAX + 1, 1 << 53, u64::MAX] {
            let late = Outcome::Fail { error: Vec::new(), reason: String::new(), retry_in_ms: Some(wait) };
            refused_unsent(at, &life, &grant, late).await;
            refused_unsent(at, &life, &grant, release_for(Some(wait))).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_last_attempt_ends_a_task_by_what_ended_the_attempt() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let cases = [
            (1, fail("broken"), Status::Failed),
            (1, Outcome::TimeOut { error: vec![0xff] }, Status::Timeout),
            (2, Outcome::TimeOut { error: vec![] }, Status::Scheduled),
            (9, fail_for_good(), Status::Failed),
        ];
        for (max_attempts, outcome, expected) in cases {
            let task = NewTask { max_attempts, ..at.new_task("noop") };
            at.submit(&[task]).await;
            let grant = at.claim(&life, 1).await.remove(0);
            assert_eq!(settle(at, &life, &grant, outcome).await.0, expected);
            let read = at.read(grant.task).await;
            assert_eq!((read.attempt, read.status()), (1, expected));
        }
    })
    .await;
}

#[tokio::test]
async fn errors_and_reasons_have_bounds_and_come_back_exact() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let largest = vec![0xfe; limits::ERROR_BYTES_MAX as usize];
        for error in [vec![], vec![0; 64], hostile_bytes(), largest] {
            at.submit_many(1).await;
            let grant = at.claim(&life, 1).await.remove(0);
            let reason = "é".repeat(limits::REASON_BYTES_MAX as usize / 2);
            let outcome = Outcome::FailForGood { error: error.clone(), reason: reason.clone() };
            settle(at, &life, &grant, outcome).await;
            let read = at.read(grant.task).await;
            assert_eq!(read.error.unwrap_or_default(), error);
            assert_eq!(read.reason, Some(reason));
        }
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        let over = vec![0; limits::ERROR_BYTES_MAX as usize + 1];
        refused_unsent(at, &life, &grant, Outcome::TimeOut { error: over }).await;
        for reason in ["two\nlines", "a\0b", "\u{1b}[2J", &"x".repeat(limits::REASON_BYTES_MAX as usize + 1)]
        {
            refused_unsent(at, &life, &grant, fail(reason)).await;
            let given_back = Outcome::Release { reason: reason.to_owned(), delay_ms: None };
            refused_unsent(at, &life, &grant, given_back).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_success_after_a_failure_has_no_error_left() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let id = at.submit_many(1).await[0];
        for error in [b"short".to_vec(), vec![b'x'; 300]] {
            let grant = at.claim(&life, 1).await.remove(0);
            let outcome = Outcome::Fail {
                error: error.clone(),
                reason: "r".repeat(error.len().min(200)),
                retry_in_ms: Some(0),
            };
            settle(at, &life, &grant, outcome).await;
            assert_eq!(at.read(id).await.error, Some(error));
            at.pass_ms(1_000);
            tick(at).await;
        }
        let grant = at.claim(&life, 1).await.remove(0);
        settle(at, &life, &grant, done_with(b"at last")).await;
        let read = at.read(id).await;
        assert_eq!((read.error, read.reason, read.attempt), (None, None, 2));
    })
    .await;
}

#[tokio::test]
async fn giving_back_burns_no_attempt() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let made = at.submit_many(2).await;
        let grant = at.claim(&life, 1).await.remove(0);
        at.pass_ms(3);
        let settled = settle(at, &life, &grant, release()).await;
        assert_eq!(settled, (Status::Pending, 3));
        let read = at.read(grant.task).await;
        assert_eq!((read.attempt, read.crashes, read.pending_ms), (0, 0, at.now_ms()));
        // It has gone behind the one that has waited longer.
        let next = at.claim(&life, 1).await.remove(0);
        assert_eq!(next.task, made[1]);
        let settled = settle(at, &life, &next, release_for(Some(5_000))).await;
        assert_eq!(settled.0, Status::Scheduled);
        let read = at.read(next.task).await;
        let run_at_ms = at.now_ms() + 5_000;
        assert_eq!((read.attempt, read.state), (0, State::Scheduled { run_at_ms }));
        at.pass_ms(5_000);
        tick(at).await;
        assert_eq!(at.read(next.task).await.status(), Status::Pending);
    })
    .await;
}

#[tokio::test]
async fn a_call_takes_so_many_reports_and_so_many_bytes_at_most() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let count = limits::SETTLE_TASKS_MAX;
        submit_in_calls(at, count).await;
        let grants = claim_in_calls(at, &life, count).await;
        let of_size = |size: u64| done_with(&vec![1; size as usize]);
        let report = |grant: &Grant| Report {
            task: grant.task,
            fence: grant.fence,
            outcome: of_size(limits::CALL_BYTES_MAX / count),
        };
        // Neither one more report nor one more byte would fit.
        let mut reports: Vec<Report> = grants.iter().map(report).collect();
        let first = limits::CALL_BYTES_MAX / count + limits::CALL_BYTES_MAX % count;
        reports[0].outcome = of_size(first);
        let mut more = reports.clone();
        more.push(Report { outcome: done_with(b""), ..reports[0].clone() });
        let mut fat = reports.clone();
        fat[0].outcome = of_size(first + 1);
        for wrong in [&more, &fat] {
            let settle = Settle { worker: &life.worker, boot: Some(&life.boot), reports: wrong, claim: None };
            invalid(refuses_unchanged(at, async || at.store.settle(Shard::FIRST, &settle).await).await);
        }
        let each = report_all(at, &life, &reports).await;
        assert_eq!(each.len() as u64, count);
        assert!(each.iter().all(|one| matches!(one, Settled::Now { .. })));
        assert!(refuses_unchanged(at, async || report_all(at, &life, &[]).await).await.is_empty());
    })
    .await;
}
