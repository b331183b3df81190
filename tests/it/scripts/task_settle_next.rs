//! `task/settle` with the next claim in the same trip.

use baton_core::{QueueName, Refusal, Shard, Status, limits};
use baton_store::calls::Pair;
use baton_store::calls::task::{
    Claimed, Grant, NewTask, Next, Outcome, Report, Settle, SettleAnswer, Settled,
};
use baton_testkit::{Fixture, Life, queue, with_store};

use super::task_claim::pause;
use super::task_support::*;

/// Reports `outcome` of these and claims up to `max` more, while holding `beside`.
async fn settle_and_claim(
    at: &Fixture,
    life: &Life,
    settled: &[Grant],
    outcome: Outcome,
    max: u64,
    beside: &[Grant],
) -> (Vec<Settled>, Claimed) {
    let report = |grant: &Grant| Report { task: grant.task, fence: grant.fence, outcome: outcome.clone() };
    let reports: Vec<Report> = settled.iter().map(report).collect();
    let holding: Vec<Pair> = beside.iter().map(Grant::pair).collect();
    let next = Next { queues: &[QueueName::default()], in_order: false, max, holding: &holding };
    let settle =
        Settle { worker: &life.worker, boot: Some(&life.boot), reports: &reports, claim: Some(next) };
    match at.store.settle(Shard::FIRST, &settle).await.expect("an answer") {
        SettleAnswer::Reports { each, claimed: Some(claimed) } => (each, claimed),
        other => panic!("not settled and claimed: {other:?}"),
    }
}

fn granted(claimed: Claimed) -> Vec<Grant> {
    match claimed {
        Claimed::Tasks(grants) => grants.tasks,
        Claimed::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

fn refusal(claimed: Claimed) -> Refusal {
    match claimed {
        Claimed::Refused(refused) => refused.refusal,
        Claimed::Tasks(grants) => panic!("not refused: {grants:?}"),
    }
}

#[tokio::test]
async fn one_trip_settles_claims_and_renews() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let made = at.submit_many(4).await;
        let first = at.claim(&life, 2).await;
        at.pass_ms(LEASE - 1);
        let (each, claimed) = settle_and_claim(at, &life, &first[..1], done_with(b"1"), 1, &first[1..]).await;
        assert!(matches!(each[..], [Settled::Now { status: Status::Completed, .. }]));
        let next = granted(claimed);
        assert_eq!(ids(&next), made[2..3]);
        at.pass_ms(LEASE - 1);
        tick(at).await;
        settle(at, &life, &first[1], done_with(b"2")).await;
        settle(at, &life, &next[0], done_with(b"3")).await;
    })
    .await;
}

#[tokio::test]
async fn what_it_reports_is_neither_unknown_nor_needed_in_the_list() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(3).await;
        let held = at.claim(&life, 3).await;
        let (_, claimed) = settle_and_claim(at, &life, &held[..1], release(), 0, &held[1..]).await;
        assert!(granted(claimed).is_empty());
        // What was given back is gone if it is listed all the same; what is left out comes again.
        let (_, claimed) = settle_and_claim(at, &life, &held[1..2], release(), 0, &held[..2]).await;
        let Claimed::Tasks(grants) = claimed else {
            panic!("refused");
        };
        assert_eq!(ids(&grants.tasks), ids(&held)[2..]);
        let gone: Vec<_> = grants.gone.iter().map(|gone| gone.task).collect();
        assert_eq!(gone, ids(&held)[..2]);
    })
    .await;
}

#[tokio::test]
async fn a_report_given_twice_hides_nothing_else_that_is_held() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(4).await;
        let held = at.claim(&life, 2).await;
        let twice = [held[0].clone(), held[0].clone()];
        for (max, expected) in [(0, 1), (1, 1), (2, 2)] {
            let (_, claimed) = settle_and_claim(at, &life, &twice, done_with(b""), max, &[]).await;
            let next = granted(claimed);
            assert_eq!((next[0].task, next.len()), (held[1].task, expected));
            assert!(next[0].redelivered);
        }
    })
    .await;
}

#[tokio::test]
async fn its_repeat_after_a_lost_answer_is_recorded_and_redelivered() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(3).await;
        let first = at.claim(&life, 1).await;
        let (_, lost) = settle_and_claim(at, &life, &first, done_with(b"1"), 1, &[]).await;
        let (each, again) = settle_and_claim(at, &life, &first, done_with(b"1"), 1, &[]).await;
        assert!(matches!(each[..], [Settled::Recorded { .. }]), "{each:?}");
        let (lost, again) = (granted(lost), granted(again));
        assert_eq!((again[0].task, again[0].fence), (lost[0].task, lost[0].fence));
        assert!(again[0].redelivered && again.len() == 1);
    })
    .await;
}

#[tokio::test]
async fn what_it_settles_makes_room() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        submit_in_calls(at, limits::HELD_TASKS_MAX + limits::CLAIM_TASKS_MAX).await;
        let held = claim_in_calls(at, &life, limits::HELD_TASKS_MAX).await;
        let max = limits::CLAIM_TASKS_MAX;
        let (_, claimed) = settle_and_claim(at, &life, &held[..10], done_with(b""), max, &held[10..]).await;
        assert_eq!(granted(claimed).len(), 10);
    })
    .await;
}

