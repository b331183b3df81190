//! Lists and what they name, schedules and their times, flows that are gone, shards that are not there.

use baton_store::audit::Audit;
use baton_store::{Options, Store};

use super::corruptions::{Corruption, one, set, told};
use super::world::World;
use super::{audit, audit_with, names};

const CORRUPTIONS: &[(&str, Corruption)] = &[
    (
        "a flow is gone, and its tasks are there",
        Corruption {
            lines: |world| one(format!("DEL {{s}}:flow:{}", world.flow)),
            finds: &["index_without_hash", "orphan_key"],
        },
    ),
    (
        "a schedule is gone",
        Corruption { lines: |_| one("DEL {s}:schedule:hourly"), finds: &["index_without_hash"] },
    ),
    (
        "a schedule is not looked for",
        Corruption { lines: |_| one("ZREM {s}:schedules:due hourly"), finds: &["hash_without_index"] },
    ),
    (
        "a schedule is looked for at another time",
        Corruption { lines: |_| one("ZADD {s}:schedules:due 5 hourly"), finds: &["wrong_score"] },
    ),
    (
        "a schedule that rests is looked for",
        Corruption { lines: |_| one("HSET {s}:schedule:hourly paused_ms 5"), finds: &["in_another_index"] },
    ),
    (
        "a time of a schedule that is not there",
        Corruption { lines: |_| one("ZADD {s}:schedules:due 5 ghost"), finds: &["index_without_hash"] },
    ),
    (
        "lists name what is not there",
        Corruption {
            lines: |_| {
                let lists =
                    ["workers", "pools", "gateways", "schedules", "schedules:owned", "kinds:declared"];
                let more = ["operations", "operations:live", "webhooks", "flows", "drafts"];
                lists.iter().chain(&more).map(|list| format!("ZADD {{s}}:{list} 5 ghost")).collect()
            },
            finds: &["index_without_hash"],
        },
    ),
    (
        "records that no list names",
        Corruption {
            lines: |_| {
                let records = ["worker", "pool", "gateway", "schedule", "kind", "operation", "webhook"];
                let records = records.iter().map(|of| format!("HSET {{s}}:{of}:ghost a b"));
                records.chain(one("SET {s}:schedule:other:payload x")).collect()
            },
            finds: &["orphan_key"],
        },
    ),
    (
        "a child may be claimed before its parent has ended",
        Corruption {
            lines: |world| {
                let child = world.task(3);
                vec![
                    set(child, "status pending"),
                    format!("ZREM {{s}}:queue:default:blocked {child}"),
                    format!("ZADD {{s}}:queue:default:pending 5 {child}"),
                ]
            },
            finds: &["claimable_with_open_parents", "flow_count_differs", "wrong_score"],
        },
    ),
    (
        "a lease that is longer than any",
        Corruption {
            lines: |_| one("ZADD {s}:leases 99999999999999 worker-001-test:b1"),
            finds: &["held_without_lease"],
        },
    ),
    (
        "a result in two places",
        Corruption {
            lines: |world| one(format!("SET {{s}}:task:{}:result x", world.completed)),
            finds: &["value_in_two_places"],
        },
    ),
];

#[tokio::test]
async fn what_belongs_together_is_there_together() {
    let mut wrong = Vec::new();
    for (what, corruption) in CORRUPTIONS {
        wrong.extend(told(what, corruption, &World::new().await).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_name_of_a_list_is_told() {
    let world = World::new().await;
    for (list, ghost) in [("schedules", "a"), ("schedules:due", "b"), ("workers", "c"), ("flows", "d")] {
        world.by_hand(&format!("ZADD {{s}}:{list} 5 ghost-{ghost}")).await;
    }
    let report = audit(&world.at).await;
    let found: Vec<&str> = report.findings.iter().map(|finding| finding.subject.as_str()).collect();
    for ghost in ["ghost-a", "ghost-b", "ghost-c", "ghost-d"] {
        assert!(found.contains(&ghost), "{ghost} among {found:?}");
    }
}

#[tokio::test]
async fn shards_that_were_never_founded_are_told() {
    let world = World::new().await;
    world.by_hand("HSET baton:meta shards 4").await;
    let options = Options::new(world.at.redis.url().parse().expect("a URL"));
    let store = Store::for_audit(options).await.expect("a namespace");
    let report = audit_with(&store, &Audit::default()).await;
    assert_eq!(names(&report).into_iter().collect::<Vec<_>>(), ["shard_differs"], "{:#?}", report.findings);
    assert_eq!(report.findings.len(), 4, "{:#?}", report.findings);
}

/// What was trimmed is not held against anybody, and not called looked at, either.
#[tokio::test]
async fn a_stream_that_was_trimmed_is_said_to_be_so() {
    let world = World::new().await;
    world.by_hand("XTRIM {s}:events MAXLEN 3").await;
    let report = audit(&world.at).await;
    for id in ["A1", "A3", "A4", "A5", "A6", "A7", "A9"] {
        let skipped = report.part(id).map(|part| part.skipped.join(" ")).unwrap_or_default();
        assert!(skipped.contains("does not go back to the beginning"), "{id}: {skipped:?}");
    }
}
