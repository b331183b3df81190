//! series/depth: how deep a queue was when somebody wrote down what happened in it.

use baton_core::series::{Depth, Plan, Resolution};
use baton_core::{QueueName, Shard, Status, limits};
use baton_store::behind::BehindKey;
use baton_store::calls::series::Of;
use baton_store::calls::task::NewTask;
use baton_testkit::{Fixture, Life, queue, with_store};

use super::series_read::{submit_to_one_queue_too_many, write};
use crate::hand::{by_hand, unchanged};

/// From so long ago until now.
fn plan(at: &Fixture, last_ms: u64, step_ms: u64) -> Plan {
    let now_ms = at.now_ms();
    Plan::new(now_ms - last_ms, now_ms, Some(step_ms), now_ms).unwrap()
}

/// Point by point: scheduled, blocked, pending, running.
async fn levels(at: &Fixture, queue: &QueueName, plan: &Plan) -> Vec<Option<[u64; 4]>> {
    let looks = unchanged(at, at.store.depth(Shard::FIRST, queue, plan)).await.unwrap();
    let counts = |depth: Depth| Depth::STATUSES.map(|status: Status| depth.of(status).unwrap());
    looks.levels(plan).into_iter().map(|level| level.map(counts)).collect()
}

#[tokio::test]
async fn a_queue_is_as_deep_as_it_was_last_seen() {
    with_store(async |at| {
        let (life, default) = (Life::new(1, 1), QueueName::default());
        assert_eq!(levels(at, &default, &plan(at, 60_000, 20_000)).await.last(), Some(&None));
        at.submit_many(5).await;
        let due = at.now_ms() + 90_000_000;
        at.submit(&[NewTask { run_at_ms: Some(due), ..at.new_task("noop") }]).await;
        write(at).await;
        at.pass_ms(60_000);
        let grants = at.claim(&life, 2).await;
        at.complete(&life, &grants[0]).await;
        write(at).await;
        // A span ends before its last bucket begins.
        at.pass_ms(1);
        for resolution in Resolution::ALL {
            let now = levels(at, &default, &plan(at, 30_000, resolution.step_ms())).await;
            assert_eq!(now.last(), Some(&Some([1, 0, 3, 1])), "{resolution}");
        }
        let minute = levels(at, &default, &plan(at, 60_000, 10_000)).await;
        assert_eq!(
            (minute[0], minute[3], minute[6]),
            (Some([1, 0, 5, 0]), Some([1, 0, 5, 0]), Some([1, 0, 3, 1]))
        );
        at.assert_invariants().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_before_the_first_look_of_a_span_is_known_from_the_one_before() {
    with_store(async |at| {
        let default = QueueName::default();
        at.submit_many(4).await;
        write(at).await;
        at.pass_ms(4 * 3_600_000);
        let half_hour = plan(at, 1_800_000, 300_000);
        assert!(levels(at, &default, &half_hour).await.iter().all(|level| *level == Some([0, 0, 4, 0])));
        at.submit_many(1).await;
        write(at).await;
        at.submit_many(1).await;
        write(at).await;
        let seen = levels(at, &default, &half_hour).await;
        assert_eq!((seen[0], seen[seen.len() - 1]), (Some([0, 0, 4, 0]), Some([0, 0, 6, 0])));
    })
    .await;
}

#[tokio::test]
async fn queues_without_a_series_of_their_own_have_no_depth() {
    with_store(async |at| {
        submit_to_one_queue_too_many(at).await;
        let span = plan(at, 60_000, 60_000);
        let last = queue(&format!("q{}", limits::SERIES_QUEUES_MAX));
        assert_eq!(levels(at, &queue("q0"), &span).await.last(), Some(&Some([0, 0, 1, 0])));
        assert_eq!(levels(at, &last, &span).await.last(), Some(&None));
        let known: u64 = by_hand(at, "HLEN baton:{0}:depths").await;
        assert_eq!(known, limits::SERIES_QUEUES_MAX);
    })
    .await;
}

#[tokio::test]
async fn a_long_row_is_read_in_pieces_and_what_is_no_depth_is_a_fault() {
    with_store(async |at| {
        let default = QueueName::default();
        let span = plan(at, 7_200_000, 10_000);
        assert!(span.points() > 3 * limits::DEPTH_BUCKETS_MAX);
        let bucket = |bucket_ms: u64| {
            let key = BehindKey::series(Resolution::Fine, bucket_ms, &Of::Queue(default.clone()));
            at.store.keys(Shard::FIRST).expect("its shard").behind(&key)
        };
        for key in [span.from_ms, span.to_ms - 10_000].map(bucket) {
            by_hand::<()>(at, &format!("HSET {key} scheduled 1 blocked 2 pending 3 running 4")).await;
            by_hand::<()>(at, &format!("PEXPIRE {key} 1000000")).await;
        }
        let seen = levels(at, &default, &span).await;
        assert_eq!(
            (seen.len() as u64, seen[0], seen[700]),
            (span.points(), Some([1, 2, 3, 4]), Some([1, 2, 3, 4]))
        );
        by_hand::<()>(at, "HSET baton:{0}:depths default 1-2").await;
        assert!(at.store.depth(Shard::FIRST, &default, &span).await.unwrap().last.is_none());
        for broken in ["5 1 2 3", "5 1 2 3 many", "x 1 2 3 4"] {
            let mut set = deadpool_redis::redis::cmd("HSET");
            set.arg("baton:{0}:depths").arg("default").arg(broken);
            set.query_async::<()>(&mut at.redis.connection().await).await.unwrap();
            assert!(at.store.depth(Shard::FIRST, &default, &span).await.is_err(), "{broken}");
        }
        by_hand::<()>(at, "DEL baton:{0}:depths").await;
        let key = bucket(span.from_ms);
        by_hand::<()>(at, &format!("HSET {key} pending many")).await;
        assert!(at.store.depth(Shard::FIRST, &default, &span).await.is_err());
        by_hand::<()>(at, &format!("DEL {key}")).await;
    })
    .await;
}
