//! A Redis that forgets, and one that is not the primary for a while.

use baton_core::Status;
use baton_testkit::process::Signal;

use super::support::{Yard, lives, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn after_redis_lost_everything_new_workers_leave_the_living_alone() {
    let yard = Yard::open().await;
    let mut keeper = yard.supervisor("one", &[("BATON_SUPERVISOR_COUNT", "3")]);
    yard.until_steady(3).await;
    let before = keeper.workers();
    yard.redis_says(&["FLUSHALL"]).await;
    until("all three are known again", async || yard.live_workers().await.len() == 3).await;
    until("so is their pool", async || yard.pool().await.is_some()).await;
    // Numbers begin at one again, and the living have the first three.
    yard.set(Some(5), None).await;
    yard.until_steady(5).await;
    assert_eq!(yard.live_workers().await.len(), 5);
    assert!(before.iter().all(|worker| lives(*worker)), "{}", text(yard.file("one.log")));
    assert_eq!(yard.said("restarts").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_during_a_failover_is_mended_after_it() {
    let yard = Yard::open().await;
    let mut keeper = yard.supervisor("one", &[("BATON_SUPERVISOR_COUNT", "2")]);
    yard.until_steady(2).await;
    let first = keeper.workers()[0];
    yard.redis_says(&["REPLICAOF", "127.0.0.1", "1"]).await;
    assert!(keeper.signal(first, Signal::KILL));
    // One that is started now waits as well.
    let mut late = yard.supervisor("late", &[("BATON_SUPERVISOR_COUNT", "2")]);
    let said = r#"connect to the primary"#;
    until("both were told", async || {
        ["one.log", "late.log"].iter().all(|log| text(yard.file(log)).contains(said))
    })
    .await;
    assert!(late.0.is_running());
    yard.redis_says(&["REPLICAOF", "NO", "ONE"]).await;
    until("they share the pool", async || {
        let supervisors = yard.supervisors().await;
        let shares = supervisors.iter().filter_map(|one| one.report.get("share"));
        supervisors.len() == 2 && shares.filter(|share| *share == "1").count() == 2
    })
    .await;
    let task = yard.submit("echo", "1").await;
    yard.until_status(task, Status::Completed).await;
    until("none has given up", async || {
        yard.supervisors()
            .await
            .iter()
            .all(|one| one.report.get("state").is_some_and(|state| state == "steady"))
    })
    .await;
}
