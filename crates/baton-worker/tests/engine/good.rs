//! The good path.

use baton_core::{QueueName, Status};
use baton_store::State;
use baton_worker::{End, Run};

use super::support::{Count, Place, Worker, handlers, noop, options, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_task_runs_and_its_result_is_kept_byte_for_byte() {
    let at = Place::start().await;
    let echo = handlers("echo", async |run: Run| End::Complete(run.grant.payload.clone()));
    let worker = Worker::start(&at.store, echo, options(1));
    let payload = r#"{"b":1,"a":12345678901234567890}"#;
    let task = at.submit("echo", payload).await;
    let done = at.until_status(task, Status::Completed).await;
    let State::Completed { result, .. } = done.state else { panic!("completed") };
    assert_eq!(result.as_deref(), Some(payload.as_bytes()));
    assert_eq!(at.steps(task).await, ["submit", "claim", "complete"]);
    assert_eq!(worker.drain().await.abandoned, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_runs_at_once_than_there_are_slots() {
    let at = Place::start().await;
    let (now, most, done) = (Count::default(), Count::default(), Count::default());
    let seen = (now.clone(), most.clone(), done.clone());
    let busy = handlers("busy", move |_run: Run| {
        let (now, most, done) = seen.clone();
        async move {
            if now.up() > most.get() {
                most.up();
            }
            tokio::task::yield_now().await;
            now.down();
            done.up();
            End::Complete(Vec::new())
        }
    });
    let mut options = options(1);
    options.slots = 3;
    let worker = Worker::start(&at.store, busy, options);
    for _ in 0..60 {
        at.submit("busy", "null").await;
    }
    until("all are done", async || done.get() == 60).await;
    worker.drain().await;
    assert!((1..=3).contains(&most.get()), "{} at once", most.get());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_workers_run_each_task_once() {
    let at = Place::start().await;
    let runs = Count::default();
    let workers: Vec<Worker> = (1..=4)
        .map(|number| {
            let runs = runs.clone();
            let count = handlers("noop", move |_run: Run| {
                runs.up();
                async { End::Complete(Vec::new()) }
            });
            Worker::start(&at.store, count, options(number))
        })
        .collect();
    let mut tasks = Vec::new();
    for _ in 0..300 {
        tasks.push(at.submit("noop", "null").await);
    }
    for task in tasks {
        at.until_status(task, Status::Completed).await;
    }
    for worker in workers {
        worker.drain().await;
    }
    assert_eq!(runs.get(), 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_own_queues_are_claimed() {
    let at = Place::start().await;
    let mut options = options(1);
    options.queues = vec![QueueName::new("media").unwrap()];
    let worker = Worker::start(&at.store, noop(), options);
    let other = at.submit("noop", "null").await;
    let mine = at.submit_task(|task| task.queue = QueueName::new("media").unwrap(), "noop").await;
    at.until_status(mine, Status::Completed).await;
    assert_eq!(at.status(other).await, Status::Pending);
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_task_starts_when_it_is_due_with_nobody_but_the_worker() {
    let at = Place::start().await;
    let worker = Worker::start(&at.store, noop(), options(1));
    let (now, _) =
        at.store.workers(baton_core::Shard::FIRST, 0, 1).await.map(|page| (page.now_ms, ())).unwrap();
    let task = at.submit_task(|task| task.run_at_ms = Some(now + 300), "noop").await;
    let done = at.until_status(task, Status::Completed).await;
    let State::Completed { .. } = done.state else { panic!("completed") };
    assert!(done.run.unwrap().started_ms >= now + 300);
    worker.drain().await;
}
