//! What the server says of itself, judged.

use std::time::Duration;

use baton_core::doctor::Finding;

use super::{
    AWAY, EVICTION, MEMORY, PERSISTENCE, REDIS, REPLICATION, Seen, Unseen, VERSION, age, bytes, patch, within,
};
use crate::clock::monotonic;
use crate::server::{field, infos, version};
use crate::store::Store;

/// Round trips that are timed.
const TRIPS: usize = 20;
/// Half of the trips are shorter, or every step of a task takes that long.
const TRIP_GOOD: Duration = Duration::from_millis(5);
/// Longer ones make a gateway unready.
const TRIP_MAX: Duration = Duration::from_millis(250);
/// Seconds after which a replica that said nothing is behind.
const REPLICA_LAG_S: u64 = 10;
/// And bytes.
const REPLICA_LAG_BYTES: u64 = 16 * 1024 * 1024;
/// Thousandths of the memory limit.
const FULL: (u64, u64) = (800, 950);

pub(super) async fn reach(store: &Store) -> Seen<Finding> {
    let mut trips = Vec::with_capacity(TRIPS);
    for _ in 0..TRIPS {
        let sent = monotonic();
        store.ask::<String>(&["PING"]).await?;
        trips.push(monotonic().saturating_duration_since(sent));
    }
    Ok(judge_trips(trips))
}

fn judge_trips(mut trips: Vec<Duration>) -> Finding {
    trips.sort_unstable();
    let at = |share: usize| {
        trips.get((trips.len() * share / 100).min(trips.len() - 1)).copied().unwrap_or_default()
    };
    let (half, most) = (at(50), at(99));
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    let found = format!("answers; round trip p50 {:.2} ms, p99 {:.2} ms", ms(half), ms(most));
    let advice = "bring gateways, workers and Redis closer together, and look at what else runs on its host";
    match half {
        _ if half > TRIP_MAX => REDIS.fail(found, advice),
        _ if half > TRIP_GOOD => REDIS.warn(found, advice),
        _ => REDIS.ok(found),
    }
}

/// Of a cluster the worst of its nodes is told for each check.
pub(super) async fn look(store: &Store) -> Vec<Finding> {
    let checks = [VERSION, MEMORY, EVICTION, PERSISTENCE, REPLICATION];
    let asked = tokio::time::timeout(super::PATIENCE, async {
        let nodes = infos(store).await.map_err(Unseen::from)?;
        let (seconds, _): (u64, u64) = store.ask(&["TIME"]).await?;
        Ok::<_, Unseen>((nodes, seconds, settings(store).await))
    });
    let (nodes, now_s, settings) = match asked.await {
        Ok(Ok(seen)) => seen,
        Ok(Err(why)) => {
            let why = within(VERSION, std::future::ready(Err(why))).await;
            return checks.map(|check| check.unknown(why.found.clone(), why.advice.clone())).to_vec();
        }
        Err(_) => return checks.map(|check| check.unknown("no answer to INFO", AWAY)).to_vec(),
    };
    let judged =
        |judge: &dyn Fn(&str) -> Finding| nodes.iter().map(|info| judge(info)).max_by_key(|one| one.verdict);
    let each = [
        judged(&judge_version),
        judged(&judge_memory),
        judged(&judge_eviction),
        judged(&|info| judge_persistence(info, now_s, settings.as_ref())),
        judged(&judge_replication),
    ];
    let none = |at: usize| checks[at].unknown("no node described itself", AWAY);
    each.into_iter().enumerate().map(|(at, finding)| finding.unwrap_or_else(|| none(at))).collect()
}

/// What INFO leaves out. Few users may ask, and nothing depends on it.
struct Settings {
    appendfsync: String,
    save: String,
}

async fn settings(store: &Store) -> Option<Settings> {
    let pairs: Vec<(String, String)> = store.ask(&["CONFIG", "GET", "appendfsync", "save"]).await.ok()?;
    let of = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    Some(Settings { appendfsync: of("appendfsync")?, save: of("save")? })
}

