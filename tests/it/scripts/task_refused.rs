//! What is refused of a task is noted beside it by the script that refuses, and task/refused lists it.

use baton_core::{Fence, Refusal, Shard, TaskId, limits};
use baton_store::calls::task::{Appended, Grant, Note, Noted, Outcome, RefusedWrite, Settled};
use baton_testkit::{Fixture, Life, with_store};

use super::task_log::try_append;
use super::task_support::*;
use crate::hand::by_hand as by_line;

const WEEK_MS: i64 = 604_800_000;

/// The list, but for when.
async fn listed(at: &Fixture, task: TaskId) -> Vec<String> {
    let line = |one: RefusedWrite| format!("{} {} {} {}", one.worker, one.fence.0, one.verb, one.code);
    at.store.refused_writes(task).await.expect("a list").into_iter().map(line).collect()
}

async fn note(at: &Fixture, life: &Life, grant: &Grant) -> Noted {
    let notes = [Note { task: grant.task, fence: grant.fence, progress: "0.5" }];
    let each = at.store.note_progress(Shard::FIRST, &life.worker, &notes).await.expect("an answer");
    each.expect("noted one by one").remove(0)
}

/// A task that `old` held until its lease was over, and that `new` holds now.
async fn taken_from(at: &Fixture, old: &Life, new: &Life) -> (Grant, Grant) {
    at.submit_many(1).await;
    let first = at.claim(old, 1).await.remove(0);
    crash(at).await;
    (first, at.claim(new, 1).await.remove(0))
}

