//! How long each script runs at its largest batch, with a million tasks in the shard: none may hold Redis up for 5 ms.
//!
//! `cargo bench --bench bounds` prints a table; `-- 100000` fills the shard with another number of tasks. Times are
//! those of the server's own slow log: the script alone, without the wait for it.
#![expect(clippy::print_stdout, reason = "a benchmark speaks by printing")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that fails should stop")]

mod figures;
mod graphs;
mod limited;

use baton_core::{
    Boot, DedupeKey, Kind, KindRules, LeaseLength, Principal, Priority, QueueName, Reasons, Shard, Status,
    TaskId, WorkerId, limits,
};
use baton_store::calls::Pair;
use baton_store::calls::kind::PutKind;
use baton_store::calls::shard::Tick;
use baton_store::calls::task::{
    AfterRunning, Cancel, Claim, Claimed, Grant, Index, List, NewTask, Next, Note, OnDuplicate, Order,
    Outcome, Promote, Report, Reprioritise, Rerun, Settle, SettleAnswer, Submission,
};
use baton_store::calls::worker::{Register, Renew};
use baton_store::{Options, Script, Store};
use baton_testkit::{Launch, PrivateRedis};
use deadpool_redis::redis::{Value, cmd};

const ROUNDS: usize = 20;

/// A due time that does not come.
const FAR_MS: u64 = 2_100_000_000_000;

struct Bench {
    redis: PrivateRedis,
    store: Store,
}

fn main() {
    let tasks = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure_all(tasks));
}

fn worker(number: u64) -> WorkerId {
    WorkerId::new(&format!("worker-{number:03}-bench")).unwrap()
}

fn boot(number: u64) -> Boot {
    Boot::new(&format!("b{number}")).unwrap()
}

impl Bench {
    /// The longest and the median run of the script that the name begins with, in all calls of `work`, in ms.
    async fn measure(&self, name: &str, mut work: impl AsyncFnMut(usize)) {
        let mut connection = self.redis.connection().await;
        let _: Value = cmd("SLOWLOG").arg("RESET").query_async(&mut connection).await.unwrap();
        for round in 0..ROUNDS {
            work(round).await;
        }
        let log: Vec<Value> =
            cmd("SLOWLOG").arg("GET").arg(10_000).query_async(&mut connection).await.unwrap();
        let script = name.split(',').next().unwrap();
        let sha = &Script::all().iter().find(|known| known.name == script).unwrap().sha;
        let mut times: Vec<f64> = log.iter().filter_map(|entry| script_time(entry, sha)).collect();
        times.sort_by(f64::total_cmp);
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        println!("| {name} | {:.2} | {:.2} |", median / 1_000.0, longest / 1_000.0);
    }

    fn tasks(&self, count: u64, payload: usize, delay: Option<u64>) -> Vec<NewTask> {
        let new = |_| NewTask {
            payload: vec![b'x'; payload],
            run_at_ms: delay,
            priority: Priority::new(5).unwrap(),
            ..NewTask::new(self.store.draw(Shard::FIRST), Kind::new("bench").unwrap(), Vec::new())
        };
        (0..count).map(new).collect()
    }

    async fn submit(&self, tasks: &[NewTask]) -> Vec<TaskId> {
        let by = Some(Principal::new("bench").unwrap());
        self.store.submit(&Submission { tasks, by, op: None }).await.unwrap();
        tasks.iter().map(|task| task.id).collect()
    }

    async fn claim(&self, number: u64, max: u64, holding: &[Pair]) -> Vec<Grant> {
        self.claim_of(number, &[QueueName::default()], max, holding).await
    }

    async fn claim_of(&self, number: u64, queues: &[QueueName], max: u64, holding: &[Pair]) -> Vec<Grant> {
        let (worker, boot) = (worker(number), boot(0));
        let claim = Claim {
            worker: &worker,
            boot: &boot,
            expects: None,
            lease: LeaseLength::default(),
            queues,
            in_order: false,
            max,
            only: None,
            holding,
        };
        match self.store.claim(Shard::FIRST, &claim).await.unwrap() {
            Claimed::Tasks(grants) => grants.tasks,
            Claimed::Refused(refused) => panic!("{refused:?}"),
        }
    }

