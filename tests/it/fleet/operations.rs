//! A gateway is killed in the middle of an operation on many tasks: another one goes on, and each task is moved and counted once.

use std::collections::HashSet;

use baton_core::operation::{Act, OperationState};
use baton_core::{OperationId, Shard, TaskId, limits};
use baton_store::calls::operation::{BeginOperation, Operation, OperationBegun};
use baton_store::calls::task::Submission;

use super::flows::client;
use super::submits::gateway;
use super::support::{Fleet, until};

/// More than a gateway is done with before it can be killed.
const TASKS: usize = 20_000;

async fn fill(fleet: &Fleet) {
    for _ in 0..TASKS / limits::SUBMIT_TASKS_MAX as usize {
        let tasks: Vec<_> = (0..limits::SUBMIT_TASKS_MAX).map(|_| fleet.new_task("noop", "1")).collect();
        fleet.store.submit(&Submission { tasks: &tasks, by: None, op: None }).await.expect("an answer");
    }
}

async fn begin(fleet: &Fleet) -> OperationId {
    let id = fleet.store.draw_operation().expect("an id");
    let begin = BeginOperation {
        id: &id,
        act: Act::Cancel,
        priority: None,
        reason: "over",
        tasks: &[],
        filter: r#"{"queue":["default"]}"#,
        place: "start",
        queues: &[],
        expected: Some(TASKS as u64),
        by: None,
        op: None,
        lease_ms: 0,
    };
    let begun = fleet.store.begin_operation(&begin).await.expect("an answer");
    assert_eq!(begun, OperationBegun::Done { id: id.clone(), replayed: false });
    id
}

async fn read(fleet: &Fleet, id: &OperationId) -> Operation {
    fleet.store.operation(id).await.expect("an answer").expect("the operation")
}

/// The tasks of which the stream tells that they were cancelled, one by one.
async fn cancelled(fleet: &Fleet) -> Vec<TaskId> {
    let (mut tasks, mut after) = (Vec::new(), None);
    loop {
        let entries = fleet.store.events(Shard::FIRST, after, 500).await.expect("events");
        let Some(last) = entries.last() else { return tasks };
        after = Some(last.id);
        let cancels = entries.into_iter().filter(|entry| entry.event == "cancel");
        tasks.extend(cancels.flat_map(|entry| entry.tasks).map(|event| event.task));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_gateway_goes_on_with_what_a_killed_one_began() {
    let fleet = Fleet::start().await;
    fill(&fleet).await;
    let id = begin(&fleet).await;
    let (mut first, _) = gateway(&fleet);
    until("some of it is done", async || read(&fleet, &id).await.counts.done > 0).await;
    first.kill();
    let done = read(&fleet, &id).await.counts.done;
    assert!(done < TASKS as u64, "it was over before the gateway was killed");
    let (_second, address) = gateway(&fleet);
    until("it is over", async || read(&fleet, &id).await.state == OperationState::Ended).await;
    let operation = read(&fleet, &id).await;
    assert_eq!((operation.matched, operation.counts.done), (TASKS as u64, TASKS as u64));
    assert!(operation.counts.refused.is_empty(), "{:?}", operation.counts);
    let told = cancelled(&fleet).await;
    assert_eq!((told.len(), told.into_iter().collect::<HashSet<_>>().len()), (TASKS, TASKS));
    // It counts the pieces that it noted, which are not all.
    let metrics = client().get(format!("{address}/metrics")).send().await.expect("an answer");
    let metrics = metrics.text().await.expect("text");
    let name = r#"baton_operation_tasks_total{action="cancel",result="done"} "#;
    let counted = metrics.lines().find_map(|line| line.strip_prefix(name)?.parse::<u64>().ok());
    assert!(counted.is_some_and(|counted| counted > 0 && counted <= TASKS as u64 - done), "{counted:?}");
}
