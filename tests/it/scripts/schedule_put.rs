//! schedule/put: a schedule is made once, and changed by those who know it.

use baton_core::schedule::{Missed, Overlap};
use baton_core::{OpId, Refusal, limits};
use baton_store::calls::schedule::{Begins, PutSchedule, SchedulePut, Template};
use baton_testkit::fixture::START_MS;
use baton_testkit::{kind, queue, with_store};

use super::schedule_support::{EVERY_S, Wish, cron, every, name, read, told};
use crate::hand::{by_hand, changes, make_schema_too_new, refused, score, tick, unchanged};

#[tokio::test]
async fn a_schedule_is_written_with_nothing_that_is_as_usual() {
    with_store(async |at| {
        let (answer, changed) = changes(at, Wish::new("nightly", every(5_000)).put(at)).await;
        assert_eq!(answer, SchedulePut::Created { version: 1, replayed: false });
        let changed: Vec<&str> = changed.lines().filter(|line| !line.contains("digest")).collect();
        assert_eq!(
            changed,
            [
                "+ baton:{0}:meta events \"1\"",
                "+ baton:{0}:schedule:nightly (hash)",
                "+ baton:{0}:schedule:nightly aligned_ms \"1700000000000\"",
                "+ baton:{0}:schedule:nightly created_by \"ada\"",
                "+ baton:{0}:schedule:nightly created_ms \"1700000000000\"",
                "+ baton:{0}:schedule:nightly every_ms \"5000\"",
                "+ baton:{0}:schedule:nightly kind \"report\"",
                "+ baton:{0}:schedule:nightly missed \"once\"",
                "+ baton:{0}:schedule:nightly next_ms \"1700000005000\"",
                "+ baton:{0}:schedule:nightly overlap \"allow\"",
                "+ baton:{0}:schedule:nightly payload \"{}\"",
                "+ baton:{0}:schedule:nightly version \"1\"",
                "+ baton:{0}:schedules (zset)",
                "+ baton:{0}:schedules \"nightly\" 0",
                "+ baton:{0}:schedules:due (zset)",
                "+ baton:{0}:schedules:due \"nightly\" 1700000005000",
            ]
        );
        assert_eq!(told(at).await, ["schedule_put nightly default"]);
    })
    .await;
}

#[tokio::test]
async fn everything_that_it_says_can_be_read_again() {
    with_store(async |at| {
        let task = Template {
            queue: queue("media"),
            priority: baton_core::Priority::new(9).unwrap(),
            timeout_ms: 5_000,
            max_attempts: 2,
            max_crashes: 1,
            backoff: baton_core::Backoff::new(10, 20).unwrap(),
            tags: vec!["a".parse().unwrap(), "b".parse().unwrap()],
            ..Template::new(kind("report.build"), vec![b'7'; 5_000])
        };
        let timing = cron("0 3 * * *", "Europe/Berlin");
        let (missed, overlap) = (Missed::All, Overlap::Skip);
        let wish = Wish { missed, overlap, task: task.clone(), ..Wish::new("nightly", timing.clone()) };
        wish.put(at).await;
        let found = read(at, "nightly").await;
        assert_eq!((found.timing, found.task), (timing.clone(), task));
        assert_eq!((found.missed, found.overlap, found.version), (missed, overlap, 1));
        assert_eq!(found.next_ms, timing.next_after(START_MS));
        assert_eq!(by_hand::<u64>(at, "STRLEN baton:{0}:schedule:nightly:payload").await, 5_000);
    })
    .await;
}

#[tokio::test]
async fn the_same_words_again_are_the_same_schedule_and_others_are_refused() {
    with_store(async |at| {
        let wish = Wish::new("nightly", every(5_000));
        wish.put(at).await;
        at.pass_ms(700);
        let same = SchedulePut::Same { version: 1, replayed: false };
        assert_eq!(unchanged(at, wish.put(at)).await, same);
        let other = Wish { timing: every(6_000), ..wish.clone() };
        let conflict = SchedulePut::Refused(refused(Refusal::Conflict, ""));
        assert_eq!(unchanged(at, other.put(at)).await, conflict);
        let payload = Wish { task: Template::new(kind("report"), *b"{ }"), ..wish };
        assert_eq!(unchanged(at, payload.put(at)).await, conflict);
    })
    .await;
}

#[tokio::test]
async fn a_change_leaves_nothing_of_before_and_names_the_version_that_it_knows() {
    with_store(async |at| {
        let task =
            Template { tags: vec!["a".parse().unwrap()], ..Template::new(kind("report"), vec![b'7'; 99]) };
        Wish { task, ..Wish::new("nightly", cron("0 3 * * *", "UTC")) }.put(at).await;
        at.pass_ms(10);
        let changed = Wish { version: Some(1), ..Wish::new("nightly", every(60_000)) };
        assert_eq!(changed.put(at).await, SchedulePut::Changed { version: 2 });
        let found = read(at, "nightly").await;
        assert_eq!(
            found.timing,
            baton_core::schedule::Timing::Every { every_ms: 60_000, aligned_ms: START_MS + 10 }
        );
        assert_eq!((found.task.tags.len(), found.task.payload.as_slice()), (0, b"{}".as_slice()));
        assert_eq!(by_hand::<u64>(at, "HEXISTS baton:{0}:schedule:nightly zone").await, 0);
        assert_eq!(score(at, "schedules:due", "nightly").await, Some(START_MS + 60_010));
        // The call again, after a lost answer; and somebody who knows an older one.
        let again = SchedulePut::Same { version: 2, replayed: false };
        assert_eq!(unchanged(at, changed.put(at)).await, again);
        let late = Wish { version: Some(1), ..Wish::new("nightly", every(70_000)) };
        assert_eq!(unchanged(at, late.put(at)).await, SchedulePut::Stale { version: 2 });
        let unknown = Wish { version: Some(1), ..Wish::new("weekly", every(70_000)) };
        let answer = unchanged(at, unknown.put(at)).await;
        assert_eq!(answer, SchedulePut::Refused(refused(Refusal::UnknownSchedule, "")));
    })
    .await;
}