    /// As many as a holder may hold.
    async fn hold_all(&self, number: u64) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = Vec::new();
        loop {
            let grants = self.claim(number, limits::CLAIM_TASKS_MAX, &pairs).await;
            if grants.is_empty() {
                return pairs;
            }
            pairs.extend(grants.iter().map(Grant::pair));
        }
    }

    /// Reports these and claims as many as one call may.
    async fn settle(&self, number: u64, queue: &QueueName, pairs: &[Pair], outcome: &Outcome) -> Vec<Pair> {
        let report = |pair: &Pair| Report { task: pair.task, fence: pair.fence, outcome: outcome.clone() };
        let reports: Vec<Report> = pairs.iter().map(report).collect();
        let next = Next {
            queues: std::slice::from_ref(queue),
            in_order: false,
            max: limits::CLAIM_TASKS_MAX,
            holding: &[],
        };
        let (worker, boot) = (worker(number), boot(0));
        let settle = Settle { worker: &worker, boot: Some(&boot), reports: &reports, claim: Some(next) };
        match self.store.settle(Shard::FIRST, &settle).await.unwrap() {
            SettleAnswer::Reports { claimed: Some(Claimed::Tasks(grants)), .. } => {
                grants.tasks.iter().map(Grant::pair).collect()
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The µs of an entry of the slow log, if this script ran.
fn script_time(entry: &Value, sha: &str) -> Option<f64> {
    let Value::Array(parts) = entry else { return None };
    let (Value::Int(time), Value::Array(words)) = (&parts[2], &parts[3]) else { return None };
    matches!(words.get(1), Some(Value::BulkString(name)) if name == sha.as_bytes()).then_some(*time as f64)
}

async fn measure_all(tasks: u64) {
    let launch = Launch::default().with("slowlog-log-slower-than", "0").with("slowlog-max-len", "10000");
    let redis = launch.start().await;
    let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.unwrap();
    let bench = Bench { redis, store };
    println!(
        "{tasks} tasks are in the shard.\n\n| script, at its largest batch | median ms | longest ms |\n| --- | --- | --- |"
    );
    for _ in 0..tasks / 2 / limits::SUBMIT_TASKS_MAX {
        bench.submit(&bench.tasks(limits::SUBMIT_TASKS_MAX, 100, None)).await;
        bench.submit(&bench.tasks(limits::SUBMIT_TASKS_MAX, 100, Some(FAR_MS))).await;
    }
    measure_submits(&bench).await;
    measure_replaces(&bench).await;
    measure_hopeless(&bench).await;
    measure_holders(&bench).await;
    measure_operators(&bench).await;
    measure_readers(&bench).await;
    graphs::measure(&bench).await;
    figures::measure(&bench).await;
    limited::measure(&bench).await;
}

async fn measure_submits(bench: &Bench) {
    let max = limits::SUBMIT_TASKS_MAX;
    bench
        .measure("task/submit, 200 tasks of 100 bytes", async |_| {
            drop(bench.submit(&bench.tasks(max, 100, None)).await)
        })
        .await;
    bench
        .measure("task/submit, a payload of 1 MiB", async |_| {
            bench.submit(&bench.tasks(1, 1 << 20, Some(FAR_MS))).await;
        })
        .await;
}

/// The last of several tasks with one key is left, and all others are cancelled by the call that made them.
async fn measure_replaces(bench: &Bench) {
    let most = limits::SUBMIT_TASKS_MAX / limits::REPLACE_WEIGHT;
    let replacing = async |keys: usize| {
        let mut tasks = bench.tasks(most, 100, Some(FAR_MS));
        for (at, task) in tasks.iter_mut().enumerate() {
            task.key = DedupeKey::new(&format!("k{}", at % keys)).ok();
            task.on_duplicate = OnDuplicate::Replace;
        }
        bench.submit(&tasks).await;
    };
    bench.measure("task/submit, 25 tasks in the place of others", async |_| replacing(25).await).await;
    bench.measure("task/submit, 25 tasks in the place of each other", async |_| replacing(1).await).await;
}

/// A kind with as many hopeless reasons as it may have, none of which is the one that its tasks fail for.
async fn measure_hopeless(bench: &Bench) {
    let (kind, queue) = (Kind::new("hopeless").unwrap(), QueueName::new("hopeless").unwrap());
    let reasons = (0..limits::NON_RETRYABLE_MAX)
        .map(|at| Reasons::new(&format!("{}{at}*", "x".repeat(100 + at as usize))).unwrap());
    let rules = KindRules { non_retryable: reasons.collect(), ..KindRules::default() };
    bench.store.put_kind(&PutKind { kind: &kind, rules: &rules, version: None, by: None }).await.unwrap();
    let mut held = Vec::new();
    for round in 0..ROUNDS {
        let mut tasks = bench.tasks(limits::CLAIM_TASKS_MAX, 100, None);
        for task in &mut tasks {
            (task.kind, task.queue) = (kind.clone(), queue.clone());
        }
        bench.submit(&tasks).await;
        let queues = std::slice::from_ref(&queue);
        let grants = bench.claim_of(600 + round as u64, queues, limits::CLAIM_TASKS_MAX, &[]).await;
        held.push(grants.iter().map(Grant::pair).collect::<Vec<_>>());
    }
    let outcome = Outcome::Fail { error: vec![b'e'; 4_096], reason: "x".repeat(200), retry_in_ms: None };
    bench
        .measure("task/settle, 100 failed of a kind with 32 reasons", async |round| {
            drop(bench.settle(600 + round as u64, &queue, &held[round], &outcome).await);
        })
        .await;
}

async fn measure_holders(bench: &Bench) {
    let mut held = Vec::new();
    bench
        .measure("task/claim, 100 tasks", async |round| {
            let grants = bench.claim(round as u64, limits::CLAIM_TASKS_MAX, &[]).await;
            held.push(grants.iter().map(Grant::pair).collect::<Vec<_>>());
        })
        .await;
    let outcomes = [
        (
            "task/settle, 100 completed with 1 kB, 100 claimed",
            Outcome::Complete { result: vec![b'r'; 1_000] },
        ),
        (
            "task/settle, 100 failed with 4 kB, more claimed",
            Outcome::Fail { error: vec![b'e'; 4_096], reason: "no".to_owned(), retry_in_ms: None },
        ),
        (
            "task/settle, 100 released, more claimed",
            Outcome::Release { reason: "drain".to_owned(), delay_ms: None },
        ),
    ];
    let queue = QueueName::default();
    for (name, outcome) in outcomes {
        let work = async |round: usize| {
            held[round] = bench.settle(round as u64, &queue, &held[round], &outcome).await
        };
        bench.measure(name, work).await;
    }
    bench
        .measure("task/progress, 100 notes", async |round| {
            let notes: Vec<Note<'_>> = held[round]
                .iter()
                .map(|pair| Note { task: pair.task, fence: pair.fence, progress: "0.5" })
                .collect();
            let _ = bench.store.note_progress(Shard::FIRST, &worker(round as u64), &notes).await.unwrap();
        })
        .await;
    measure_full_holders(bench).await;
    measure_many_queues(bench).await;
    measure_long_lives(bench).await;
}

/// A claim that must merge as many queues as one may name.
async fn measure_many_queues(bench: &Bench) {
    let name = |number| QueueName::new(&format!("queue-{number}")).unwrap();
    let queues: Vec<QueueName> = (0..limits::CLAIM_QUEUES_MAX).map(name).collect();
    for queue in &queues {
        let mut tasks = bench.tasks(limits::SUBMIT_TASKS_MAX, 100, None);
        tasks.iter_mut().for_each(|task| task.queue = queue.clone());
        bench.submit(&tasks).await;
    }
    bench
        .measure("task/claim, 100 tasks of 32 queues", async |round| {
            drop(bench.claim_of(300 + round as u64, &queues, limits::CLAIM_TASKS_MAX, &[]).await);
        })
        .await;
}

/// Tasks whose hashes hold as many history lines as they may: the widest hashes there are.
async fn measure_long_lives(bench: &Bench) {
    let queue = QueueName::new("lived").unwrap();
    for _ in 0..5 * ROUNDS {
        let mut tasks = bench.tasks(limits::OPERATE_TASKS_MAX, 100, None);
        tasks.iter_mut().for_each(|task| task.queue = queue.clone());
        let ids = bench.submit(&tasks).await;
        for turn in 0..limits::HISTORY_INLINE_VERSIONS {
            let priority = Priority::new(6 + (turn % 2) as i64).unwrap();
            let ask = Reprioritise { tasks: &ids, by: None, priority, op: None };
            bench.store.reprioritise(Shard::FIRST, &ask).await.unwrap();
        }
    }
    let mut held = Vec::new();
    let queues = [queue.clone()];
    bench
        .measure("task/claim, 100 tasks of long lives", async |round| {
            let grants = bench.claim_of(400 + round as u64, &queues, limits::CLAIM_TASKS_MAX, &[]).await;
            held.push(grants.iter().map(Grant::pair).collect::<Vec<_>>());
        })
        .await;
    let completed = Outcome::Complete { result: vec![b'r'; 10_000] };
    let failed = Outcome::Fail { error: vec![b'e'; 4_096], reason: "no".to_owned(), retry_in_ms: None };
    for (name, outcome) in [
        ("task/settle, 100 long lives completed with 10 kB, more claimed", completed),
        ("task/settle, 100 long lives failed with 4 kB, more claimed", failed),
    ] {
        for (round, pairs) in held.iter_mut().enumerate() {
            let room = limits::CLAIM_TASKS_MAX - pairs.len() as u64;
            let more = bench.claim_of(400 + round as u64, &queues, room, pairs).await;
            pairs.extend(more.iter().map(Grant::pair));
        }
        let work = async |round: usize| {
            held[round] = bench.settle(400 + round as u64, &queue, &held[round], &outcome).await;
        };
        bench.measure(name, work).await;
    }
}

/// Holders with all that one may hold: the widest comparison, and the largest takeover.
async fn measure_full_holders(bench: &Bench) {
    let mut full = Vec::new();
    for number in 100..100 + ROUNDS as u64 {
        full.push(bench.hold_all(number).await);
    }
    bench
        .measure("worker/renew, 150 pairs", async |round| {
            let (worker, boot) = (worker(100 + round as u64), boot(0));
            let renew =
                Renew { worker: &worker, boot: &boot, holding: &full[round], alone: false, about: &[] };
            bench.store.renew(Shard::FIRST, &renew).await.unwrap();
        })
        .await;
    bench
        .measure("worker/register, taking 150 tasks over", async |round| {
            let (worker, old, new) = (worker(100 + round as u64), boot(0), boot(1));
            let register = Register {
                worker: &worker,
                boot: &new,
                expects: Some(&old),
                lease: LeaseLength::default(),
                about: &[],
            };
            bench.store.register(Shard::FIRST, &register).await.unwrap();
        })
        .await;
}

async fn measure_operators(bench: &Bench) {
    let mut ids = Vec::new();
    for _ in 0..ROUNDS {
        ids.push(bench.submit(&bench.tasks(limits::OPERATE_TASKS_MAX, 100, Some(FAR_MS))).await);
    }
    let store = &bench.store;
    let first = Shard::FIRST;
    bench
        .measure("task/promote, 100 tasks", async |round| {
            store
                .promote(first, &Promote { tasks: &ids[round], by: None, reason: "now", op: None })
                .await
                .unwrap();
        })
        .await;
    bench
        .measure("task/reprioritise, 100 tasks", async |round| {
            let ask = Reprioritise { tasks: &ids[round], by: None, priority: Priority::HIGHEST, op: None };
            store.reprioritise(first, &ask).await.unwrap();
        })
        .await;
    bench
        .measure("task/cancel, 100 tasks", async |round| {
            store
                .cancel(first, &Cancel { tasks: &ids[round], by: None, reason: "no", op: None })
                .await
                .unwrap();
        })
        .await;
    bench
        .measure("task/rerun, 100 tasks", async |round| {
            store
                .rerun(first, &Rerun { tasks: &ids[round], by: None, reason: "again", op: None })
                .await
                .unwrap();
        })
        .await;
    measure_ticks(bench).await;
}

/// Ticks that have every chore's fill: the server's own clock, so what is due is made due by hand.
async fn measure_ticks(bench: &Bench) {
    let mut connection = bench.redis.connection().await;
    let tick = Tick { ticks: 9, expected_ms: Some(4_000_000_000_000), trying_ms: 0 };
    bench
        .measure("shard/tick, 50 reaped, 50 matured, 25 pruned", async |_| {
            let due: Vec<String> = cmd("ZRANGE")
                .arg("baton:{0}:scheduled")
                .arg(0)
                .arg(99)
                .query_async(&mut connection)
                .await
                .unwrap();
            for id in due {
                let _: Value = cmd("ZADD")
                    .arg("baton:{0}:scheduled")
                    .arg(1)
                    .arg(id)
                    .query_async(&mut connection)
                    .await
                    .unwrap();
            }
            let holder: Vec<String> = cmd("ZRANGE")
                .arg("baton:{0}:leases")
                .arg(-1)
                .arg(-1)
                .query_async(&mut connection)
                .await
                .unwrap();
            let _: Value = cmd("ZADD")
                .arg("baton:{0}:leases")
                .arg(1)
                .arg(&holder[0])
                .query_async(&mut connection)
                .await
                .unwrap();
            let ended: Vec<String> = cmd("ZRANGE")
                .arg("baton:{0}:queue:default:completed")
                .arg(0)
                .arg(49)
                .query_async(&mut connection)
                .await
                .unwrap();
            for id in ended {
                let _: Value = cmd("ZADD")
                    .arg("baton:{0}:queue:default:completed")
                    .arg(1)
                    .arg(id)
                    .query_async(&mut connection)
                    .await
                    .unwrap();
            }
            let _: Value =
                cmd("HDEL").arg("baton:{0}:meta").arg("tick_ms").query_async(&mut connection).await.unwrap();
            bench.store.tick(Shard::FIRST, tick).await.unwrap();
        })
        .await;
}

async fn measure_readers(bench: &Bench) {
    let queue = QueueName::default();
    let store = &bench.store;
    let mut after = None;
    bench
        .measure("task/list, 100 tasks by cursor", async |_| {
            let list = List {
                index: Index::Queue(&queue, Status::Pending),
                order: Order::Down,
                start: after.into(),
                limit: limits::PAGE_MAX,
            };
            after = store.list(Shard::FIRST, &list).await.unwrap().next;
        })
        .await;
    let other = QueueName::new("other").unwrap();
    bench
        .measure("task/list, scheduled, filtered in vain", async |_| {
            let list = List {
                index: Index::Scheduled(Some(&other)),
                order: Order::Up,
                start: Default::default(),
                limit: limits::PAGE_MAX,
            };
            store.list(Shard::FIRST, &list).await.unwrap();
        })
        .await;
    bench
        .measure("task/running, 100 tasks", async |_| {
            store.list_running(Shard::FIRST, None, AfterRunning::default(), limits::PAGE_MAX).await.unwrap();
        })
        .await;
    bench
        .measure("queue/counts", async |_| {
            drop(store.counts(Shard::FIRST, 0, limits::PAGE_MAX).await.unwrap())
        })
        .await;
    bench
        .measure("worker/list, 100 workers", async |_| {
            drop(store.workers(Shard::FIRST, 0, limits::PAGE_MAX).await.unwrap())
        })
        .await;
}
