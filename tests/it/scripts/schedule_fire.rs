//! schedule/fire: what is due gets its tasks once, whoever sees to it.

use baton_core::schedule::{Missed, Overlap, Plan, Timing};
use baton_core::{Principal, Refusal, Shard, Status, limits};
use baton_store::calls::schedule::{Due, Fire, Fired, SchedulePaused, Template, Verdict};
use baton_store::calls::shard::Ticked;
use baton_store::ticker::Fires;
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, Life, kind, queue, with_store};

use super::schedule_support::{EVERY_S, Wish, cron, every, fire_due, made, name, read, told};
use crate::hand::{by_hand, make_schema_too_new, refused, score, seasoned, tick, unchanged};

/// As a ticker that has read the schedule would call it.
async fn due(at: &Fixture) -> Due {
    at.store.due_schedules(Shard::FIRST, 1).await.unwrap().due.remove(0).unwrap()
}

async fn check(at: &Fixture, due: &Due, times: &[u64], next_ms: Option<u64>) -> Fired {
    let plan = Plan { due: times.to_vec(), skipped: 0, next_ms };
    at.store.fire_schedule(&Fire { due, plan: &plan, verdict: Verdict::Unjudged }).await.expect("an answer")
}

fn schedules_due(ticked: Ticked) -> bool {
    matches!(ticked, Ticked::Worked { schedules: true, .. })
}

#[tokio::test]
async fn a_task_is_made_as_the_schedule_says_and_can_be_traced_to_it() {
    with_store(async |at| {
        let task = Template {
            queue: queue("media"),
            max_attempts: 2,
            tags: vec!["nightly".parse().unwrap()],
            ..Template::new(kind("report.build"), vec![b'7'; 100])
        };
        Wish { task, ..Wish::new("nightly", every(5_000)) }.put(at).await;
        at.pass_ms(5_000);
        assert_eq!(fire_due(at).await, Fires { made: 1, ..Fires::default() });
        let ids = made(at).await;
        let task = at.store.read_tasks(Shard::FIRST, &ids, true).await.unwrap().remove(0).unwrap();
        assert_eq!((task.status(), task.queue.as_str(), task.max_attempts), (Status::Pending, "media", 2));
        assert_eq!((task.kind.as_str(), task.payload), ("report.build", Some(vec![b'7'; 100])));
        assert_eq!(task.submitted_by, Some(Principal::new("schedule:nightly").unwrap()));
        assert_eq!(task.tags.len(), 1);
        let found = read(at, "nightly").await;
        assert_eq!((found.fired, found.skipped, found.version), (1, 0, 1));
        assert_eq!((found.last_task, found.last_due_ms), (Some(ids[0]), Some(START_MS + 5_000)));
        assert_eq!((found.last_fired_ms, found.next_ms), (Some(START_MS + 5_000), Some(START_MS + 10_000)));
        assert_eq!(
            told(at).await,
            [
                "schedule_put nightly media",
                &format!("schedule_fire nightly media made=1 skipped=0 due={}", START_MS + 5_000)
            ]
        );
        assert_eq!(score(at, "queues", "media").await, Some(START_MS + 5_000));
    })
    .await;
}

#[tokio::test]
async fn its_tasks_are_run_like_any_other() {
    with_store(async |at| {
        Wish::new("nightly", EVERY_S).put(at).await;
        at.pass_ms(1_000);
        fire_due(at).await;
        let life = Life::new(1, 1);
        let grant = at.claim(&life, 1).await.remove(0);
        at.complete(&life, &grant).await;
        assert_eq!(at.read(grant.task).await.status(), Status::Completed);
    })
    .await;
}

