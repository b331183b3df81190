//! Each fault that somebody could make by hand, or a bug could, and the name under which it is told.

use std::collections::BTreeSet;

use super::world::World;
use super::{assert_clean, audit, names};

/// What is done to a healthy namespace, and what is found then: the names, in the order of the alphabet.
pub(super) struct Corruption {
    pub(super) lines: fn(&World) -> Vec<String>,
    pub(super) finds: &'static [&'static str],
}

pub(super) fn one(line: impl Into<String>) -> Vec<String> {
    vec![line.into()]
}

/// An event of a task: `version fence attempts`, by hand.
fn event(event: &str, task: baton_core::TaskId, numbers: &str) -> String {
    let numbers = numbers.replace(' ', "~");
    format!("XADD {{s}}:events * event {event} worker worker-001-test boot b1 {task} {numbers}~default~noop")
}

pub(super) fn set(task: baton_core::TaskId, fields: &str) -> String {
    format!("HSET {{s}}:task:{task} {fields}")
}

const CORRUPTIONS: &[(&str, Corruption)] = &[
    (
        "an index names what is not there",
        Corruption {
            lines: |_| one("ZADD {s}:queue:default:pending 5 01936a5c-2b4e-7abc-8def-001122334000"),
            finds: &["index_without_hash"],
        },
    ),
    (
        "a task is in no index",
        Corruption {
            lines: |world| one(format!("ZREM {{s}}:queue:default:pending {}", world.pending)),
            finds: &["hash_without_index"],
        },
    ),
    (
        "a task is in two indexes",
        Corruption {
            lines: |world| one(format!("ZADD {{s}}:queue:default:failed 5 {}", world.pending)),
            finds: &["in_another_index"],
        },
    ),
    (
        "two holders have one task",
        Corruption {
            lines: |world| one(format!("ZADD {{s}}:held:worker-002-test:b1 5 {}", world.running)),
            finds: &["held_by_another"],
        },
    ),
    (
        "nobody holds a running task",
        Corruption {
            lines: |world| one(format!("ZREM {{s}}:held:worker-001-test:b1 {}", world.running)),
            finds: &["running_not_held"],
        },
    ),
    (
        "a holder lost its lease",
        Corruption { lines: |_| one("ZREM {s}:leases worker-001-test:b1"), finds: &["held_without_lease"] },
    ),
    (
        "a past boot has a lease",
        Corruption {
            lines: |_| one("ZADD {s}:leases 99999999999999 worker-001-test:old"),
            finds: &["lease_of_past_boot"],
        },
    ),
    (
        "a score is not that of the record",
        Corruption {
            lines: |world| one(format!("ZADD {{s}}:scheduled 5 {}", world.scheduled)),
            finds: &["wrong_score"],
        },
    ),
    (
        "a status nobody knows",
        Corruption {
            lines: |world| one(format!("HSET {{s}}:task:{} status done", world.pending)),
            finds: &["in_another_index", "status_differs", "unknown_status"],
        },
    ),
    (
        "a fence goes back",
        Corruption {
            lines: |world| one(format!("HSET {{s}}:task:{} fence 1", world.completed)),
            finds: &["fence_differs"],
        },
    ),
    (
        "a version leaves a gap",
        Corruption {
            lines: |world| one(format!("HINCRBY {{s}}:task:{} version 1", world.completed)),
            finds: &["version_differs"],
        },
    ),
    (
        "more attempts than there are",
        Corruption {
            lines: |world| one(format!("HSET {{s}}:task:{} attempt 9", world.failed)),
            finds: &["attempts_differ", "attempts_over_max"],
        },
    ),
    (
        "more crashes than it may",
        Corruption {
            lines: |world| one(format!("HSET {{s}}:task:{} crashes 9", world.failed)),
            finds: &["crashes_differ", "crashes_over_max"],
        },
    ),
    (
        "a counter drifted",
        Corruption { lines: |_| one("HINCRBY {s}:queue:default running 2"), finds: &["counter_differs"] },
    ),
    (
        "a group counts what does not run",
        Corruption { lines: |_| one("HSET {s}:queue:default:groups g 1"), finds: &["counter_differs"] },
    ),
    (
        "a flow counts wrong",
        Corruption {
            lines: |world| one(format!("HINCRBY {{s}}:flow:{} completed 1", world.flow)),
            finds: &["flow_count_differs"],
        },
    ),
    (
        "a payload outlived its task",
        Corruption {
            lines: |_| one("SET {s}:task:01936a5c-2b4e-7abc-8def-001122334000:payload x"),
            finds: &["orphan_key"],
        },
    ),
    (
        "a children entry is lost",
        Corruption {
            lines: |world| one(format!("ZREM {{s}}:task:{}:children {}", world.task(1), world.task(2))),
            finds: &["edge_count_differs", "edge_one_sided"],
        },
    ),
    (
        "nobody will tell a child that it may begin",
        Corruption {
            lines: |world| one(format!("ZREM {{s}}:task:{}:waiting {}", world.task(2), world.task(3))),
            finds: &["open_parents_differ"],
        },
    ),
    (
        "open parents were counted down by hand",
        Corruption {
            lines: |world| one(format!("HSET {{s}}:task:{} open_parents 0", world.task(3))),
            finds: &["blocked_by_nothing", "open_parents_differ"],
        },
    ),
    ("a key nobody knows", Corruption { lines: |_| one("SET {s}:odd x"), finds: &["unknown_key"] }),
    (
        "a key of a shard that there is not",
        Corruption { lines: |_| one("SET baton:{7}:meta x"), finds: &["wrong_type"] },
    ),
    (
        "a key of another type",
        Corruption {
            lines: |_| vec!["DEL {s}:schedules:due".to_owned(), "SET {s}:schedules:due x".to_owned()],
            finds: &["wrong_type"],
        },
    ),
    (
        "a task that is no hash",
        Corruption {
            lines: |world| {
                vec![
                    format!("DEL {{s}}:task:{}", world.cancelled),
                    format!("SET {{s}}:task:{} x", world.cancelled),
                ]
            },
            finds: &["wrong_type"],
        },
    ),
    (
        "a key that must last expires",
        Corruption { lines: |_| one("PEXPIRE {s}:queues 99999999"), finds: &["wrong_expiry"] },
    ),
    (
        "a field outlived its status",
        Corruption {
            lines: |world| one(format!("HSET {{s}}:task:{} finished_by ada", world.pending)),
            finds: &["stray_field"],
        },
    ),
    (
        "two live tasks of one key",
        Corruption {
            lines: |world| one(format!("HSET {{s}}:task:{} key one", world.pending)),
            finds: &["two_live_tasks_of_a_key"],
        },
    ),
    (
        "a key names a task that has ended",
        Corruption {
            lines: |world| one(format!("SET {{s}}:queue:default:key:old {}", world.completed)),
            finds: &["key_of_no_live_task"],
        },
    ),
    (
        "a task vanished",
        Corruption {
            lines: |world| {
                vec![
                    format!("DEL {{s}}:task:{}", world.cancelled),
                    format!("ZREM {{s}}:queue:default:cancelled {}", world.cancelled),
                ]
            },
            finds: &["vanished"],
        },
    ),
    (
        "a session after its revocation",
        Corruption {
            lines: |world| {
                one(format!("XADD baton:{{u}}:revoked * kind session id {} epoch _ until 1", world.session))
            },
            finds: &["session_after_revocation"],
        },
    ),
    (
        "a session after its end",
        Corruption {
            lines: |world| one(format!("SET {{user}}:ended:{} logout PX 99999999", world.session)),
            finds: &["ended_session_listed", "session_after_its_end"],
        },
    ),
    (
        "a generation goes back",
        Corruption {
            lines: |world| {
                one(format!("XADD {{user}}:notes * outcome superseded sid {} generation 4", world.session))
            },
            finds: &["generation_went_back"],
        },
    ),
    (
        "a session that nobody could end",
        Corruption {
            lines: |world| one(format!("ZREM {{user}}:sessions {}", world.session)),
            finds: &["session_unlisted"],
        },
    ),
    (
        "an epoch goes back",
        Corruption {
            lines: |_| one("XADD baton:{u}:revoked * kind user id user_alice epoch 99999999999999 until 1"),
            finds: &["epoch_went_back"],
        },
    ),
    (
        "a schedule fired twice for one time",
        Corruption {
            lines: |_| {
                vec![
                    "XADD {s}:events * event schedule_fire schedule hourly~default~made=1~skipped=0~due=5"
                        .to_owned();
                    2
                ]
            },
            finds: &["tick_fired_twice"],
        },
    ),
    (
        "an event that cannot be read",
        Corruption {
            lines: |world| one(event("progress", world.running, "what?")),
            finds: &["unreadable_event"],
        },
    ),
    (
        "a task was claimed while it ran",
        Corruption {
            lines: |world| {
                vec![
                    event("claim", world.running, "3 8000000000000000 0"),
                    set(world.running, "version 3 fence 8000000000000000"),
                    format!("ZADD {{s}}:held:worker-001-test:b1 8000001800000000 {}", world.running),
                ]
            },
            finds: &["overlap"],
        },
    ),
    (
        "a claim had a lower fence than the one before",
        Corruption {
            lines: |world| {
                let of = |name, numbers| event(name, world.pending, numbers);
                vec![
                    of("claim", "2 50 0"),
                    of("release", "3 50 0"),
                    of("claim", "4 40 0"),
                    of("release", "5 40 0"),
                    set(world.pending, "version 5 fence 40"),
                ]
            },
            finds: &["fence_not_rising"],
        },
    ),
    (
        "somebody else reported",
        Corruption {
            lines: |world| {
                let of = |name, numbers| event(name, world.pending, numbers);
                vec![of("claim", "2 50 0"), of("release", "3 49 0"), set(world.pending, "version 3 fence 50")]
            },
            finds: &["not_the_holder"],
        },
    ),
    (
        "a move is missing in the stream",
        Corruption {
            lines: |world| {
                vec![event("reprioritise", world.pending, "3 0 0"), set(world.pending, "version 3")]
            },
            finds: &["version_gap"],
        },
    ),
    (
        "a child was claimed before its parent had completed",
        Corruption {
            lines: |world| {
                let of = |name, numbers| event(name, world.task(3), numbers);
                vec![
                    of("unblock", "2 0 0"),
                    of("claim", "3 50 0"),
                    of("release", "4 50 0"),
                    of("claim_rejected", "5 50 0"),
                    set(world.task(3), "version 5 fence 50"),
                ]
            },
            finds: &["claimed_before_parent"],
        },
    ),
    (
        "a task that nobody submitted",
        Corruption {
            lines: |_| {
                let id = "01936a5c-2b4e-7abc-8def-001122334000";
                vec![
                    format!("HSET {{s}}:task:{id} status pending version 1 created_ms 1 kind noop"),
                    format!("ZADD {{s}}:queue:default:pending 17592186044417 {id}"),
                ]
            },
            finds: &["never_submitted"],
        },
    ),
    (
        "a task runs while a parent is open",
        Corruption {
            lines: |world| one(set(world.running, "open_parents 1")),
            finds: &["open_parents_differ", "runs_with_open_parents"],
        },
    ),
    (
        "a completed task holds a child",
        Corruption {
            lines: |world| one(format!("ZADD {{s}}:task:{}:parked 1 {}", world.task(1), world.task(2))),
            finds: &["open_parents_differ", "parked_wrongly"],
        },
    ),
    (
        "somebody waits for a task that has ended",
        Corruption {
            lines: |world| {
                vec![
                    format!("ZADD {{s}}:task:{}:waiting 1 {}", world.task(1), world.task(2)),
                    set(world.task(2), "open_parents 1"),
                ]
            },
            finds: &["claimable_with_open_parents", "waits_for_ended"],
        },
    ),
    (
        "an end that is none is to be passed on",
        Corruption {
            lines: |world| one(format!("ZADD {{s}}:cascades 5 {}", world.pending)),
            finds: &["cascade_of_nothing"],
        },
    ),
    (
        "a flow that stands in no list",
        Corruption {
            lines: |world| one(format!("ZREM {{s}}:flows {}", world.flow)),
            finds: &["flow_unlisted"],
        },
    ),
    (
        "a record without a status",
        Corruption {
            lines: |_| one("HSET {s}:task:01936a5c-2b4e-7abc-8def-001122334000 kind noop"),
            finds: &["unknown_status"],
        },
    ),
    (
        "a live task that calls itself a draft",
        Corruption { lines: |world| one(set(world.pending, "draft 1")), finds: &["stray_field"] },
    ),
    (
        "a record that is no task's",
        Corruption { lines: |_| one("HSET {s}:task:nonsense a b"), finds: &["unknown_key"] },
    ),
    (
        "an entry that ends in an id",
        Corruption {
            lines: |world| one(format!("ZADD {{s}}:held:worker-001-test:b1 5 junk~{}", world.pending)),
            finds: &["unknown_key"],
        },
    ),
    (
        "a flow lists what is not there, and a task of nobody",
        Corruption {
            lines: |world| {
                let list = format!("{{s}}:flow:{}:tasks", world.flow);
                vec![
                    format!("ZADD {list} 8 01936a5c-2b4e-7abc-8def-001122334000"),
                    format!("ZADD {list} 9 {}", world.pending),
                ]
            },
            finds: &["in_another_index", "index_without_hash"],
        },
    ),
    ("the event stream is gone", Corruption { lines: |_| one("DEL {s}:events"), finds: &["stream_lost"] }),
];

