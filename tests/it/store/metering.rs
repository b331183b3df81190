//! What is counted and timed on the way to Redis.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use baton_testkit::PrivateRedis;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use super::{open, options, submit};
use crate::store::LONG;

type Counts = BTreeMap<String, u64>;

/// Counts how often each series is told something, or how far it was counted.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Counts>>);

struct Series {
    seen: Seen,
    name: String,
}

impl Seen {
    fn series(&self, key: &Key) -> Arc<Series> {
        let labels: Vec<String> = key.labels().map(|label| label.value().to_owned()).collect();
        Arc::new(Series {
            seen: self.clone(),
            name: [&[key.name().to_owned()], &labels[..]].concat().join(" "),
        })
    }

    fn of(&self, name: &str) -> u64 {
        self.0.lock().unwrap().get(name).copied().unwrap_or_default()
    }
}

impl CounterFn for Series {
    fn increment(&self, by: u64) {
        *self.seen.0.lock().unwrap().entry(self.name.clone()).or_default() += by;
    }

    fn absolute(&self, _: u64) {}
}

impl HistogramFn for Series {
    fn record(&self, seconds: f64) {
        assert!(seconds > 0.0 && seconds < LONG.as_secs_f64(), "{seconds}");
        self.increment(1);
    }
}

impl Recorder for Seen {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.series(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.series(key))
    }
}

/// Runs a test on this thread alone, so that the recorder sees it and nobody else.
fn recorded(test: impl AsyncFnOnce(&Seen)) {
    let seen = Seen::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&seen, || runtime.block_on(test(&seen)));
}

#[test]
fn each_answered_call_of_a_script_is_timed() {
    recorded(async |seen| {
        let redis = PrivateRedis::start().await;
        let store = open(options(&redis.url())).await.unwrap();
        for _ in 0..3 {
            submit(&store).await.unwrap();
        }
        assert_eq!(seen.of("baton_redis_script_seconds task/submit"), 3);
        assert_eq!(seen.of("baton_redis_script_seconds namespace/open"), 1);
        assert_eq!(seen.of("baton_redis_reconnects_total"), 0);
    });
}

#[test]
fn errors_are_counted_by_kind_and_reconnects_as_such() {
    recorded(async |seen| {
        let redis = PrivateRedis::start().await;
        let store = open(options(&redis.url())).await.unwrap();
        redis.say::<()>(&["SCRIPT", "FLUSH"]).await;
        submit(&store).await.unwrap();
        assert_eq!(seen.of("baton_redis_errors_total script_missing"), 1);
        redis.say::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
        submit(&store).await.unwrap_err();
        assert_eq!(seen.of("baton_redis_errors_total storage_full"), 1);
        redis.say::<()>(&["CONFIG", "SET", "maxmemory", "0"]).await;
        redis.say::<u64>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
        submit(&store).await.unwrap();
        assert_eq!(seen.of("baton_redis_reconnects_total"), 1);
        assert!(seen.of("baton_redis_errors_total connection") >= 1);
    });
}