#[tokio::test]
async fn a_second_caller_finds_it_done() {
    with_store(async |at| {
        Wish::new("nightly", EVERY_S).put(at).await;
        at.pass_ms(1_000);
        let due = due(at).await;
        let times = [START_MS + 1_000];
        let done = Fired::Done { made: 1, skipped: 0 };
        assert_eq!(check(at, &due, &times, Some(START_MS + 2_000)).await, done);
        assert_eq!(unchanged(at, check(at, &due, &times, Some(START_MS + 2_000))).await, Fired::Stale);
        assert_eq!(made(at).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn who_read_it_before_a_change_does_nothing() {
    with_store(async |at| {
        let wish = Wish::new("nightly", EVERY_S);
        wish.put(at).await;
        at.pass_ms(1_000);
        let seen = due(at).await;
        Wish {
            version: Some(1),
            begins: Some(baton_store::calls::schedule::Begins::AsBefore),
            task: Template::new(kind("b"), *b"1"),
            ..wish
        }
        .put(at)
        .await;
        assert_eq!(unchanged(at, check(at, &seen, &[1], None)).await, Fired::Stale);
        let pause = baton_store::calls::schedule::PauseSchedule {
            name: &name("nightly"),
            version: 2,
            pause: true,
            next_ms: None,
            by: None,
        };
        let seen = due(at).await;
        assert_eq!(at.store.pause_schedule(&pause).await.unwrap(), SchedulePaused::Done { version: 3 });
        assert_eq!(unchanged(at, check(at, &seen, &[1], None)).await, Fired::Stale);
        at.store.remove_schedule(&name("nightly"), None, None).await.unwrap();
        let gone = Fired::Refused(refused(Refusal::UnknownSchedule, ""));
        assert_eq!(unchanged(at, check(at, &seen, &[1], None)).await, gone);
    })
    .await;
}

#[tokio::test]
async fn what_was_missed_goes_by_the_policy() {
    for (missed, made_now, skipped) in [(Missed::Skip, 2, 18), (Missed::Once, 3, 17), (Missed::All, 20, 0)] {
        with_store(async |at| {
            Wish { missed, ..Wish::new("nightly", every(60_000)) }.put(at).await;
            at.pass_ms(20 * 60_000);
            assert_eq!(fire_due(at).await, Fires { made: made_now, skipped, ..Fires::default() });
            assert_eq!(fire_due(at).await, Fires::default());
            let found = read(at, "nightly").await;
            assert_eq!((found.fired, found.skipped), (made_now, skipped));
            assert_eq!(found.next_ms, Some(START_MS + 21 * 60_000));
        })
        .await;
    }
}

#[tokio::test]
async fn the_largest_absence_is_one_bounded_call() {
    with_store(async |at| {
        Wish { missed: Missed::All, ..Wish::new("nightly", EVERY_S) }.put(at).await;
        at.pass_ms(86_400_000);
        let fires = fire_due(at).await;
        assert_eq!(fires.made, limits::MISSED_FIRES_MAX + 61);
        assert!(fires.made <= limits::SUBMIT_TASKS_MAX && fires.skipped > 9_000, "{fires:?}");
    })
    .await;
}

#[tokio::test]
async fn one_that_must_not_overlap_waits_for_the_end_of_its_task() {
    with_store(async |at| {
        Wish { overlap: Overlap::Skip, ..Wish::new("nightly", EVERY_S) }.put(at).await;
        // Three times at once: only the first of them.
        at.pass_ms(3_000);
        assert_eq!(fire_due(at).await, Fires { made: 1, skipped: 2, ..Fires::default() });
        at.pass_ms(1_000);
        assert_eq!(fire_due(at).await, Fires { skipped: 1, ..Fires::default() });
        let life = Life::new(1, 1);
        let grant = at.claim(&life, 1).await.remove(0);
        at.pass_ms(1_000);
        assert_eq!(fire_due(at).await, Fires { skipped: 1, ..Fires::default() });
        at.complete(&life, &grant).await;
        at.pass_ms(1_000);
        assert_eq!(fire_due(at).await, Fires { made: 1, ..Fires::default() });
        assert_eq!(read(at, "nightly").await.skipped, 4);
    })
    .await;
}

#[tokio::test]
async fn one_that_is_never_due_again_stays_and_rests() {
    with_store(async |at| {
        Wish::new("nightly", EVERY_S).put(at).await;
        at.pass_ms(1_000);
        let due = due(at).await;
        check(at, &due, &[START_MS + 1_000], None).await;
        assert_eq!(read(at, "nightly").await.next_ms, None);
        assert_eq!(score(at, "schedules:due", "nightly").await, None);
    })
    .await;
}

#[tokio::test]
async fn a_tick_comes_when_it_is_due_and_says_so_until_somebody_sees_to_it() {
    with_store(async |at| {
        Wish::new("nightly", every(1_500)).put(at).await;
        assert_eq!(tick(at).await.tick_ms, START_MS + 1_000);
        at.pass_ms(1_000);
        assert_eq!(tick(at).await.tick_ms, START_MS + 1_500);
        at.pass_ms(499);
        let early = at.store.tick(Shard::FIRST, seasoned(at)).await.unwrap();
        assert!(matches!(early, Ticked::Early { .. }), "{early:?}");
        at.pass_ms(1);
        assert!(schedules_due(at.store.tick(Shard::FIRST, seasoned(at)).await.unwrap()));
        // Whoever heard it has died.
        at.pass_ms(1_000);
        assert!(schedules_due(at.store.tick(Shard::FIRST, seasoned(at)).await.unwrap()));
        assert_eq!(fire_due(at).await.made, 1);
        assert_eq!(by_hand::<u64>(at, "HGET baton:{0}:meta tick_ms").await, START_MS + 3_000);
        at.pass_ms(499);
        let early = at.store.tick(Shard::FIRST, seasoned(at)).await.unwrap();
        assert!(matches!(early, Ticked::Early { .. }), "{early:?}");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_does_not_hide_the_others() {
    with_store(async |at| {
        Wish::new("a", cron("* * * * *", "Europe/Berlin")).put(at).await;
        Wish::new("b", EVERY_S).put(at).await;
        by_hand::<()>(at, "HSET baton:{0}:schedule:a zone Mars/Olympus").await;
        at.pass_ms(60_000);
        assert!(fire_due(at).await.made > 0);
        assert_eq!(read(at, "b").await.next_ms, Some(START_MS + 61_000));
    })
    .await;
}

#[tokio::test]
async fn a_full_server_makes_none_and_forgets_none() {
    with_store(async |at| {
        Wish::new("nightly", EVERY_S).put(at).await;
        at.pass_ms(1_000);
        by_hand::<()>(at, "CONFIG SET maxmemory 1").await;
        assert!(unchanged(at, at.store.fire_due(Shard::FIRST)).await.is_err());
        by_hand::<()>(at, "CONFIG SET maxmemory 0").await;
        assert_eq!(fire_due(at).await.made, 1);
    })
    .await;
}

#[tokio::test]
async fn more_than_it_may_make_is_not_sent() {
    with_store(async |at| {
        let due = Due {
            name: name("x"),
            timing: EVERY_S,
            missed: Missed::All,
            version: 1,
            due_ms: 1,
            queue: queue("default"),
            owner: None,
        };
        let plan = Plan { due: vec![1; 201], skipped: 0, next_ms: None };
        let fire = Fire { due: &due, plan: &plan, verdict: Verdict::Granted };
        assert!(unchanged(at, at.store.fire_schedule(&fire)).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        let timing = Timing::Every { every_ms: 1_000, aligned_ms: START_MS };
        let due = Due {
            name: name("nightly"),
            timing,
            missed: Missed::Once,
            version: 1,
            due_ms: START_MS + 1_000,
            queue: queue("default"),
            owner: None,
        };
        Wish::new("nightly", EVERY_S).put(at).await;
        make_schema_too_new(at).await;
        let answer = unchanged(at, check(at, &due, &[1], None)).await;
        assert_eq!(answer, Fired::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
