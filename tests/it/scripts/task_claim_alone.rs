//! `task/claim` and the last life of a task, which is lived alone: a poison task must not poison its neighbours.

use baton_core::{QueueName, Refusal, Status, TaskId, limits};
use baton_store::calls::task::NewTask;
use baton_testkit::{Fixture, Life, queue, with_store};
use deadpool_redis::redis::{Value, cmd};

use super::task_support::*;

/// A task that no holder may crash with twice.
async fn fragile(at: &Fixture) -> TaskId {
    let task = NewTask { max_crashes: 1, ..at.new_task("fragile") };
    at.submit(&[task]).await[0]
}

#[tokio::test]
async fn the_last_life_is_the_only_task_of_its_claim() {
    with_store(async |at| {
        let poison = fragile(at).await;
        let others = at.submit_many(3).await;
        let life = Life::new(1, 1);
        let alone = at.claim(&life, 4).await;
        assert_eq!(ids(&alone), [poison]);
        assert!(alone[0].solo);
        // No more until it is settled, whether it is known or not.
        assert!(Ask::new(&life, 4).holding(&alone).send(at).await.tasks.is_empty());
        let again = at.claim(&life, 4).await;
        assert!(ids(&again) == [poison] && again[0].solo);
        let by_id = Ask::new(&life, 1).only(others[0]).holding(&alone);
        assert!(by_id.send(at).await.tasks.is_empty());
        settle(at, &life, &alone[0], done_with(b"")).await;
        let shared = at.claim(&life, 4).await;
        assert_eq!(ids(&shared), others);
        assert!(shared.iter().all(|grant| !grant.solo));
    })
    .await;
}

#[tokio::test]
async fn a_busy_claimer_passes_it_over_and_is_told() {
    with_store(async |at| {
        let first = at.submit_many(1).await;
        at.pass_ms(1);
        let poison = fragile(at).await;
        at.pass_ms(1);
        let last = at.submit_many(1).await;
        let life = Life::new(1, 1);
        // The first task of this very claim makes it busy.
        let grants = Ask::new(&life, 3).send(at).await;
        assert_eq!(ids(&grants.tasks), [first[0], last[0]]);
        assert!(grants.solo_waiting);
        let busy = Ask::new(&life, 3).holding(&grants.tasks).send(at).await;
        assert!(busy.tasks.is_empty() && busy.solo_waiting);
        let by_id = Ask::new(&life, 1).only(poison).holding(&grants.tasks);
        let by_id = by_id.send(at).await;
        assert!(by_id.tasks.is_empty() && by_id.solo_waiting);
        settle(at, &life, &grants.tasks[0], done_with(b"")).await;
        settle(at, &life, &grants.tasks[1], done_with(b"")).await;
        let idle = Ask::new(&life, 3).send(at).await;
        assert_eq!((ids(&idle.tasks), idle.solo_waiting), (vec![poison], false));
    })
    .await;
}

#[tokio::test]
async fn what_is_held_unknown_makes_busy_too() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let lost = at.claim(&life, 1).await;
        let poison = fragile(at).await;
        let again = Ask::new(&life, 5).send(at).await;
        assert_eq!((ids(&again.tasks), again.solo_waiting), (ids(&lost), true));
        assert_eq!(at.read(poison).await.status(), Status::Pending);
    })
    .await;
}

#[tokio::test]
async fn what_a_new_boot_takes_over_makes_it_busy() {
    with_store(async |at| {
        let (old, new) = (Life::new(1, 1), Life::new(1, 2));
        let shared = at.submit_many(1).await;
        at.claim(&old, 1).await;
        let poison = fragile(at).await;
        let grants = Ask::new(&new, 5).expects(&old.boot).send(at).await;
        assert_eq!((ids(&grants.tasks), grants.solo_waiting), (shared, true));
        assert_eq!(at.read(poison).await.status(), Status::Pending);
    })
    .await;
}

