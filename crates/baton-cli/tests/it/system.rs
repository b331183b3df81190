//! `baton doctor` and `baton redis`, through a gateway and straight at Redis.

use baton_core::{Namespace, Shard};
use baton_store::keys::ShardKeys;
use baton_testkit::PrivateRedis;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::fleet::{Fleet, Ran, of, run, typed};

/// The same command without a gateway.
fn direct(url: &str, arguments: &[&str]) -> Ran {
    let mut command = typed(&[arguments, &["--direct"]].concat());
    of(&command.env("BATON_REDIS_URL", url).output().unwrap())
}

#[test]
fn a_fleet_is_examined_and_its_keys_are_explained() {
    let fleet = Fleet::start(&[]);
    let id = fleet.fine(&["task", "submit", "echo", "--payload", "1", "--wait", "-o", "name"]);
    let ran = fleet.run(&["doctor"]);
    // Which it is depends on the Redis of this machine; nothing of ours may fail.
    assert!(matches!(ran.code, Some(0 | 8)), "{ran:?}");
    assert!(ran.out.contains("ok       data.rights") && ran.out.contains("looked for"), "{ran:?}");
    let report: Value = serde_json::from_str(&fleet.run(&["doctor", "--json"]).out).unwrap();
    assert!(report["checks"].as_array().unwrap().iter().all(|check| check["name"].is_string()), "{report}");
    let keys = fleet.fine(&["redis", "keys"]);
    assert!(keys.starts_with("KEY ") && keys.contains("baton:{0}:task:<id> "), "{keys}");
    let record = ShardKeys::new(&Namespace::default(), Shard::FIRST).task(id.trim().parse().unwrap());
    let task = fleet.fine(&["redis", "explain", &record]);
    for line in [
        "holds     one task\n",
        "index     is in baton:{0}:queue:default:completed\n",
        "read      redis-cli HGETALL '",
    ] {
        assert!(task.contains(line), "{line}: {task}");
    }
    assert!(task.contains("created_ms") && task.contains("Z)"), "{task}");
    let checked = fleet.fine(&["redis", "check"]);
    assert!(checked.starts_with("0 findings; "), "{checked}");
    let scripts = fleet.fine(&["redis", "scripts"]);
    assert!(scripts.starts_with("SCRIPT ") && scripts.contains("task/claim "), "{scripts}");
    assert_eq!(fleet.run(&["redis", "explain", "other:meta"]).code, Some(2));
}

#[test]
fn without_a_gateway_redis_is_looked_at_directly() {
    let runtime = Runtime::new().unwrap();
    let redis = runtime.block_on(PrivateRedis::start());
    let report: Value = serde_json::from_str(&direct(&redis.url(), &["doctor", "--json"]).out).unwrap();
    let of = |name: &str| {
        let mut checks = report["checks"].as_array().unwrap().iter();
        checks.find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {report}")).clone()
    };
    // Nothing was founded there, and looking founds nothing.
    assert_eq!((&of("reach")["verdict"], &of("namespace")["verdict"]), (&"ok".into(), &"warn".into()));
    let keys: Vec<String> = runtime.block_on(redis.say(&["KEYS", "*"]));
    assert_eq!(keys, Vec::<String>::new());
    let _: String = runtime.block_on(redis.say(&["SET", "baton:{0}:odd\u{1b}[2J", "x"]));
    let ran = direct(&redis.url(), &["redis", "check"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.out.contains("baton:{0}:odd�[2J  it belongs to nothing") && !ran.out.contains('\u{1b}'),
        "{ran:?}"
    );
    let explained = direct(&redis.url(), &["redis", "explain", "baton:{0}:odd\u{1b}[2J"]);
    assert!(explained.out.contains("it belongs to nothing that Baton keeps"), "{explained:?}");
    assert!(!explained.out.contains('\u{1b}'), "{explained:?}");
    assert_eq!(direct(&redis.url(), &["redis", "keys", "-o", "name"]).code, Some(0));
    assert!(direct(&redis.url(), &["redis", "scripts"]).out.contains("  no "), "none is loaded");
}

#[test]
fn a_redis_that_is_away_is_a_report_and_not_an_error() {
    let ran = direct("unix:/nonexistent/redis.sock", &["doctor"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.starts_with("fail     redis.reach") && ran.out.contains("do: start it"), "{ran:?}");
    assert!(ran.err.is_empty() && ran.out.contains("unknown  data.leases"), "{ran:?}");
    // And a gateway that is away is told as everywhere.
    assert_eq!(run(&["--url", "http://127.0.0.1:1", "doctor"]).code, Some(7));
}
