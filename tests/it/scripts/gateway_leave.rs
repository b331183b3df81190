//! gateway/leave: a gateway has ended in good order.

use baton_core::{GatewayId, Refusal};
use baton_store::calls::gateway::{LeftFleet, Seen};
use baton_testkit::with_store;

use crate::hand::{changes, make_schema_too_new, refused, unchanged};

#[tokio::test]
async fn nothing_of_it_is_left() {
    with_store(async |at| {
        let id = GatewayId::new("host-a").unwrap();
        let report = [("pid", "7".to_owned())];
        at.store.see_gateway(&Seen { gateway: &id, report: &report }).await.unwrap();
        let (left, changed) = changes(at, at.store.leave_gateway(&id)).await;
        assert_eq!(left.unwrap(), LeftFleet::Done { was_seen: true });
        assert_eq!(
            changed,
            "- baton:{0}:gateway:host-a (hash)\n\
             - baton:{0}:gateway:host-a pid \"7\"\n\
             - baton:{0}:gateways (zset)\n\
             - baton:{0}:gateways \"host-a\" 1700000000000\n"
        );
        let again = unchanged(at, at.store.leave_gateway(&id)).await;
        assert_eq!(again.unwrap(), LeftFleet::Done { was_seen: false });
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let id = GatewayId::new("host-a").unwrap();
        let answer = unchanged(at, at.store.leave_gateway(&id)).await;
        assert_eq!(answer.unwrap(), LeftFleet::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
