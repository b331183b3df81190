//! Hints: whatever makes tasks pending nudges as many idle claimers as are needed, and no more.

use std::time::Duration;

use baton_core::{QueueName, Shard, Status, limits};
use baton_store::Error;
use baton_store::calls::queue::SetPaused;
use baton_store::calls::task::{Claimed, NewTask, Next, Outcome, Promote, Report, Settle};
use baton_testkit::{Fixture, Life, queue, with_store};
use tokio::task::JoinSet;

use super::task_support::{Ask, cancel, crash, fail_for_good, principal, rerun, tick};
use crate::hand::{by_hand, refused};

/// No test waits this long: it only turns a hang into a failure.
const LONG: Duration = Duration::from_secs(60);
/// Long enough for a hint that is there.
const SHORT: Duration = Duration::from_millis(1);

pub(super) async fn hints(at: &Fixture, name: &str) -> u64 {
    by_hand(at, &format!("LLEN baton:{{0}}:hints:{name}")).await
}

/// Takes a hint, if there is one.
pub(super) async fn take_hint(at: &Fixture, name: &str) -> bool {
    let waited = at.store.wait_for_hint(Shard::FIRST, &[queue(name)], SHORT).await.expect("an answer");
    waited.is_some_and(|hinted| hinted == queue(name))
}

async fn forget(at: &Fixture) {
    by_hand::<u64>(at, "DEL baton:{0}:hints:default").await;
}

async fn blocked_clients(at: &Fixture, count: u64) {
    let waiting = async { while at.store.server().await.expect("an answer").blocked_clients != count {} };
    tokio::time::timeout(LONG, waiting).await.expect("so many wait");
}

/// This many that wait for a hint of the queue `default`, all of them known to Redis.
async fn waiters(at: &Fixture, count: u64) -> JoinSet<Option<QueueName>> {
    let mut waiting = JoinSet::new();
    for _ in 0..count {
        let store = at.store.clone();
        waiting.spawn(async move {
            let queues = [queue("other"), QueueName::default()];
            store.wait_for_hint(Shard::FIRST, &queues, LONG).await.expect("an answer")
        });
    }
    blocked_clients(at, count).await;
    waiting
}

async fn woken(waiting: &mut JoinSet<Option<QueueName>>) -> QueueName {
    let one = tokio::time::timeout(LONG, waiting.join_next()).await.expect("one wakes");
    one.expect("one waits").expect("it ends well").expect("a hint")
}

