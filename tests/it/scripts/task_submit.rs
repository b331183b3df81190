//! `task/submit`: what is stored, and what is refused before it is sent.

use baton_core::{
    Backoff, DedupeKey, GroupName, Kind, OpId, Principal, QueueName, Refusal, Shard, Status, Tag, TaskId,
    limits,
};
use baton_store::State;
use baton_store::calls::task::{NewTask, Submission, SubmitAnswer, Submitted};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, Life, kind, queue, with_store};

use super::task_support::*;

/// What becomes of each of these tasks; the call itself must not be refused or replayed.
pub(super) async fn submit(at: &Fixture, tasks: &[NewTask]) -> Vec<Submitted> {
    match try_submit(at, tasks, None).await.expect("an answer") {
        SubmitAnswer::Tasks { each, replayed: false } => each,
        other => panic!("not carried out: {other:?}"),
    }
}

pub(super) async fn try_submit(
    at: &Fixture,
    tasks: &[NewTask],
    op: Option<OpId>,
) -> Result<SubmitAnswer, baton_store::Error> {
    let submission = Submission { tasks, by: Some(principal()), op };
    at.store.submit(&submission).await
}

#[tokio::test]
async fn every_field_comes_back_as_it_was_given() {
    with_store(async |at| {
        let tag = |number| Tag::new(&format!("{:x<60}:{number:02}", "tag")).expect("a tag");
        let task = NewTask {
            queue: queue("media.render:4k_-"),
            payload: hostile_bytes(),
            priority: priority(0),
            run_at_ms: Some(START_MS + 1),
            timeout_ms: limits::TIMEOUT_MS_MAX,
            max_attempts: limits::MAX_ATTEMPTS_MAX,
            max_crashes: limits::MAX_CRASHES_MAX,
            backoff: Backoff::new(7, limits::BACKOFF_CAP_MS_MAX).expect("a backoff"),
            tags: (0..limits::TAGS_MAX).map(tag).collect(),
            traceparent: Some("x".repeat(64)),
            ..with_key(at.new_task(&"k".repeat(128)), &"key:".repeat(32))
        };
        let each = submit(at, std::slice::from_ref(&task)).await;
        assert!(
            matches!(&each[..], [Submitted::Created { id, status: Status::Scheduled, version }]
                if *id == task.id && version.0 == 1),
            "{each:?}"
        );
        let read = at.read(task.id).await;
        assert_eq!((&read.kind, &read.queue, read.priority), (&task.kind, &task.queue, task.priority));
        assert_eq!(read.state, State::Scheduled { run_at_ms: START_MS + 1 });
        assert_eq!(
            (read.created_ms, read.pending_ms, read.attempt, read.crashes),
            (START_MS, START_MS, 0, 0)
        );
        assert_eq!((read.timeout_ms, read.max_attempts), (task.timeout_ms, task.max_attempts));
        assert_eq!((read.max_crashes, &read.key), (task.max_crashes, &task.key));
        assert_eq!((&read.tags, &read.traceparent), (&task.tags, &task.traceparent));
        assert_eq!((read.submitted_by, read.run), (Some(principal()), None));
        assert_eq!(read.payload.as_ref(), Some(&task.payload));
    })
    .await;
}

#[tokio::test]
async fn what_equals_the_default_is_not_stored() {
    with_store(async |at| {
        let id = at.submit_many(1).await[0];
        let shard = at.snapshot().await.to_string();
        for field in
            ["priority", "timeout_ms", "max_attempts", "max_crashes", "backoff_ms", "attempt", "queue "]
        {
            assert!(!shard.contains(field), "{field} in\n{shard}");
        }
        let read = at.read(id).await;
        assert_eq!((read.max_attempts, read.max_crashes), (5, 3));
        assert_eq!((read.timeout_ms, read.priority.get()), (1_800_000, 5));
        assert_eq!(read.queue, QueueName::default());
    })
    .await;
}

#[tokio::test]
async fn payloads_come_back_byte_for_byte_at_every_length() {
    with_store(async |at| {
        for length in [0, 1, 64, 65, 16_384, limits::PAYLOAD_BYTES_MAX as usize] {
            let payload: Vec<u8> = (0..length).map(|at| (at * 7) as u8).collect();
            let task = NewTask { payload: payload.clone(), ..at.new_task("noop") };
            let id = at.submit(&[task]).await[0];
            let read = at.read(id).await.payload.unwrap_or_default();
            assert!(read == payload, "{length} bytes came back otherwise");
        }
        let over =
            NewTask { payload: vec![0; limits::PAYLOAD_BYTES_MAX as usize + 1], ..at.new_task("noop") };
        refused_unsent(at, &[over]).await;
    })
    .await;
}

