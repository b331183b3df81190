//! Workers that are replaced because they have done, or have taken, enough.

use std::collections::BTreeSet;

use baton_core::Status;

use super::support::{Yard, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_has_done_its_share_is_replaced_and_nothing_is_lost() {
    let yard = Yard::open().await;
    let variables = [("BATON_SUPERVISOR_COUNT", "1"), ("BATON_SUPERVISOR_RECYCLE_AFTER_TASKS", "5")];
    let mut keeper = yard.supervisor("one", &variables);
    let mut processes = BTreeSet::new();
    for number in 0..12 {
        let task = yard.submit("echo", &number.to_string()).await;
        until("it is done", async || {
            processes.extend(keeper.workers());
            yard.read(task).await.status() == Status::Completed
        })
        .await;
        assert_eq!(yard.read(task).await.crashes, 0);
    }
    until("the third one is there", async || {
        processes.extend(keeper.workers());
        processes.len() >= 2
    })
    .await;
    assert_eq!(yard.said("restarts").await, "0");
    let log = text(yard.file("one.log"));
    assert!(!log.contains("worker-002"), "they share a name: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_can_only_be_too_large_are_given_up() {
    let yard = Yard::open().await;
    let variables = [
        ("BATON_SUPERVISOR_COUNT", "1"),
        ("BATON_SUPERVISOR_MAX_RSS", "1MiB"),
        ("BATON_SUPERVISOR_HEALTH_CHECK_INTERVAL", "100ms"),
        ("BATON_SUPERVISOR_MAX_RESTARTS", "2"),
    ];
    let mut keeper = yard.supervisor("one", &variables);
    until("it gives up", async || yard.said("state").await == "degraded").await;
    assert_eq!((yard.said("reason").await, keeper.workers().len()), ("memory".into(), 0));
}
