//! Many tasks at once, and the live feed of them.

use std::collections::HashSet;
use std::pin::pin;

use baton::worker::{Task, TaskError};
use baton::{Filter, Status, Watch};
use futures_util::{StreamExt, TryStreamExt};

use super::{House, Order};

async fn ship(task: Task<Order>) -> Result<u64, TaskError> {
    Ok(task.payload.number)
}

#[tokio::test]
async fn each_of_many_has_its_own_answer() {
    let house = House::open().await;
    let orders = (0..2_300).map(|number| match number {
        // One that is larger than a payload may be.
        1_500 => Order { number, note: "x".repeat(1_100_000) },
        _ => Order::new(number),
    });
    let receipts = house.client.submit_many(orders).await;
    assert_eq!(receipts.len(), 2_300);
    let refused: Vec<usize> = (0..2_300).filter(|at| receipts[*at].is_err()).collect();
    assert_eq!(refused, [1_500]);
    assert_eq!(receipts[1_500].as_ref().unwrap_err().code(), "payload_too_large");
    let ids: HashSet<_> =
        receipts.iter().filter_map(|receipt| receipt.as_ref().ok()).map(|receipt| receipt.id).collect();
    assert_eq!(ids.len(), 2_299);
    let filter = Filter::new().status(Status::Pending).page_of(500);
    let listed: Vec<_> = house.client.list(filter).map_ok(|task| task.id).try_collect().await.unwrap();
    assert_eq!(listed.len(), 2_299);
    assert!(listed.iter().all(|id| ids.contains(id)));
    house.close().await;
}

#[tokio::test]
async fn the_feed_brings_every_step() {
    let house = House::open().await;
    let feed = house.client.watch(Watch::new().topic("tasks"));
    let mut feed = pin!(feed);
    let client = house.client.clone();
    let worker = house.worker(|worker| worker.handle(ship));
    // The feed begins when it is connected: until it brings something, there is something to bring.
    let mut seen = Vec::new();
    while seen.is_empty() {
        tokio::select! {
            frame = feed.next() => seen.push(frame.unwrap().unwrap()),
            submitted = client.submit(Order::new(1)) => { submitted.unwrap().result().await.unwrap(); }
        }
    }
    let id = client.submit(Order::new(2)).await.unwrap().id();
    let mut steps = Vec::new();
    while steps.last().map(String::as_str) != Some("complete") {
        let frame = feed.next().await.unwrap().unwrap();
        let event = frame.data.filter(|event| event.task.as_deref() == Some(&id.to_string()));
        steps.extend(event.map(|event| event.event));
    }
    assert_eq!(steps, ["submit", "claim", "complete"]);
    worker.end().await;
    house.close().await;
}