fn judge_version(info: &str) -> Finding {
    let Some((name, number)) = version(info) else {
        return VERSION.unknown("it names no version", "look with redis-cli INFO");
    };
    let found = format!("{name} {number}");
    let (major, minor, _) = patch::numbers(number);
    let floor = if name == "Valkey" { (7, 2) } else { (7, 0) };
    if (major, minor) < floor {
        return VERSION.fail(
            found,
            "upgrade it: Baton needs Redis 7.0 or Valkey 7.2, whose scripts declare what they do",
        );
    }
    match patch::trouble(name, number) {
        Some(trouble) => VERSION.warn(
            format!("{found}: {trouble}"),
            "upgrade it, unless your distribution has mended it under this number (its changelog names the CVE)",
        ),
        None => VERSION.ok(found),
    }
}

fn number(info: &str, name: &str) -> u64 {
    field(info, name).and_then(|value| value.parse().ok()).unwrap_or_default()
}

fn judge_memory(info: &str) -> Finding {
    let (used, most) = (number(info, "used_memory"), number(info, "maxmemory"));
    if most == 0 {
        return MEMORY.warn(
            format!("{} used, and no limit", bytes(used)),
            "set maxmemory below what the host has: without it the kernel ends Redis instead of Redis refusing new tasks",
        );
    }
    let permille = (used * 1_000).checked_div(most).unwrap_or_default();
    let found = format!("{} of {} used ({} %)", bytes(used), bytes(most), permille / 10);
    let advice =
        "raise maxmemory, or let finished tasks go sooner (`baton queue set NAME --keep-completed 1h`)";
    match permille {
        _ if permille >= FULL.1 => MEMORY.fail(found, advice),
        _ if permille >= FULL.0 => MEMORY.warn(found, advice),
        _ => MEMORY.ok(found),
    }
}

fn judge_eviction(info: &str) -> Finding {
    let policy = field(info, "maxmemory_policy").unwrap_or("noeviction");
    let evicted = number(info, "evicted_keys");
    let found = format!("{policy}, {evicted} keys evicted");
    if policy != "noeviction" {
        return EVICTION.fail(found, "redis-cli CONFIG SET maxmemory-policy noeviction, and in redis.conf: any other policy deletes tasks");
    }
    match evicted {
        0 => EVICTION.ok(found),
        _ => EVICTION.warn(
            found,
            "tasks may be lost: run `baton redis check`, and look whether the policy was another one before",
        ),
    }
}

fn judge_persistence(info: &str, now_s: u64, settings: Option<&Settings>) -> Finding {
    let (aof, last) = (number(info, "aof_enabled") == 1, number(info, "rdb_last_save_time"));
    let failed = |name: &str| field(info, name) == Some("err");
    if number(info, "loading") == 1 {
        return PERSISTENCE.warn("it is loading its data", "wait until it has");
    }
    if failed("aof_last_write_status")
        || failed("rdb_last_bgsave_status")
        || failed("aof_last_bgrewrite_status")
    {
        return PERSISTENCE.fail(
            "its last write to disk failed",
            "look at its log and at the space on its disk: it refuses writes until it can persist",
        );
    }
    let saved = match last {
        0 => "no snapshot".to_owned(),
        last => format!("last snapshot {} ago", age(now_s.saturating_sub(last) * 1_000)),
    };
    let loses = match (aof, settings.map(|settings| settings.appendfsync.as_str())) {
        (true, Some("always")) => "loses nothing that was acknowledged",
        (true, Some("everysec")) => "a crash may lose the last 2 s",
        (true, Some(_)) => "a crash may lose what the kernel had not written, usually 30 s",
        (true, None) => {
            "a crash may lose the last 2 s (with appendfsync always nothing; its user may not ask which)"
        }
        (false, _) => "a crash loses everything since the last snapshot",
    };
    let saves = settings.is_none_or(|settings| !settings.save.is_empty());
    match aof {
        true if settings.is_some_and(|settings| settings.appendfsync == "no") => {
            PERSISTENCE.warn(format!("AOF on; {loses}; {saved}"), "set appendfsync everysec, or always")
        }
        true => PERSISTENCE.ok(format!("AOF on; {loses}; {saved}")),
        false if !saves => PERSISTENCE.warn(
            "AOF off, and no snapshots: a restart loses every task",
            "redis-cli CONFIG SET appendonly yes, and in redis.conf",
        ),
        false => PERSISTENCE.warn(
            format!("AOF off; {loses}; {saved}"),
            "redis-cli CONFIG SET appendonly yes, and in redis.conf",
        ),
    }
}

