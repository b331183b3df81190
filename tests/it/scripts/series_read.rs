//! series/read: what was written behind of each bucket, in all queues together, in one, and in those that share a series.

use baton_core::series::{Counter, Resolution, Tally};
use baton_core::{QueueName, Shard, limits};
use baton_store::behind::{BehindKey, Step};
use baton_store::calls::series::{Of, ReadSeries};
use baton_store::calls::task::{Cancel, NewTask, Outcome};
use baton_testkit::{Fixture, Life, queue, with_store};

use crate::hand::{by_hand, events, unchanged};

/// Everything that happened, whatever the bucket.
async fn check(at: &Fixture, of: &Of, resolution: Resolution, only_counts: bool) -> Tally {
    let all = events(at).await;
    let (first, last) = (all.first().unwrap().id.ms, all.last().unwrap().id.ms);
    let ask = ReadSeries { of, resolution, from_ms: first, to_ms: last + 1, only_counts };
    let buckets = unchanged(at, at.store.series(Shard::FIRST, &ask)).await.unwrap();
    assert!(buckets.keys().all(|bucket| resolution.bucket_ms(*bucket) == *bucket));
    buckets.values().fold(Tally::default(), |mut sum, tally| {
        sum.merge(tally);
        sum
    })
}

pub(super) async fn write(at: &Fixture) {
    while let Step::Wrote { more: true, .. } = at.store.write_behind(Shard::FIRST, false).await.unwrap() {}
}

/// The last queue gets no series of its own.
pub(super) async fn submit_to_one_queue_too_many(at: &Fixture) {
    for number in 0..=limits::SERIES_QUEUES_MAX {
        let name = queue(&format!("q{number}"));
        at.submit(&[NewTask { queue: name, ..at.new_task("noop") }]).await;
        // Each is older than the next.
        at.pass_ms(1);
    }
    write(at).await;
}

fn counts(tally: &Tally) -> Vec<u64> {
    Counter::ALL.iter().map(|counter| tally.of(*counter)).collect()
}

async fn report(at: &Fixture, life: &Life, outcome: Outcome) {
    let grants = at.claim(life, 1).await;
    at.pass_ms(70);
    at.report(life, grants[0].task, grants[0].fence, outcome).await;
}

#[tokio::test]
async fn every_end_counts_once_and_runs_are_measured() {
    with_store(async |at| {
        let (life, words) = (Life::new(1, 1), || (b"no".to_vec(), "because".to_owned()));
        at.submit_many(5).await;
        at.pass_ms(1_000);
        report(at, &life, Outcome::Complete { result: b"1".to_vec() }).await;
        let (error, reason) = words();
        report(at, &life, Outcome::FailForGood { error, reason }).await;
        let (error, reason) = words();
        report(at, &life, Outcome::Fail { error, reason, retry_in_ms: Some(60_000) }).await;
        report(at, &life, Outcome::TimeOut { error: b"too long".to_vec() }).await;
        let last = at.claim(&life, 1).await[0].task;
        let cancel = Cancel { tasks: &[last], by: None, reason: "", op: None };
        at.store.cancel(Shard::FIRST, &cancel).await.unwrap();
        write(at).await;
        // Written once, whoever asks again.
        write(at).await;
        for resolution in Resolution::ALL {
            let all = check(at, &Of::All, resolution, false).await;
            // submitted started completed failed timeout cancelled retried crashed
            assert_eq!(counts(&all), [5, 5, 1, 1, 0, 1, 2, 0], "{resolution}");
            assert_eq!(all, check(at, &Of::Queue(QueueName::default()), resolution, false).await);
            assert_eq!(all.wait.count(), 5);
            assert_eq!((all.wait.percentile_ms(1), all.run.percentile_ms(1)), (Some(959), Some(71)));
            let plain = check(at, &Of::All, resolution, true).await;
            assert_eq!((counts(&plain), plain.run.count()), (counts(&all), 0));
        }
    })
    .await;
}