#[tokio::test]
async fn a_change_that_is_not_about_times_keeps_them() {
    with_store(async |at| {
        let wish = Wish::new("nightly", every(60_000));
        wish.put(at).await;
        at.pass_ms(30_000);
        let task = Template::new(kind("other"), *b"1");
        let changed = Wish { task, version: Some(1), begins: Some(Begins::AsBefore), ..wish };
        assert_eq!(changed.put(at).await, SchedulePut::Changed { version: 2 });
        let found = read(at, "nightly").await;
        assert_eq!(found.next_ms, Some(START_MS + 60_000));
        assert_eq!(found.timing.next_after(START_MS), Some(START_MS + 60_000));
    })
    .await;
}

#[tokio::test]
async fn the_shard_is_ticked_when_it_is_due() {
    with_store(async |at| {
        assert_eq!(tick(at).await.tick_ms, START_MS + 1_000);
        let soon = Wish { begins: Some(Begins::InMs(300)), ..Wish::new("soon", EVERY_S) };
        soon.put(at).await;
        assert_eq!(by_hand::<u64>(at, "HGET baton:{0}:meta tick_ms").await, START_MS + 300);
        let later = Wish { begins: Some(Begins::InMs(400)), ..Wish::new("later", EVERY_S) };
        later.put(at).await;
        assert_eq!(by_hand::<u64>(at, "HGET baton:{0}:meta tick_ms").await, START_MS + 300);
    })
    .await;
}

#[tokio::test]
async fn an_idempotency_key_is_for_one_request() {
    with_store(async |at| {
        let (at, op) = (&*at, OpId::new("ada:1").unwrap());
        let wish = Wish::new("nightly", every(5_000));
        let put = |every_ms| {
            let (wish, op) = (wish.clone(), op.clone());
            async move {
                let timing = every(every_ms);
                let put = PutSchedule {
                    name: &name("nightly"),
                    timing: &timing,
                    missed: wish.missed,
                    overlap: wish.overlap,
                    task: &wish.task,
                    begins: Begins::InMs(every_ms),
                    version: None,
                    by: None,
                    owner: None,
                    op: Some(&op),
                };
                at.store.put_schedule(&put).await.unwrap()
            }
        };
        assert_eq!(put(5_000).await, SchedulePut::Created { version: 1, replayed: false });
        assert_eq!(unchanged(at, put(5_000)).await, SchedulePut::Created { version: 1, replayed: true });
        let mismatch = SchedulePut::Refused(refused(Refusal::IdempotencyMismatch, ""));
        assert_eq!(unchanged(at, put(6_000)).await, mismatch);
    })
    .await;
}

#[tokio::test]
async fn what_is_beyond_a_limit_is_not_sent() {
    with_store(async |at| {
        for (timing, bytes, timeout_ms) in [
            (every(999), 2, 1_000),
            (EVERY_S, limits::SCHEDULE_PAYLOAD_BYTES_MAX + 1, 1_000),
            (EVERY_S, 2, 1),
        ] {
            let task = Template { timeout_ms, ..Template::new(kind("report"), vec![b'7'; bytes as usize]) };
            let put = PutSchedule {
                name: &name("nightly"),
                timing: &timing,
                missed: Missed::Once,
                overlap: Overlap::Allow,
                task: &task,
                begins: Begins::InMs(1_000),
                version: None,
                by: None,
                owner: None,
                op: None,
            };
            assert!(unchanged(at, at.store.put_schedule(&put)).await.is_err());
        }
    })
    .await;
}

#[tokio::test]
async fn there_are_so_many_and_not_more() {
    with_store(async |at| {
        let text =
            format!("for at = 1, {} do redis.call('ZADD', KEYS[1], 0, 'x' .. at) end", limits::SCHEDULES_MAX);
        let mut eval = deadpool_redis::redis::cmd("EVAL");
        eval.arg(text).arg(1).arg("baton:{0}:schedules");
        eval.query_async::<()>(&mut at.redis.connection().await).await.unwrap();
        let answer = unchanged(at, Wish::new("nightly", EVERY_S).put(at)).await;
        assert_eq!(answer, SchedulePut::Refused(refused(Refusal::Conflict, SchedulePut::LIMIT)));
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let answer = unchanged(at, Wish::new("nightly", EVERY_S).put(at)).await;
        assert_eq!(answer, SchedulePut::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
