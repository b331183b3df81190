//! What operators do, through the client.

use std::time::Duration;

use baton::api::pool::{PoolState, PutPool};
use baton::{Figures, Metric, Status};

use super::{House, Order};

#[tokio::test]
async fn tasks_queues_and_workers_are_moved_and_read() {
    let house = House::open().await;
    let client = &house.client;
    let paused = client.pause("default").await.unwrap();
    assert!(paused.paused);
    let worker = house.worker(|worker| worker.builtins().named("test"));
    let held = client.submit_json("echo", baton::Json::of(&7).unwrap()).await.unwrap();
    assert_eq!(client.explain(held.id()).await.unwrap().code, "queue_paused");
    assert_eq!(client.reprioritise(held.id(), 9).await.unwrap().priority, 9);
    assert!(!client.resume("default").await.unwrap().paused);
    assert_eq!(held.result().await.unwrap().get(), "7");
    client.rerun(held.id(), "again").await.unwrap();
    assert_eq!(client.wait(held.id()).await.unwrap().status, Status::Completed);
    let history = client.history(held.id()).await.unwrap().history;
    let rerun = history.iter().find(|entry| entry.event == "rerun").unwrap();
    assert_eq!(rerun.why.as_deref(), Some("again"));
    let workers = client.workers().await.unwrap();
    assert_eq!(workers.len(), 1);
    let id = workers[0].id.to_string();
    assert!(id.ends_with("-test"), "{id}");
    assert_eq!(client.worker(&id).await.unwrap().slots, Some(8));
    client.quiet_worker(&id).await.unwrap();
    client.resume_worker(&id).await.unwrap();
    assert_eq!(client.queues().await.unwrap().len(), 1);
    assert_eq!(client.stats().await.unwrap().tasks["completed"], 1);
    let figures =
        Figures::new().queue("default").last(Duration::from_secs(600)).step(Duration::from_secs(60));
    assert_eq!(client.stats_of(&figures).await.unwrap().queues.len(), 1);
    let shown = client.series(&[Metric::Completed, Metric::Run], &figures).await.unwrap();
    assert_eq!((shown.series.len(), shown.step_ms, shown.series[0].metric), (2, 60_000, Metric::Completed));
    assert!(client.errors(Some("default"), 10).await.unwrap().errors.is_empty());
    let nobody = client.error("0123456789abcdef".parse().unwrap(), 1).await.unwrap_err();
    assert_eq!(nobody.code(), "unknown_error_group");
    let unknown = client.queue("../workers").await.unwrap_err();
    assert_eq!(unknown.code(), "invalid", "a name is never part of a path");
    worker.end().await;
    house.close().await;
}

#[tokio::test]
async fn pools_are_sized_read_and_forgotten() {
    let house = House::open().await;
    let client = &house.client;
    assert_eq!(client.pools().await.unwrap(), []);
    let nobody = client.set_pool("media", &PutPool { running: Some(true), desired: None }).await.unwrap_err();
    assert_eq!(nobody.code(), "unknown_pool");
    let sized = client.set_pool("media", &PutPool { desired: Some(3), running: None }).await.unwrap();
    assert_eq!((sized.desired, sized.state), (3, PoolState::Unattended));
    let stopped = client.set_pool("media", &PutPool { running: Some(false), desired: None }).await.unwrap();
    assert_eq!((stopped.desired, stopped.state), (3, PoolState::Stopped));
    assert_eq!(client.pool("media").await.unwrap(), stopped);
    assert_eq!(client.pools().await.unwrap(), [stopped]);
    let refused =
        client.set_pool("media", &PutPool { desired: Some(1_001), running: None }).await.unwrap_err();
    assert_eq!(refused.status(), Some(422));
    assert_eq!(client.workers_of("media").await.unwrap(), []);
    client.remove_pool("media").await.unwrap();
    assert_eq!(client.pool("media").await.unwrap_err().code(), "unknown_pool");
    let recovery = client.recover().await.unwrap();
    assert_eq!((recovery.reclaimed, recovery.silent.len()), (0, 0));
    house.close().await;
}

#[tokio::test]
async fn waiting_has_no_end_of_its_own() {
    let house = House::open().await;
    let submitted = house.client.submit(Order::new(1)).delay(Duration::from_secs(3_600)).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(100), submitted.result());
    assert!(waiting.await.is_err());
    house.client.cancel(submitted.id(), "").await.unwrap();
    assert_eq!(submitted.result().await.unwrap_err().code(), "not_completed");
    house.close().await;
}
