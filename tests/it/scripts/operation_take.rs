//! operation/take: whoever is silent loses an operation to the next who asks.

use baton_core::{Refusal, limits};
use baton_store::calls::operation::OperationTaken;
use baton_testkit::{Fixture, with_store};

use super::operation_support::{begin, end, id};
use crate::hand::{make_schema_too_new, refused, unchanged};

async fn take(at: &Fixture) -> OperationTaken {
    at.store.take_operation().await.expect("an answer")
}

#[tokio::test]
async fn one_to_which_somebody_sees_is_left_to_him() {
    with_store(async |at| {
        assert_eq!(unchanged(at, take(at)).await, OperationTaken::None);
        begin(at, 1).await;
        at.pass_ms(1);
        begin(at, 2).await;
        at.pass_ms(limits::OPERATION_LEASE_MS as i64 - 2);
        assert_eq!(unchanged(at, take(at)).await, OperationTaken::None);
        at.pass_ms(1);
        assert_eq!(take(at).await, OperationTaken::Operation(id(1)));
        assert_eq!(unchanged(at, take(at)).await, OperationTaken::None);
        at.pass_ms(1);
        assert_eq!(take(at).await, OperationTaken::Operation(id(2)));
    })
    .await;
}

#[tokio::test]
async fn one_that_is_over_is_nobodys() {
    with_store(async |at| {
        end(at, &begin(at, 1).await).await;
        at.pass_ms(60_000);
        assert_eq!(unchanged(at, take(at)).await, OperationTaken::None);
        begin(at, 2).await;
        at.pass_ms(60_000);
        make_schema_too_new(at).await;
        let newer = OperationTaken::Refused(refused(Refusal::SchemaTooNew, ""));
        assert_eq!(unchanged(at, take(at)).await, newer);
    })
    .await;
}
