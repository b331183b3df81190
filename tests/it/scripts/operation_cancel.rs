//! operation/cancel: what was begun can be called off, what is over cannot.

use baton_core::operation::OperationState;
use baton_core::{OperationId, Refusal};
use baton_store::calls::operation::OperationCancelled;
use baton_testkit::{Fixture, with_store};

use super::operation_support::{ada, begin, end, id, read};
use crate::hand::{make_schema_too_new, refused, unchanged};

async fn cancel(at: &Fixture, id: &OperationId) -> OperationCancelled {
    at.store.cancel_operation(id, Some(&ada())).await.expect("an answer")
}

#[tokio::test]
async fn it_is_called_off_once_and_by_somebody() {
    with_store(async |at| {
        let id = begin(at, 1).await;
        assert_eq!(cancel(at, &id).await, OperationCancelled::Done);
        let operation = read(at, &id).await;
        assert_eq!((operation.state, operation.cancelled_by), (OperationState::Cancelling, Some(ada())));
        assert_eq!(unchanged(at, cancel(at, &id)).await, OperationCancelled::Done);
        end(at, &id).await;
        assert_eq!(unchanged(at, cancel(at, &id)).await, OperationCancelled::Done);
    })
    .await;
}

#[tokio::test]
async fn what_has_ended_or_is_not_there_is_refused() {
    with_store(async |at| {
        let unknown = unchanged(at, cancel(at, &id(1))).await;
        assert_eq!(unknown, OperationCancelled::Refused(refused(Refusal::UnknownOperation, "")));
        let id = begin(at, 1).await;
        end(at, &id).await;
        let ended = refused(Refusal::Conflict, OperationCancelled::ENDED);
        assert_eq!(unchanged(at, cancel(at, &id)).await, OperationCancelled::Refused(ended));
        make_schema_too_new(at).await;
        let newer = unchanged(at, cancel(at, &id)).await;
        assert_eq!(newer, OperationCancelled::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
