//! `task/claim`: who gets what, in which order, and how much of it.

use baton_core::{Boot, LeaseLength, Refusal, Shard, Status, limits};
use baton_store::calls::queue::SetPaused;
use baton_store::calls::task::{Claim, Claimed, Grant, NewTask};
use baton_store::{Run, State};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, Life, queue, with_store};

use super::task_support::*;

#[tokio::test]
async fn a_claim_grants_all_that_a_worker_needs_to_run_a_task() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let task = NewTask {
            queue: queue("media"),
            payload: hostile_bytes(),
            priority: priority(9),
            timeout_ms: 5_000,
            max_attempts: 7,
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
            ..at.new_task("render")
        };
        let id = at.submit(std::slice::from_ref(&task)).await[0];
        let grants = Ask::new(&life, 5).queues(&[queue("media")]).send(at).await;
        assert_eq!((grants.lease.ms(), grants.solo_waiting), (limits::LEASE_MS, false));
        let grant = &grants.tasks[0];
        assert_eq!((grant.task, &grant.kind, &grant.queue), (id, &task.kind, &task.queue));
        assert_eq!(grant.payload, task.payload);
        assert_eq!((grant.attempt, grant.max_attempts, grant.crashes), (0, 7, 0));
        assert_eq!((grant.timeout_ms, grant.priority), (5_000, priority(9)));
        assert_eq!(grant.traceparent, task.traceparent);
        assert!(!grant.redelivered);
        // Sixteen digits, and none of them lost on the way through Lua.
        assert_eq!(grant.fence.0, START_MS * 1_000);
        let read = at.read(id).await;
        assert_eq!(read.state, State::Running { progress: None });
        let run = Run {
            worker: life.worker.clone(),
            boot: life.boot.clone(),
            fence: grant.fence,
            started_ms: START_MS,
        };
        assert_eq!((read.run, read.version.0), (Some(run), 2));
    })
    .await;
}

#[tokio::test]
async fn priority_is_strict_across_queues_and_age_decides_within_it() {
    with_store(async |at| {
        let places = [("a", 5), ("b", 5), ("a", 9), ("b", 0), ("b", 9), ("a", 5)];
        let mut made = Vec::new();
        for (name, level) in places {
            let task = NewTask { queue: queue(name), priority: priority(level), ..at.new_task("noop") };
            made.push(at.submit(&[task]).await[0]);
            at.pass_ms(1);
        }
        let life = Life::new(1, 1);
        let ask = Ask::new(&life, 4).queues(&[queue("a"), queue("b")]);
        let first = ask.send(at).await.tasks;
        assert_eq!(ids(&first), [made[2], made[4], made[0], made[1]]);
        let rest = ask.holding(&first).send(at).await.tasks;
        assert_eq!(ids(&rest), [made[5], made[3]]);
    })
    .await;
}

#[tokio::test]
async fn tasks_of_one_moment_go_by_their_ids() {
    with_store(async |at| {
        let made = at.submit_many(20).await;
        let granted = at.claim(&Life::new(1, 1), 20).await;
        assert_eq!(ids(&granted), made);
    })
    .await;
}

#[tokio::test]
async fn a_queue_named_twice_gives_each_task_once() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        let twice = [queue("default"), queue("default")];
        let granted = Ask::new(&Life::new(1, 1), 5).queues(&twice).send(at).await;
        assert_eq!(ids(&granted.tasks), made);
    })
    .await;
}

#[tokio::test]
async fn a_paused_queue_gives_nothing_and_others_go_on() {
    with_store(async |at| {
        let paused = at.submit_many(1).await;
        let other = NewTask { queue: queue("other"), ..at.new_task("noop") };
        let other = at.submit(&[other]).await;
        pause(at, true).await;
        let ask = Ask::new(&Life::new(1, 1), 5).queues(&[queue("default"), queue("other")]);
        let first = ask.send(at).await.tasks;
        assert_eq!(ids(&first), other);
        pause(at, false).await;
        assert_eq!(ids(&ask.holding(&first).send(at).await.tasks), paused);
    })
    .await;
}

pub(super) async fn pause(at: &Fixture, paused: bool) {
    let set = SetPaused { queue: &queue("default"), paused, by: None };
    at.store.set_paused(Shard::FIRST, &set).await.expect("an answer");
}