#[tokio::test]
async fn one_task_wakes_one_of_many() {
    with_store(async |at| {
        let mut waiting = waiters(at, 5).await;
        at.submit_many(1).await;
        assert_eq!(woken(&mut waiting).await, QueueName::default());
        // It takes the task, which leaves nothing that somebody else should look for.
        assert_eq!(at.claim(&Life::new(1, 1), 1).await.len(), 1);
        blocked_clients(at, 4).await;
        assert_eq!((waiting.len(), hints(at, "default").await), (4, 0));
        at.submit_many(3).await;
        for _ in 0..3 {
            woken(&mut waiting).await;
        }
        blocked_clients(at, 1).await;
        assert_eq!((waiting.len(), hints(at, "default").await), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn the_list_is_bounded_and_is_not_added_to_while_it_lasts() {
    with_store(async |at| {
        at.submit_many(2).await;
        assert_eq!(hints(at, "default").await, 2);
        at.submit_many(100).await;
        assert_eq!(hints(at, "default").await, 2);
        forget(at).await;
        at.submit_many(100).await;
        assert_eq!(hints(at, "default").await, limits::HINTS_MAX);
    })
    .await;
}

/// As each that is woken wakes the next, a hundred tasks reach a hundred idle claimers.
#[tokio::test]
async fn claims_that_leave_work_wake_the_next() {
    with_store(async |at| {
        let tasks = limits::HINTS_MAX as usize + 20;
        at.submit_many(tasks).await;
        let mut claimers = 0;
        while take_hint(at, "default").await {
            claimers += 1;
            let grants = at.claim(&Life::new(claimers, 1), 1).await;
            assert_eq!(grants.len(), 1, "claimer {claimers} was woken in vain");
        }
        assert_eq!(claimers as usize, tasks);
    })
    .await;
}

#[tokio::test]
async fn a_claim_that_leaves_nothing_or_finds_nothing_wakes_nobody() {
    with_store(async |at| {
        for (tasks, max) in [(3, 3), (3, 4), (0, 2)] {
            for _ in 0..tasks {
                at.submit_many(1).await;
            }
            forget(at).await;
            assert_eq!(at.claim(&Life::new(1 + max as u32, 1), max).await.len(), tasks);
            assert_eq!(hints(at, "default").await, 0, "{tasks} tasks, {max} wanted");
        }
        at.submit_many(3).await;
        forget(at).await;
        at.claim(&Life::new(1, 1), 2).await;
        assert_eq!(hints(at, "default").await, 1);
    })
    .await;
}

/// A busy claimer passes such a task over. If it left a hint, two of them would wake each other for ever.
#[tokio::test]
async fn a_task_that_must_run_alone_makes_no_ping_pong() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let held = at.claim(&life, 1).await;
        at.submit(&[NewTask { max_crashes: 1, ..at.new_task("noop") }]).await;
        forget(at).await;
        let grants = Ask::new(&life, 5).holding(&held).send(at).await;
        assert!(grants.solo_waiting && grants.tasks.is_empty());
        assert_eq!(hints(at, "default").await, 0);
    })
    .await;
}

#[tokio::test]
async fn of_several_queues_each_that_has_work_left_is_hinted_at() {
    with_store(async |at| {
        for (name, count) in [("a", 1), ("b", 3), ("c", 2)] {
            let of = |_| NewTask { queue: queue(name), ..at.new_task("noop") };
            let tasks: Vec<NewTask> = (0..count).map(of).collect();
            at.submit(&tasks).await;
            at.pass_ms(1);
            by_hand::<u64>(at, &format!("DEL baton:{{0}}:hints:{name}")).await;
        }
        let all = [queue("a"), queue("b"), queue("c"), queue("d")];
        // The first, and two of the second.
        let grants = Ask::new(&Life::new(1, 1), 3).queues(&all).send(at).await;
        assert_eq!(grants.tasks.len(), 3);
        for (name, expected) in [("a", 0), ("b", 1), ("c", 1), ("d", 0)] {
            assert_eq!(hints(at, name).await, expected, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_settle_that_claims_wakes_the_next_too() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(3).await;
        let grants = at.claim(&life, 1).await;
        for left in [1, 0] {
            forget(at).await;
            let reports = [Report {
                task: grants[0].task,
                fence: grants[0].fence,
                outcome: Outcome::Complete { result: Vec::new() },
            }];
            let holding: Vec<_> = if left == 0 { vec![held_by(at, &life).await] } else { Vec::new() };
            let next = Next { queues: &[QueueName::default()], in_order: false, max: 1, holding: &holding };
            let settle =
                Settle { worker: &life.worker, boot: Some(&life.boot), reports: &reports, claim: Some(next) };
            at.store.settle(Shard::FIRST, &settle).await.expect("an answer");
            assert_eq!(hints(at, "default").await, left);
        }
    })
    .await;
}

/// The one task that this life holds.
async fn held_by(at: &Fixture, life: &Life) -> baton_store::calls::Pair {
    match at.try_claim(life, 0, &[]).await {
        Claimed::Tasks(grants) => grants.tasks[0].pair(),
        other => panic!("{other:?}"),
    }
}

/// Every way into a pending index.
#[tokio::test]
async fn whatever_makes_a_task_pending_leaves_a_hint() {
    with_store(async |at| {
        let came = async |way: &str| {
            assert_eq!(hints(at, "default").await, 1, "{way} leaves a hint");
            forget(at).await;
        };
        let life = Life::new(1, 1);
        let id = at.submit_many(1).await[0];
        came("submit").await;
        let release = |delay_ms| Outcome::Release { reason: String::new(), delay_ms };
        let grant = at.claim(&life, 1).await.remove(0);
        at.report(&life, id, grant.fence, release(None)).await;
        came("release").await;
        let grant = at.claim(&life, 1).await.remove(0);
        at.report(&life, id, grant.fence, release(Some(500))).await;
        assert_eq!(hints(at, "default").await, 0, "a scheduled task is nobody's yet");
        at.pass_ms(1_000);
        tick(at).await;
        came("mature").await;
        let grant = at.claim(&life, 1).await.remove(0);
        at.report(&life, id, grant.fence, release(Some(60_000))).await;
        let by = principal();
        let promote = Promote { tasks: &[id], by: Some(&by), reason: "", op: None };
        at.store.promote(Shard::FIRST, &promote).await.expect("an answer");
        came("promote").await;
        at.claim(&life, 1).await;
        crash(at).await;
        came("reclaim").await;
        cancel(at, &[id]).await;
        assert_eq!(hints(at, "default").await, 0, "a cancelled task is nobody's");
        rerun(at, &[id]).await;
        came("rerun").await;
        let grant = at.claim(&life, 1).await.remove(0);
        at.report(&life, id, grant.fence, fail_for_good()).await;
        assert_eq!(hints(at, "default").await, 0, "a failed task is nobody's");
    })
    .await;
}

/// What must live its last life alone goes back to its queue when its worker is born again.
#[tokio::test]
async fn a_takeover_that_gives_a_task_back_leaves_a_hint() {
    with_store(async |at| {
        let (old, new) = (Life::new(1, 1), Life::new(1, 2));
        at.submit(&[NewTask { max_crashes: 2, ..at.new_task("noop") }]).await;
        at.register(&old, None).await;
        at.claim(&old, 1).await;
        forget(at).await;
        at.register(&new, Some(&old.boot)).await;
        assert_eq!(hints(at, "default").await, 1);
        let counts = at.store.queue(Shard::FIRST, &QueueName::default()).await.expect("an answer");
        assert_eq!(counts.map(|queue| queue.of(Status::Pending)), Some(1));
    })
    .await;
}

#[tokio::test]
async fn a_paused_queue_wakes_nobody_until_it_goes_on() {
    with_store(async |at| {
        let name = QueueName::default();
        let pause = async |paused| {
            let set = SetPaused { queue: &name, paused, by: None };
            at.store.set_paused(Shard::FIRST, &set).await.expect("an answer");
        };
        pause(true).await;
        at.submit_many(3).await;
        assert_eq!(hints(at, "default").await, 0);
        pause(false).await;
        assert_eq!(hints(at, "default").await, 3);
        forget(at).await;
        pause(true).await;
        at.submit_many(100).await;
        pause(false).await;
        assert_eq!(hints(at, "default").await, limits::HINTS_MAX);
        pause(false).await;
        forget(at).await;
        at.store
            .set_paused(Shard::FIRST, &SetPaused { queue: &queue("empty"), paused: true, by: None })
            .await
            .unwrap();
        at.store
            .set_paused(Shard::FIRST, &SetPaused { queue: &queue("empty"), paused: false, by: None })
            .await
            .unwrap();
        assert_eq!(hints(at, "empty").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_change_of_priority_wakes_nobody() {
    with_store(async |at| {
        let ids = at.submit_many(1).await;
        forget(at).await;
        let ask = baton_store::calls::task::Reprioritise {
            tasks: &ids,
            by: None,
            priority: super::task_support::priority(9),
            op: None,
        };
        at.store.reprioritise(Shard::FIRST, &ask).await.expect("an answer");
        assert_eq!(hints(at, "default").await, 0);
    })
    .await;
}

#[tokio::test]
async fn lost_hints_harm_nothing() {
    with_store(async |at| {
        at.submit_many(2).await;
        forget(at).await;
        assert!(!take_hint(at, "default").await);
        assert_eq!(at.claim(&Life::new(1, 1), 2).await.len(), 2);
        // The next that comes is hinted at as ever.
        at.submit_many(1).await;
        assert!(take_hint(at, "default").await);
    })
    .await;
}

#[tokio::test]
async fn a_full_server_still_hints() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let ids = at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        forget(at).await;
        by_hand::<()>(at, "CONFIG SET maxmemory 1").await;
        at.report(&life, ids[0], grant.fence, super::task_support::release()).await;
        assert_eq!(hints(at, "default").await, 1);
        assert!(take_hint(at, "default").await);
        by_hand::<()>(at, "CONFIG SET maxmemory 0").await;
    })
    .await;
}

#[tokio::test]
async fn a_refused_submit_leaves_none() {
    with_store(async |at| {
        crate::hand::make_schema_too_new(at).await;
        let tasks = [at.new_task("noop")];
        let submission = baton_store::calls::task::Submission { tasks: &tasks, by: None, op: None };
        let answer = at.store.submit(&submission).await.expect("an answer");
        let too_new = refused(baton_core::Refusal::SchemaTooNew, "");
        assert_eq!(answer, baton_store::calls::task::SubmitAnswer::Refused(too_new));
        assert_eq!(hints(at, "default").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_wait_is_bounded() {
    with_store(async |at| {
        let wait =
            async |names: &[QueueName]| at.store.wait_for_hint(Shard::FIRST, names, Duration::ZERO).await;
        assert_eq!(wait(&[QueueName::default()]).await.expect("an answer"), None);
        let many: Vec<QueueName> =
            (0..=limits::CLAIM_QUEUES_MAX).map(|at| queue(&format!("q{at}"))).collect();
        assert_eq!(wait(&many[1..]).await.expect("an answer"), None);
        for names in [&many[..], &[]] {
            assert!(matches!(wait(names).await, Err(Error::Invalid { .. })));
        }
    })
    .await;
}