async fn refused_unsent(at: &Fixture, tasks: &[NewTask]) {
    invalid(refuses_unchanged(at, async || try_submit(at, tasks, None).await).await);
}

#[tokio::test]
async fn numbers_out_of_their_bounds_are_refused_before_they_are_sent() {
    with_store(async |at| {
        type Change = fn(&mut NewTask, u64);
        let bounds: [(Change, u64, u64); 3] = [
            (|task, value| task.timeout_ms = value, 1_000, 86_400_000),
            (|task, value| task.max_attempts = value, 1, 1_000),
            (|task, value| task.max_crashes = value, 1, 100),
        ];
        for (change, min, max) in bounds {
            let with = |value| {
                let mut task = at.new_task("noop");
                change(&mut task, value);
                task
            };
            for wrong in [min - 1, max + 1, (1 << 53) + 1, u64::MAX] {
                refused_unsent(at, &[with(wrong)]).await;
            }
            at.submit(&[with(min), with(max)]).await;
        }
        let with = |run_at_ms| NewTask { run_at_ms: Some(run_at_ms), ..at.new_task("noop") };
        for wrong in [(1 << 53) - 1, 1 << 53, (1 << 53) + 1, 253_402_300_800_000, u64::MAX] {
            refused_unsent(at, &[with(wrong)]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_past_means_now() {
    with_store(async |at| {
        for (run_at_ms, expected) in [
            (0, Status::Pending),
            (START_MS - 1, Status::Pending),
            (START_MS, Status::Pending),
            (START_MS + 1, Status::Scheduled),
        ] {
            let task = NewTask { run_at_ms: Some(run_at_ms), ..at.new_task("noop") };
            let id = at.submit(&[task]).await[0];
            assert_eq!(at.read(id).await.status(), expected);
        }
    })
    .await;
}

#[tokio::test]
async fn a_delay_counts_from_the_time_of_redis_and_a_repeat_may_come_later() {
    with_store(async |at| {
        let later = |delay_ms| NewTask { delay_ms: Some(delay_ms), ..at.new_task("noop") };
        let ids = at.submit(&[later(0), later(5_000)]).await;
        assert_eq!(at.read(ids[0]).await.status(), Status::Pending);
        assert_eq!(at.read(ids[1]).await.state, State::Scheduled { run_at_ms: START_MS + 5_000 });
        refused_unsent(at, &[NewTask { run_at_ms: Some(START_MS), ..later(1) }]).await;
        refused_unsent(at, &[later(limits::DELAY_MS_MAX + 1)]).await;
        let op = OpId::new("again").ok();
        let first = [later(7_000)];
        let made = at.store.submit(&Submission { tasks: &first, by: None, op: op.clone() }).await.unwrap();
        at.pass_ms(3_000);
        let again = at.store.submit(&Submission { tasks: &[later(7_000)], by: None, op }).await.unwrap();
        let SubmitAnswer::Tasks { each, replayed: false } = made else { panic!("{made:?}") };
        assert_eq!(again, SubmitAnswer::Tasks { each, replayed: true });
    })
    .await;
}

#[tokio::test]
async fn a_call_takes_so_many_tasks_and_so_many_bytes_at_most() {
    with_store(async |at| {
        let many = |count| -> Vec<NewTask> { (0..count).map(|_| at.new_task("noop")).collect() };
        let count = limits::SUBMIT_TASKS_MAX;
        assert_eq!(at.submit(&many(count)).await.len() as u64, count);
        refused_unsent(at, &many(count + 1)).await;
        refused_unsent(at, &[]).await;
        // As many of the largest as fit, and one that fills what is left to the byte.
        let (full, left) = (
            limits::CALL_BYTES_MAX / limits::PAYLOAD_BYTES_MAX,
            (limits::CALL_BYTES_MAX % limits::PAYLOAD_BYTES_MAX) as usize,
        );
        let last = full as usize;
        let heavy = |more: usize| {
            let mut heavy = many(full + 1);
            for task in &mut heavy[..last] {
                task.payload = vec![1; limits::PAYLOAD_BYTES_MAX as usize];
            }
            heavy[last].payload = vec![1; left + more];
            heavy
        };
        refused_unsent(at, &heavy(1)).await;
        assert_eq!(at.submit(&heavy(0)).await.len(), last + 1);
        let tag = |number| Tag::new(&format!("tag-{number}")).expect("a tag");
        let tagged = |count| NewTask { tags: (0..count).map(tag).collect(), ..at.new_task("noop") };
        refused_unsent(at, &[tagged(limits::TAGS_MAX + 1)]).await;
        at.submit(&[tagged(limits::TAGS_MAX)]).await;
        // Tags and groups weigh.
        let group = Some(GroupName::new("acme").expect("a group"));
        let laden = |_| NewTask { group: group.clone(), ..tagged(limits::TAGS_MAX) };
        let most = limits::SUBMIT_TASKS_MAX / laden(0).weight();
        let laden = |count| (0..count).map(laden).collect::<Vec<_>>();
        refused_unsent(at, &laden(most + 1)).await;
        at.submit(&laden(most)).await;
        let foreign = NewTask::new(at.store.draw(Shard::new(1).expect("a shard")), kind("noop"), *b"");
        refused_unsent(at, &[at.new_task("noop"), foreign.clone()]).await;
        refused_unsent(at, &[foreign]).await;
    })
    .await;
}

#[tokio::test]
async fn hostile_names_do_not_get_past_their_types() {
    let long = "x".repeat(4096);
    for hostile in ["", "{0}", "a}b", "a\nb", "a\0b", "a b", "../x", "a,b", "*", "\u{202e}x", &long] {
        assert!(QueueName::new(hostile).is_err(), "{hostile:?}");
        assert!(Kind::new(hostile).is_err(), "{hostile:?}");
        assert!(DedupeKey::new(hostile).is_err(), "{hostile:?}");
        assert!(Tag::new(hostile).is_err(), "{hostile:?}");
        assert!(Principal::new(hostile).is_err(), "{hostile:?}");
        assert!(OpId::new(hostile).is_err(), "{hostile:?}");
        assert!(hostile.parse::<TaskId>().is_err(), "{hostile:?}");
    }
    with_store(async |at| {
        for hostile in ["a b", "a\nb", "a\0b", "é", &"x".repeat(65)] {
            let task = NewTask { traceparent: Some(hostile.to_owned()), ..at.new_task("noop") };
            refused_unsent(at, &[task]).await;
        }
    })
    .await;
}

/// A name that is taken must be told from the keys of other queues; one that cannot be is refused.
#[tokio::test]
async fn no_queue_name_reaches_into_the_keys_of_another_queue() {
    with_store(async |at| {
        at.submit(&[with_key(at.new_task("noop"), "pending")]).await;
        let life = Life::new(1, 1);
        for name in ["key", "pending", "running", "default:", "default:keys", "key:default", "completed:a"] {
            let name = queue(name);
            let task = NewTask { queue: name.clone(), ..with_key(at.new_task("noop"), "key:pending") };
            at.submit(&[task]).await;
            let grant = Ask::new(&life, 1).queues(&[name]).send(at).await.tasks.remove(0);
            settle(at, &life, &grant, release()).await;
        }
        for last in ["pending", "completed", "cancelled", "key", "key:pending", "key:b", "a:failed"] {
            assert!(QueueName::new(&format!("default:{last}")).is_err(), "{last}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_same_id_again_is_the_same_task() {
    with_store(async |at| {
        let first = with_key(at.new_task("noop"), "k");
        submit(at, std::slice::from_ref(&first)).await;
        let other = NewTask {
            payload: b"another".to_vec(),
            ..first.clone()
        };
        for again in [&first, &other] {
            let answer = refuses_unchanged(at, async || submit(at, std::slice::from_ref(again)).await).await;
            assert!(
                matches!(answer[..], [Submitted::Existing { id, status: Status::Pending, .. }] if id == first.id),
                "{answer:?}"
            );
        }
        let grant = at.claim(&Life::new(1, 1), 1).await.remove(0);
        settle(at, &Life::new(1, 1), &grant, done_with(b"")).await;
        let late = submit(at, std::slice::from_ref(&first)).await;
        assert!(
            matches!(late[..], [Submitted::Existing { status: Status::Completed, version, .. }] if version.0 == 3),
            "{late:?}"
        );
        // Twice within one call.
        let twice = at.new_task("noop");
        let each = submit(at, &[twice.clone(), twice]).await;
        assert!(
            matches!(each[..], [Submitted::Created { .. }, Submitted::Existing { .. }]),
            "{each:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_shard_of_a_newer_release_takes_no_task() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let tasks = [at.new_task("noop")];
        let answer = refuses_unchanged(at, async || try_submit(at, &tasks, None).await).await;
        match answer.expect("an answer") {
            SubmitAnswer::Refused(refused) => assert_eq!(refused.refusal, Refusal::SchemaTooNew),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}
