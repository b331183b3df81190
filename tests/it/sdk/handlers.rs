//! What becomes of a task by what its handler says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use baton::api::task as api;
use baton::worker::{Level, State, Task, TaskError};
use baton::{CancellationToken, Error, Payload, Status};
use tokio::sync::Notify;

use super::{House, Order};

/// The number of an order says what its handler does.
async fn ship(task: Task<Order>, State(seen): State<Arc<AtomicU64>>) -> Result<u64, TaskError> {
    seen.fetch_max(task.fence().0, Ordering::Relaxed);
    match (task.payload.number, task.attempt()) {
        (1, 0) => Ok("it rains".parse()?),
        (2, _) => Err(TaskError::fail("no such address").because("address")),
        (3, 0) => Err(TaskError::retry_in(Duration::from_millis(20), "try again")),
        (4, 0) => panic!("the truck is gone"),
        (5, _) if seen.swap(u64::MAX, Ordering::Relaxed) != u64::MAX => {
            Err(TaskError::snooze(Duration::from_millis(10)))
        }
        (number, attempt) => {
            task.progress(0.5, "half-way");
            task.log(Level::Warning, format!("order {number}, attempt {attempt}"));
            Ok(attempt)
        }
    }
}

async fn outcome(house: &House, number: u64) -> (Result<u64, Error>, baton::api::task::Task) {
    let quick = Duration::from_millis(10);
    let submitted = house.client.submit(Order::new(number)).backoff(quick, quick).await.unwrap();
    let result = submitted.result().await;
    (result, house.client.get(submitted.id()).await.unwrap())
}

#[tokio::test]
async fn an_error_is_an_attempt_and_a_word_decides_what_follows() {
    let house = House::open().await;
    let seen = Arc::new(AtomicU64::new(0));
    let worker = house.worker(|worker| worker.state(Arc::clone(&seen)).handle(ship));
    let (result, task) = outcome(&house, 1).await;
    assert_eq!((result.unwrap(), task.attempt), (1, 1));
    let (result, task) = outcome(&house, 2).await;
    assert!(result.unwrap_err().to_string().ends_with("ended failed: no such address"));
    assert_eq!((task.status, task.reason.as_deref(), task.attempt), (Status::Failed, Some("address"), 1));
    let (result, _) = outcome(&house, 3).await;
    assert_eq!(result.unwrap(), 1);
    let (result, _) = outcome(&house, 4).await;
    assert_eq!(result.unwrap(), 1, "a panic is a failed attempt");
    let (result, task) = outcome(&house, 5).await;
    assert_eq!((result.unwrap(), task.attempt), (0, 0), "a snooze burns nothing");
    let history = house.client.history(task.id).await.unwrap().history;
    assert!(history.iter().any(|entry| entry.event == "release"), "{history:?}");
    let logs = house.client.logs(task.id, api::Level::Info, None).await.unwrap().logs;
    assert_eq!(logs[0].text, "order 5, attempt 0");
    let none = house.client.logs(task.id, api::Level::Error, None).await.unwrap();
    assert!(none.logs.is_empty() && none.next_cursor.is_some(), "it was looked past: {none:?}");
    worker.end().await;
    house.close().await;
}

#[tokio::test]
async fn a_payload_that_does_not_fit_fails_for_good() {
    let house = House::open().await;
    let seen = Arc::new(AtomicU64::new(0));
    let worker = house.worker(|worker| worker.state(seen).handle(ship));
    let payload = baton::Json::from_bytes(br#"{"number":"many"}"#).unwrap();
    let submitted = house.client.submit_json(Order::KIND, payload).await.unwrap();
    let task = house.client.wait(submitted.id()).await.unwrap();
    assert_eq!((task.status, task.attempt), (Status::Failed, 1));
    assert!(task.error.unwrap().contains("invalid type: string \"many\", expected u64"));
    worker.end().await;
    house.close().await;
}

/// Runs until it is told to end, and says when it has begun.
async fn endless(
    _: Task<Order>,
    cancel: CancellationToken,
    State(begun): State<Arc<Notify>>,
) -> Result<u64, TaskError> {
    begun.notify_one();
    cancel.cancelled().await;
    begun.notify_one();
    Err(TaskError::release())
}

#[tokio::test]
async fn a_cancel_reaches_the_handler() {
    let house = House::open().await;
    let begun = Arc::new(Notify::new());
    let state = Arc::clone(&begun);
    let worker = house.worker(|worker| worker.state(state).handle(endless).lease(Duration::from_secs(1)));
    let submitted = house.client.submit(Order::new(1)).await.unwrap();
    begun.notified().await;
    let task = house.client.cancel(submitted.id(), "no longer wanted").await.unwrap();
    assert_eq!(task.status, Status::Cancelled);
    begun.notified().await;
    worker.end().await;
    assert_eq!(house.client.get(submitted.id()).await.unwrap().status, Status::Cancelled);
    house.close().await;
}

#[tokio::test]
async fn a_drained_worker_gives_back_what_it_runs() {
    let house = House::open().await;
    let begun = Arc::new(Notify::new());
    let state = Arc::clone(&begun);
    let worker = house.worker(|worker| worker.state(state).handle(endless).drain(Duration::from_millis(50)));
    let submitted = house.client.submit(Order::new(1)).await.unwrap();
    begun.notified().await;
    worker.end().await;
    let task = house.client.get(submitted.id()).await.unwrap();
    assert_eq!((task.status, task.attempt), (Status::Pending, 0));
    house.close().await;
}
