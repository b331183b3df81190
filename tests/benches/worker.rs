//! How fast one worker process works: tasks drained per second, and how soon an idle worker starts a task.
//!
//! `cargo bench --bench worker` prints both. The worker runs in this process, its Redis beside it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, reads the clock, and ends when something fails"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use baton_core::{Kind, Shard, WorkerId};
use baton_store::calls::task::{NewTask, Submission};
use baton_store::{Options as StoreOptions, Store};
use baton_testkit::Launch;
use baton_worker::{End, Engine, Handlers, Options, Run};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const TASKS: usize = 100_000;
const PICKUPS: usize = 500;

#[tokio::main]
async fn main() {
    for aof in ["no", "yes"] {
        let redis = Launch::default().with("appendonly", aof).start().await;
        let (store, _) = Store::open(StoreOptions::new(redis.url().parse().unwrap())).await.unwrap();
        println!("appendonly {aof}");
        drain(&store).await;
        pickup(&store).await;
    }
}

fn task(store: &Store) -> NewTask {
    NewTask::new(store.draw(Shard::FIRST), Kind::new("noop").unwrap(), vec![b'1'; 100])
}

async fn submit(store: &Store, count: usize) {
    let tasks: Vec<NewTask> = (0..count).map(|_| task(store)).collect();
    store.submit(&Submission { tasks: &tasks, by: None, op: None }).await.unwrap();
}

fn start(store: &Store, slots: usize, handlers: Handlers) -> CancellationToken {
    let mut options = Options::new(WorkerId::new(&format!("worker-{slots:03}-bench")).unwrap());
    options.slots = slots;
    let drain = CancellationToken::new();
    let engine = Engine::new(store.clone(), handlers, options).unwrap();
    tokio::spawn(engine.run(drain.clone(), CancellationToken::new()));
    drain
}

/// Tasks that are there already, run to their ends.
async fn drain(store: &Store) {
    for slots in [1, 10, 100] {
        let count = TASKS / 100 * slots.clamp(10, 100);
        for _ in 0..count / 200 {
            submit(store, 200).await;
        }
        let done = Arc::new(AtomicUsize::new(0));
        let (seen, mut handlers) = (Arc::clone(&done), Handlers::default());
        let count_up = move |_run: Run| {
            seen.fetch_add(1, Ordering::Relaxed);
            std::future::ready(End::Complete(Vec::new()))
        };
        handlers.add(Kind::new("noop").unwrap(), count_up).unwrap();
        let began = Instant::now();
        let stop = start(store, slots, handlers);
        let whole = count / 200 * 200;
        while done.load(Ordering::Relaxed) < whole {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let took = began.elapsed();
        println!("  drain, {slots:>3} slots: {:>7.0} tasks/s", whole as f64 / took.as_secs_f64());
        stop.cancel();
    }
}

/// From before the submit to the first line of the handler, one task at a time.
async fn pickup(store: &Store) {
    let (started, mut starts) = mpsc::unbounded_channel();
    let mut handlers = Handlers::default();
    let note = move |_run: Run| {
        started.send(Instant::now()).unwrap();
        std::future::ready(End::Complete(Vec::new()))
    };
    handlers.add(Kind::new("noop").unwrap(), note).unwrap();
    let stop = start(store, 8, handlers);
    let mut waits = Vec::new();
    for _ in 0..PICKUPS {
        // Long enough for the worker to be idle again.
        tokio::time::sleep(Duration::from_millis(5)).await;
        let began = Instant::now();
        submit(store, 1).await;
        waits.push(starts.recv().await.unwrap() - began);
    }
    waits.sort();
    let at = |share: f64| waits[(waits.len() as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!("  pickup on an idle worker: p50 {:.2} ms, p99 {:.2} ms", at(0.5), at(0.99));
    stop.cancel();
}
