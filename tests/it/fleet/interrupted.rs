//! A worker is killed and Redis is restarted in the middle of what takes many calls: the end of a parent of thousands, the
//! cancel of a chain of thousands, the cancel and the rerun of a flow. Others go on with it; nothing is lost or doubled.

use baton_core::{FlowId, FlowState, OnParentFailure, Shard, Status};
use baton_store::calls::flow::{FlowAnswer, NewFlow, Work};
use baton_store::calls::task::{Cancel, NewTask};
use baton_store::record::flow::Flow;
use baton_testkit::{Process, kind};

use super::flows::{audit, client, lasting_fleet, post, until_state, worker};
use super::submits::gateway;
use super::support::{Fleet, until};

const TASKS: usize = 3_000;

const HOUR_MS: u64 = 3_600_000;

/// A flow; where it `waits`, its first task is not due before an hour.
async fn submit(fleet: &Fleet, policy: OnParentFailure, parents: Vec<Vec<u32>>, waits: bool) -> FlowId {
    let id = fleet.store.draw_flow(Shard::FIRST);
    let task = |at: usize| NewTask {
        on_parent_failure: policy,
        run_at_ms: (waits && at == 0).then(|| fleet.store.draw(Shard::FIRST).drawn_ms() + HOUR_MS),
        ..NewTask::new(id.task(at as u32 + 1), kind("noop"), *b"null")
    };
    let tasks = (0..parents.len()).map(task).collect();
    let flow = NewFlow { id, name: None, tasks, parents, by: None, op: None };
    assert_eq!(fleet.store.submit_flow(&flow).await.expect("an answer"), FlowAnswer::Created { flow: id });
    id
}

async fn read(fleet: &Fleet, flow: FlowId) -> Flow {
    fleet.store.read_flow(flow).await.expect("an answer").expect("the flow")
}

fn count(flow: &Flow, status: Status) -> u64 {
    flow.counts.get(&status).copied().unwrap_or_default()
}

/// Is this work begun, and not at its end?
fn is_half(flow: &Flow, done: Status) -> bool {
    (100..TASKS as u64 / 2).contains(&count(flow, done))
}

/// Waits until whoever is at it is in the middle, kills him, and restarts Redis.
async fn interrupt(fleet: &mut Fleet, mut who: Process, flow: FlowId, half: impl Fn(&Flow) -> bool) {
    until("it is in the middle", async || half(&read(fleet, flow).await)).await;
    who.kill();
    fleet.redis.restart().await;
    let left = read(fleet, flow).await;
    assert!(left.finished_ms.is_none(), "it came to its end before it could be interrupted");
}

fn chain() -> Vec<Vec<u32>> {
    (0..TASKS as u32).map(|at| if at == 0 { vec![] } else { vec![at] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_parent_of_thousands_reaches_each_of_them() {
    let mut fleet = lasting_fleet().await;
    // One, those who wait for it, and one that waits for all of them.
    let middle = TASKS as u32 - 2;
    let parents =
        std::iter::once(vec![]).chain((0..middle).map(|_| vec![1])).chain([(2..2 + middle).collect()]);
    let flow = submit(&fleet, OnParentFailure::Hold, parents.collect(), false).await;
    let first = worker(&fleet);
    let half = |flow: &Flow| (100..2_500).contains(&count(flow, Status::Blocked));
    interrupt(&mut fleet, first, flow, half).await;
    let second = worker(&fleet);
    until_state(&fleet, flow, FlowState::Completed).await;
    drop(second);
    let (claims, crashes) = (audit(&fleet).await, 64);
    assert!((TASKS..=TASKS + crashes).contains(&claims), "only what the killed one held ran again: {claims}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cancel_of_a_chain_of_thousands_reaches_its_end() {
    let mut fleet = lasting_fleet().await;
    let flow = submit(&fleet, OnParentFailure::Cancel, chain(), true).await;
    let first = worker(&fleet);
    let cancel = Cancel { tasks: &[flow.task(1)], by: None, reason: "not today", op: None };
    fleet.store.cancel(Shard::FIRST, &cancel).await.expect("an answer");
    interrupt(&mut fleet, first, flow, |flow| is_half(flow, Status::Cancelled)).await;
    let second = worker(&fleet);
    until_state(&fleet, flow, FlowState::Cancelled).await;
    drop(second);
    assert_eq!(count(&read(&fleet, flow).await, Status::Cancelled), TASKS as u64);
    assert_eq!(audit(&fleet).await, 0, "nothing of it ran");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cancel_and_the_rerun_of_a_flow_come_to_their_ends() {
    let mut fleet = lasting_fleet().await;
    let parents: Vec<Vec<u32>> =
        (0..TASKS as u32).map(|at| if at < 100 { vec![] } else { vec![at - 99] }).collect();
    let flow = submit(&fleet, OnParentFailure::Hold, parents, false).await;
    let (first, url) = gateway(&fleet);
    let cancel = format!("{url}/api/v1/flows/{flow}/cancel");
    let (status, _) = post(&client(), cancel, "stop-it", "{}".to_owned()).await.expect("an answer");
    assert_eq!(status, 202);
    interrupt(&mut fleet, first, flow, |flow| is_half(flow, Status::Cancelled)).await;
    assert_eq!(read(&fleet, flow).await.doing, Some(Work::Cancel));
    let (second, url) = gateway(&fleet);
    until_state(&fleet, flow, FlowState::Cancelled).await;
    let rerun = format!("{url}/api/v1/flows/{flow}/rerun");
    let (status, _) = post(&client(), rerun, "go-on", "{}".to_owned()).await.expect("an answer");
    assert_eq!(status, 202);
    let begun =
        |flow: &Flow| (100..TASKS as u64 / 2).contains(&(TASKS as u64 - count(flow, Status::Cancelled)));
    interrupt(&mut fleet, second, flow, begun).await;
    assert_eq!(read(&fleet, flow).await.doing, Some(Work::Rerun));
    let third = worker(&fleet);
    until_state(&fleet, flow, FlowState::Completed).await;
    drop(third);
    assert_eq!(audit(&fleet).await, TASKS, "each ran once");
}
