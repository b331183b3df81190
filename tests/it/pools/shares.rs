//! The size of a pool, and how supervisors share it out.

use baton_core::Status;
use baton_testkit::process::Signal;

use super::support::{Yard, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_follows_what_is_wanted_and_surplus_workers_finish_their_tasks() {
    let yard = Yard::open().await;
    let mut keeper = yard.supervisor("one", &[]);
    yard.until_steady(2).await;
    let mut tasks = Vec::new();
    for desired in [3, 5, 1, 0, 4] {
        yard.set(Some(desired), None).await;
        for _ in 0..4 {
            tasks.push(yard.submit("sleep", r#"{"ms":300}"#).await);
        }
        let seen = yard.supervisors().await.remove(0).deadline_ms;
        until("it is heard", async || yard.supervisors().await[0].deadline_ms > seen).await;
    }
    yard.until_steady(4).await;
    assert_eq!(keeper.workers().len(), 4);
    for task in tasks {
        let done = yard.until_status(task, Status::Completed).await;
        assert_eq!((done.attempt, done.crashes), (0, 0));
    }
    yard.set(None, Some(false)).await;
    yard.until_steady(0).await;
    assert_eq!(keeper.children(), [] as [u32; 0]);
    yard.set(None, Some(true)).await;
    yard.until_steady(4).await;
    assert_eq!(yard.said("restarts").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn supervisors_share_a_pool_and_take_over_from_one_that_leaves() {
    let yard = Yard::open().await;
    let variables = [("BATON_SUPERVISOR_COUNT", "4")];
    let mut first = yard.supervisor("first", &variables);
    yard.until_steady(4).await;
    let mut second = yard.supervisor("second", &[("BATON_SUPERVISOR_MAX_COUNT", "1"), variables[0]]);
    let of = async |live: &[&str]| {
        let said = yard.supervisors().await;
        let steady = said.iter().all(|one| one.report["state"] == "steady");
        let lives: Vec<&str> = said.iter().map(|one| one.report["live"].as_str()).collect();
        steady && lives == live
    };
    until("each has what it can", async || of(&["3", "1"]).await || of(&["1", "3"]).await).await;
    assert_eq!((first.workers().len(), second.workers().len()), (3, 1));
    second.0.signal(Signal::TERM);
    yard.until_steady(4).await;
    assert_eq!(first.workers().len(), 4);
    assert_eq!(yard.said("restarts").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_to_be_started_by_hand_waits_for_it() {
    let yard = Yard::open().await;
    let mut keeper = yard.supervisor("one", &[("BATON_SUPERVISOR_AUTO_START", "false")]);
    yard.until_steady(0).await;
    assert_eq!(keeper.children(), [] as [u32; 0]);
    yard.set(None, Some(true)).await;
    yard.until_steady(2).await;
}
