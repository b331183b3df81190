//! Workers that leave while an answer is under way, or that are left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use baton_core::{Shard, Status};
use baton_testkit::{Direction, FaultProxy, Loss, Mode, Then};
use baton_worker::{End, EngineError, Handlers, Run};

use super::support::{Count, Place, Worker, handlers, kind, open, options, until};

/// Runs until it is told to end.
fn patient(started: &Count) -> Handlers {
    let started = started.clone();
    handlers("patient", move |run: Run| {
        let started = started.clone();
        async move {
            started.up();
            run.cancel.cancelled().await;
            End::Retry { error: "told to end".to_owned(), reason: String::new(), in_ms: None }
        }
    })
}

async fn idle(at: &Place) {
    let waiting = async || {
        let clients: String = at.redis.say(&["CLIENT", "LIST"]).await;
        clients.lines().any(|line| line.contains("cmd=blpop"))
    };
    until("it waits for hints", waiting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_to_a_worker_that_ends_goes_back_unharmed() {
    let at = Place::start().await;
    let proxy = FaultProxy::start(at.redis.socket()).await;
    let started = Count::default();
    let worker = Worker::start(&open(&proxy.url()).await, patient(&started), options(1));
    idle(&at).await;
    proxy.set(Direction::Replies, Mode::Stall);
    let task = at.submit("patient", "null").await;
    at.until_status(task, Status::Running).await;
    worker.now.cancel();
    proxy.pass();
    worker.ended().await.unwrap();
    let task = at.read(task).await;
    assert_eq!((task.status(), task.crashes, started.get()), (Status::Pending, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_ends_gives_back_what_it_was_granted_unheard() {
    let at = Place::start().await;
    let proxy = FaultProxy::start(at.redis.socket()).await;
    let started = Count::default();
    let worker = Worker::start(&open(&proxy.url()).await, patient(&started), options(1));
    idle(&at).await;
    // Every try of one call, and nothing after it.
    proxy.lose(Loss::to("queue:default:pending", Then::Close).times(5));
    let task = at.submit("patient", "null").await;
    at.until_status(task, Status::Running).await;
    worker.drain.cancel();
    proxy.lost().await;
    worker.ended().await.unwrap();
    let task = at.read(task).await;
    assert_eq!((task.status(), task.crashes, started.get()), (Status::Pending, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_caller_goes_away_gives_everything_back() {
    let at = Place::start().await;
    let started = Count::default();
    let worker = Worker::start(&at.store, patient(&started), options(1));
    let task = at.submit("patient", "null").await;
    until("it runs", async || started.get() == 1).await;
    worker.forsake();
    at.until_status(task, Status::Pending).await;
    until("it takes leave", async || {
        let page = at.store.workers(Shard::FIRST, 0, 1).await.unwrap();
        page.workers[0].boot.is_none()
    })
    .await;
    assert_eq!((at.read(task).await.crashes, started.get()), (0, 1));
}

/// What a handler panicked with; dropping it panics as well, where nobody expects it.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a panic in a panic");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_which_a_part_breaks_ends_and_says_so() {
    let at = Place::start().await;
    let breaks = handlers("breaks", async |_run: Run| std::panic::panic_any(Bomb));
    let worker = Worker::start(&at.store, breaks, options(1));
    at.submit("breaks", "null").await;
    let ended = worker.ended().await;
    assert!(matches!(ended, Err(EngineError::Broken("a run"))), "{ended:?}");
}

#[test]
fn a_run_that_was_told_to_end_before_it_began_never_begins() {
    // The runtime of the handlers has one thread, and a handler that blocks it.
    let own = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let other = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (spinning, began, go_on) = (Count::default(), Count::default(), Arc::new(AtomicBool::new(false)));
    let mut handlers = handlers("spins", {
        let (spinning, go_on) = (spinning.clone(), Arc::clone(&go_on));
        move |_run: Run| {
            let (spinning, go_on) = (spinning.clone(), Arc::clone(&go_on));
            async move {
                spinning.up();
                while !go_on.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
                End::Complete(Vec::new())
            }
        }
    });
    let begins = began.clone();
    let counts = move |_run: Run| {
        begins.up();
        std::future::ready(End::Complete(Vec::new()))
    };
    handlers.add(kind("counts"), counts).unwrap();
    let mut options = options(1);
    options.grace = Duration::from_secs(3_600);
    other.block_on(async {
        let at = Place::start().await;
        let worker = {
            let _guard = own.enter();
            Worker::start(&at.store, handlers, options)
        };
        at.submit("spins", "null").await;
        until("the thread is taken", async || spinning.get() == 1).await;
        let task = at.submit_task(|task| task.timeout_ms = 1_000, "counts").await;
        at.until_status(task, Status::Running).await;
        let cancel = baton_store::calls::task::Cancel { tasks: &[task], by: None, reason: "", op: None };
        at.store.cancel(Shard::FIRST, &cancel).await.unwrap();
        at.renewals(Shard::FIRST, 2).await;
        go_on.store(true, Ordering::Relaxed);
        worker.drain().await;
    });
    assert_eq!(began.get(), 0);
}