fn judge_replication(info: &str) -> Finding {
    if let Some(role) = field(info, "role").filter(|role| *role != "master") {
        let clustered = field(info, "cluster_enabled") == Some("1");
        return match clustered {
            true => REPLICATION.ok("a replica of the cluster"),
            false => REPLICATION.fail(
                format!("it is a {role}"),
                "connect to the primary; with Sentinel, by redis+sentinel://",
            ),
        };
    }
    let replicas: Vec<Replica<'_>> = info.lines().filter_map(Replica::read).collect();
    let count = number(info, "connected_slaves");
    if count == 0 {
        return REPLICATION.ok("primary, without replicas: its host is the only copy");
    }
    let written = number(info, "master_repl_offset");
    let late = replicas.iter().filter(|one| one.is_late(written)).count();
    let lag = replicas.iter().map(|one| one.lag_s).max().unwrap_or_default();
    let found = format!("primary, {count} replicas, the slowest heard {lag} s ago");
    match late {
        0 => REPLICATION.ok(found),
        late => REPLICATION.warn(
            format!("{found}; {late} of them behind"),
            "a failover now would lose what they lack: look at their network and disks",
        ),
    }
}

/// A line like `slave0:ip=10.0.0.2,port=6379,state=online,offset=1234,lag=1`.
struct Replica<'a> {
    state: &'a str,
    offset: u64,
    lag_s: u64,
}

impl<'a> Replica<'a> {
    fn read(line: &'a str) -> Option<Replica<'a>> {
        let (name, pairs) = line.trim().split_once(':')?;
        name.strip_prefix("slave")?.parse::<u64>().ok()?;
        let of =
            |wanted: &str| pairs.split(',').find_map(|pair| pair.strip_prefix(wanted)?.strip_prefix('='));
        let count = |wanted| of(wanted).and_then(|text| text.parse().ok()).unwrap_or_default();
        Some(Replica { state: of("state").unwrap_or_default(), offset: count("offset"), lag_s: count("lag") })
    }

    fn is_late(&self, written: u64) -> bool {
        self.state != "online"
            || self.lag_s > REPLICA_LAG_S
            || written.saturating_sub(self.offset) > REPLICA_LAG_BYTES
    }
}

#[cfg(test)]
mod tests {
    use baton_core::doctor::Verdict;

    use super::*;

    const GOOD: &str = "redis_version:7.4.6\r\nrole:master\r\nused_memory:10\r\nmaxmemory:100\r\nmaxmemory_policy:noeviction\r\n\
                        evicted_keys:0\r\naof_enabled:1\r\nrdb_last_save_time:900\r\nconnected_slaves:0\r\n";

    /// The same with one line changed.
    fn with(line: &str) -> String {
        let (name, _) = line.split_once(':').unwrap();
        let rest: String = GOOD
            .lines()
            .filter(|known| !known.starts_with(&format!("{name}:")))
            .map(|line| format!("{line}\r\n"))
            .collect();
        rest + line
    }

