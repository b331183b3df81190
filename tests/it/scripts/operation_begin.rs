//! operation/begin: what is to be done is noted once, and the oldest that are over make room.

use baton_core::operation::{Act, OperationState};
use baton_core::{OpId, Refusal, limits};
use baton_store::calls::operation::{BeginOperation, OperationBegun};
use baton_testkit::{Fixture, with_store};

use super::operation_support::{ada, begin, end, id, read, tasks, try_begin};
use crate::hand::{by_hand, make_schema_too_new, refused, score, unchanged};

fn done(number: u32, replayed: bool) -> OperationBegun {
    OperationBegun::Done { id: id(number), replayed }
}

#[tokio::test]
async fn it_says_what_is_to_be_done_and_goes_on_until_its_lease_ends() {
    with_store(async |at| {
        let named = tasks(at, 3);
        assert_eq!(try_begin(at, 1, &named).await, done(1, false));
        let operation = read(at, &id(1)).await;
        assert_eq!(
            (operation.act, operation.state, operation.step),
            (Act::Cancel, OperationState::Running, 0)
        );
        assert_eq!((operation.tasks, operation.piece), (named, vec![]));
        assert_eq!((operation.expected, operation.matched, operation.counts.done), (Some(3), 0, 0));
        assert_eq!((operation.reason.as_str(), operation.place.as_deref()), ("over", Some("ids 0")));
        assert_eq!((operation.created_ms, operation.created_by), (at.now_ms(), Some(ada())));
        let until = score(at, "operations:live", id(1).as_str()).await;
        assert_eq!(until, Some(at.now_ms() + limits::OPERATION_LEASE_MS));
        // After a lost answer the same id comes again.
        assert_eq!(unchanged(at, try_begin(at, 1, &[])).await, done(1, false));
    })
    .await;
}

async fn keyed(at: &Fixture, number: u32, reason: &str) -> OperationBegun {
    let (id, by, op) = (id(number), ada(), OpId::new("ada:k-1").unwrap());
    let begin = BeginOperation {
        id: &id,
        act: Act::Rerun,
        priority: None,
        reason,
        tasks: &[],
        filter: "{}",
        place: "start",
        queues: &[],
        expected: None,
        by: Some(&by),
        quiet: false,
        op: Some(&op),
        lease_ms: 0,
    };
    at.store.begin_operation(&begin).await.expect("an answer")
}

#[tokio::test]
async fn a_key_names_one_operation() {
    with_store(async |at| {
        assert_eq!(keyed(at, 1, "a").await, done(1, false));
        assert_eq!(unchanged(at, keyed(at, 2, "a")).await, done(1, true));
        let other = unchanged(at, keyed(at, 3, "b")).await;
        assert_eq!(other, OperationBegun::Refused(refused(Refusal::IdempotencyMismatch, "")));
    })
    .await;
}

#[tokio::test]
async fn the_oldest_that_is_over_makes_room() {
    with_store(async |at| {
        for number in 0..3 {
            begin(at, number).await;
        }
        end(at, &id(1)).await;
        // As many as are remembered, all of them over but the first and the third.
        for number in 1_000..1_000 + limits::OPERATIONS_MAX - 3 {
            let line = format!("ZADD baton:{{0}}:operations 0 02-{number}");
            by_hand::<()>(at, &line).await;
            by_hand::<()>(at, &format!("HSET baton:{{0}}:operation:02-{number} ended_ms 1")).await;
        }
        begin(at, 5).await;
        assert_eq!(at.store.operation(&id(1)).await.unwrap(), None);
        assert!(at.store.operation(&id(0)).await.unwrap().is_some());
        let count: u64 = by_hand(at, "ZCARD baton:{0}:operations").await;
        assert_eq!(count, limits::OPERATIONS_MAX);
    })
    .await;
}

#[tokio::test]
async fn there_are_not_too_many_at_a_time() {
    with_store(async |at| {
        for number in 0..limits::OPERATIONS_LIVE_MAX as u32 {
            begin(at, number).await;
        }
        let too_many = refused(Refusal::Conflict, OperationBegun::LIMIT);
        assert_eq!(unchanged(at, try_begin(at, 200, &[])).await, OperationBegun::Refused(too_many));
        end(at, &id(7)).await;
        begin(at, 200).await;
        make_schema_too_new(at).await;
        let newer = refused(Refusal::SchemaTooNew, "");
        assert_eq!(unchanged(at, try_begin(at, 201, &[])).await, OperationBegun::Refused(newer));
    })
    .await;
}

#[tokio::test]
async fn what_is_too_large_is_not_sent() {
    with_store(async |at| {
        let many = tasks(at, limits::OPERATION_IDS_MAX as usize + 1);
        let (id, long) = (id(1), "x".repeat(limits::REASON_BYTES_MAX as usize + 1));
        let begin = BeginOperation {
            id: &id,
            act: Act::Cancel,
            priority: None,
            reason: "",
            tasks: &many,
            filter: "",
            place: "ids 0",
            queues: &[],
            expected: None,
            by: None,
            quiet: false,
            op: None,
            lease_ms: 0,
        };
        assert!(unchanged(at, at.store.begin_operation(&begin)).await.is_err());
        let begin = BeginOperation { tasks: &[], reason: &long, ..begin };
        assert!(unchanged(at, at.store.begin_operation(&begin)).await.is_err());
    })
    .await;
}
