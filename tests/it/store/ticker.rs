//! Tickers against real servers, in real time: the chores get done, whatever happens to Redis, by one of the fleet.

use std::sync::Arc;

use baton_core::schedule::{Missed, Overlap, Timing};
use baton_core::{LeaseLength, ScheduleName, Shard, ShardCount, Status, TaskId};
use baton_store::Store;
use baton_store::calls::schedule::{Begins, PutSchedule, Template};
use baton_store::calls::task::{
    Cancel, Claim, Claimed, NewTask, Settle, Submission, SubmitAnswer, Submitted,
};
use baton_store::calls::worker::{Register, Registered};
use baton_store::event::{Entry, StreamId};
use baton_store::ticker::Ticker;
use baton_testkit::{FaultProxy, Launch, Life, PrivateRedis, kind};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{LONG, open, options, submit, with_shards};

/// A ticker that runs until it is dropped.
struct Running {
    ended: Arc<Notify>,
    running: JoinHandle<()>,
}

impl Running {
    fn start(store: &Store) -> Running {
        let ended = Arc::new(Notify::new());
        let shutdown = Arc::clone(&ended);
        let ticker = Ticker::new(store.apart().unwrap());
        let running = tokio::spawn(ticker.run(async move { shutdown.notified().await }));
        Running { ended, running }
    }

    async fn stop(self) {
        self.ended.notify_one();
        tokio::time::timeout(LONG, self.running).await.expect("it ends").unwrap();
    }
}

async fn submit_later(store: &Store, count: usize, delay_ms: u64) -> Vec<TaskId> {
    let new = |_| NewTask {
        delay_ms: Some(delay_ms),
        ..NewTask::new(store.draw(Shard::FIRST), kind("noop"), *b"{}")
    };
    let tasks: Vec<NewTask> = (0..count).map(new).collect();
    let answer = store.submit(&Submission { tasks: &tasks, by: None, op: None }).await.unwrap();
    let SubmitAnswer::Tasks { each, .. } = answer else { panic!("{answer:?}") };
    let scheduled = |one: Submitted| match one {
        Submitted::Created { id, status: Status::Scheduled, .. } => id,
        other => panic!("not scheduled: {other:?}"),
    };
    each.into_iter().map(scheduled).collect()
}

