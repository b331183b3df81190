//! Workers that die again and again.

use baton_core::Status;
use baton_testkit::process::Signal;

use super::support::{Keeper, Yard, lives, until};

/// Kills each worker as it comes, until the supervisor starts no more. How many it killed.
async fn kill_until_degraded(yard: &Yard, keeper: &mut Keeper) -> usize {
    let mut killed = Vec::new();
    until("it gives up", async || {
        for worker in keeper.workers() {
            if !killed.contains(&worker) && lives(worker) && keeper.signal(worker, Signal::KILL) {
                killed.push(worker);
            }
        }
        yard.said("state").await == "degraded"
    })
    .await;
    killed.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loop_ends_costs_nothing_and_can_be_begun_anew() {
    let yard = Yard::open().await;
    let variables = [("BATON_SUPERVISOR_COUNT", "1"), ("BATON_SUPERVISOR_MAX_RESTARTS", "3")];
    let mut keeper = yard.supervisor("one", &variables);
    assert_eq!(kill_until_degraded(&yard, &mut keeper).await, 3);
    assert_eq!((yard.said("reason").await, yard.said("gave_up").await), ("signal 9".into(), "1".into()));
    assert_eq!((yard.said("most").await, yard.said("restarts").await), ("0".into(), "2".into()));
    // Over some beats nothing is started, and hardly anything is done.
    let before = keeper.ticks();
    for _ in 0..3 {
        let last = yard.supervisors().await.remove(0).deadline_ms;
        until("another beat", async || yard.supervisors().await[0].deadline_ms > last).await;
        assert_eq!(keeper.children(), [] as [u32; 0]);
    }
    let spent = keeper.ticks() - before;
    assert!(spent < 50, "{spent} hundredths of a second");
    until("its worker is not taken for living", async || yard.live_workers().await.is_empty()).await;
    // Somebody has looked at it, and starts the pool.
    yard.set(None, Some(true)).await;
    yard.until_steady(1).await;
    assert_eq!(yard.said("reason").await, "");
    let task = yard.submit("echo", "1").await;
    yard.until_status(task, Status::Completed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_cannot_be_configured_are_not_tried_again() {
    let yard = Yard::open().await;
    let mut keeper =
        yard.supervisor("one", &[("BATON_WORKER_KINDS", "nobodys"), ("BATON_SUPERVISOR_COUNT", "1")]);
    until("it gives up", async || yard.said("state").await == "degraded").await;
    let reason = yard.said("reason").await;
    assert!(reason.starts_with("exit 78: ") && reason.contains("nobodys"), "{reason}");
    assert_eq!((yard.said("restarts").await.as_str(), keeper.children().len()), ("0", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_restarts_the_first_death_counts() {
    let yard = Yard::open().await;
    let variables = [("BATON_SUPERVISOR_COUNT", "2"), ("BATON_SUPERVISOR_RESTART_ON_FAILURE", "false")];
    let mut keeper = yard.supervisor("one", &variables);
    yard.until_steady(2).await;
    let first = keeper.workers()[0];
    assert!(keeper.signal(first, Signal::KILL));
    until("it is degraded", async || yard.said("state").await == "degraded").await;
    assert_eq!((yard.said("live").await, yard.said("most").await), ("1".into(), "1".into()));
    // What is left of it works.
    let task = yard.submit("echo", "1").await;
    yard.until_status(task, Status::Completed).await;
}
