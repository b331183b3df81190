//! `--repair`: what takes no guess is mended and told, all else is left as it is.

use baton_core::{Principal, Shard};
use baton_store::audit::Audit;
use baton_store::calls::shard::{Mend, Repaired};

use super::world::World;
use super::{assert_clean, audit, audit_with, names};
use crate::hand::{by_hand, events, make_schema_too_new, unchanged};

fn repairing() -> Audit {
    Audit { repair: Some(Principal::new("ada").expect("a principal")), ..Audit::default() }
}

#[tokio::test]
async fn entries_leases_and_counters_are_mended_and_a_second_audit_is_clean() {
    let world = World::new().await;
    for line in [
        "ZADD {s}:queue:default:pending 5 01936a5c-2b4e-7abc-8def-001122334000",
        "ZADD {s}:scheduled 5 01936a5c-2b4e-7abc-8def-001122335000",
        "ZADD {s}:leases 99999999999999 worker-009-test:b9",
        "HINCRBY {s}:queue:default running 3",
        "HSET {s}:queue:default:groups gone 4",
    ] {
        world.by_hand(line).await;
    }
    let found = audit(&world.at).await;
    assert_eq!(
        names(&found).into_iter().collect::<Vec<_>>(),
        ["counter_differs", "index_without_hash", "lease_of_past_boot"]
    );
    assert!(!found.is_clean() && found.findings.iter().all(|finding| finding.mend.is_some()));
    let mended = audit_with(&world.at.store, &repairing()).await;
    assert!(
        mended.is_clean() && mended.findings.iter().all(|finding| finding.repaired),
        "{:#?}",
        mended.findings
    );
    assert_clean(&audit(&world.at).await);
    let told = events(&world.at).await;
    let told: Vec<&str> = told
        .iter()
        .filter(|entry| entry.event == "repair")
        .filter_map(|entry| entry.subject.as_deref())
        .collect();
    assert!(told.contains(&"lease worker-009-test:b9") && told.len() == 4, "{told:?}");
    assert!(told.contains(&"counters default running=1 gone=0"), "{told:?}");
}

#[tokio::test]
async fn a_right_counter_stays_where_an_index_is_wrong() {
    let world = World::new().await;
    world.by_hand(&format!("ZREM {{s}}:held:worker-001-test:b1 {}", world.running)).await;
    let before: String = by_hand(&world.at, "HGET baton:{0}:queue:default running").await;
    let report = audit_with(&world.at.store, &repairing()).await;
    assert_eq!(names(&report).into_iter().collect::<Vec<_>>(), ["running_not_held"]);
    let after: String = by_hand(&world.at, "HGET baton:{0}:queue:default running").await;
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_lease_that_cannot_be_mended_is_not_called_repaired() {
    let world = World::new().await;
    for line in [
        "ZADD {s}:leases 99999999999999 worker-009-test:b9",
        "ZADD {s}:held:worker-009-test:b9 5 01936a5c-2b4e-7abc-8def-001122334000",
    ] {
        world.by_hand(line).await;
    }
    // Mended at last: the entry goes first, and its holder has nothing then.
    let report = audit_with(&world.at.store, &repairing()).await;
    let lease = report.findings.iter().find(|finding| finding.rule.name == "lease_of_past_boot");
    let left: Option<f64> = by_hand(&world.at, "ZSCORE baton:{0}:leases worker-009-test:b9").await;
    assert_eq!(lease.is_some_and(|finding| finding.repaired), left.is_none(), "{report:?}");
    world.by_hand(&format!("ZADD {{s}}:held:worker-009-test:b9 5 {}", world.pending)).await;
    world.by_hand("ZADD {s}:leases 99999999999999 worker-009-test:b9").await;
    let report = audit_with(&world.at.store, &repairing()).await;
    let lease = report.findings.iter().find(|finding| finding.rule.name == "lease_of_past_boot");
    assert!(lease.is_some_and(|finding| !finding.repaired) && !report.is_clean(), "{report:?}");
}

#[tokio::test]
async fn what_would_take_a_guess_is_left_as_it_is() {
    let world = World::new().await;
    world.by_hand(&format!("ZREM {{s}}:queue:default:pending {}", world.pending)).await;
    world.by_hand(&format!("HSET {{s}}:task:{} open_parents 0", world.task(3))).await;
    let report = unchanged(&world.at, audit_with(&world.at.store, &repairing())).await;
    assert!(!report.is_clean() && report.findings.iter().all(|finding| !finding.repaired));
}

#[tokio::test]
async fn what_is_sound_or_too_much_is_not_touched() {
    let world = World::new().await;
    let (at, ada) = (&world.at, Principal::new("ada").expect("a principal"));
    let pending =
        Mend::Entry { index: "queue:default:pending".to_owned(), member: world.pending.to_string() };
    let lease = Mend::Lease { holder: "worker-001-test:b1".to_owned() };
    let odd = Mend::Lease { holder: "odd".to_owned() };
    let counters = Mend::Counters { queue: "default".to_owned() };
    for mend in [&pending, &lease, &odd, &counters] {
        let repaired = unchanged(at, at.store.repair(Shard::FIRST, &ada, mend, 100)).await;
        assert_eq!(repaired.expect("an answer"), Repaired::Sound, "{mend:?}");
    }
    let repaired = unchanged(at, at.store.repair(Shard::FIRST, &ada, &counters, 1)).await;
    assert!(matches!(repaired, Ok(Repaired::TooMany(2..))), "{repaired:?}");
    by_hand::<u64>(at, "HINCRBY baton:{0}:queue:default running 3").await;
    make_schema_too_new(at).await;
    let repaired = unchanged(at, at.store.repair(Shard::FIRST, &ada, &counters, 100)).await;
    assert!(matches!(repaired, Ok(Repaired::Refused(_))), "{repaired:?}");
}