#[tokio::test]
async fn a_claim_asks_for_no_more_than_its_limits() {
    with_store(async |at| {
        submit_in_calls(at, limits::CLAIM_TASKS_MAX + 1).await;
        let life = Life::new(1, 1);
        let over = Ask::new(&life, limits::CLAIM_TASKS_MAX + 1);
        invalid(refuses_unchanged(at, async || over.try_send(at).await).await);
        invalid(Ask::new(&life, u64::MAX).try_send(at).await);
        let names: Vec<_> =
            (0..=limits::CLAIM_QUEUES_MAX).map(|number| queue(&format!("q{number}"))).collect();
        invalid(Ask::new(&life, 1).queues(&names).try_send(at).await);
        assert!(Ask::new(&life, 1).queues(&names[1..]).send(at).await.tasks.is_empty());
        assert_eq!(Ask::new(&life, 0).queues(&[]).send(at).await.tasks.len(), 0);
        let all = Ask::new(&life, limits::CLAIM_TASKS_MAX).send(at).await.tasks;
        assert_eq!(all.len() as u64, limits::CLAIM_TASKS_MAX);
    })
    .await;
}

#[tokio::test]
async fn a_holder_never_holds_more_than_a_takeover_can_move() {
    with_store(async |at| {
        submit_in_calls(at, limits::HELD_TASKS_MAX + 10).await;
        let life = Life::new(1, 1);
        let mut held: Vec<Grant> = Vec::new();
        // Every claim asks for as much as it may; the last gets what there is room for, and one more gets nothing.
        loop {
            let more = Ask::new(&life, limits::CLAIM_TASKS_MAX).holding(&held).send(at).await.tasks;
            let room = limits::HELD_TASKS_MAX - held.len() as u64;
            assert_eq!(more.len() as u64, room.min(limits::CLAIM_TASKS_MAX));
            if more.is_empty() {
                break;
            }
            held.extend(more);
        }
        assert_eq!(held.len() as u64, limits::HELD_TASKS_MAX);
        settle(at, &life, &held[0], release()).await;
        let next = Ask::new(&life, limits::CLAIM_TASKS_MAX).holding(&held[1..]).send(at).await.tasks;
        assert_eq!(next.len(), 1);
        let too_many = Ask::new(&life, 0).holding(&[&held[..], &next[..]].concat());
        invalid(too_many.try_send(at).await);
    })
    .await;
}

#[tokio::test]
async fn the_payloads_of_one_answer_are_bounded_and_byte_exact() {
    with_store(async |at| {
        // Three of these stay below the bound, the fourth passes it; the largest come up to it together.
        let part = limits::CALL_BYTES_MAX / 4 + 1;
        let largest = limits::PAYLOAD_BYTES_MAX;
        let full = limits::CALL_BYTES_MAX.div_ceil(largest) as usize;
        let sizes = [vec![part, part, part, largest], vec![largest; full], vec![part; 4], vec![part]];
        let mut sent = Vec::new();
        for (number, size) in sizes.iter().flatten().enumerate() {
            let mut payload = vec![number as u8; *size as usize];
            payload[..3].copy_from_slice(&[0, 0xff, b'\n']);
            let task = NewTask { payload: payload.clone(), ..at.new_task("noop") };
            sent.push(payload);
            at.submit(&[task]).await;
        }
        let life = Life::new(1, 1);
        let mut held: Vec<Grant> = Vec::new();
        for expected in &sizes {
            let lost = Ask::new(&life, 10).holding(&held).send(at).await.tasks;
            let lengths: Vec<u64> = lost.iter().map(|grant| grant.payload.len() as u64).collect();
            assert_eq!(&lengths, expected);
            assert!(lengths.iter().sum::<u64>() < limits::CALL_BYTES_MAX + largest);
            // The lost answer comes again within the same bound, and nothing beside it that would pass it.
            let again = Ask::new(&life, 10).holding(&held).send(at).await.tasks;
            assert_eq!(ids(&again), ids(&lost));
            assert!(again.iter().all(|grant| grant.redelivered));
            held.extend(again);
        }
        let got: Vec<_> = held.iter().map(|grant| grant.payload.clone()).collect();
        assert!(got == sent, "a payload has changed on its way");
        // One who has forgotten all of it gets it back in the same pieces.
        let mut known = 0;
        for expected in &sizes {
            let again = Ask::new(&life, 0).holding(&held[..known]).send(at).await.tasks;
            assert_eq!(ids(&again), ids(&held[known..known + expected.len()]));
            known += expected.len();
        }
    })
    .await;
}

