//! operation/step: each piece is noted once, before it is touched; the end is told in the trail.

use baton_core::operation::{Act, OperationState};
use baton_core::{Refusal, limits};
use baton_store::calls::operation::{BeginOperation, Counts, Stepped};
use baton_testkit::with_store;

use super::operation_support::{begin, id, next, read, step, tasks, try_begin, went};
use crate::hand::{by_hand, make_schema_too_new, refused, score, unchanged};

#[tokio::test]
async fn pieces_are_noted_one_after_the_other_and_their_counts_add_up() {
    with_store(async |at| {
        let (id, found) = (begin(at, 1).await, tasks(at, 3));
        at.pass_ms(5);
        let first = step(at, &id, 0, &Counts::default(), Some(&next(&found[..2]))).await;
        assert_eq!(first, Stepped::Done { step: 1 });
        let until = score(at, "operations:live", id.as_str()).await;
        assert_eq!(until, Some(at.now_ms() + limits::OPERATION_LEASE_MS));
        assert_eq!(read(at, &id).await.piece, found[..2]);
        let counts = Counts { unread: 3, ..went(1, &[(Refusal::AlreadyFinished, 1)]) };
        assert_eq!(step(at, &id, 1, &counts, Some(&next(&found[2..]))).await, Stepped::Done { step: 2 });
        let operation = read(at, &id).await;
        assert_eq!((operation.piece, operation.place.as_deref()), (found[2..].to_vec(), Some("ids 7")));
        assert_eq!((operation.matched, operation.counts), (3, counts));
        let ended = step(at, &id, 2, &went(1, &[]), None).await;
        assert_eq!(ended, Stepped::Over(OperationState::Ended));
        let operation = read(at, &id).await;
        assert_eq!((operation.counts.done, operation.ended_ms), (2, Some(at.now_ms())));
        assert_eq!((operation.piece, operation.place), (vec![], None));
        let told = at.store.trail(None, 10).await.unwrap().remove(0);
        assert_eq!((told.action.as_str(), told.by.as_deref(), told.count), ("cancel", Some("ada"), Some(2)));
        assert_eq!((told.subject.as_deref(), told.outcome.as_deref()), (Some(id.as_str()), Some("ended")));
    })
    .await;
}

#[tokio::test]
async fn of_two_who_saw_to_a_piece_one_is_counted() {
    with_store(async |at| {
        let (id, found) = (begin(at, 1).await, tasks(at, 2));
        step(at, &id, 0, &Counts::default(), Some(&next(&found))).await;
        assert_eq!(step(at, &id, 1, &went(2, &[]), Some(&next(&[]))).await, Stepped::Done { step: 2 });
        assert_eq!(unchanged(at, step(at, &id, 1, &went(2, &[]), None)).await, Stepped::Stale);
        assert_eq!(unchanged(at, step(at, &id, 3, &went(2, &[]), None)).await, Stepped::Stale);
        let operation = read(at, &id).await;
        assert_eq!((operation.counts.done, operation.piece), (2, vec![]));
        step(at, &id, 2, &Counts::default(), None).await;
        assert_eq!(unchanged(at, step(at, &id, 3, &went(1, &[]), None)).await, Stepped::Stale);
    })
    .await;
}

#[tokio::test]
async fn one_that_was_called_off_takes_no_further_piece() {
    with_store(async |at| {
        let found = tasks(at, 2);
        try_begin(at, 1, &found).await;
        step(at, &id(1), 0, &Counts::default(), Some(&next(&found))).await;
        at.store.cancel_operation(&id(1), None).await.unwrap();
        let over = step(at, &id(1), 1, &went(2, &[]), Some(&next(&found))).await;
        assert_eq!(over, Stepped::Over(OperationState::Cancelled));
        let operation = read(at, &id(1)).await;
        assert_eq!((operation.state, operation.counts.done), (OperationState::Cancelled, 2));
        let left: Vec<String> = by_hand(at, "KEYS baton:{0}:operation:*").await;
        assert!(left.len() == 1 && left[0].ends_with(id(1).as_str()), "{left:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_refused() {
    with_store(async |at| {
        let unknown = unchanged(at, step(at, &id(1), 0, &Counts::default(), None)).await;
        assert_eq!(unknown, Stepped::Refused(refused(Refusal::UnknownOperation, "")));
        let id = begin(at, 1).await;
        make_schema_too_new(at).await;
        let newer = unchanged(at, step(at, &id, 0, &Counts::default(), None)).await;
        assert_eq!(newer, Stepped::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}

/// Whoever may only submit does with an operation what he may do task by task, which is not told either.
#[tokio::test]
async fn a_small_one_of_a_submitter_pushes_nothing_off_the_trail() {
    with_store(async |at| {
        for (number, done, told) in [(1, limits::OPERATION_PIECE, 0), (2, limits::OPERATION_PIECE + 1, 1)] {
            let id = id(number);
            let begin = BeginOperation {
                id: &id,
                act: Act::Cancel,
                priority: None,
                reason: "",
                tasks: &[],
                filter: "",
                place: "start",
                queues: &[],
                expected: None,
                by: None,
                quiet: true,
                op: None,
                lease_ms: limits::OPERATION_LEASE_MS,
            };
            at.store.begin_operation(&begin).await.unwrap();
            step(at, &id, 0, &went(done, &[]), None).await;
            assert_eq!(at.store.trail(None, 10).await.unwrap().len(), told, "{done}");
        }
    })
    .await;
}
