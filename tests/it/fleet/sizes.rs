//! A pool that is scaled up and down faster than it can follow.

use baton_core::{PoolName, Status};
use baton_store::calls::pool::SetPool;
use baton_testkit::{Snapshot, invariants};

use super::support::{Fleet, supervisor, until};

async fn scale(fleet: &Fleet, desired: u64) {
    let set = SetPool { pool: &PoolName::default(), desired: Some(desired), running: None, by: None };
    fleet.store.set_pool(&set).await.expect("an answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_two_to_fifty_to_one_to_none_to_three_and_no_attempt_is_burnt() {
    let fleet = Fleet::start().await;
    fleet.handler("moment", "sleep 0.2; echo 1");
    let settings = [("BATON_WORKER_SLOTS", "1"), ("BATON_WORKER_DRAIN_TIMEOUT", "10s")];
    let _supervisor = supervisor(&fleet, "one", &settings);
    let size = async || fleet.live_workers().await.len();
    until("there are two", async || size().await == 2).await;
    let mut tasks = Vec::new();
    for _ in 0..150 {
        tasks.push(fleet.submit("moment", "null").await);
    }
    scale(&fleet, 50).await;
    until("it is on its way", async || size().await >= 10).await;
    // Before it is there, it is too many; and then none; and then three.
    scale(&fleet, 1).await;
    until("it turns round", async || size().await <= 5).await;
    scale(&fleet, 0).await;
    until("there are none", async || size().await == 0).await;
    scale(&fleet, 3).await;
    until("there are three", async || size().await == 3).await;
    for task in &tasks {
        let task = fleet.until_status(*task, Status::Completed).await;
        assert_eq!((task.attempt, task.crashes), (0, 0), "{task:?}");
    }
    let mut connection = fleet.redis.connection().await;
    let snapshot = Snapshot::take(&mut connection, "baton:{0}:").await;
    invariants::assert_hold(&snapshot, "baton:{0}:");
}
