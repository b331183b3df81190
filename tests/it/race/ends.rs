//! Ends: a report, a reaping and a cancellation of one run at the same moment.

use std::collections::BTreeMap;

use baton_core::limits::LEASE_MS;
use baton_core::{Refusal, Status};
use baton_store::calls::Operated;
use baton_store::calls::task::Settled;
use baton_testkit::Life;

use super::arena::{cancel, complete, hold_back, race_on, tick};

const ROUNDS: usize = 300;

/// Who goes how many turns late, so that every order comes up.
fn late(round: usize, racer: usize) -> usize {
    [0, 1, 2, 5, 11, 23][(round / 6_usize.pow(racer as u32)) % 6]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_reaped_or_settled_and_never_both() {
    race_on(2, async |arena| {
        let (mut settled_first, mut reaped_first) = (0, 0);
        for round in 0..ROUNDS {
            let life = Life::new(0, 1);
            let grant = arena.held_by(&life).await;
            arena.pass_ms(LEASE_MS);
            let (now_ms, task) = (arena.now_ms(), grant.task);
            let (reporting, ticking) = (arena.stores[0].clone(), arena.stores[1].clone());
            let settled = tokio::spawn(async move {
                hold_back(late(round, 0)).await;
                complete(&reporting, &life, &grant).await
            });
            let reaped = tokio::spawn(async move {
                hold_back(late(round, 1)).await;
                tick(&ticking, now_ms).await
            });
            match (settled.await.expect("no panic"), reaped.await.expect("no panic")) {
                (Settled::Now { status: Status::Completed, .. }, 0) => settled_first += 1,
                (Settled::Refused { refusal: Refusal::Fenced, status: Some(Status::Pending) }, 1) => {
                    reaped_first += 1;
                    cancel(&arena.stores[0], task).await;
                }
                both => panic!("round {round}: {both:?}"),
            }
            arena.pass_ms(2_000);
        }
        assert!(
            settled_first > 0 && reaped_first > 0,
            "settled {settled_first}, reaped {reaped_first} times first"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_ends_once_however_many_end_it() {
    race_on(3, async |arena| {
        let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
        for round in 0..ROUNDS {
            let life = Life::new(0, 1);
            let grant = arena.held_by(&life).await;
            arena.pass_ms(LEASE_MS);
            let (now_ms, task) = (arena.now_ms(), grant.task);
            let [reporting, ticking, cancelling] = [0, 1, 2].map(|at: usize| arena.stores[at].clone());
            let settled = tokio::spawn(async move {
                hold_back(late(round, 0)).await;
                complete(&reporting, &life, &grant).await
            });
            let reaped = tokio::spawn(async move {
                hold_back(late(round, 1)).await;
                tick(&ticking, now_ms).await
            });
            let cancelled = tokio::spawn(async move {
                hold_back(late(round, 2)).await;
                cancel(&cancelling, task).await
            });
            let settled = settled.await.expect("no panic");
            let (reaped, cancelled) = (reaped.await.expect("no panic"), cancelled.await.expect("no panic"));
            let end = match (&settled, reaped, &cancelled) {
                (Settled::Now { .. }, 0, Operated::Refused { refusal: Refusal::AlreadyFinished, .. }) => {
                    "completed"
                }
                (Settled::Refused { refusal: Refusal::Fenced, .. }, 0, Operated::Moved { .. }) => "cancelled",
                (Settled::Refused { refusal: Refusal::Fenced, .. }, 1, Operated::Moved { .. }) => "reaped",
                _ => panic!("round {round}: {settled:?}, {reaped} reaped, {cancelled:?}"),
            };
            *ends.entry(end).or_default() += 1;
            arena.pass_ms(2_000);
        }
        assert_eq!(ends.len(), 3, "{ends:?}");
    })
    .await;
}
