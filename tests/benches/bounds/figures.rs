//! What is written behind, and read from there: pieces in which nothing is like the other, and buckets that are full.

use baton_core::series::{Histogram, Resolution};
use baton_core::{QueueName, Shard, limits};
use baton_store::behind::{BehindKey, Step};
use baton_store::calls::series::{Of, ReadSeries};
use baton_store::calls::task::Outcome;
use deadpool_redis::redis::{Value, cmd};

use super::Bench;

/// Of whom nobody else takes anything.
const WORKER: u64 = 900;

pub(super) async fn measure(bench: &Bench) {
    let store = &bench.store;
    write_all(bench).await;
    bench.measure("shard/behind, failures of their own", async |round| fail(bench, round).await).await;
    bench
        .measure("shard/facts, the same", async |round| {
            fail(bench, round + 1_000).await;
        })
        .await;
    bench
        .measure("error/list, 10 groups", async |_| {
            drop(store.errors(Shard::FIRST, 0, limits::ERROR_GROUPS_AT_ONCE).await.unwrap())
        })
        .await;
    fill(bench).await;
    let buckets = limits::SERIES_BUCKETS_MAX;
    let ask = ReadSeries {
        of: &Of::Others,
        resolution: Resolution::Fine,
        from_ms: 0,
        to_ms: buckets * Resolution::Fine.step_ms(),
        only_counts: false,
    };
    bench
        .measure("series/read, 20 full buckets", async |_| {
            assert_eq!(store.series(Shard::FIRST, &ask).await.unwrap().len() as u64, buckets);
        })
        .await;
    let ask = ReadSeries { only_counts: true, ..ask };
    bench
        .measure("series/read, their counts", async |_| drop(store.series(Shard::FIRST, &ask).await.unwrap()))
        .await;
}

async fn write_all(bench: &Bench) {
    while let Step::Wrote { more: true, .. } = bench.store.write_behind(Shard::FIRST, false).await.unwrap() {}
}

/// As many failures as a piece may have, each in a queue and a group of its own.
async fn fail(bench: &Bench, round: usize) {
    let mut tasks = bench.tasks(100, 10, None);
    for (number, task) in tasks.iter_mut().enumerate() {
        task.queue = QueueName::new(&format!("figures{}", number % 30)).unwrap();
    }
    for part in 0..3 {
        for task in &mut tasks {
            task.id = bench.store.draw(Shard::FIRST);
        }
        bench.submit(&tasks).await;
        let queues: Vec<QueueName> =
            (0..30).map(|number| QueueName::new(&format!("figures{number}")).unwrap()).collect();
        let pairs: Vec<_> =
            bench.claim_of(WORKER, &queues, 100, &[]).await.iter().map(|grant| grant.pair()).collect();
        for (number, pair) in pairs.iter().enumerate() {
            let words = letters((round * 3 + part) * 100 + number);
            let outcome = Outcome::FailForGood { error: words.into_bytes(), reason: String::new() };
            bench.settle(WORKER, &QueueName::new("nobody").unwrap(), &[*pair], &outcome).await;
        }
    }
    write_all(bench).await;
}

/// Numbers would be left out of a message.
fn letters(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

/// Every part of both histograms has something in it.
async fn fill(bench: &Bench) {
    let mut connection = bench.redis.connection().await;
    for bucket in 0..limits::SERIES_BUCKETS_MAX {
        let mut put = cmd("HSET");
        let key = BehindKey::series(Resolution::Fine, bucket * Resolution::Fine.step_ms(), &Of::Others);
        put.arg(bench.store.keys(Shard::FIRST).unwrap().behind(&key));
        let mut part_ms = 1;
        while part_ms < Histogram::MAX_MS {
            for name in ["wait", "run"] {
                put.arg(format!("{name}:{}", Histogram::part_of(part_ms))).arg(1_000);
            }
            part_ms += (part_ms / 4).max(1);
        }
        let _: Value = put.query_async(&mut connection).await.unwrap();
    }
}
