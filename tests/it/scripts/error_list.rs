//! error/list: failures in groups, as they were written behind.

use baton_core::{Fingerprint, Shard, TaskId, limits};
use baton_store::calls::error::ErrorGroup;
use baton_store::calls::task::{Claim, Claimed, NewTask, Outcome};
use baton_testkit::{Fixture, Life, kind, queue, with_store};

use super::series_read::write;
use crate::hand::{by_hand, unchanged};

async fn check(at: &Fixture, first: u64, limit: u64) -> (u64, Vec<ErrorGroup>) {
    let page = unchanged(at, at.store.errors(Shard::FIRST, first, limit)).await.unwrap();
    (page.total, page.groups)
}

/// A task of this queue fails at once and for good.
pub(super) async fn fail(at: &Fixture, life: &Life, of: &str, error: &str) -> TaskId {
    at.submit(&[NewTask { queue: queue(of), ..at.new_task("mail") }]).await;
    let claim = Claim {
        worker: &life.worker,
        boot: &life.boot,
        expects: None,
        lease: Default::default(),
        queues: &[queue(of)],
        in_order: false,
        max: 1,
        only: None,
        holding: &[],
    };
    let Claimed::Tasks(mut grants) = at.store.claim(Shard::FIRST, &claim).await.unwrap() else {
        panic!("refused")
    };
    let grant = grants.tasks.remove(0);
    let outcome = Outcome::FailForGood { error: error.into(), reason: "smtp".to_owned() };
    at.report(life, grant.task, grant.fence, outcome).await;
    grant.task
}

fn fingerprint(message: &str) -> Fingerprint {
    Fingerprint::of(&kind("mail"), "smtp", message)
}

