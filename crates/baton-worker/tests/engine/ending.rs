//! How runs and workers end.

use std::time::Duration;

use baton_core::{Shard, Status};
use baton_store::calls::task::Cancel;
use baton_store::calls::worker::Directive;
use baton_worker::{End, EngineError, Handlers, Run};

use super::support::{Count, Place, Worker, handlers, noop, options, until};

/// Runs until it is told to end.
fn patient(started: &Count, told: &Count) -> Handlers {
    let (started, told) = (started.clone(), told.clone());
    handlers("patient", move |run: Run| {
        let (started, told) = (started.clone(), told.clone());
        async move {
            started.up();
            run.cancel.cancelled().await;
            told.up();
            End::Retry { error: "told to end".to_owned(), reason: String::new(), in_ms: None }
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_task_is_told_to_end_and_nothing_is_reported_of_it() {
    let at = Place::start().await;
    let (started, told) = (Count::default(), Count::default());
    let worker = Worker::start(&at.store, patient(&started, &told), options(1));
    let task = at.submit("patient", "null").await;
    until("it runs", async || started.get() == 1).await;
    let cancel = Cancel { tasks: &[task], by: None, reason: "not wanted", op: None };
    at.store.cancel(Shard::FIRST, &cancel).await.unwrap();
    until("it is told", async || told.get() == 1).await;
    worker.drain().await;
    assert_eq!(at.steps(task).await, ["submit", "claim", "cancel"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_takes_too_long_is_ended_and_recorded_as_timed_out() {
    let at = Place::start().await;
    let (started, told) = (Count::default(), Count::default());
    let worker = Worker::start(&at.store, patient(&started, &told), options(1));
    let change = |task: &mut baton_store::calls::task::NewTask| {
        (task.timeout_ms, task.max_attempts) = (1_000, 1);
    };
    let task = at.submit_task(change, "patient").await;
    at.until_status(task, Status::Timeout).await;
    assert_eq!(told.get(), 1);
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_failed_attempt_with_its_message_and_harms_nobody_else() {
    let at = Place::start().await;
    let panics = handlers("panics", |_run: Run| async { panic!("a {} bug", "nasty") });
    let worker = Worker::start(&at.store, panics, options(1));
    let task = at.submit_task(|task| task.max_attempts = 1, "panics").await;
    let failed = at.until_status(task, Status::Failed).await;
    let error = String::from_utf8(failed.error.unwrap()).unwrap();
    assert_eq!(error, "the handler panicked: a nasty bug");
    assert_eq!(failed.reason.as_deref(), Some("panic"));
    assert_eq!((failed.attempt, failed.crashes), (1, 0));
    let next = at.submit_task(|task| task.max_attempts = 1, "panics").await;
    at.until_status(next, Status::Failed).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_lets_runs_finish() {
    let at = Place::start().await;
    let (started, go_on) = (Count::default(), Count::default());
    let seen = (started.clone(), go_on.clone());
    let slow = handlers("slow", move |_run: Run| {
        let (started, go_on) = seen.clone();
        async move {
            started.up();
            go_on.reaches(1).await;
            End::Complete(Vec::new())
        }
    });
    let worker = Worker::start(&at.store, slow, options(1));
    let task = at.submit("slow", "null").await;
    until("it runs", async || started.get() == 1).await;
    worker.drain.cancel();
    let later = at.submit("slow", "null").await;
    go_on.up();
    assert_eq!(worker.ended().await.unwrap().abandoned, 0);
    assert_eq!(at.status(task).await, Status::Completed);
    assert_eq!(at.status(later).await, Status::Pending, "a worker that drains claims nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_finish_in_time_is_handed_back_unharmed() {
    let at = Place::start().await;
    let (started, told) = (Count::default(), Count::default());
    let mut options = options(1);
    options.drain = Duration::from_millis(200);
    let worker = Worker::start(&at.store, patient(&started, &told), options);
    let task = at.submit("patient", "null").await;
    until("it runs", async || started.get() == 1).await;
    assert_eq!(worker.drain().await.abandoned, 0);
    let task = at.read(task).await;
    assert_eq!((task.status(), task.attempt, task.crashes), (Status::Pending, 0, 0));
    assert_eq!(at.steps(task.id).await, ["submit", "claim", "release"]);
    let page = at.store.workers(Shard::FIRST, 0, 10).await.unwrap();
    assert_eq!(page.workers[0].boot, None, "it took leave");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_signal_ends_what_runs_at_once() {
    let at = Place::start().await;
    let (started, told) = (Count::default(), Count::default());
    let mut options = options(1);
    options.drain = Duration::from_secs(3_600);
    let worker = Worker::start(&at.store, patient(&started, &told), options);
    let task = at.submit("patient", "null").await;
    until("it runs", async || started.get() == 1).await;
    worker.drain.cancel();
    worker.now.cancel();
    worker.ended().await.unwrap();
    assert_eq!(at.status(task).await, Status::Pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_without_a_handler_goes_back_and_says_why() {
    let at = Place::start().await;
    let worker = Worker::start(&at.store, noop(), options(1));
    let task = at.submit("unheard.of", "null").await;
    at.until_status(task, Status::Scheduled).await;
    let history = at.history(task).await;
    let released = history.iter().find(|entry| entry.step == "release").unwrap();
    assert!(released.detail.contains("no handler for unheard.of here"), "{}", released.detail);
    let task = at.read(task).await;
    assert_eq!((task.attempt, task.crashes), (0, 0));
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_process_of_the_same_id_ends_the_earlier_one() {
    let at = Place::start().await;
    let (started, told) = (Count::default(), Count::default());
    let earlier = Worker::start(&at.store, patient(&started, &told), options(1));
    let task = at.submit("patient", "null").await;
    until("it runs", async || started.get() == 1).await;
    let later = Worker::start(&at.store, patient(&started, &told), options(1));
    let ended = earlier.ended().await;
    assert!(matches!(ended, Err(EngineError::Superseded(_))), "{ended:?}");
    assert_eq!(told.get(), 1, "its handler was told");
    until("it runs again", async || started.get() == 2).await;
    later.now.cancel();
    later.ended().await.unwrap();
    let read = at.read(task).await;
    assert_eq!((read.status(), read.attempt, read.crashes), (Status::Pending, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_quiet_a_worker_let_it_go_on_and_stop_it() {
    let at = Place::start().await;
    let options = options(1);
    let id = options.worker.clone();
    let worker = Worker::start(&at.store, noop(), options);
    let first = at.submit("noop", "null").await;
    at.until_status(first, Status::Completed).await;

    at.store.direct(Shard::FIRST, &id, Some(Directive::Quiet), None).await.unwrap();
    // A quiet worker leaves work alone; when it has understood is seen by what it leaves.
    let mut left = first;
    until("it leaves work alone", async || {
        left = at.submit("noop", "null").await;
        let mut looks = 0;
        while at.status(left).await == Status::Pending && looks < 500 {
            looks += 1;
        }
        at.status(left).await == Status::Pending
    })
    .await;

    at.store.direct(Shard::FIRST, &id, None, None).await.unwrap();
    at.until_status(left, Status::Completed).await;
    at.store.direct(Shard::FIRST, &id, Some(Directive::Stop), None).await.unwrap();
    assert_eq!(worker.ended().await.unwrap().abandoned, 0);
}
