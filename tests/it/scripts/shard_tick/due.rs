//! shard/tick: scheduled tasks that mature, and runs that are overdue.

use baton_core::{LeaseLength, QueueName, Shard, Status, limits};
use baton_store::State;
use baton_store::calls::task::{Grant, NewTask, Promote, Settled};
use baton_store::calls::worker::Renew;
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, Life, queue, with_store};

use crate::hand::{by_hand, events, field, steps, tick};

/// What one tick matures, and ends of what is overdue, at most.
const PIECE: u64 = limits::MATURE_TASKS_MAX;

fn due(at: &Fixture, run_at_ms: u64) -> NewTask {
    NewTask { run_at_ms: Some(run_at_ms), ..at.new_task("noop") }
}

#[tokio::test]
async fn a_task_matures_when_its_time_has_come() {
    with_store(async |at| {
        let id = at.submit(&[due(at, START_MS + 400)]).await[0];
        let did = tick(at).await;
        assert_eq!((did.matured, did.tick_ms), (0, START_MS + 400));
        at.pass_ms(400);
        assert_eq!(tick(at).await.matured, 1);
        let task = at.read(id).await;
        assert_eq!((task.state, task.pending_ms), (State::Pending, START_MS + 400));
        assert_eq!(field(at, "queue:default", "scheduled").await, "0");
        assert_eq!(steps(at, id).await, ["submit", "mature"]);
    })
    .await;
}

#[tokio::test]
async fn they_mature_by_their_due_time_a_bounded_piece_at_once() {
    with_store(async |at| {
        let count = PIECE + PIECE / 2;
        let tasks: Vec<NewTask> = (0..count).map(|number| due(at, START_MS + count - number)).collect();
        let ids = at.submit(&tasks).await;
        at.pass_ms(count as i64);
        let did = tick(at).await;
        assert_eq!((did.matured, did.tick_ms), (PIECE, at.now_ms() + 1));
        assert_eq!(at.read(ids[count as usize - 1]).await.status(), Status::Pending);
        assert_eq!(at.read(ids[0]).await.status(), Status::Scheduled);
        at.pass_ms(1);
        let did = tick(at).await;
        assert_eq!((did.matured, did.tick_ms), (PIECE / 2, at.now_ms() + 1_000));
        let told: Vec<usize> = events(at)
            .await
            .iter()
            .filter(|entry| entry.event == "mature")
            .map(|entry| entry.tasks.len())
            .collect();
        assert_eq!(told, [PIECE as usize, PIECE as usize / 2]);
    })
    .await;
}

#[tokio::test]
async fn any_ticker_may_let_tasks_mature() {
    with_store(async |at| {
        at.submit(&[due(at, START_MS + 1)]).await;
        at.pass_ms(1);
        assert_eq!(crate::hand::tick_as(at, Default::default()).await.matured, 1);
    })
    .await;
}

#[tokio::test]
async fn what_was_promoted_or_is_gone_does_not_mature() {
    with_store(async |at| {
        let id = at.submit(&[due(at, START_MS + 5)]).await[0];
        let promote = Promote { tasks: &[id], by: None, reason: "", op: None };
        at.store.promote(Shard::FIRST, &promote).await.unwrap();
        let ghost = at.store.draw(Shard::FIRST);
        by_hand::<()>(at, &format!("ZADD baton:{{0}}:scheduled 1 {ghost}")).await;
        at.pass_ms(10);
        tick(at).await;
        assert_eq!(steps(at, id).await, ["submit", "promote"]);
        assert_eq!(by_hand::<u64>(at, "EXISTS baton:{0}:scheduled").await, 0);
    })
    .await;
}

async fn renew(at: &Fixture, life: &Life, grants: &[Grant]) {
    let pairs: Vec<_> = grants.iter().map(Grant::pair).collect();
    let renew = Renew { worker: &life.worker, boot: &life.boot, holding: &pairs, alone: false, about: &[] };
    at.store.renew(Shard::FIRST, &renew).await.expect("an answer");
}