/// The events of this name, once they tell of so many tasks.
async fn told(store: &Store, event: &str, tasks: usize) -> Vec<Entry> {
    let wait = async {
        loop {
            let all = store.events(Shard::FIRST, None, 500).await.unwrap_or_default();
            let of: Vec<Entry> = all.iter().filter(|entry| entry.event == event).cloned().collect();
            if of.iter().map(|entry| entry.tasks.len().max(1)).sum::<usize>() >= tasks {
                return of;
            }
            let last = all.last().map_or(StreamId::default(), |entry| entry.id);
            let _ = store.follow_events(Shard::FIRST, last, 1, std::time::Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(LONG, wait).await.unwrap_or_else(|_| panic!("nobody said {event}"))
}

async fn matures(store: &Store) {
    let before = told(store, "mature", 0).await.len();
    submit_later(store, 1, 100).await;
    told(store, "mature", before + 1).await;
}

/// A worker with the shortest lease, which holds one task and is not heard of again.
async fn vanished_holder(store: &Store) -> TaskId {
    let life = Life::new(1, 1);
    let lease = LeaseLength::from_ms(1_000).unwrap();
    let register = Register { worker: &life.worker, boot: &life.boot, expects: None, lease, about: &[] };
    let registered = store.register(Shard::FIRST, &register).await.unwrap();
    assert!(matches!(registered, Registered::Current { .. }), "{registered:?}");
    let id = submit(store).await.unwrap();
    let claim = Claim {
        worker: &life.worker,
        boot: &life.boot,
        expects: None,
        lease,
        queues: &[Default::default()],
        in_order: false,
        max: 1,
        only: None,
        holding: &[],
    };
    let claimed = store.claim(Shard::FIRST, &claim).await.unwrap();
    assert!(matches!(&claimed, Claimed::Tasks(grants) if grants.tasks.len() == 1), "{claimed:?}");
    id
}

#[tokio::test]
async fn what_is_scheduled_matures() {
    let redis = PrivateRedis::start().await;
    let store = open(options(&redis.url())).await.unwrap();
    let ticker = Running::start(&store);
    matures(&store).await;
    matures(&store).await;
    ticker.stop().await;
}

#[tokio::test]
async fn what_is_left_over_is_done_at_once() {
    let redis = PrivateRedis::start().await;
    let store = open(options(&redis.url())).await.unwrap();
    submit_later(&store, 180, 1).await;
    let ticker = Running::start(&store);
    let entries = told(&store, "mature", 180).await;
    // Fifty with each tick; once a second would take three.
    let took_ms = entries[entries.len() - 1].id.ms - entries[0].id.ms;
    assert!(entries.len() >= 4 && took_ms < 1_000, "{} ticks in {took_ms} ms", entries.len());
    ticker.stop().await;
}

#[tokio::test]
async fn who_vanished_is_reaped() {
    let redis = PrivateRedis::start().await;
    let store = open(options(&redis.url())).await.unwrap();
    let id = vanished_holder(&store).await;
    let ticker = Running::start(&store);
    let entries = told(&store, "reclaim", 1).await;
    assert_eq!(entries[0].tasks[0].task, id);
    ticker.stop().await;
}

#[tokio::test]
async fn every_shard_is_ticked() {
    let redis = PrivateRedis::start().await;
    let store = open(with_shards(&redis.url(), 4)).await.unwrap();
    let ticker = Running::start(&store);
    for shard in ShardCount::new(4).unwrap().all() {
        let key = store.keys(shard).unwrap().meta();
        let ticked =
            async { while redis.say::<Option<u64>>(&["HGET", &key, "last_tick_ms"]).await.is_none() {} };
        tokio::time::timeout(LONG, ticked).await.expect("a tick");
    }
    ticker.stop().await;
}

#[tokio::test]
async fn ticks_go_on_after_a_restart_of_redis() {
    let mut redis = Launch::default().durable().start().await;
    let store = open(options(&redis.url())).await.unwrap();
    let ticker = Running::start(&store);
    matures(&store).await;
    for _ in 0..2 {
        redis.kill();
        redis.restart().await;
        matures(&store).await;
    }
    ticker.stop().await;
}

/// While Redis stands still a ticker keeps on trying, and says so when it comes through.
#[tokio::test]
async fn a_freeze_is_told_as_a_stall() {
    let mut redis = PrivateRedis::start().await;
    let proxy = FaultProxy::start(redis.socket()).await;
    let store = open(options(&proxy.url())).await.unwrap();
    let watcher = open(options(&redis.url())).await.unwrap();
    let ticker = Running::start(&store);
    matures(&watcher).await;
    let accepted = proxy.hits().accepted;
    redis.freeze();
    // It has lost patience twice, and asks over another connection; and so has whoever writes behind.
    proxy.until(|hits| hits.accepted > accepted + 3).await;
    redis.thaw();
    let stalls = told(&watcher, "stall", 1).await;
    let words = stalls[0].subject.clone().unwrap();
    let (from, until) = words.split_once(' ').unwrap();
    let length_ms = until.parse::<u64>().unwrap() - from.parse::<u64>().unwrap();
    assert!(length_ms >= 1_000, "a stall of {length_ms} ms");
    ticker.stop().await;
}

async fn calls(redis: &PrivateRedis) -> u64 {
    let stats: String = redis.say(&["INFO", "commandstats"]).await;
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

/// Redis times at which a tick worked, so many of them one after the other.
async fn tick_times(redis: &PrivateRedis, count: usize) -> Vec<u64> {
    let mut seen: Vec<u64> = Vec::new();
    let watch = async {
        while seen.len() < count {
            let last: Option<u64> = redis.say(&["HGET", "baton:{0}:meta", "last_tick_ms"]).await;
            if let Some(last) = last.filter(|last| seen.last() != Some(last)) {
                seen.push(last);
            }
        }
    };
    tokio::time::timeout(LONG, watch).await.expect("ticks");
    seen
}

#[tokio::test]
async fn two_tickers_tick_once_a_second_between_them() {
    let redis = PrivateRedis::start().await;
    let store = open(options(&redis.url())).await.unwrap();
    let others = open(options(&redis.url())).await.unwrap();
    let tickers = [Running::start(&store), Running::start(&others)];
    tick_times(&redis, 2).await;
    let before = calls(&redis).await;
    let times = tick_times(&redis, 4).await;
    let called = calls(&redis).await - before;
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 1_000), "{times:?}");
    // Each asks about once a second, and who comes second is told that it is early; the first looks for something to write
    // down.
    let seconds = (times[3] - times[0]) / 1_000;
    assert!(called <= 3 * (seconds + 2), "{called} calls in {seconds} s");
    for ticker in tickers {
        ticker.stop().await;
    }
}

/// The answers to other calls of its process tell a ticker that somebody else has ticked.
#[tokio::test]
async fn who_hears_of_ticks_does_not_tick() {
    let redis = PrivateRedis::start().await;
    let store = open(options(&redis.url())).await.unwrap();
    let ticker = Running::start(&store);
    let start_ms = tick_times(&redis, 1).await[0];
    let worker = Life::new(1, 1).worker;
    let before = calls(&redis).await;
    let (mut now_ms, mut asked) = (start_ms, 0);
    while now_ms < start_ms + 4_000 {
        let time: Vec<u64> = redis.say(&["TIME"]).await;
        now_ms = time[0] * 1_000 + time[1] / 1_000;
        // As if somebody else had ticked this moment.
        let due = (now_ms + 1_000).to_string();
        redis.say::<u64>(&["HSET", "baton:{0}:meta", "tick_ms", &due]).await;
        let hear = Settle { worker: &worker, boot: None, reports: &[], claim: None };
        store.settle(Shard::FIRST, &hear).await.unwrap();
        asked += 1;
    }
    // One may have been under way at the beginning, and one where this machine stood still for a second; behind each comes a
    // look for something to write down.
    let by_ticker = calls(&redis).await - before - asked;
    assert!(by_ticker <= 4, "{by_ticker} calls");
    ticker.stop().await;
}

/// Two processes write down what happens while it happens: each event counts once, and the index has every task.
#[tokio::test]
async fn what_happens_is_written_down_once_by_whoever_ticks() {
    let redis = PrivateRedis::start().await;
    let store = open(options(&redis.url())).await.unwrap();
    let others = open(options(&redis.url())).await.unwrap();
    let tickers = [Running::start(&store), Running::start(&others)];
    for _ in 0..40 {
        let ids = submit_later(&store, 50, 60_000).await;
        let cancel = Cancel { tasks: &ids, by: None, reason: "", op: None };
        store.cancel(Shard::FIRST, &cancel).await.unwrap();
    }
    let last = store.stream_ends(Shard::FIRST).await.unwrap().last;
    let written = async { while store.lag(Shard::FIRST).await.unwrap().place != last {} };
    tokio::time::timeout(LONG, written).await.expect("all is written down");
    for ticker in tickers {
        ticker.stop().await;
    }
    let meta = |field| ["HGET", "baton:{0}:meta", field];
    let counted: String = redis.say(&meta("behind_events")).await;
    assert_eq!(counted, "4000");
    assert_eq!(redis.say::<Option<String>>(&meta("behind_missed")).await, None);
    assert_eq!(redis.say::<u64>(&["ZCARD", "baton:{0}:index:kind:noop"]).await, 2_000);
}

/// Three processes, real time: each second of the schedule is seen to once, by one of them, and soon.
#[tokio::test]
async fn three_tickers_fire_each_time_once() {
    let redis = PrivateRedis::start().await;
    let store = open(options(&redis.url())).await.unwrap();
    let put = PutSchedule {
        name: &ScheduleName::new("every-second").unwrap(),
        timing: &Timing::Every { every_ms: 1_000, aligned_ms: 0 },
        missed: Missed::Once,
        overlap: Overlap::Allow,
        task: &Template::new(kind("report"), *b"1"),
        begins: Begins::InMs(1_000),
        version: None,
        by: None,
        owner: None,
        op: None,
    };
    store.put_schedule(&put).await.unwrap();
    let mut tickers = Vec::new();
    for _ in 0..3 {
        tickers.push(Running::start(&open(options(&redis.url())).await.unwrap()));
    }
    told(&store, "schedule_fire", 2).await;
    // One of the processes ends.
    tickers.remove(0).stop().await;
    let fires = told(&store, "schedule_fire", 5).await;
    for ticker in tickers {
        ticker.stop().await;
    }
    let due = |entry: &Entry| entry.schedule.as_deref()?.rsplit_once("due=")?.1.parse::<u64>().ok();
    let times: Vec<u64> = fires.iter().filter_map(due).collect();
    assert!(times.windows(2).all(|pair| pair[1] == pair[0] + 1_000), "{times:?}");
    let schedule = store.schedule(put.name).await.unwrap().schedule.unwrap();
    let tasks: u64 = redis.say(&["ZCARD", "baton:{0}:queue:default:pending"]).await;
    assert_eq!((schedule.fired, schedule.skipped), (tasks, 0));
}
