//! A reply about an operation is lost: nothing is begun, counted or noted twice.

use baton_core::operation::{Act, OperationState};
use baton_core::{OpId, Shard, Status, limits};
use baton_store::calls::operation::{
    BeginOperation, CarryOut, Counts, NextPiece, OperationBegun, StepOperation, Stepped,
};
use baton_store::calls::{Answered, Operated};
use baton_testkit::{FaultProxy, Loss, Then, with_store};

use super::{behind_proxy, sha};
use crate::hand::by_hand;

fn lose(proxy: &FaultProxy, script: &str) {
    proxy.lose(Loss::to(sha(script), Then::Close));
}

#[tokio::test]
async fn each_task_is_moved_and_counted_once() {
    with_store(async |at| {
        let tasks = at.submit_many(3).await;
        let proxy = behind_proxy(at).await;
        let id = at.store.draw_operation().unwrap();
        let begin = BeginOperation {
            id: &id,
            act: Act::Cancel,
            priority: None,
            reason: "",
            tasks: &tasks,
            filter: "",
            place: "named 0",
            queues: &[],
            expected: Some(3),
            by: None,
            quiet: false,
            op: None,
            lease_ms: limits::OPERATION_LEASE_MS,
        };
        lose(&proxy, "operation/begin");
        let begun = at.store.begin_operation(&begin).await.unwrap();
        assert_eq!(begun, OperationBegun::Done { id: id.clone(), replayed: false });
        proxy.lost().await;
        assert_eq!(by_hand::<u64>(at, "ZCARD baton:{0}:operations").await, 1);

        let next = NextPiece { tasks: tasks.clone(), place: "named 3".to_owned() };
        let (nothing, lease_ms) = (Counts::default(), limits::OPERATION_LEASE_MS);
        lose(&proxy, "operation/step");
        let step = StepOperation { id: &id, step: 0, counts: &nothing, next: Some(&next), lease_ms };
        assert_eq!(
            at.store.step_operation(&step).await.unwrap(),
            Stepped::Stale,
            "its repeat finds it noted"
        );
        proxy.lost().await;
        assert_eq!(at.store.operation(&id).await.unwrap().unwrap().matched, 3);

        lose(&proxy, "task/cancel");
        let op = OpId::new(&format!("operation:{id}:1")).unwrap();
        let act = CarryOut { act: Act::Cancel, tasks: &tasks, priority: None, reason: "", by: None, op: &op };
        let Answered::Tasks { each, replayed: true } = at.store.carry_out(Shard::FIRST, &act).await.unwrap()
        else {
            panic!("not the answer of the first try")
        };
        proxy.lost().await;
        let moved = |one: &Operated| matches!(one, Operated::Moved { status: Status::Cancelled, .. });
        assert!(each.len() == 3 && each.iter().all(moved));

        lose(&proxy, "operation/step");
        let counts = Counts { done: 3, ..Counts::default() };
        let step = StepOperation { id: &id, step: 1, counts: &counts, next: None, lease_ms };
        assert_eq!(at.store.step_operation(&step).await.unwrap(), Stepped::Stale);
        proxy.lost().await;
        let operation = at.store.operation(&id).await.unwrap().unwrap();
        assert_eq!((operation.state, operation.counts.done), (OperationState::Ended, 3));
        assert_eq!(at.store.trail(None, 10).await.unwrap().len(), 1);
    })
    .await;
}
