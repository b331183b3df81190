//! What tests of operations share.

use baton_core::operation::Act;
use baton_core::{OperationId, Principal, Refusal, Shard, TaskId, limits};
use baton_store::calls::operation::{
    BeginOperation, Counts, NextPiece, Operation, OperationBegun, StepOperation, Stepped,
};
use baton_testkit::{Fixture, queue};

pub(super) fn id(number: u32) -> OperationId {
    OperationId::new(&format!("01a1fc29-8a56-7000-8a14-c38b1c{number:03}000")).unwrap()
}

pub(super) fn ada() -> Principal {
    Principal::new("ada").unwrap()
}

pub(super) async fn try_begin(at: &Fixture, number: u32, tasks: &[TaskId]) -> OperationBegun {
    let (id, by, queues) = (id(number), ada(), [queue("default")]);
    let begin = BeginOperation {
        id: &id,
        act: Act::Cancel,
        priority: None,
        reason: "over",
        tasks,
        filter: "",
        place: "ids 0",
        queues: &queues,
        expected: Some(tasks.len() as u64),
        by: Some(&by),
        quiet: false,
        op: None,
        lease_ms: limits::OPERATION_LEASE_MS,
    };
    at.store.begin_operation(&begin).await.expect("an answer")
}

pub(super) async fn begin(at: &Fixture, number: u32) -> OperationId {
    match try_begin(at, number, &[]).await {
        OperationBegun::Done { id, .. } => id,
        OperationBegun::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

pub(super) fn went(done: u64, refused: &[(Refusal, u64)]) -> Counts {
    Counts { done, refused: refused.iter().copied().collect(), unread: 0 }
}

pub(super) fn next(tasks: &[TaskId]) -> NextPiece {
    NextPiece { tasks: tasks.to_vec(), place: "ids 7".to_owned() }
}

pub(super) async fn step(
    at: &Fixture,
    id: &OperationId,
    step: u64,
    counts: &Counts,
    next: Option<&NextPiece>,
) -> Stepped {
    let lease_ms = limits::OPERATION_LEASE_MS;
    at.store.step_operation(&StepOperation { id, step, counts, next, lease_ms }).await.expect("an answer")
}

pub(super) async fn end(at: &Fixture, id: &OperationId) {
    let now = read(at, id).await.step;
    let ended = step(at, id, now, &Counts::default(), None).await;
    assert!(matches!(ended, Stepped::Over(_)), "{ended:?}");
}

pub(super) async fn read(at: &Fixture, id: &OperationId) -> Operation {
    at.store.operation(id).await.unwrap().expect("an operation")
}

pub(super) fn tasks(at: &Fixture, count: usize) -> Vec<TaskId> {
    (0..count).map(|_| at.store.draw(Shard::FIRST)).collect()
}
