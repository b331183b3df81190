//! What becomes of the tasks of a boot when the next one comes, by worker/register or by its first claim.

use baton_core::{LeaseLength, QueueName, Refusal, Shard, Status, TaskId, limits};
use baton_store::calls::task::{Claim, Claimed, Grants, HistoryRead, NewTask, Settled};
use baton_store::calls::worker::{Register, Registered};
use baton_store::history::Entry;
use baton_testkit::{Fixture, Life, with_store};

use crate::hand::{events, field, hold, score, steps, tick};

async fn follow(at: &Fixture, life: &Life, before: &Life) -> u64 {
    match at.register(life, Some(&before.boot)).await {
        Registered::Current { taken_over, .. } => taken_over,
        Registered::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

fn surviving(at: &Fixture, crashes: u64) -> NewTask {
    NewTask { max_crashes: crashes, ..at.new_task("noop") }
}

#[tokio::test]
async fn its_tasks_go_to_the_new_boot_under_new_fences_and_count_a_crash() {
    with_store(async |at| {
        at.submit_many(3).await;
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        let before = at.claim(&first, 3).await;
        at.pass_ms(10);
        assert_eq!(follow(at, &second, &first).await, 3);

        for grant in &before {
            let task = at.read(grant.task).await;
            let run = task.run.unwrap();
            assert_eq!((task.crashes, task.attempt), (1, 0));
            assert_eq!((&run.worker, &run.boot), (&second.worker, &second.boot));
            assert!(run.fence > grant.fence);
            assert_eq!(run.started_ms, at.now_ms());
            let deadline = score(at, "held:worker-001-test:b2", &grant.task.to_string()).await;
            assert_eq!(deadline, Some(run.fence.run_deadline_us(1_800_000)));
            assert_eq!(steps(at, grant.task).await, ["submit", "claim", "takeover"]);
            let late = at.complete(&first, grant).await;
            assert!(matches!(late, Settled::Refused { refusal: Refusal::Fenced, .. }), "{late:?}");
        }
        assert_eq!(score(at, "leases", "worker-001-test:b1").await, None);
        assert!(score(at, "leases", "worker-001-test:b2").await.is_some());
        let takeover: Vec<_> = events(at).await;
        let takeover = takeover.iter().find(|entry| entry.event == "takeover").unwrap();
        assert_eq!((takeover.tasks.len(), &takeover.boot), (3, &Some(second.boot.clone())));
        assert_eq!(takeover.tasks[0].why.as_deref(), Some("from=b1"));

        // It learns of them by its first claim, and may finish them.
        let again = at.claim(&second, 3).await;
        assert!(again.iter().all(|grant| grant.redelivered) && again.len() == 3, "{again:?}");
        for grant in &again {
            let done = at.complete(&second, grant).await;
            assert!(matches!(done, Settled::Now { status: Status::Completed, .. }), "{done:?}");
        }
        assert_eq!(field(at, "queue:default", "running").await, "0");
    })
    .await;
}

async fn last_line(at: &Fixture, task: TaskId) -> Entry {
    match at.store.history(task).await.unwrap() {
        HistoryRead::Entries { mut entries, .. } => entries.pop().unwrap(),
        HistoryRead::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

#[tokio::test]
async fn how_the_old_boot_ended_stands_in_the_histories() {
    with_store(async |at| {
        let ids = at.submit(&[surviving(at, 3), surviving(at, 2)]).await;
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        assert_eq!(at.claim(&first, 2).await.len(), 2);
        let register = Register {
            worker: &second.worker,
            boot: &second.boot,
            expects: Some(&first.boot),
            lease: LeaseLength::default(),
            about: &[("ended", "signal 9")],
        };
        let answer = at.store.register(Shard::FIRST, &register).await.unwrap();
        assert!(matches!(answer, Registered::Current { taken_over: 1, .. }), "{answer:?}");
        for (id, step) in [(ids[0], "takeover"), (ids[1], "reclaim")] {
            let last = last_line(at, id).await;
            assert_eq!(last.step, step);
            assert!(last.detail.ends_with(" why=signal 9"), "{}", last.detail);
        }
        let whys: Vec<_> =
            events(at).await.into_iter().flat_map(|entry| entry.tasks).filter_map(|task| task.why).collect();
        assert_eq!(whys, ["from=b1 signal 9", "signal 9"]);
    })
    .await;
}

#[tokio::test]
async fn a_full_holder_is_taken_over_in_one_step() {
    with_store(async |at| {
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        hold(at, &first, limits::HELD_TASKS_MAX).await;
        assert_eq!(follow(at, &second, &first).await, limits::HELD_TASKS_MAX);
    })
    .await;
}

#[tokio::test]
async fn a_task_with_one_life_left_goes_back_to_its_queue() {
    with_store(async |at| {
        let ids = at.submit(&[surviving(at, 2), surviving(at, 3)]).await;
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        let grants = at.claim(&first, 2).await;
        assert_eq!(grants.len(), 2);
        assert_eq!(follow(at, &second, &first).await, 1);
        let last = at.read(ids[0]).await;
        assert_eq!((last.status(), last.crashes), (Status::Pending, 1));
        assert_eq!(at.read(ids[1]).await.status(), Status::Running);
        assert_eq!(steps(at, ids[0]).await, ["submit", "claim", "reclaim"]);
    })
    .await;
}

#[tokio::test]
async fn a_crash_suffered_alone_on_the_last_life_is_poison() {
    with_store(async |at| {
        let ids = at.submit(&[surviving(at, 1)]).await;
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        assert_eq!(at.claim(&first, 5).await.len(), 1);
        assert_eq!(follow(at, &second, &first).await, 0);
        let task = at.read(ids[0]).await;
        assert_eq!((task.status(), task.crashes), (Status::Failed, 1));
        assert_eq!((task.reason.as_deref(), task.attempt), (Some("poison"), 0));
    })
    .await;
}

#[tokio::test]
async fn only_what_was_not_reaped_yet_is_taken_over() {
    with_store(async |at| {
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        hold(at, &first, limits::REAP_TASKS_MAX + 20).await;
        at.pass_ms(30_000);
        assert_eq!(tick(at).await.reaped, limits::REAP_TASKS_MAX);
        assert_eq!(follow(at, &second, &first).await, 20);
        at.pass_ms(1_000);
        assert_eq!(tick(at).await.reaped, 0);
    })
    .await;
}

async fn claim_as_new(at: &Fixture, life: &Life, expects: Option<&Life>, max: u64) -> Grants {
    let claim = Claim {
        worker: &life.worker,
        boot: &life.boot,
        expects: expects.map(|life| &life.boot),
        lease: Default::default(),
        queues: &[QueueName::default()],
        in_order: false,
        max,
        only: None,
        holding: &[],
    };
    match at.store.claim(Shard::FIRST, &claim).await.expect("an answer") {
        Claimed::Tasks(grants) => grants,
        Claimed::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

#[tokio::test]
async fn the_first_claim_of_a_boot_takes_over_and_delivers_that_first() {
    with_store(async |at| {
        let ids = at.submit_many(4).await;
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        at.claim(&first, 2).await;
        let grants = claim_as_new(at, &second, Some(&first), 3).await.tasks;
        let given: Vec<_> = grants.iter().map(|grant| (grant.task, grant.redelivered)).collect();
        assert_eq!(given, [(ids[0], true), (ids[1], true), (ids[2], false)]);
        assert!(grants.iter().all(|grant| grant.fence.0 > 0));
    })
    .await;
}

#[tokio::test]
async fn a_boot_that_takes_over_gets_no_last_life_beside_it() {
    with_store(async |at| {
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        at.submit_many(2).await;
        at.claim(&first, 2).await;
        let last = at.submit(&[surviving(at, 1)]).await[0];
        let grants = claim_as_new(at, &second, Some(&first), 10).await;
        assert!(grants.tasks.iter().all(|grant| grant.task != last), "{grants:?}");
        assert!(grants.solo_waiting);
    })
    .await;
}

#[tokio::test]
async fn a_boot_that_takes_over_holds_no_more_than_a_holder_may() {
    with_store(async |at| {
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        hold(at, &first, limits::HELD_TASKS_MAX).await;
        at.submit_many(10).await;
        claim_as_new(at, &second, Some(&first), 100).await;
        let held: u64 = crate::hand::by_hand(at, "ZCARD baton:{0}:held:worker-001-test:b2").await;
        assert_eq!(held, limits::HELD_TASKS_MAX);
    })
    .await;
}

/// E12b: whoever holds the poison dies, and is started again under the same id.
#[tokio::test]
async fn a_poison_task_does_not_poison_its_neighbours() {
    with_store(async |at| {
        let ids = at.submit_many(50).await;
        let poison = ids[17];
        let mut boot = 1;
        let mut life = Life::new(1, boot);
        at.register(&life, None).await;
        let mut rounds = 0;
        while ended(at, &ids).await < ids.len() {
            rounds += 1;
            assert!(rounds < 200, "it does not come to an end");
            let grants = at.claim(&life, 50).await;
            if grants.iter().any(|grant| grant.task == poison) {
                boot += 1;
                let next = Life::new(1, boot);
                follow(at, &next, &life).await;
                life = next;
            } else {
                for grant in &grants {
                    at.complete(&life, grant).await;
                }
            }
        }
        for id in ids {
            let task = at.read(id).await;
            let expected = if id == poison { Status::Failed } else { Status::Completed };
            assert_eq!(task.status(), expected, "{id}");
        }
        assert_eq!(at.read(poison).await.reason.as_deref(), Some("poison"));
        assert_eq!(boot, 4, "three crashes, the last of them alone");
    })
    .await;
}

async fn ended(at: &Fixture, ids: &[baton_core::TaskId]) -> usize {
    let tasks = at.store.read_tasks(Shard::FIRST, ids, false).await.expect("an answer");
    tasks.iter().flatten().filter(|task| task.status().is_terminal()).count()
}
