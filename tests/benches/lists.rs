//! How soon lists, searches, histories and pages are answered where a million tasks have ended and many wait.
//!
//! `cargo bench --bench lists` prints a table; `-- 100000` ends another number of tasks, a tenth of which wait beside them.
//! Times are those of a client over HTTP. The server's slow log counts scripts that took 5 ms or more.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, reads the clock, and ends when something fails"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use baton_core::{Shard, Tag, TaskId};
use baton_gateway::app::{App, Settings};
use baton_store::behind::Step;
use baton_store::calls::task::{Cancel, NewTask, Rerun, Submission};
use baton_store::{Options, Script, Store};
use baton_testkit::{Launch, PrivateRedis};
use deadpool_redis::redis::{FromRedisValue, cmd};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 100;
const KINDS: u64 = 20;

const LISTS: &[&str] = &[
    "/tasks",
    "/tasks?status=cancelled",
    "/tasks?kind=kind-7&status=cancelled",
    "/tasks?q=tag:rare%20status:cancelled",
    "/tasks?q=tag:some%20kind:kind-0%20status:cancelled",
    "/tasks?kind=kind-7&status=cancelled&sort=created_at",
    "/tasks?q=kind:kind-7",
    "/tasks?q=payload.user.id:77%20status:cancelled",
    "/tasks?q=kind:kind-7%20status:pending",
    "/tasks?page=50&page_size=100&status=cancelled",
    "/tasks/stats",
    "/tasks/stats?last=7d",
    "/series?last=24h",
    "/errors",
    "/queues",
    "/tasks/{id}/history",
    "/tasks/{id}?include=history",
];

const PAGES: &[&str] = &[
    "/",
    "/?last=90d",
    "/ui/tasks",
    "/ui/tasks?status=cancelled",
    "/ui/tasks?q=kind:kind-7",
    "/ui/tasks/{id}",
    "/ui/queues",
    "/ui/queues/default",
    "/ui/workers",
    "/ui/flows",
    "/ui/schedules",
    "/ui/errors",
    "/ui/tasks?status=failed&status=timeout",
    "/ui/webhooks",
    "/ui/events",
    "/ui/audit",
    "/ui/submit",
    "/ui/system",
];

fn main() {
    let ended = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure_all(ended));
}

async fn say<T: FromRedisValue>(redis: &PrivateRedis, line: &str) -> T {
    let mut words = line.split(' ');
    let mut command = cmd(words.next().unwrap());
    words.for_each(|word| {
        command.arg(word);
    });
    command.query_async(&mut redis.connection().await).await.unwrap()
}