    #[test]
    fn a_good_server_passes_all() {
        let settings = Settings { appendfsync: "everysec".to_owned(), save: String::new() };
        let each = [
            judge_version(GOOD),
            judge_memory(GOOD),
            judge_eviction(GOOD),
            judge_persistence(GOOD, 1_000, Some(&settings)),
            judge_replication(GOOD),
        ];
        assert!(
            each.iter().all(|finding| finding.verdict == Verdict::Ok && finding.advice.is_empty()),
            "{each:?}"
        );
        assert_eq!(each[3].found, "AOF on; a crash may lose the last 2 s; last snapshot 100 s ago");
    }

    #[test]
    fn each_fault_of_a_server_is_found() {
        for (line, judge, verdict, said) in [
            ("redis_version:6.2.14", judge_version as fn(&str) -> Finding, Verdict::Fail, "Redis 6.2.14"),
            ("redis_version:7.0.15", judge_version, Verdict::Warn, "CVE-2025-49844"),
            ("maxmemory:0", judge_memory, Verdict::Warn, "no limit"),
            ("used_memory:80", judge_memory, Verdict::Warn, "(80 %)"),
            ("used_memory:99", judge_memory, Verdict::Fail, "(99 %)"),
            ("maxmemory_policy:allkeys-lru", judge_eviction, Verdict::Fail, "allkeys-lru"),
            ("evicted_keys:3", judge_eviction, Verdict::Warn, "3 keys evicted"),
            ("role:slave", judge_replication, Verdict::Fail, "slave"),
            (
                "slave0:ip=a,port=1,state=wait_bgsave,offset=0,lag=0\r\nconnected_slaves:1",
                judge_replication,
                Verdict::Warn,
                "1 of them behind",
            ),
            (
                "slave0:ip=a,port=1,state=online,offset=0,lag=11\r\nconnected_slaves:1",
                judge_replication,
                Verdict::Warn,
                "11 s ago",
            ),
        ] {
            let line = line.replace("\r\nconnected_slaves:1", "");
            let info = with(&line).replace(
                "connected_slaves:0",
                if line.starts_with("slave0") { "connected_slaves:1" } else { "connected_slaves:0" },
            );
            let finding = judge(&info);
            assert_eq!(finding.verdict, verdict, "{line}: {finding:?}");
            assert!(finding.found.contains(said) && !finding.advice.is_empty(), "{line}: {finding:?}");
        }
    }

    #[test]
    fn what_a_crash_loses_is_said() {
        let settings =
            |fsync: &str, save: &str| Settings { appendfsync: fsync.to_owned(), save: save.to_owned() };
        let off = with("aof_enabled:0");
        for (info, settings, verdict, said) in [
            (GOOD, Some(settings("always", "")), Verdict::Ok, "loses nothing"),
            (GOOD, Some(settings("no", "")), Verdict::Warn, "30 s"),
            (GOOD, None, Verdict::Ok, "may not ask"),
            (off.as_str(), Some(settings("everysec", "")), Verdict::Warn, "a restart loses every task"),
            (off.as_str(), Some(settings("everysec", "60 1")), Verdict::Warn, "since the last snapshot"),
            (&with("aof_last_write_status:err"), None, Verdict::Fail, "failed"),
            (&with("loading:1"), None, Verdict::Warn, "loading"),
        ] {
            let finding = judge_persistence(info, 1_000, settings.as_ref());
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.found.contains(said), "{finding:?}");
        }
    }

    #[test]
    fn slow_round_trips_are_told() {
        let of_ms = |ms: u64| judge_trips(vec![Duration::from_millis(ms); TRIPS]).verdict;
        assert_eq!((of_ms(1), of_ms(6), of_ms(300)), (Verdict::Ok, Verdict::Warn, Verdict::Fail));
        let mut one_slow = vec![Duration::from_millis(1); TRIPS];
        one_slow[3] = Duration::from_millis(40);
        assert_eq!(judge_trips(one_slow).found, "answers; round trip p50 1.00 ms, p99 40.00 ms");
    }
}