#[tokio::test]
async fn asking_for_none_reconciles_and_a_refused_report_does_not_stop_the_claim() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(4).await;
        let held = at.claim(&life, 2).await;
        let (_, claimed) = settle_and_claim(at, &life, &[], done_with(b""), 0, &held[..1]).await;
        assert_eq!(ids(&granted(claimed)), ids(&held)[1..]);
        cancel(at, &[held[0].task]).await;
        let (each, claimed) = settle_and_claim(at, &life, &held[..1], done_with(b""), 1, &held[1..]).await;
        assert!(matches!(each[..], [Settled::Refused { refusal: Refusal::Fenced, .. }]));
        assert_eq!(granted(claimed).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_released_task_is_not_given_back_to_its_giver_at_once() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let first = at.claim(&life, 1).await;
        let (_, claimed) = settle_and_claim(at, &life, &first, release(), 5, &[]).await;
        assert!(granted(claimed).is_empty());
        assert_eq!(at.claim(&life, 5).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_last_life_ends_with_its_report_and_begins_with_nothing_held() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let fragile = || NewTask { max_crashes: 1, ..at.new_task("fragile") };
        at.submit(&[fragile(), fragile()]).await;
        at.pass_ms(1);
        let plain = at.submit_many(2).await;
        let first = at.claim(&life, 5).await;
        assert_eq!(first.len(), 1);
        // While it lives it lives alone, even when something else is reported.
        let (_, claimed) = settle_and_claim(at, &life, &[], done_with(b""), 5, &first).await;
        assert!(granted(claimed).is_empty());
        let (_, claimed) = settle_and_claim(at, &life, &first, done_with(b""), 5, &[]).await;
        let second = granted(claimed);
        assert!(second.len() == 1 && second[0].task != first[0].task);
        let (_, claimed) = settle_and_claim(at, &life, &second, done_with(b""), 5, &[]).await;
        assert_eq!(ids(&granted(claimed)), plain);
    })
    .await;
}

#[tokio::test]
async fn a_paused_queue_takes_reports_and_gives_nothing() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(2).await;
        let first = at.claim(&life, 1).await;
        pause(at, true).await;
        let (each, claimed) = settle_and_claim(at, &life, &first, done_with(b""), 1, &[]).await;
        assert!(matches!(each[..], [Settled::Now { .. }]));
        assert!(granted(claimed).is_empty());
    })
    .await;
}

#[tokio::test]
async fn who_may_not_claim_may_still_report() {
    with_store(async |at| {
        let (old, new) = (Life::new(1, 1), Life::new(1, 2));
        let count = limits::REAP_TASKS_MAX + 20;
        submit_in_calls(at, count).await;
        let unknown = async || settle_and_claim(at, &old, &[], done_with(b""), 1, &[]).await;
        assert_eq!(refusal(refuses_unchanged(at, unknown).await.1), Refusal::UnknownWorker);
        let held = claim_in_calls(at, &old, count).await;
        let unseen = async || settle_and_claim(at, &new, &[], done_with(b""), 1, &[]).await;
        assert_eq!(refusal(refuses_unchanged(at, unseen).await.1), Refusal::Conflict);
        crash(at).await;
        // Some is left to reap: a report of it counts, a claim has to wait.
        let left = &held[limits::REAP_TASKS_MAX as usize..][..1];
        let (each, claimed) = settle_and_claim(at, &old, left, done_with(b""), 1, &[]).await;
        assert!(matches!(each[..], [Settled::Now { .. }]));
        assert_eq!(refusal(claimed), Refusal::LeaseLost);
        at.register(&new, Some(&old.boot)).await;
        let past = settle_and_claim(at, &old, &held[..1], done_with(b""), 1, &[]);
        let ((each, claimed), _) = only_refused(at, past).await;
        assert!(matches!(each[..], [Settled::Refused { refusal: Refusal::Fenced, .. }]));
        assert_eq!(refusal(claimed), Refusal::Superseded);
    })
    .await;
}

#[tokio::test]
async fn the_claim_that_rides_along_has_the_bounds_of_a_claim() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.claim(&life, 0).await;
        let names: Vec<_> =
            (0..=limits::CLAIM_QUEUES_MAX).map(|number| queue(&format!("q{number}"))).collect();
        let next = |max, queues| Next { queues, in_order: false, max, holding: &[] };
        let cases = [
            (Some(&life.boot), next(limits::CLAIM_TASKS_MAX + 1, &names[..1])),
            (Some(&life.boot), next(u64::MAX, &names[..1])),
            (Some(&life.boot), next(1, &names[..])),
            (None, next(1, &names[..1])),
        ];
        for (boot, claim) in cases {
            let settle = Settle { worker: &life.worker, boot, reports: &[], claim: Some(claim) };
            invalid(refuses_unchanged(at, async || at.store.settle(Shard::FIRST, &settle).await).await);
        }
    })
    .await;
}

#[tokio::test]
async fn behind_many_failures_fewer_are_granted() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let most = limits::SETTLE_TASKS_MAX;
        at.submit_many(2 * most as usize).await;
        let held = at.claim(&life, most).await;
        let (_, claimed) = settle_and_claim(at, &life, &held, release(), most, &[]).await;
        let held = granted(claimed);
        assert_eq!(held.len() as u64, limits::SETTLE_OTHERS_AND_CLAIM_MAX - most);
        let (_, claimed) = settle_and_claim(at, &life, &held, done_with(b""), most, &[]).await;
        assert_eq!(granted(claimed).len() as u64, most);
    })
    .await;
}
