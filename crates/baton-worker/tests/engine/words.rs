//! What handlers say while they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use baton_core::Status;
use baton_store::State;
use baton_store::calls::task::Level;
use baton_worker::{End, Run};

use super::support::{Count, Place, Worker, handlers, kind, options, until};

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_written_before_the_end_is_reported() {
    let at = Place::start().await;
    let talks = handlers("talks", async |run: Run| {
        for line in 0..250 {
            run.reporter.log(Level::Info, format!("line {line}"));
        }
        run.reporter.log(Level::Warning, vec![b'x'; 10_000]);
        End::Complete(Vec::new())
    });
    let worker = Worker::start(&at.store, talks, options(1));
    let task = at.submit("talks", "null").await;
    at.until_status(task, Status::Completed).await;
    let log = at.store.read_log(task, None, 500).await.unwrap();
    assert_eq!(log.len(), 251);
    assert_eq!(log[249].text, b"line 249");
    assert_eq!((log[250].level.as_str(), log[250].text.len()), ("warning", 4_096));
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_and_lines_are_seen_while_it_runs() {
    let at = Place::start().await;
    let go_on = Count::default();
    let seen = go_on.clone();
    let talks = handlers("talks", move |run: Run| {
        let go_on = seen.clone();
        async move {
            run.reporter.progress(0.25, "a\nquarter");
            run.reporter.log(Level::Info, "under way");
            go_on.reaches(1).await;
            End::Complete(Vec::new())
        }
    });
    let worker = Worker::start(&at.store, talks, options(1));
    let task = at.submit("talks", "null").await;
    until("progress is seen", async || {
        matches!(at.read(task).await.state, State::Running { progress: Some(line) } if line == "0.25 a quarter")
    })
    .await;
    until("the line is seen", async || !at.store.read_log(task, None, 10).await.unwrap().is_empty()).await;
    go_on.up();
    at.until_status(task, Status::Completed).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_handler_that_never_stops_talking_keeps_nobody_waiting() {
    let at = Place::start().await;
    let (started, stop) = (Count::default(), Arc::new(AtomicBool::new(false)));
    let seen = (started.clone(), Arc::clone(&stop));
    let mut handlers = handlers("talks", move |run: Run| {
        let (started, stop) = seen.clone();
        async move {
            started.up();
            while !stop.load(Ordering::Relaxed) {
                run.reporter.progress(0.5, "on and on");
            }
            End::Complete(Vec::new())
        }
    });
    let says = |run: Run| {
        run.reporter.progress(1.0, "done");
        std::future::ready(End::Complete(Vec::new()))
    };
    handlers.add(kind("says"), says).unwrap();
    let worker = Worker::start(&at.store, handlers, options(1));
    let talks = at.submit("talks", "null").await;
    until("it talks", async || started.get() == 1).await;
    for _ in 0..20 {
        let says = at.submit("says", "null").await;
        at.until_status(says, Status::Completed).await;
    }
    stop.store(true, Ordering::Relaxed);
    at.until_status(talks, Status::Completed).await;
    assert_eq!(at.read(talks).await.crashes, 0);
    worker.drain().await;
}
