//! Claims: one winner, nothing twice, and nobody steals what is retried or renewed.

use std::collections::BTreeMap;

use baton_core::limits::LEASE_MS;
use baton_core::{QueueName, Refusal, Shard, Status, TaskId};
use baton_store::Store;
use baton_store::calls::task::{Claimed, Grant, Next, Outcome, Report, Settle, SettleAnswer};
use baton_store::calls::worker::{Renew, Renewed};
use baton_testkit::Life;

use super::arena::{claim, complete, hold_back, race_on, tick};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_claimers_one_gets_the_task() {
    race_on(20, async |arena| {
        arena.submit(1).await;
        let claims = arena.together(200, |racer, store| async move {
            claim(&store, &Life::new(racer as u32, 1), 1, &[]).await.len()
        });
        assert_eq!(claims.await.into_iter().sum::<usize>(), 1);
    })
    .await;
}

/// Completes what it gets and claims more in the same trip, until there is nothing left.
async fn work(store: Store, life: Life) -> Vec<TaskId> {
    let (mut held, mut worked): (Vec<Grant>, Vec<TaskId>) = (claim(&store, &life, 3, &[]).await, Vec::new());
    while !held.is_empty() {
        worked.extend(held.iter().map(|grant| grant.task));
        let complete = |grant: &Grant| Report {
            task: grant.task,
            fence: grant.fence,
            outcome: Outcome::Complete { result: Vec::new() },
        };
        let settle = Settle {
            worker: &life.worker,
            boot: Some(&life.boot),
            reports: &held.iter().map(complete).collect::<Vec<_>>(),
            claim: Some(Next { queues: &[QueueName::default()], in_order: false, max: 3, holding: &[] }),
        };
        held = match store.settle(Shard::FIRST, &settle).await.expect("an answer") {
            SettleAnswer::Reports { claimed: Some(Claimed::Tasks(grants)), .. } => grants.tasks,
            other => panic!("{other:?}"),
        };
    }
    worked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_workers_claim_each_of_two_hundred_tasks_once() {
    race_on(10, async |arena| {
        let ids = arena.submit(200).await;
        let worked = arena.together(10, |racer, store| work(store, Life::new(racer as u32, 1))).await;
        let mut times: BTreeMap<TaskId, usize> = BTreeMap::new();
        worked.iter().flatten().for_each(|id| *times.entry(*id).or_default() += 1);
        assert_eq!(times, ids.into_iter().map(|id| (id, 1)).collect());
        let counts = arena.stores[0].counts(Shard::FIRST, 0, 1).await.expect("counts");
        assert_eq!(counts.queues[0].of(Status::Completed), 200);
        let busy = worked.iter().filter(|worked| !worked.is_empty()).count();
        assert!(busy > 1, "only {busy} of the workers got anything, so there was no race");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_retries_its_claim_keeps_its_task_and_its_fence() {
    race_on(2, async |arena| {
        let (life, first) = (Life::new(0, 1), arena.held_by(&Life::new(0, 1)).await);
        let until = async || {
            let workers = arena.stores[0].workers(Shard::FIRST, 0, 1).await.expect("workers");
            workers.workers[0].lease_until_ms.expect("a lease")
        };
        for _ in 0..50 {
            arena.pass_ms(LEASE_MS - 1);
            let granted = arena.together(2, |racer, store| async move {
                claim(&store, &Life::new(racer as u32, 1), 1, &[]).await
            });
            let granted = granted.await;
            assert_eq!(granted[0], [Grant { redelivered: true, ..first.clone() }]);
            assert_eq!(granted[1], []);
            assert_eq!(until().await, arena.now_ms() + LEASE_MS);
            assert_eq!(tick(&arena.stores[1], arena.now_ms()).await, 0);
        }
        complete(&arena.stores[0], &life, &first).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_ends_is_renewed_or_reaped_and_never_both() {
    race_on(2, async |arena| {
        let (mut kept, mut lost) = (0, 0);
        for round in 0..200_usize {
            let life = Life::new(0, 1);
            let grant = arena.held_by(&life).await;
            // In every fourth round the lease has a millisecond left, and nobody may take it.
            let nearly = round % 4 == 0;
            arena.pass_ms(LEASE_MS - u64::from(nearly));
            let (now_ms, pair, renewer) = (arena.now_ms(), grant.pair(), life.clone());
            let (renewing, ticking) = (arena.stores[0].clone(), arena.stores[1].clone());
            let renewed = tokio::spawn(async move {
                hold_back(if round % 2 == 0 { round % 23 } else { 0 }).await;
                let (worker, boot) = (&renewer.worker, &renewer.boot);
                let renew = Renew { worker, boot, holding: &[pair], alone: false, about: &[] };
                renewing.renew(Shard::FIRST, &renew).await.expect("an answer")
            });
            let reaped = tokio::spawn(async move {
                hold_back(if round % 2 == 1 { round % 23 } else { 0 }).await;
                tick(&ticking, now_ms).await
            });
            match (renewed.await.expect("no panic"), reaped.await.expect("no panic")) {
                (Renewed::Until(renewal), 0) => {
                    kept += usize::from(!nearly);
                    assert_eq!(renewal.gone, []);
                }
                (Renewed::Refused(refused), 1) if !nearly => {
                    lost += 1;
                    assert_eq!(refused.refusal, Refusal::LeaseLost);
                }
                both => panic!("round {round}: {both:?}"),
            }
            super::arena::cancel(&arena.stores[0], grant.task).await;
            arena.pass_ms(2_000);
        }
        assert!(kept > 0 && lost > 0, "renewed first {kept} times, reaped first {lost} times");
    })
    .await;
}