/// Kinds in turn; one task in a hundred has a tag, one in ten thousand another.
async fn submit(store: &Store, first: u64, count: u64) -> Vec<TaskId> {
    let new = |number: u64| {
        let kind = format!("kind-{}", number % KINDS).parse().unwrap();
        let mut task =
            NewTask::new(store.draw(Shard::FIRST), kind, format!(r#"{{"user":{{"id":{number}}}}}"#));
        let tag = |tag: &str| vec![Tag::new(tag).unwrap()];
        task.tags = match number {
            _ if number.is_multiple_of(10_000) => tag("rare"),
            _ if number.is_multiple_of(100) => tag("some"),
            _ => Vec::new(),
        };
        task
    };
    let tasks: Vec<NewTask> = (first..first + count).map(new).collect();
    store.submit(&Submission { tasks: &tasks, by: None, op: None }).await.unwrap();
    tasks.iter().map(|task| task.id).collect()
}

async fn cancel(store: &Store, tasks: &[TaskId]) {
    store.cancel(Shard::FIRST, &Cancel { tasks, by: None, reason: "", op: None }).await.unwrap();
}

/// Writes all there is behind; answers how many events that were.
async fn write_behind(store: &Store) -> u64 {
    let mut sum = 0;
    loop {
        match store.write_behind(Shard::FIRST, false).await.unwrap() {
            Step::Wrote { events, .. } => sum += events,
            Step::Idle => return sum,
            Step::Busy => panic!("nobody else is at it"),
        }
    }
}

async fn fill(store: &Store, ended: u64) {
    let (mut events, mut writing) = (0, Duration::ZERO);
    for first in (0..ended).step_by(100) {
        let ids = submit(store, first, 100).await;
        cancel(store, &ids).await;
        if first % 10_000 == 0 || first + 100 >= ended {
            let began = Instant::now();
            events += write_behind(store).await;
            writing += began.elapsed();
        }
    }
    println!("written behind: {events} events, {:.0}/s", events as f64 / writing.as_secs_f64());
    for first in (0..ended / 10).step_by(100) {
        submit(store, ended + first, 100).await;
    }
    write_behind(store).await;
}

/// A task that has been ended and begun again so often that its history has a thousand lines.
async fn long_life(store: &Store) -> TaskId {
    let ids = submit(store, 1, 1).await;
    for _ in 0..500 {
        cancel(store, &ids).await;
        let rerun = Rerun { tasks: &ids, by: None, reason: "", op: None };
        store.rerun(Shard::FIRST, &rerun).await.unwrap();
    }
    ids[0]
}

/// What took 5 ms or more, by script.
async fn slow(redis: &PrivateRedis, when: &str) {
    type Line = (i64, i64, u64, Vec<String>, String, String);
    let lines: Vec<Line> = say(redis, "SLOWLOG GET -1").await;
    let mut by_script: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (_, _, us, words, ..) in &lines {
        let script = words.get(1).and_then(|sha| Script::all().iter().find(|script| script.sha == *sha));
        let (count, most_us) = by_script.entry(script.map_or("no script", |script| script.name)).or_default();
        (*count, *most_us) = (*count + 1, (*most_us).max(*us));
    }
    println!("5 ms or more {when}: {by_script:?} (how often, and the longest in µs)");
    say::<()>(redis, "SLOWLOG RESET").await;
}

struct Server<'a> {
    redis: &'a PrivateRedis,
    origin: String,
    /// The task whose history is long; `{id}` in paths.
    long: &'a str,
}

impl Server<'_> {
    /// How soon it answers, and how many commands Redis does for one answer, those of scripts among them.
    async fn measure(&self, path: &str, accept: &str) {
        let client = reqwest::Client::new();
        let url = format!("{}{}", self.origin, path.replace("{id}", self.long));
        let mut times = Vec::new();
        let before = self.commands().await;
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let answer = client.get(&url).header("accept", accept).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            answer.bytes().await.unwrap();
            times.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        let each = (self.commands().await - before) as f64 / ROUNDS as f64;
        times.sort_by(f64::total_cmp);
        println!("| {path} | {:.1} | {:.1} | {each:.1} |", times[ROUNDS / 2], times[ROUNDS * 99 / 100]);
    }

    async fn commands(&self) -> u64 {
        let info: String = say(self.redis, "INFO stats").await;
        let line = info.lines().find_map(|line| line.strip_prefix("total_commands_processed:"));
        line.and_then(|number| number.parse().ok()).unwrap()
    }
}

async fn measure_all(ended: u64) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let redis = Launch::default().start().await;
    let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.unwrap();
    say::<()>(&redis, "CONFIG SET slowlog-log-slower-than 5000").await;
    say::<()>(&redis, "CONFIG SET slowlog-max-len 100000").await;
    fill(&store, ended).await;
    slow(&redis, "while it was filled").await;
    let long = long_life(&store).await;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let draining = CancellationToken::new();
    let app = App::start(store, Settings::default(), draining.clone());
    tokio::spawn(baton_gateway::serve(listener, app, draining, Duration::from_secs(1)));
    let long = long.to_string();
    let server = Server { redis: &redis, origin: format!("http://{address}"), long: &long };
    println!(
        "| {ended} ended, {} waiting | p50 ms | p99 ms | commands |\n| --- | --- | --- | --- |",
        ended / 10
    );
    for path in LISTS {
        server.measure(&format!("/api/v1{path}"), "application/json").await;
    }
    for path in PAGES {
        server.measure(path, "text/html").await;
    }
    slow(&redis, "while it was read").await;
}