#[tokio::test]
async fn strict_priority_holds_behind_a_task_that_is_passed_over() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let held = at.claim(&life, 1).await;
        let mut made = Vec::new();
        for (name, level, max_crashes) in [("a", 9, 1), ("a", 8, 3), ("b", 2, 3)] {
            let task =
                NewTask { queue: queue(name), priority: priority(level), max_crashes, ..at.new_task("noop") };
            made.push(at.submit(&[task]).await[0]);
        }
        // The head of `a` must be skipped; what follows it in `a` still goes before all of `b`.
        let ask = Ask::new(&life, 1).queues(&[queue("a"), queue("b")]);
        let grants = ask.holding(&held).send(at).await;
        assert_eq!(ids(&grants.tasks), [made[1]]);
        assert!(grants.solo_waiting);
    })
    .await;
}

#[tokio::test]
async fn a_claim_looks_behind_a_hundred_that_it_must_skip() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let held = at.claim(&life, 1).await;
        let make = |_| NewTask { max_crashes: 1, ..at.new_task("fragile") };
        let fragile: Vec<NewTask> = (0..100).map(make).collect();
        at.submit(&fragile).await;
        at.pass_ms(1);
        let behind = at.submit_many(1).await;
        let grants = Ask::new(&life, 1).holding(&held).send(at).await;
        assert_eq!((ids(&grants.tasks), grants.solo_waiting), (behind, true));
    })
    .await;
}

/// How many tasks a claim looks at, by the hashes that are read.
async fn hashes_read(at: &Fixture, work: impl AsyncFnOnce()) -> u64 {
    let mut connection = at.redis.connection().await;
    let _: Value = cmd("CONFIG").arg("RESETSTAT").query_async(&mut connection).await.expect("a reset");
    work().await;
    let info: String = cmd("INFO").arg("commandstats").query_async(&mut connection).await.expect("counts");
    let calls = info.lines().find_map(|line| line.strip_prefix("cmdstat_hgetall:calls=")?.split(',').next());
    calls.expect("hashes were read").parse().expect("a number")
}

#[tokio::test]
async fn over_many_queues_it_looks_at_no_more_than_over_one() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let held = at.claim(&life, 1).await;
        let queues: Vec<QueueName> = ["a", "b", "c", "d", "e"].map(queue).to_vec();
        let of_all = (0..40).flat_map(|_| &queues);
        let make =
            |queue: &QueueName| NewTask { queue: queue.clone(), max_crashes: 1, ..at.new_task("fragile") };
        let fragile: Vec<NewTask> = of_all.map(make).collect();
        at.submit(&fragile).await;
        let read = hashes_read(at, async || {
            let grants = Ask::new(&life, 1).queues(&queues).holding(&held).send(at).await;
            assert!(grants.tasks.is_empty() && grants.solo_waiting);
        });
        // One for what it holds, one for the task it wants.
        assert_eq!(read.await, limits::CLAIM_SKIPS_MAX + 2);
    })
    .await;
}

#[tokio::test]
async fn a_crash_suffered_alone_is_poison_and_nobody_else_pays() {
    with_store(async |at| {
        let made = at.submit_many(2).await;
        // Two crashes beside a neighbour, the third alone.
        for number in 1..=2 {
            assert_eq!(at.claim(&Life::new(number, 1), 2).await.len(), 2);
            crash(at).await;
        }
        for number in 3..=4 {
            let alone = Ask::new(&Life::new(number, 1), 2).send(at).await;
            assert_eq!((alone.tasks.len(), alone.tasks[0].crashes), (1, 2));
        }
        let survivor = Life::new(3, 1);
        let kept = at.claim(&survivor, 0).await;
        settle(at, &survivor, &kept[0], done_with(b"")).await;
        crash(at).await;
        let poisoned = at.read(made[1]).await;
        assert_eq!(poisoned.status(), Status::Failed);
        assert_eq!((poisoned.reason.as_deref(), poisoned.crashes), (Some("poison"), 3));
        assert_eq!(poisoned.attempt, 0);
        assert_eq!(at.read(made[0]).await.status(), Status::Completed);
    })
    .await;
}

#[tokio::test]
async fn the_report_of_a_poisoned_run_is_fenced() {
    with_store(async |at| {
        fragile(at).await;
        let life = Life::new(1, 1);
        let grant = at.claim(&life, 1).await.remove(0);
        crash(at).await;
        assert_eq!(at.read(grant.task).await.status(), Status::Failed);
        assert_eq!(settle_refused(at, &life, &grant, done_with(b"")).await, Refusal::Fenced);
        assert_eq!(settle_refused(at, &life, &grant, fail("x")).await, Refusal::Fenced);
    })
    .await;
}
