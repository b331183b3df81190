//! Whether the gateways of the fleet are there, and agree with each other.

use std::collections::BTreeMap;

use baton_api::gateway::{Gateway, GatewayState};
use baton_core::doctor::{Check, Finding};
use baton_store::Store;

use crate::convert::gateway::gateways;

const SILENT: Check = Check::new("fleet", "silent_gateways");
const CLOCKS: Check = Check::new("fleet", "gateway_clocks");
const VERSIONS: Check = Check::new("fleet", "gateway_versions");
const SCRIPTS: Check = Check::new("fleet", "gateway_scripts");

pub(super) const CHECKS: [Check; 4] = [SILENT, CLOCKS, VERSIONS, SCRIPTS];

/// A clock that is off by more is worth a look long before tokens are taken for old.
const SKEW_MS: u64 = 1_000;
/// Names that are told.
const NAMED: usize = 5;

pub(super) async fn look(store: &Store) -> Vec<Finding> {
    let Ok(Ok(seen)) = tokio::time::timeout(super::PATIENCE, store.gateways()).await else {
        let missing = |check: &Check| {
            check.unknown("gateways could not be read", "ask again; if it stays so, look at Redis")
        };
        return CHECKS.iter().map(missing).collect();
    };
    judge(&gateways(seen, None).gateways)
}

fn judge(seen: &[Gateway]) -> Vec<Finding> {
    let live: Vec<&Gateway> = seen.iter().filter(|one| one.state != GatewayState::Silent).collect();
    vec![silent(seen, live.len()), clocks(&live), versions(&live), scripts(&live)]
}

fn silent(seen: &[Gateway], live: usize) -> Finding {
    let silent: Vec<String> =
        seen.iter().filter(|one| one.state == GatewayState::Silent).map(place).collect();
    if silent.is_empty() {
        return SILENT.ok(format!("{live} seen within the last half minute, none silent"));
    }
    SILENT.warn(
        format!("not seen for half a minute, and ended in no good order: {}", some(&silent)),
        "look at its log and its host: it was killed, or it does not reach Redis; it is forgotten an hour after it was last seen",
    )
}

/// Where people find it.
fn place(gateway: &Gateway) -> String {
    match &gateway.address {
        Some(address) => format!("{} ({address})", gateway.id),
        None => gateway.id.to_string(),
    }
}

fn clocks(live: &[&Gateway]) -> Finding {
    let known = || live.iter().filter_map(|one| Some((one, one.clock?)));
    // What the way to Redis and back may have made of it does not count.
    let off =
        known().filter(|(_, clock)| clock.ahead_ms.unsigned_abs() > SKEW_MS.saturating_add(clock.within_ms));
    let off: Vec<String> = off.map(|(one, clock)| format!("{} by {} ms", one.id, clock.ahead_ms)).collect();
    if off.is_empty() {
        let most = known().map(|(_, clock)| clock.ahead_ms.unsigned_abs()).max().unwrap_or_default();
        return CLOCKS.ok(format!("none of {} is off by more than {most} ms from that of Redis", live.len()));
    }
    CLOCKS.warn(
        format!("ahead of Redis (below zero: behind): {}", some(&off)),
        "let these hosts follow a time server; leases are safe, they only know Redis's clock, but tokens are checked against the gateway's",
    )
}

fn versions(live: &[&Gateway]) -> Finding {
    let word = |one: &Gateway| {
        let version = one.version.as_deref()?;
        Some(
            one.revision
                .as_deref()
                .map_or_else(|| version.to_owned(), |revision| format!("{version} {revision}")),
        )
    };
    let advice = "finish the rollout; `baton gateway ls -o wide` shows who is behind";
    same(VERSIONS, live, word, "live gateways of several versions", advice)
}

fn scripts(live: &[&Gateway]) -> Finding {
    let advice = "finish the rollout: each gateway runs the scripts that it was tested with; if versions are equal, one of them was built of other sources";
    same(SCRIPTS, live, |one| one.scripts.clone(), "live gateways bring different scripts", advice)
}

fn same(
    check: Check,
    live: &[&Gateway],
    word: impl Fn(&Gateway) -> Option<String>,
    differ: &str,
    advice: &str,
) -> Finding {
    let mut words: BTreeMap<String, u64> = BTreeMap::new();
    for word in live.iter().filter_map(|one| word(one)) {
        *words.entry(word).or_default() += 1;
    }
    let told: Vec<String> = words.iter().map(|(word, count)| format!("{word} ({count})")).collect();
    match told.len() {
        0 => check.ok("no gateway is seen"),
        1 => check.ok(some(&told)),
        _ => check.warn(format!("{differ}: {}", some(&told)), advice),
    }
}

fn some(told: &[String]) -> String {
    let more = if told.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", told[..told.len().min(NAMED)].join(", "))
}

#[cfg(test)]
mod tests {
    use baton_core::doctor::Verdict;

    use super::*;

    fn gateway(number: u32, more: &str) -> Gateway {
        let text = format!(r#"{{"id":"web-{number}","asked":false,"heartbeat_age_ms":5,{more}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn verdicts(seen: &[Gateway]) -> Vec<Verdict> {
        judge(seen).into_iter().map(|finding| finding.verdict).collect()
    }

    #[test]
    fn those_that_agree_are_well() {
        let all = r#""state":"serving","version":"1","scripts":"a","clock":{"ahead_ms":-900,"within_ms":1}"#;
        assert_eq!(verdicts(&[gateway(1, all), gateway(2, all)]), [Verdict::Ok; 4]);
        assert_eq!(verdicts(&[]), [Verdict::Ok; 4]);
    }

    #[test]
    fn each_difference_is_told() {
        let one = gateway(
            1,
            r#""state":"serving","version":"1","scripts":"a","clock":{"ahead_ms":0,"within_ms":1}"#,
        );
        let other = r#""state":"draining","version":"1","revision":"ab","scripts":"b",
            "clock":{"ahead_ms":-1002,"within_ms":1}"#;
        let found = judge(&[one.clone(), gateway(2, other)]);
        let verdicts: Vec<Verdict> = found.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Warn, Verdict::Warn, Verdict::Warn]);
        assert!(found[1].found.contains("web-2 by -1002 ms"), "{found:?}");
        assert!(found[2].found.contains("1 (1), 1 ab (1)"), "{found:?}");
        // What is silent is told as such, and compared with nothing.
        let silent = other.replace("draining", "silent");
        let found = judge(&[one, gateway(2, &silent)]);
        let verdicts: Vec<Verdict> = found.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Warn, Verdict::Ok, Verdict::Ok, Verdict::Ok]);
    }

    #[test]
    fn a_long_way_to_redis_is_no_clock_that_is_off() {
        let slow = r#""state":"serving","clock":{"ahead_ms":2500,"within_ms":1500}"#;
        assert_eq!(clocks(&[&gateway(1, slow)]).verdict, Verdict::Ok);
    }
}