#[tokio::test]
async fn a_healthy_namespace_is_clean_and_each_fault_is_told_by_name() {
    let mut wrong = Vec::new();
    for (what, corruption) in CORRUPTIONS {
        let world = World::new().await;
        if what == &CORRUPTIONS[0].0 {
            let report = audit(&world.at).await;
            assert_clean(&report);
            let looked = |id| report.part(id).map(|part| part.looked).unwrap_or_default();
            for id in ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A11"] {
                assert!(looked(id) > 0, "{id} looked at nothing");
            }
            assert_eq!(report.part("A12").map(|part| part.state()), Some("skipped"));
        }
        wrong.extend(told(what, corruption, &world).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Does what it says to a healthy namespace; answers what was told otherwise than expected.
pub(super) async fn told(what: &str, corruption: &Corruption, world: &World) -> Option<String> {
    for line in (corruption.lines)(world) {
        world.by_hand(&line).await;
    }
    let report = audit(&world.at).await;
    for finding in &report.findings {
        assert!(finding.line.starts_with("redis-cli "), "{finding:?}");
        assert!(!finding.keys.is_empty() && !finding.expected.is_empty(), "{finding:?}");
    }
    let expected: BTreeSet<&str> = corruption.finds.iter().copied().collect();
    (names(&report) != expected).then(|| format!("{what}: {:#?}", report.findings))
}