#[tokio::test]
async fn a_queue_sees_its_own_and_the_others_share_a_series() {
    with_store(async |at| {
        submit_to_one_queue_too_many(at).await;
        let submitted = async |of: Of| check(at, &of, Resolution::Coarse, true).await.of(Counter::Submitted);
        let last = queue(&format!("q{}", limits::SERIES_QUEUES_MAX));
        assert_eq!(submitted(Of::All).await, limits::SERIES_QUEUES_MAX + 1);
        assert_eq!((submitted(Of::Queue(queue("q0"))).await, submitted(Of::Queue(last)).await), (1, 0));
        assert_eq!((submitted(Of::Others).await, submitted(Of::Queue(queue("none"))).await), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn a_wait_is_of_the_run_that_was_claimed() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        at.pass_ms(500);
        // It is claimed, given back, and waits again before anybody writes that down.
        report(at, &life, Outcome::Release { reason: String::new(), delay_ms: None }).await;
        at.pass_ms(16);
        at.claim(&life, 1).await;
        write(at).await;
        let all = check(at, &Of::All, Resolution::Fine, false).await;
        assert_eq!((all.of(Counter::Started), all.wait.count(), all.wait.sum_ms()), (2, 1, 16));
        assert_eq!(all.run.count(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_long_row_of_buckets_is_read_in_pieces_and_what_is_unknown_is_left_out() {
    with_store(async |at| {
        let step_ms = Resolution::Fine.step_ms();
        let last_ms = step_ms * (3 * limits::SERIES_BUCKETS_MAX);
        for bucket_ms in [step_ms, last_ms] {
            let key = BehindKey::series(Resolution::Fine, bucket_ms, &Of::All);
            let key = at.store.keys(Shard::FIRST).expect("its shard").behind(&key);
            by_hand::<()>(at, &format!("HSET {key} completed 3 bananas 9 run:64 2 run:what 1 run_ms 140"))
                .await;
            by_hand::<()>(at, &format!("PEXPIRE {key} 1000000")).await;
        }
        let ask = ReadSeries {
            of: &Of::All,
            resolution: Resolution::Fine,
            from_ms: step_ms + 1,
            to_ms: last_ms + 1,
            only_counts: false,
        };
        let found = unchanged(at, at.store.series(Shard::FIRST, &ask)).await.unwrap();
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), [step_ms, last_ms]);
        let one = &found[&last_ms];
        assert_eq!((one.of(Counter::Completed), one.run.count(), one.run.average_ms()), (3, 2, Some(70)));
        let before = ReadSeries { to_ms: last_ms, ..ask.clone() };
        assert_eq!(at.store.series(Shard::FIRST, &before).await.unwrap().len(), 1);
        by_hand::<()>(at, &format!("HSET baton:{{0}}:series:10s:{step_ms} completed many")).await;
        assert!(at.store.series(Shard::FIRST, &ask).await.is_err());
        by_hand::<()>(at, &format!("DEL baton:{{0}}:series:10s:{step_ms}")).await;
    })
    .await;
}

#[tokio::test]
async fn every_bucket_expires() {
    with_store(async |at| {
        at.submit_many(1).await;
        write(at).await;
        let keys: Vec<String> = by_hand(at, "KEYS baton:{0}:series:*").await;
        // What happened is in the buckets of then, and how deep the queue is in those of now, by the clock of this test.
        assert_eq!(keys.len(), 9);
        for resolution in Resolution::ALL {
            let of: Vec<&String> =
                keys.iter().filter(|key| key.contains(&format!(":{resolution}:"))).collect();
            assert_eq!(of.len(), 3);
            for key in of {
                let left: i64 = by_hand(at, &format!("PTTL {key}")).await;
                let most = (resolution.step_ms() + resolution.kept_ms()) as i64;
                assert!(left > most - 60_000 && left <= most, "{key}: {left}");
            }
        }
    })
    .await;
}
