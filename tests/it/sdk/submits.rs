//! A task from its submission to its result.

use std::time::Duration;

use baton::worker::{Task, TaskError};
use baton::{Defaults, Json, Payload, Status, Timestamp};
use serde::{Deserialize, Serialize};

use super::{House, Order};

#[derive(Serialize, Deserialize)]
struct Letter {
    text: String,
}

impl Payload for Letter {
    const KIND: &'static str = "letter.print";
    type Output = usize;

    fn defaults() -> Defaults {
        Defaults { queue: "documents", priority: 8, max_attempts: 2, ..Defaults::default() }
    }
}

async fn print(task: Task<Letter>) -> Result<usize, TaskError> {
    Ok(task.payload.text.len())
}

async fn ship(task: Task<Order>) -> Result<u64, TaskError> {
    Ok(task.payload.number * 2)
}

#[tokio::test]
async fn a_typed_task_comes_back_as_its_output() {
    let house = House::open().await;
    let worker = house.worker(|worker| worker.handle(print).handle(ship).queues(["default", "documents"]));
    let letter = Letter { text: "Dear Ada".to_owned() };
    let submitted = house.client.submit(letter).tags(["post"]).await.unwrap();
    assert!(submitted.created);
    let task = &submitted.task;
    assert_eq!((task.queue.as_str(), task.priority, task.max_attempts), ("documents", 8, 2));
    assert_eq!(submitted.result().await.unwrap(), 8);
    let id = house.client.submit(Order::new(21)).await.unwrap().id();
    assert_eq!(house.client.wait_for::<Order>(id).await.unwrap(), 42);
    worker.end().await;
    house.close().await;
}

#[tokio::test]
async fn the_same_intent_makes_one_task() {
    let house = House::open().await;
    let submit =
        || house.client.submit(Order::new(1)).delay(Duration::from_secs(60)).idempotency_key("order-1");
    let (first, second) = (submit().await.unwrap(), submit().await.unwrap());
    assert_eq!((first.created, second.created, first.id()), (true, false, second.id()));
    let other = house.client.submit(Order::new(2)).idempotency_key("order-1").await.unwrap_err();
    assert_eq!(other.code(), "idempotency_mismatch");
    let keyed = || house.client.submit(Order::new(3)).delay(Duration::from_secs(60)).key("only-one");
    let (first, second) = (keyed().await.unwrap(), keyed().await.unwrap());
    assert_eq!((second.created, first.id()), (false, second.id()));
    assert_eq!(keyed().reject_duplicates().await.unwrap_err().code(), "duplicate_key");
    house.close().await;
}

#[tokio::test]
async fn time_can_be_told_in_two_ways() {
    let house = House::open().await;
    let soon = house.client.submit(Order::new(1)).delay(Duration::from_secs(60)).await.unwrap();
    let in_an_hour = Timestamp::from_ms(soon.task.created_at.ms() + 3_600_000);
    let at = std::time::SystemTime::UNIX_EPOCH + Duration::from_millis(in_an_hour.ms());
    let later = house.client.submit(Order::new(1)).at(at).await.unwrap();
    assert_eq!((later.status(), later.task.run_at), (Status::Scheduled, Some(in_an_hour)));
    assert_eq!(soon.task.run_at.unwrap().ms(), soon.task.created_at.ms() + 60_000);
    let promoted = house.client.promote(later.id(), "no need to wait").await.unwrap();
    assert_eq!(promoted.status, Status::Pending);
    house.close().await;
}

#[tokio::test]
async fn json_passes_byte_for_byte() {
    let house = House::open().await;
    let worker = house.worker(baton::worker::Worker::builtins);
    let text = r#"{"b":1,  "a":12345678901234567890,"c":1e400}"#;
    let payload = Json::from_bytes(text.as_bytes()).unwrap();
    let submitted = house.client.submit_json("echo", payload).await.unwrap();
    assert_eq!(submitted.result().await.unwrap().get(), text);
    assert_eq!(house.client.result_bytes(submitted.id()).await.unwrap(), text.as_bytes());
    worker.end().await;
    house.close().await;
}
