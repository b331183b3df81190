//! queue/counts: how many tasks are where, and how long the oldest has waited.

use baton_core::{Priority, Shard, Status};
use baton_store::Error;
use baton_store::calls::queue::{Counts, SetPaused};
use baton_store::calls::task::{Cancel, NewTask, Outcome};
use baton_testkit::{Fixture, Life, queue, with_store};

use crate::hand::{by_hand, unchanged};

async fn check(at: &Fixture, first: u64, limit: u64) -> Counts {
    unchanged(at, at.store.counts(Shard::FIRST, first, limit)).await.expect("an answer")
}

#[tokio::test]
async fn an_empty_shard_has_no_queues() {
    with_store(async |at| {
        let counts = check(at, 0, 100).await;
        assert_eq!((counts.queues_total, counts.queues.len()), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn every_status_is_counted() {
    with_store(async |at| {
        let later = NewTask { run_at_ms: Some(at.now_ms() + 1_000), ..at.new_task("noop") };
        at.submit_many(6).await;
        at.submit(&[later]).await;
        let life = Life::new(1, 1);
        let grants = at.claim(&life, 5).await;
        at.complete(&life, &grants[0]).await;
        let error = Vec::new();
        let reason = String::new();
        let fail = Outcome::FailForGood { error, reason };
        at.report(&life, grants[1].task, grants[1].fence, fail).await;
        let cancel = Cancel { tasks: &[grants[2].task], by: None, reason: "", op: None };
        at.store.cancel(Shard::FIRST, &cancel).await.unwrap();
        at.pass_ms(250);
        let counts = check(at, 0, 10).await;
        let of = &counts.queues[0];
        let found: Vec<u64> = Status::ALL.iter().map(|status| of.of(*status)).collect();
        // scheduled blocked pending running completed failed timeout cancelled
        assert_eq!(found, [1, 0, 1, 2, 1, 1, 0, 1]);
        assert_eq!((of.oldest_pending_age_ms, of.paused_ms, of.retention.any), (Some(250), None, None));
    })
    .await;
}

#[tokio::test]
async fn the_oldest_is_found_whatever_its_priority() {
    with_store(async |at| {
        for (priority, wait) in [(0, 10), (9, 20), (5, 30)] {
            let task = NewTask { priority: Priority::new(priority).unwrap(), ..at.new_task("noop") };
            at.submit(&[task]).await;
            at.pass_ms(wait);
        }
        assert_eq!(check(at, 0, 1).await.queues[0].oldest_pending_age_ms, Some(60));
        at.pass_ms(-3_600_000);
        assert_eq!(check(at, 0, 1).await.queues[0].oldest_pending_age_ms, Some(0));
    })
    .await;
}

/// Scores that no task gave: the walk through the priorities ends, and what is right beside them counts.
#[tokio::test]
async fn a_score_that_is_none_ends_the_walk() {
    for score in ["inf", "-inf", "1e300", "-1e300", "-1", "0.5", "43980465111040", "9007199254740993"] {
        with_store(async |at| {
            let other = "01936a5c-2b4e-7abc-8def-001122334000";
            by_hand::<u64>(at, "ZADD baton:{0}:queues 5 default").await;
            by_hand::<u64>(at, &format!("ZADD baton:{{0}}:queue:default:pending {score} {other}")).await;
            let alone = check(at, 0, 1).await.queues.remove(0);
            assert_eq!(alone.of(Status::Pending), 1, "{score}");
            assert!(alone.oldest_pending_age_ms <= Some(at.now_ms()), "{score}: {alone:?}");
            at.submit_many(1).await;
            at.pass_ms(250);
            let both = check(at, 0, 1).await.queues.remove(0);
            assert_eq!(both.of(Status::Pending), 2, "{score}");
            assert!(both.oldest_pending_age_ms >= Some(250), "{score}: {both:?}");
            by_hand::<u64>(at, "HSET baton:{0}:queue:default fair 1").await;
            assert_eq!(check(at, 0, 1).await.queues[0].of(Status::Pending), 2, "{score}");
            by_hand::<u64>(at, &format!("ZREM baton:{{0}}:queue:default:pending {other}")).await;
        })
        .await;
    }
}

/// A list of queues can still be shown; what the counter should be, an audit says.
#[tokio::test]
async fn a_counter_that_is_no_number_counts_nothing() {
    with_store(async |at| {
        at.submit_many(1).await;
        for said in ["-5", "lots", "1.5", "18446744073709551616"] {
            by_hand::<u64>(at, &format!("HSET baton:{{0}}:queue:default running {said} scheduled {said}"))
                .await;
            let shown = check(at, 0, 1).await.queues.remove(0);
            let found = [Status::Running, Status::Scheduled, Status::Pending].map(|status| shown.of(status));
            assert_eq!(found, [0, 0, 1], "{said}");
        }
        by_hand::<u64>(at, "HDEL baton:{0}:queue:default running scheduled").await;
    })
    .await;
}

#[tokio::test]
async fn pages_go_by_appearance_and_are_bounded() {
    with_store(async |at| {
        for name in ["zoo", "alpha", "media"] {
            let task = NewTask { queue: queue(name), ..at.new_task("noop") };
            at.submit(&[task]).await;
            at.pass_ms(1);
        }
        let names =
            |page: &Counts| page.queues.iter().map(|queue| queue.name.to_string()).collect::<Vec<_>>();
        let page = check(at, 0, 2).await;
        assert_eq!((page.queues_total, names(&page)), (3, vec!["zoo".to_owned(), "alpha".to_owned()]));
        assert_eq!(names(&check(at, 2, 2).await), ["media"]);
        assert_eq!(names(&check(at, 3, 2).await), [""; 0]);
        for (first, limit) in [(0, 101), (0, 0), (u64::MAX, 10)] {
            let answer = at.store.counts(Shard::FIRST, first, limit).await;
            assert!(matches!(answer, Err(Error::Invalid { .. })), "{first} {limit}: {answer:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn pause_and_retention_are_shown() {
    with_store(async |at| {
        let media = queue("media");
        let set = SetPaused { queue: &media, paused: true, by: None };
        at.store.set_paused(Shard::FIRST, &set).await.unwrap();
        by_hand::<()>(at, "HSET baton:{0}:queue:media retention_ms forever").await;
        let shown = check(at, 0, 1).await.queues.remove(0);
        assert_eq!(
            (shown.paused_ms, shown.retention.any),
            (Some(at.now_ms()), Some(baton_core::queue::Keep::Forever))
        );
    })
    .await;
}

#[tokio::test]
async fn one_queue_is_asked_for_by_its_name() {
    with_store(async |at| {
        for name in ["zoo", "alpha"] {
            let task = NewTask { queue: queue(name), ..at.new_task("noop") };
            at.submit(&[task]).await;
        }
        let one = async |name: &str| {
            let name = queue(name);
            unchanged(at, at.store.queue(Shard::FIRST, &name)).await.expect("an answer")
        };
        let page = check(at, 0, 2).await;
        for expected in &page.queues {
            assert_eq!(one(expected.name.as_str()).await.as_ref(), Some(expected));
        }
        assert_eq!(one("alp").await, None);
        assert_eq!(one("default").await, None);
    })
    .await;
}
