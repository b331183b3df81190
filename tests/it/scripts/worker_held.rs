//! worker/held: which tasks a worker holds.

use baton_core::{Shard, TaskId, limits};
use baton_store::calls::Pair;
use baton_store::calls::task::{Claimed, Grant};
use baton_testkit::{Fixture, Life, with_store};

use crate::hand::{tick, unchanged};

async fn check(at: &Fixture, number: u32, expected: &[TaskId]) {
    let worker = Life::new(number, 1).worker;
    let held = unchanged(at, at.store.held(Shard::FIRST, &worker)).await.expect("an answer");
    assert_eq!(held, expected, "worker {number}");
}

#[tokio::test]
async fn nobody_and_who_has_nothing_hold_nothing() {
    with_store(async |at| {
        check(at, 1, &[]).await;
        at.register(&Life::new(1, 1), None).await;
        at.submit_many(1).await;
        check(at, 1, &[]).await;
    })
    .await;
}

#[tokio::test]
async fn each_holds_its_own_until_its_lease_is_over() {
    with_store(async |at| {
        at.submit_many(3).await;
        let [one, other] = [1, 2].map(|number| Life::new(number, 1));
        at.register(&one, None).await;
        at.register(&other, None).await;
        let first: Vec<TaskId> = at.claim(&one, 2).await.iter().map(|grant| grant.task).collect();
        at.pass_ms(10_000);
        let second: Vec<TaskId> = at.claim(&other, 2).await.iter().map(|grant| grant.task).collect();
        assert_eq!((first.len(), second.len()), (2, 1));
        check(at, 1, &first).await;
        check(at, 2, &second).await;
        at.pass_ms(20_000);
        tick(at).await;
        check(at, 1, &[]).await;
        check(at, 2, &second).await;
    })
    .await;
}

#[tokio::test]
async fn what_it_took_over_is_its_own() {
    with_store(async |at| {
        at.submit_many(1).await;
        let before = Life::new(1, 1);
        at.register(&before, None).await;
        let held: Vec<TaskId> = at.claim(&before, 1).await.iter().map(|grant| grant.task).collect();
        at.register(&Life::new(1, 2), Some(&before.boot)).await;
        check(at, 1, &held).await;
    })
    .await;
}

#[tokio::test]
async fn it_answers_all_that_anybody_may_hold() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        let mut holding: Vec<Pair> = Vec::new();
        while (holding.len() as u64) < limits::HELD_TASKS_MAX {
            at.submit_many(50).await;
            let Claimed::Tasks(grants) = at.try_claim(&life, 50, &holding).await else { panic!("refused") };
            let pair = |grant: Grant| Pair { task: grant.task, fence: grant.fence, timeout_ms: None };
            holding.extend(grants.tasks.into_iter().map(pair));
        }
        let found = at.store.held(Shard::FIRST, &life.worker).await.unwrap();
        assert_eq!(found.len() as u64, limits::HELD_TASKS_MAX);
    })
    .await;
}
