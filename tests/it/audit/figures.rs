//! What is written behind, waits after failures, and logins: the same as with tasks, each fault by its name.

use super::corruptions::{Corruption, one, set, told};
use super::world::World;
use super::{audit, names};

/// A bucket of an hour in which something of `world` happened.
const HOUR_MS: u64 = 3_600_000;

#[expect(clippy::disallowed_methods, reason = "buckets are of the clock of the server, which no test sets")]
fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}

fn hour() -> u64 {
    now_ms() - now_ms() % HOUR_MS
}

/// Writes another due time into the first line of a failure in the history of a task.
fn with_due(task: baton_core::TaskId, due: &str) -> String {
    let script = "EVAL local~key=KEYS[1]..':history'~for~_,line~in~ipairs(redis.call('ZRANGE',key,0,-1))~do~\
        if~string.find(line,'retry')~then~redis.call('ZREM',key,line)~\
        redis.call('ZADD',key,string.match(line,'^%d+'),(string.gsub(line,'due=%d+','due=DUE')))~break~end~end 1";
    format!("{} {{s}}:task:{task}", script.replace("        ", "").replace("DUE", due))
}

const CORRUPTIONS: &[(&str, Corruption)] = &[
    (
        "a series tells of one too many",
        Corruption {
            lines: |_| one(format!("HINCRBY {{s}}:series:1h:{} completed 1", hour())),
            finds: &["series_differ"],
        },
    ),
    (
        "a series of a queue is gone",
        Corruption {
            lines: |_| one(format!("DEL {{s}}:series:1h:{}:default", hour())),
            finds: &["series_differ"],
        },
    ),
    (
        "a group of failures lost one",
        Corruption {
            lines: |_| {
                one(
                    "EVAL for~_,key~in~ipairs(redis.call('KEYS','{s}:error:????????????????'))~do~redis.call('HSET',key,'count:default',1)~end 0",
                )
            },
            finds: &["failure_groups_differ"],
        },
    ),
    (
        "a kind was submitted later than the list says",
        Corruption { lines: |_| one("ZADD {s}:index:kinds 5 noop"), finds: &["kinds_differ"] },
    ),
    (
        "a kind that nobody submitted",
        Corruption {
            lines: |_| one(format!("ZADD {{s}}:index:kinds {} stranger", now_ms())),
            finds: &["kinds_differ"],
        },
    ),
    (
        "an ended task is missing in the list of its kind",
        Corruption {
            lines: |world| one(format!("ZREM {{s}}:index:kind:noop {}", world.completed)),
            finds: &["kind_list_differs"],
        },
    ),
    (
        "a task is tried again before it was due",
        Corruption {
            lines: |world| one(with_due(world.failed, "99999999999999")),
            finds: &["retried_too_early"],
        },
    ),
    (
        "a task waits for less than its backoff",
        Corruption {
            lines: |world| {
                let set = "redis.call('HSET',KEYS[1],'run_at_ms',string.match(line,'retry~(%d+)'))~\
                    redis.call('ZADD',KEYS[2],string.match(line,'retry~(%d+)'),ARGV[1])";
                let line = with_due(world.waits, "'..string.match(line,'retry~(%d+)')..'");
                let line =
                    line.replace("break", &format!("{}~break", set.replace("                    ", "")));
                one(line.replace(" 1 {s}:task:", " 2 {s}:task:")
                    + &format!(" {{s}}:scheduled {}", world.waits))
            },
            finds: &["retried_too_early"],
        },
    ),
    (
        "a task that waits is due earlier than it was to be",
        Corruption {
            lines: |world| {
                vec![set(world.waits, "run_at_ms 5"), format!("ZADD {{s}}:scheduled 5 {}", world.waits)]
            },
            finds: &["retried_too_early"],
        },
    ),
    (
        "a lease that never ends",
        Corruption {
            lines: |_| one("ZADD {s}:leases inf worker-001-test:b1"),
            finds: &["held_without_lease"],
        },
    ),
    (
        "a session that lasts",
        Corruption {
            lines: |world| one(format!("PERSIST {{user}}:session:{}", world.session)),
            finds: &["session_outlives_its_time"],
        },
    ),
    (
        "a session that is listed for longer than it may live",
        Corruption {
            lines: |world| one(format!("ZADD {{user}}:sessions 99999999999999 {}", world.session)),
            finds: &["session_outlives_its_time"],
        },
    ),
    (
        "a session of somebody who is disabled",
        Corruption { lines: |_| one("HSET {user}:user disabled 1"), finds: &["session_of_nobody"] },
    ),
    (
        "a session that was rotated and is of the first generation",
        Corruption {
            lines: |world| one(format!("HSET {{user}}:session:{} rotated_at 1", world.session)),
            finds: &["generation_went_back"],
        },
    ),
    (
        "an alarm of a token that is still to come",
        Corruption {
            lines: |world| {
                one(format!(
                    "XADD baton:{{u}}:alarms * outcome reused sid {} user_id user_alice generation 4 ip p-1",
                    world.session
                ))
            },
            finds: &["generation_went_back"],
        },
    ),
    (
        "a session that has ended is listed",
        Corruption {
            lines: |_| {
                vec![
                    "ZADD {user}:sessions 99999999999999 other".to_owned(),
                    "SET {user}:ended:other logout PX 99999999".to_owned(),
                ]
            },
            finds: &["ended_session_listed"],
        },
    ),
];

#[tokio::test]
async fn each_fault_of_what_follows_is_told_by_name() {
    let mut wrong = Vec::new();
    for (what, corruption) in CORRUPTIONS {
        wrong.extend(told(what, corruption, &World::new().await).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What cannot be seen is skipped, and said to be.
#[tokio::test]
async fn what_is_not_judged_is_said() {
    let world = World::new().await;
    let report = audit(&world.at).await;
    let says = |id: &str, part: &str| {
        report.part(id).is_some_and(|found| found.skipped.iter().any(|why| why.contains(part)))
    };
    for (id, part) in [
        ("A1", "without --ledger"),
        ("A7", "that a holder named"),
        ("A8", "one successor"),
        ("A8", "were ever opened"),
        ("A9", "per idempotency key"),
        ("A10", "by tag and by worker"),
        ("A14", "nobody ticks"),
    ] {
        assert!(says(id, part), "{id} {part}: {:?}", report.part(id));
    }
    world.by_hand("HSET {s}:meta behind_missed 1").await;
    world.by_hand("ZADD {s}:index:kinds 5 noop").await;
    let report = audit(&world.at).await;
    assert!(names(&report).is_empty(), "{:#?}", report.findings);
    assert!(
        report.part("A10").is_some_and(|part| part.skipped.iter().any(|why| why.contains("trimmed away")))
    );
}
