//! Keys, scripts and the server, as they are told.

use std::collections::BTreeMap;

use baton_api::Timestamp;
use baton_api::redis::{
    RedisCheck, RedisFault, RedisIndex, RedisKey, RedisKeys, RedisPattern, RedisScript, RedisScripts,
    RedisServer, RedisShard, RedisValue,
};
use baton_core::{Namespace, limits};
use baton_store::families::{FAMILIES, Of, line};
use baton_store::look::{Checked, Look};
use baton_store::{Script, ServerInfo};

pub(crate) fn server(server: ServerInfo, namespace: &Namespace, shards: Vec<RedisShard>) -> RedisServer {
    RedisServer {
        version: server.version,
        role: server.role,
        uptime_ms: server.uptime_s * 1_000,
        clients: server.connected_clients,
        blocked_clients: server.blocked_clients,
        memory_bytes: server.used_memory,
        memory_limit_bytes: server.maxmemory,
        memory_policy: server.maxmemory_policy,
        evicted_keys: server.evicted_keys,
        append_only: server.aof_enabled,
        replicas: server.connected_replicas,
        namespace: namespace.to_string(),
        shards,
    }
}

pub(crate) fn patterns(namespace: &Namespace) -> RedisKeys {
    let pattern = |family: &baton_store::families::Family| {
        let shown = family.shown(namespace);
        RedisPattern {
            line: family.line(&shown),
            pattern: shown,
            kind: family.kind.to_owned(),
            holds: family.holds.to_owned(),
            script: family.script.to_owned(),
            expires: family.lives.as_str().to_owned(),
            secret: family.of == Of::Logins,
        }
    };
    RedisKeys { keys: FAMILIES.iter().map(pattern).collect() }
}

pub(crate) fn key(key: String, look: Look) -> RedisKey {
    let pattern = look.family.map(|family| family.pattern);
    let value = |(name, value): (String, String)| RedisValue {
        meaning: meaning(pattern.unwrap_or_default(), &look.kind, &name, &value),
        name,
        value,
    };
    RedisKey {
        line: line(&look.kind, &key),
        pattern: pattern.map(str::to_owned),
        holds: look.family.map(|family| family.holds.to_owned()),
        ttl_ms: look.ttl_ms,
        size: look.size,
        memory_bytes: look.memory,
        masked: look.masked,
        values: look.rows.into_iter().map(value).collect(),
        more: look.more,
        indexes: look
            .places
            .into_iter()
            .map(|place| RedisIndex {
                key: place.key,
                member: Some(place.member).filter(|member| !member.is_empty()),
                is_in: place.is_in,
            })
            .collect(),
        next: look.next,
        kind: look.kind,
        key,
    }
}

pub(crate) fn checked(checked: Checked) -> RedisCheck {
    let faults =
        checked.faults.into_iter().map(|fault| RedisFault { key: fault.key, problem: fault.problem });
    RedisCheck { looked: checked.looked, whole: checked.whole, faults: faults.collect() }
}

/// Numbers that may be points in time: ms from 1973 to 5138, and µs likewise.
const MS: std::ops::Range<u64> = 100_000_000_000..100_000_000_000_000;
const US: std::ops::Range<u64> = 100_000_000_000_000..100_000_000_000_000_000;

/// A number in words, where its name or its place says that it is a time.
fn meaning(pattern: &str, kind: &str, name: &str, value: &str) -> Option<String> {
    let timed = (kind == "hash" && (name.ends_with("_ms") || name == "fence")) || kind == "zset";
    let number: u64 = value.parse().ok().filter(|_| timed)?;
    if pattern == "queue:<name>:pending" {
        let band = limits::PRIORITY_BAND;
        return Some(format!(
            "priority {}, since {}",
            9_u64.saturating_sub(number / band),
            Timestamp::from_ms(number % band)
        ));
    }
    match number {
        ms if MS.contains(&ms) => Some(Timestamp::from_ms(ms).to_string()),
        us if US.contains(&us) => Some(Timestamp::from_ms(us / 1_000).to_string()),
        ms if kind == "hash" && ms >= 1_000 => Some(format!("{} s", ms as f64 / 1_000.0)),
        _ => None,
    }
}

/// Calls and times stand in this gateway's own metrics.
pub(crate) fn scripts(missing: &[&str], metrics: &str) -> RedisScripts {
    let (calls, sums) = (by_script(metrics, "count"), by_script(metrics, "sum"));
    let script = |script: &Script| RedisScript {
        name: script.name.to_owned(),
        sha: script.sha.clone(),
        bytes: script.text.len() as u64,
        loaded: !missing.contains(&script.name),
        calls: calls.get(script.name).copied().unwrap_or_default() as u64,
        total_ms: (sums.get(script.name).copied().unwrap_or_default() * 1e6).round() / 1e3,
    };
    RedisScripts { scripts: Script::all().iter().map(script).collect() }
}

fn by_script<'a>(metrics: &'a str, part: &str) -> BTreeMap<&'a str, f64> {
    let front = format!("baton_redis_script_seconds_{part}{{script=\"");
    let read = |line: &'a str| {
        let (name, value) = line.strip_prefix(&front)?.split_once("\"} ")?;
        Some((name, value.parse().ok()?))
    };
    metrics.lines().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_put_into_words_where_they_are_times() {
        let of = |pattern, kind, name, value| meaning(pattern, kind, name, value).unwrap_or_default();
        assert_eq!(of("task:<id>", "hash", "created_ms", "1700000000000"), "2023-11-14T22:13:20.000Z");
        assert_eq!(of("task:<id>", "hash", "fence", "1700000000000123"), "2023-11-14T22:13:20.000Z");
        assert_eq!(of("task:<id>", "hash", "timeout_ms", "1800000"), "1800 s");
        assert_eq!(of("task:<id>", "hash", "payload", "1700000000000"), "");
        assert_eq!(of("leases", "zset", "w:b", "1700000000000"), "2023-11-14T22:13:20.000Z");
        let pending = (4 * limits::PRIORITY_BAND + 1_700_000_000_000).to_string();
        assert_eq!(
            of("queue:<name>:pending", "zset", "id", &pending),
            "priority 5, since 2023-11-14T22:13:20.000Z"
        );
    }

    #[test]
    fn calls_are_read_from_our_own_metrics() {
        let metrics = "# HELP x\nbaton_redis_script_seconds_bucket{script=\"task/claim\",le=\"1\"} 9\n\
                       baton_redis_script_seconds_sum{script=\"task/claim\"} 0.0125\n\
                       baton_redis_script_seconds_count{script=\"task/claim\"} 10\n";
        let told = scripts(&["task/submit"], metrics).scripts;
        let of = |name: &str| told.iter().find(|script| script.name == name).unwrap();
        assert_eq!((of("task/claim").calls, of("task/claim").total_ms), (10, 12.5));
        assert!(of("task/claim").loaded && !of("task/submit").loaded);
    }
}
