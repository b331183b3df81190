//! Data that cannot be read is told, and ends no audit: the other parts go on.

use baton_core::Principal;
use baton_store::audit::Audit;
use futures_util::future::join_all;

use super::world::World;
use super::{assert_clean, audit, audit_with, names};

/// Beside each fault there is one in a part that must be reached all the same: an epoch that goes back is told last.
const LAST: &str = "XADD baton:{u}:revoked * kind user id user_alice epoch 99999999999999 until 1";

/// Worlds at a time: each has a Redis of its own.
const WORLDS: usize = 6;

/// Somebody ticks the shard, so what is late is judged.
const TICKED: &str = "HSET {s}:meta last_tick_ms 99999999999999";

#[tokio::test]
async fn a_key_of_a_wrong_type_ends_no_audit() {
    let keys = [
        "queue:default:pending",
        "queue:default:waiting",
        "queue:default:groups",
        "queue:default:starts",
        "queue:default",
        "leases",
        "workers",
        "worker:worker-001-test",
        "held:worker-001-test:b1",
        "scheduled",
        "queues",
        "flows",
        "drafts",
        "cascades",
        "events",
        "meta",
        "schedules",
        "schedules:due",
        "schedule:hourly",
        "pools",
        "gateways",
        "kinds:declared",
        "operations",
        "webhooks",
        "errors",
        "index:kinds",
    ];
    let mut wrong = Vec::new();
    for some in keys.chunks(WORLDS) {
        wrong.extend(join_all(some.iter().map(|key| of_another_type(key))).await.into_iter().flatten());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was told otherwise than expected where this key is a list.
async fn of_another_type(key: &str) -> Option<String> {
    let world = World::new().await;
    world.by_hand(TICKED).await;
    world.by_hand(&format!("DEL {{s}}:{key}")).await;
    world.by_hand(&format!("RPUSH {{s}}:{key} x")).await;
    world.by_hand(LAST).await;
    match world.at.store.audit(&Audit::default(), &|_, _| {}).await {
        Ok(report) => {
            let found = names(&report);
            let is_told = found.contains("wrong_type") && found.contains("epoch_went_back");
            (!is_told).then(|| format!("{key}: {found:?}"))
        }
        Err(error) => Some(format!("{key}: {error}")),
    }
}

#[tokio::test]
async fn a_part_that_met_what_it_cannot_read_says_so() {
    let world = World::new().await;
    world.by_hand("DEL {s}:queue:default:pending").await;
    world.by_hand("RPUSH {s}:queue:default:pending x").await;
    world.by_hand(TICKED).await;
    let report = audit(&world.at).await;
    let skipped = report.part("A14").map(|part| part.skipped.join(" ")).unwrap_or_default();
    assert!(skipped.contains("WRONGTYPE"), "{skipped:?}");
    // A queue that nobody could have named explains no key of a wrong type.
    let world = World::new().await;
    world.by_hand("ZADD {s}:queues 5 no~name!").await;
    world.by_hand(TICKED).await;
    world.by_hand(LAST).await;
    let report = audit(&world.at).await;
    let found: Vec<&str> = names(&report).into_iter().collect();
    assert!(!report.is_clean(), "{:#?}", report.findings);
    assert!(found.contains(&"unreadable_part") && found.contains(&"epoch_went_back"), "{found:?}");
}

#[tokio::test]
async fn a_counter_that_is_negative_or_no_number_is_told_and_mended() {
    for said in ["-5", "lots", "1.5"] {
        let world = World::new().await;
        world.by_hand(&format!("HSET {{s}}:queue:default running {said}")).await;
        world.by_hand(TICKED).await;
        let found = audit(&world.at).await;
        assert!(names(&found).contains("counter_differs"), "{said}: {:#?}", found.findings);
        let repair = Some(Principal::new("ada").expect("a principal"));
        let mended = audit_with(&world.at.store, &Audit { repair, ..Audit::default() }).await;
        let counter = mended.findings.iter().find(|finding| finding.rule.name == "counter_differs");
        assert!(counter.is_some_and(|finding| finding.repaired), "{said}: {:#?}", mended.findings);
        world.by_hand("HDEL {s}:meta last_tick_ms").await;
        assert_clean(&audit(&world.at).await);
    }
}

/// The score of an index decides how far a walk through it goes.
#[tokio::test]
async fn a_score_that_is_none_ends_every_walk() {
    for score in ["inf", "-inf", "1e300", "-1", "0.5"] {
        let world = World::new().await;
        world.by_hand(TICKED).await;
        world.by_hand(&format!("ZADD {{s}}:queue:default:pending {score} {}", world.pending)).await;
        let found = audit(&world.at).await;
        assert!(names(&found).contains("wrong_score"), "{score}: {:#?}", found.findings);
    }
}