#[tokio::test]
async fn failures_that_differ_in_a_number_are_one_group() {
    with_store(async |at| {
        let lives = [Life::new(1, 1), Life::new(2, 1)];
        fail(at, &lives[0], "a", "mailbox 7 is full").await;
        fail(at, &lives[0], "a", "mailbox 8 is full").await;
        write(at).await;
        let long = format!("mailbox 9 is full\n{}", "x".repeat(3_000));
        let last = fail(at, &lives[1], "b", &long).await;
        write(at).await;
        let (total, mut groups) = check(at, 0, 10).await;
        let group = groups.remove(0);
        assert_eq!((total, groups.len()), (1, 0));
        assert_eq!(group.fingerprint, fingerprint("mailbox <n> is full"));
        assert_eq!(
            (group.kind.as_str(), &*group.reason, &*group.message),
            ("mail", "smtp", "mailbox <n> is full")
        );
        let seen: Vec<(&str, u64)> =
            group.queues.iter().map(|(queue, seen)| (queue.as_str(), seen.count)).collect();
        assert_eq!(seen, [("a", 2), ("b", 1)]);
        assert!(group.queues.values().all(|seen| seen.first_ms > 0 && seen.first_ms <= seen.last_ms));
        let workers: Vec<u64> = group.workers.values().copied().collect();
        assert_eq!((workers, group.others), (vec![2, 1], None));
        assert_eq!((group.sample_task, group.sample_queue.as_str()), (last, "b"));
        assert_eq!(group.sample, long[..limits::ERROR_SAMPLE_BYTES as usize]);
        let one = at.store.error(Shard::FIRST, group.fingerprint).await.unwrap();
        assert_eq!(one.as_ref(), Some(&group));
        assert_eq!(at.store.error(Shard::FIRST, fingerprint("another")).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn an_attempt_that_another_one_follows_counts_too() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        for wait in [1_000, 2_000] {
            let grant = at.claim(&life, 1).await.remove(0);
            let outcome =
                Outcome::Fail { error: b"no".to_vec(), reason: String::new(), retry_in_ms: Some(wait) };
            at.report(&life, grant.task, grant.fence, outcome).await;
            write(at).await;
            at.pass_ms(wait as i64);
            crate::hand::tick(at).await;
        }
        let (_, groups) = check(at, 0, 1).await;
        assert_eq!((groups[0].queues.values().next().unwrap().count, &*groups[0].message), (2, "no"));
    })
    .await;
}

#[tokio::test]
async fn a_group_says_how_often_it_was_seen_in_each_hour_of_a_day() {
    const DAY_MS: u64 = 86_400_000;
    with_store(async |at| {
        let life = Life::new(1, 1);
        let seen = async |times: usize| {
            for _ in 0..times {
                fail(at, &life, "a", "no").await;
            }
            write(at).await;
            let group = check(at, 0, 1).await.1.remove(0);
            group.hours.into_iter().collect::<Vec<_>>()
        };
        let (hour, count) = seen(2).await[0];
        assert_eq!((hour % 3_600_000, count), (0, 2));
        assert_eq!(seen(1).await, [(hour, 3)]);
        // The hour of the day before has the same field, and gives way; one that is later stays.
        let field = format!("hour:{}", hour / 3_600_000 % limits::ERROR_HOURS);
        for (there, left) in [(hour - DAY_MS, [(hour, 1)]), (hour + DAY_MS, [(hour + DAY_MS, 9)])] {
            // A space, which is not one between words.
            let value = format!("{there}'..'\\0329");
            let set = format!("EVAL return(redis.call('HSET',KEYS[1],'{field}','{value}'))");
            by_hand::<u64>(at, &format!("{set} 1 baton:{{0}}:error:{}", fingerprint("no"))).await;
            assert_eq!(seen(1).await, left);
        }
    })
    .await;
}

#[tokio::test]
async fn the_last_one_seen_comes_first_and_pages_are_bounded() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        for error in ["one", "two", "three"] {
            fail(at, &life, "a", error).await;
            write(at).await;
        }
        // Seen within one ms, they would be in no order.
        for (error, at_ms) in [("one", 3), ("two", 1), ("three", 2)] {
            let key = format!("ZADD baton:{{0}}:errors {at_ms} {}", fingerprint(error));
            by_hand::<()>(at, &key).await;
        }
        let messages =
            |groups: &[ErrorGroup]| groups.iter().map(|group| group.message.clone()).collect::<Vec<_>>();
        let (total, groups) = check(at, 0, 2).await;
        assert_eq!((total, messages(&groups)), (3, vec!["one".to_owned(), "three".to_owned()]));
        assert_eq!(messages(&check(at, 2, 2).await.1), ["two"]);
        assert!(at.store.errors(Shard::FIRST, 0, 0).await.is_err());
        assert!(at.store.errors(Shard::FIRST, 0, 101).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn the_group_that_was_not_seen_for_longest_gives_way_with_all_its_keys() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        fail(at, &life, "a", "oldest").await;
        write(at).await;
        let oldest = fingerprint("oldest");
        // As many more as there may be, all seen later; their records have expired.
        for number in 0..limits::ERROR_GROUPS_MAX {
            let score = 2_000_000_000_000_u64 + number;
            by_hand::<()>(at, &format!("ZADD baton:{{0}}:errors {score} {number:016x}")).await;
        }
        fail(at, &life, "a", "newest").await;
        write(at).await;
        let left: u64 = by_hand(at, "ZCARD baton:{0}:errors").await;
        assert_eq!(left, limits::ERROR_GROUPS_MAX);
        assert_eq!(at.store.error(Shard::FIRST, oldest).await.unwrap(), None);
        let keys: Vec<String> = by_hand(at, &format!("KEYS baton:{{0}}:error:{oldest}*")).await;
        assert_eq!(keys, [""; 0]);
        assert_eq!(check(at, 0, 100).await.1.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn workers_of_a_group_are_bounded() {
    with_store(async |at| {
        for number in 1..=limits::ERROR_WORKERS_MAX as u32 + 2 {
            fail(at, &Life::new(number, 1), "a", "no").await;
        }
        write(at).await;
        fail(at, &Life::new(1, 1), "a", "no").await;
        write(at).await;
        let (_, groups) = check(at, 0, 1).await;
        assert_eq!(groups[0].workers.len() as u64, limits::ERROR_WORKERS_MAX);
        assert_eq!(groups[0].workers[&Life::new(1, 1).worker], 2);
        assert_eq!(groups[0].queues.values().next().unwrap().count, limits::ERROR_WORKERS_MAX + 3);
    })
    .await;
}

#[tokio::test]
async fn what_hostile_workers_say_is_only_text() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        for error in ["", "\0\r\n<script>", "{\"a\": [1, 2]}", "ü".repeat(4_000).as_str()] {
            let error = error.chars().take(2_000).collect::<String>();
            fail(at, &life, "a", &error).await;
        }
        write(at).await;
        let (total, groups) = check(at, 0, 10).await;
        assert_eq!((total, groups.len()), (4, 4));
    })
    .await;
}
