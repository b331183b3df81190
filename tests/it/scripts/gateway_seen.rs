//! gateway/seen: gateways write down that they are there.

use baton_core::{GatewayId, Refusal, limits};
use baton_store::calls::gateway::{Seen, WasSeen};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use crate::hand::{by_hand, changes, make_schema_too_new, refused, unchanged};

async fn seen(at: &Fixture, id: &str) -> WasSeen {
    let report = [("address", "127.0.0.1:8000".to_owned()), ("version", "1".to_owned())];
    let id = GatewayId::new(id).unwrap();
    at.store.see_gateway(&Seen { gateway: &id, report: &report }).await.expect("an answer")
}

async fn ids(at: &Fixture) -> Vec<String> {
    by_hand(at, "ZRANGE baton:{0}:gateways 0 -1").await
}

#[tokio::test]
async fn it_stands_there_and_a_beat_moves_its_time() {
    with_store(async |at| {
        let (answer, changed) = changes(at, seen(at, "host-a")).await;
        assert_eq!(answer, WasSeen::At { now_ms: START_MS });
        assert_eq!(
            changed,
            "+ baton:{0}:gateway:host-a (hash)\n\
             + baton:{0}:gateway:host-a address \"127.0.0.1:8000\"\n\
             + baton:{0}:gateway:host-a version \"1\"\n\
             + baton:{0}:gateways (zset)\n\
             + baton:{0}:gateways \"host-a\" 1700000000000\n"
        );
        at.pass_ms(10_000);
        let (_, changed) = changes(at, seen(at, "host-a")).await;
        assert_eq!(
            changed,
            "- baton:{0}:gateways \"host-a\" 1700000000000\n+ baton:{0}:gateways \"host-a\" 1700000010000\n"
        );
    })
    .await;
}

#[tokio::test]
async fn what_was_not_seen_for_long_is_forgotten() {
    with_store(async |at| {
        seen(at, "host-a").await;
        at.pass_ms(limits::GATEWAY_RETENTION_MS as i64 - 1);
        seen(at, "host-b").await;
        assert_eq!(ids(at).await, ["host-a", "host-b"]);
        at.pass_ms(1);
        seen(at, "host-b").await;
        assert_eq!(ids(at).await, ["host-b"]);
        assert_eq!(by_hand::<u64>(at, "EXISTS baton:{0}:gateway:host-a").await, 0);
        // Nobody forgets himself, however long he was away.
        at.pass_ms(2 * limits::GATEWAY_RETENTION_MS as i64);
        seen(at, "host-b").await;
        assert_eq!(ids(at).await, ["host-b"]);
    })
    .await;
}

#[tokio::test]
async fn those_that_begin_and_die_again_and_again_are_bounded() {
    with_store(async |at| {
        for number in 0..limits::GATEWAYS_MAX + 20 {
            at.pass_ms(1);
            seen(at, &format!("host-{number:03}")).await;
        }
        let left = ids(at).await;
        assert_eq!(left.len() as u64, limits::GATEWAYS_MAX);
        assert_eq!((left[0].as_str(), left.last().unwrap().as_str()), ("host-020", "host-275"));
        let records: Vec<String> = by_hand(at, "KEYS baton:{0}:gateway:*").await;
        assert_eq!(records.len() as u64, limits::GATEWAYS_MAX);
        // Who is among them already needs no place of another.
        at.pass_ms(1);
        seen(at, "host-100").await;
        assert_eq!(ids(at).await.len() as u64, limits::GATEWAYS_MAX);
    })
    .await;
}

#[tokio::test]
async fn one_that_was_seen_later_than_now_falls_silent_like_any_other() {
    with_store(async |at| {
        seen(at, "host-a").await;
        // As a clock leaves it that went back by an hour.
        let ahead = START_MS + 3_600_000;
        by_hand::<u64>(at, &format!("ZADD baton:{{0}}:gateways {ahead} host-a")).await;
        seen(at, "host-b").await;
        at.pass_ms(5);
        let gateways = at.store.gateways().await.unwrap();
        let ages: Vec<u64> = gateways.gateways.iter().map(|one| gateways.now_ms - one.seen_ms).collect();
        assert_eq!(ages, [5, 5]);
    })
    .await;
}

#[tokio::test]
async fn a_report_says_something_and_in_words() {
    with_store(async |at| {
        let id = GatewayId::new("a").unwrap();
        let long = "x".repeat(limits::ABOUT_BYTES_MAX as usize + 1);
        let wrong = [vec![], vec![("A b", "1".to_owned())], vec![("host", long)]];
        for report in &wrong {
            assert!(at.store.see_gateway(&Seen { gateway: &id, report }).await.is_err(), "{report:?}");
        }
        let hostile = [("host", "<script>\u{1b}[31m\r\n\0".to_owned())];
        at.store.see_gateway(&Seen { gateway: &id, report: &hostile }).await.unwrap();
        assert_eq!(at.store.gateways().await.unwrap().gateways[0].report["host"], hostile[0].1);
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let answer = unchanged(at, seen(at, "host-a")).await;
        assert_eq!(answer, WasSeen::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