#[tokio::test]
async fn an_empty_payload_is_granted_empty() {
    with_store(async |at| {
        let task = NewTask { payload: Vec::new(), ..at.new_task("noop") };
        at.submit(&[task]).await;
        assert!(at.claim(&Life::new(1, 1), 1).await[0].payload.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_task_with_open_parents_is_put_back_and_the_next_is_given() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        for blocked in &made[..2] {
            open_edge(at, *blocked).await;
            open_edge(at, *blocked).await;
        }
        // Two are passed over, and the claim looks behind them.
        let granted = at.claim(&Life::new(1, 1), 1).await;
        assert_eq!(ids(&granted), made[2..]);
        for blocked in &made[..2] {
            let read = at.read(*blocked).await;
            assert_eq!(read.state, State::Blocked { run_at_ms: None });
            assert_eq!(read.family.open_parents, 2);
        }
        assert_eq!(listed(at, &queue("default"), Status::Blocked).await, made[..2]);
    })
    .await;
}

#[tokio::test]
async fn fences_rise_whatever_the_clock_does() {
    with_store(async |at| {
        at.submit_many(1).await;
        let life = Life::new(1, 1);
        let mut last = 0;
        for step in [0, -3_600_000, 0, 1] {
            at.pass_ms(step);
            let grant = at.claim(&life, 1).await.remove(0);
            assert!(grant.fence.0 > last, "{} after {last}", grant.fence);
            last = grant.fence.0;
            settle(at, &life, &grant, release()).await;
        }
        assert_eq!(last, START_MS * 1_000 + 3);
    })
    .await;
}

#[tokio::test]
async fn a_boot_never_seen_must_name_the_one_it_follows() {
    with_store(async |at| {
        at.submit_many(1).await;
        let (old, new) = (Life::new(1, 1), Life::new(1, 2));
        let ahead = Ask::new(&old, 1).expects(&new.boot).refused(at).await;
        assert_eq!(ahead, (Refusal::Conflict, None));
        at.claim(&old, 0).await;
        let conflict = (Refusal::Conflict, Some(old.boot.to_string()));
        assert_eq!(Ask::new(&new, 1).refused(at).await, conflict);
        let wrong = Boot::new("b9").expect("a boot");
        assert_eq!(Ask::new(&new, 1).expects(&wrong).refused(at).await, conflict);
        let granted = Ask::new(&new, 1).expects(&old.boot).send(at).await;
        assert_eq!(granted.tasks.len(), 1);
        assert_eq!(Ask::new(&old, 1).refused(at).await, (Refusal::Superseded, None));
    })
    .await;
}

#[tokio::test]
async fn a_claim_of_a_new_boot_hands_over_what_the_old_one_held() {
    with_store(async |at| {
        at.submit_many(3).await;
        let (old, new) = (Life::new(1, 1), Life::new(1, 2));
        let before = at.claim(&old, 2).await;
        let after = Ask::new(&new, 3).expects(&old.boot).send(at).await.tasks;
        // What was taken over is held without being known, so it comes first.
        assert_eq!(ids(&after)[..2], ids(&before)[..]);
        assert!(after[0].redelivered && after[1].redelivered && !after[2].redelivered);
        assert!(after[0].fence > before[0].fence && after[0].crashes == 1);
        assert_eq!(settle_refused(at, &old, &before[0], done_with(b"")).await, Refusal::Fenced);
        settle(at, &new, &after[0], done_with(b"")).await;
    })
    .await;
}

#[tokio::test]
async fn the_lease_of_a_boot_is_fixed_by_its_first_call() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        for (asked, expected) in [(1_000, 1_000), (3_600_000, 1_000)] {
            let claim = Claim {
                worker: &life.worker,
                boot: &life.boot,
                expects: None,
                lease: LeaseLength::from_ms(asked).expect("a lease"),
                queues: &[],
                in_order: false,
                max: 0,
                only: None,
                holding: &[],
            };
            match at.store.claim(Shard::FIRST, &claim).await.expect("an answer") {
                Claimed::Tasks(grants) => assert_eq!(grants.lease.ms(), expected),
                Claimed::Refused(refused) => panic!("refused: {refused:?}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_shard_of_a_newer_release_grants_nothing() {
    with_store(async |at| {
        at.submit_many(1).await;
        make_schema_too_new(at).await;
        let refused = Ask::new(&Life::new(1, 1), 1).refused(at).await;
        assert_eq!(refused, (Refusal::SchemaTooNew, None));
    })
    .await;
}