#[tokio::test]
async fn a_run_that_is_overdue_by_a_lease_is_ended_although_it_is_renewed() {
    with_store(async |at| {
        let short = |max_attempts| NewTask { timeout_ms: 1_000, max_attempts, ..at.new_task("hang") };
        let ids = at.submit(&[short(5), short(1), at.new_task("fine")]).await;
        let life = Life::new(1, 1);
        let grants = at.claim(&life, 3).await;
        at.pass_ms(20_000);
        renew(at, &life, &grants).await;
        at.pass_ms(10_999);
        tick(at).await;
        assert_eq!(at.read(ids[0]).await.status(), Status::Running);
        at.pass_ms(1_000);
        tick(at).await;

        let retried = at.read(ids[0]).await;
        assert_eq!((retried.status(), retried.attempt), (Status::Scheduled, 1));
        assert_eq!((retried.crashes, retried.reason.as_deref()), (0, Some("timeout")));
        let ended = at.read(ids[1]).await;
        assert_eq!((ended.status(), ended.attempt), (Status::Timeout, 1));
        assert_eq!(at.read(ids[2]).await.status(), Status::Running);
        assert_eq!(steps(at, ids[0]).await, ["submit", "claim", "retry"]);
        assert_eq!(steps(at, ids[1]).await, ["submit", "claim", "time_out"]);

        let late = at.complete(&life, &grants[1]).await;
        assert!(matches!(late, Settled::Refused { .. }), "{late:?}");
        renew(at, &life, &grants).await;
    })
    .await;
}

#[tokio::test]
async fn the_wait_for_the_worker_s_own_report_is_its_lease() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let register = baton_store::calls::worker::Register {
            worker: &life.worker,
            boot: &life.boot,
            expects: None,
            lease: LeaseLength::from_ms(60_000).unwrap(),
            about: &[],
        };
        at.store.register(Shard::FIRST, &register).await.unwrap();
        let task = NewTask { timeout_ms: 1_000, ..at.new_task("hang") };
        let id = at.submit(&[task]).await[0];
        let grants = at.claim(&life, 1).await;
        at.pass_ms(40_000);
        renew(at, &life, &grants).await;
        at.pass_ms(20_999);
        tick(at).await;
        assert_eq!(at.read(id).await.status(), Status::Running);
        at.pass_ms(1_001);
        tick(at).await;
        assert_eq!(at.read(id).await.status(), Status::Scheduled);
    })
    .await;
}

#[tokio::test]
async fn overdue_runs_are_ended_a_bounded_piece_at_once() {
    with_store(async |at| {
        let task =
            || NewTask { timeout_ms: 1_000, max_attempts: 1, queue: queue("slow"), ..at.new_task("hang") };
        at.submit(&(0..PIECE + 10).map(|_| task()).collect::<Vec<_>>()).await;
        let life = Life::new(1, 1);
        let mut grants: Vec<Grant> = Vec::new();
        for max in [PIECE, 10] {
            let pairs: Vec<_> = grants.iter().map(Grant::pair).collect();
            let claim = baton_store::calls::task::Claim {
                worker: &life.worker,
                boot: &life.boot,
                expects: None,
                lease: Default::default(),
                queues: &[QueueName::new("slow").unwrap()],
                in_order: false,
                max,
                only: None,
                holding: &pairs,
            };
            match at.store.claim(Shard::FIRST, &claim).await.unwrap() {
                baton_store::calls::task::Claimed::Tasks(more) => grants.extend(more.tasks),
                other => panic!("{other:?}"),
            }
        }
        at.pass_ms(25_000);
        renew(at, &life, &grants).await;
        at.pass_ms(6_000);
        for left in ["10", "0"] {
            tick(at).await;
            assert_eq!(field(at, "queue:slow", "running").await, left);
            at.pass_ms(1_000);
        }
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_was_not_heard_of_for_a_day_is_forgotten() {
    with_store(async |at| {
        at.register(&Life::new(1, 1), None).await;
        at.register(&Life::new(2, 1), None).await;
        let left = Life::new(3, 1);
        at.register(&left, None).await;
        at.store.deregister(Shard::FIRST, &left.worker, &left.boot).await.unwrap();
        at.pass_ms(30_000);
        renew(at, &Life::new(2, 1), &[]).await;
        tick(at).await;
        let known = async || by_hand::<Vec<String>>(at, "ZRANGE baton:{0}:workers 0 -1").await;
        // The third left 30 s before the first was reaped.
        at.pass_ms(86_370_000);
        renew(at, &Life::new(2, 1), &[]).await;
        tick(at).await;
        assert_eq!(known().await.len(), 3);
        at.pass_ms(1_000);
        tick(at).await;
        assert_eq!(known().await, ["worker-001-test", "worker-002-test"]);
        at.pass_ms(30_000);
        tick(at).await;
        assert_eq!(known().await, ["worker-002-test"]);
        assert_eq!(by_hand::<u64>(at, "EXISTS baton:{0}:worker:worker-001-test").await, 0);
    })
    .await;
}
