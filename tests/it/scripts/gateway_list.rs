//! gateway/list: the gateways that were seen lately.

use baton_core::GatewayId;
use baton_store::calls::gateway::{Gateways, Seen};
use baton_testkit::fixture::START_MS;
use baton_testkit::with_store;

use crate::hand::{by_hand, unchanged};

#[tokio::test]
async fn each_is_told_with_what_it_said() {
    with_store(async |at| {
        let none = unchanged(at, at.store.gateways()).await.unwrap();
        assert_eq!(none, Gateways { now_ms: START_MS, gateways: Vec::new() });
        for (id, version) in [("host-b", "2"), ("host-a", "1")] {
            let report = [("version", version.to_owned()), ("revision", String::new())];
            let id = GatewayId::new(id).unwrap();
            at.store.see_gateway(&Seen { gateway: &id, report: &report }).await.unwrap();
            at.pass_ms(7);
        }
        let seen = unchanged(at, at.store.gateways()).await.unwrap();
        let told: Vec<_> = seen
            .gateways
            .iter()
            .map(|one| (one.id.as_str(), seen.now_ms - one.seen_ms, one.report["version"].as_str()))
            .collect();
        assert_eq!(told, [("host-a", 7, "1"), ("host-b", 14, "2")]);
    })
    .await;
}

#[tokio::test]
async fn one_without_a_record_and_ones_that_cannot_be_read() {
    with_store(async |at| {
        by_hand::<u64>(at, "ZADD baton:{0}:gateways 5 host-a").await;
        assert!(at.store.gateways().await.unwrap().gateways[0].report.is_empty());
        by_hand::<u64>(at, "ZADD baton:{0}:gateways 5 <b> 5.5 host-b").await;
        let seen = at.store.gateways().await.expect("what cannot be read is passed over").gateways;
        assert_eq!(seen.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["host-a"]);
    })
    .await;
}