#[tokio::test]
async fn whatever_a_zombie_says_is_refused_and_stands_there_newest_first() {
    with_store(async |at| {
        let (zombie, holder) = (Life::new(1, 1), Life::new(2, 1));
        let (stale, grant) = taken_from(at, &zombie, &holder).await;
        let time_out = Outcome::TimeOut { error: b"slow".to_vec() };
        for outcome in [done_with(b"x"), fail("x"), fail_for_good(), time_out, release()] {
            at.pass_ms(1);
            assert_eq!(settle_refused(at, &zombie, &stale, outcome).await, Refusal::Fenced);
        }
        at.pass_ms(1);
        assert_eq!(note(at, &zombie, &stale).await, Noted::Refused(Refusal::Fenced));
        at.pass_ms(1);
        assert!(matches!(try_append(at, &zombie, &stale, &[]).await, Ok(Appended::Refused(_))));
        let fence = stale.fence.0;
        let verbs = ["log", "progress", "release", "time_out", "fail_for_good", "fail", "complete"];
        let expected: Vec<String> =
            verbs.iter().map(|verb| format!("{} {fence} {verb} fenced", zombie.worker)).collect();
        assert_eq!(listed(at, grant.task).await, expected);
        let last = at.store.refused_writes(grant.task).await.unwrap().remove(0);
        assert_eq!((last.at_ms, last.worker.as_str()), (at.now_ms(), zombie.worker.as_str()));
        // The holder is not disturbed, and leaves no line.
        settle(at, &holder, &grant, done_with(b"")).await;
        assert_eq!(listed(at, grant.task).await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_holder_that_contradicts_itself_or_goes_on_after_the_end_stands_there() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        settle(at, &life, &grant, done_with(b"one")).await;
        let again = at.report(&life, grant.task, grant.fence, done_with(b"one")).await;
        assert!(matches!(again, Settled::Recorded { .. }), "{again:?}");
        assert_eq!(listed(at, grant.task).await, [""; 0], "a repeat is no mistake");
        assert_eq!(settle_refused(at, &life, &grant, fail("x")).await, Refusal::AlreadyFinished);
        at.pass_ms(1);
        assert_eq!(note(at, &life, &grant).await, Noted::Refused(Refusal::NotRunning));
        let fence = grant.fence.0;
        let line = |words: &str| format!("{} {fence} {words}", life.worker);
        let expected = [line("progress not_running"), line("fail already_finished")];
        assert_eq!(listed(at, grant.task).await, expected);
    })
    .await;
}

#[tokio::test]
async fn who_repeats_himself_takes_one_place_and_who_varies_ten() {
    with_store(async |at| {
        let (zombie, holder) = (Life::new(1, 1), Life::new(2, 1));
        let (stale, grant) = taken_from(at, &zombie, &holder).await;
        for _ in 0..50 {
            at.pass_ms(1);
            settle_refused(at, &zombie, &stale, done_with(b"x")).await;
        }
        let writes = at.store.refused_writes(grant.task).await.unwrap();
        assert_eq!((writes.len(), writes[0].at_ms), (1, at.now_ms()));
        for fence in 0..2 * limits::REFUSED_WRITES_MAX {
            at.pass_ms(1);
            let wrong = Grant { fence: Fence(fence), ..stale.clone() };
            settle_refused(at, &zombie, &wrong, done_with(b"x")).await;
        }
        let writes = at.store.refused_writes(grant.task).await.unwrap();
        let fences: Vec<u64> = writes.iter().map(|write| write.fence.0).collect();
        assert_eq!(fences, (10..20).rev().collect::<Vec<u64>>());
        // A time that is none is passed over.
        let key = at.store.keys(Shard::FIRST).unwrap().task_refused(grant.task);
        let mut add = deadpool_redis::redis::cmd("ZADD");
        add.arg(key).arg(99_999_999_999_999.5).arg("w 1 complete fenced");
        add.query_async::<()>(&mut at.redis.connection().await).await.unwrap();
        assert_eq!(at.store.refused_writes(grant.task).await.unwrap().len(), 9);
        at.pass_ms(1);
        settle_refused(at, &zombie, &Grant { fence: Fence(u64::MAX), ..stale }, done_with(b"")).await;
        assert_eq!(at.store.refused_writes(grant.task).await.unwrap()[0].fence.0, u64::MAX);
    })
    .await;
}

#[tokio::test]
async fn a_life_without_mistakes_leaves_no_list_and_what_is_not_there_none_either() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        note(at, &life, &grant).await;
        settle(at, &life, &grant, done_with(b"")).await;
        let ghost = Grant { task: at.store.draw(Shard::FIRST), ..grant.clone() };
        assert_eq!(settle_refused(at, &life, &ghost, done_with(b"")).await, Refusal::UnknownTask);
        assert_eq!(note(at, &life, &ghost).await, Noted::Refused(Refusal::UnknownTask));
        assert!(matches!(try_append(at, &life, &ghost, &[]).await, Ok(Appended::Refused(_))));
        let lists: Vec<String> = by_line(at, "KEYS baton:{0}:task:*:refused").await;
        assert_eq!(lists, [""; 0]);
        assert_eq!(listed(at, ghost.task).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_list_goes_with_its_task() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        settle(at, &life, &grant, done_with(b"")).await;
        settle_refused(at, &life, &grant, release()).await;
        let key = at.store.keys(Shard::FIRST).unwrap().task_refused(grant.task);
        assert_eq!(by_line::<u64>(at, &format!("EXISTS {key}")).await, 1);
        at.pass_ms(WEEK_MS);
        tick(at).await;
        assert_eq!(by_line::<u64>(at, &format!("EXISTS {key}")).await, 0);
        // A report that comes later still finds nothing, and makes nothing.
        assert_eq!(settle_refused(at, &life, &grant, release()).await, Refusal::UnknownTask);
        assert_eq!(by_line::<u64>(at, &format!("EXISTS {key}")).await, 0);
    })
    .await;
}

#[tokio::test]
async fn lines_that_nobody_of_ours_wrote_are_passed_over() {
    with_store(async |at| {
        let task = at.submit_many(1).await[0];
        let key = at.store.keys(Shard::FIRST).unwrap().task_refused(task);
        by_line::<u64>(at, &format!("ZADD {key} 1 <script> 2 a~b~c 3 w~99999999999999999999~x~y")).await;
        by_line::<u64>(at, &format!("ZADD {key} 7 {}", "worker-001-a")).await;
        assert_eq!(listed(at, task).await, [""; 0]);
    })
    .await;
}
