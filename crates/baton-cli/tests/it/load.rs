//! `baton bench` and `baton top`.

use std::process::Stdio;

use baton_testkit::Process;
use baton_testkit::process::Signal;
use serde_json::Value;

use crate::fleet::{Fleet, of, rest, run, typed, until};

fn small(bench: &str) -> Vec<&str> {
    vec!["bench", bench, "--tasks", "20", "--seconds", "60", "--concurrency", "2", "--json"]
}

#[test]
fn each_bench_counts_what_it_did_and_leaves_nothing_that_waits() {
    let fleet = Fleet::start(&[]);
    let redis = format!("unix:{}/redis.sock", fleet.directory.display());
    for bench in ["submit", "lifecycle", "latency"] {
        let report: Value = serde_json::from_str(&fleet.fine(&small(bench))).unwrap();
        assert_eq!((&report["done"], &report["via"]), (&20.into(), &"http".into()), "{report}");
        assert!(report["p50_ms"].as_f64().unwrap() <= report["p99_ms"].as_f64().unwrap(), "{report}");
        let queue = report["queue"].as_str().unwrap().to_owned();
        let left: Value = serde_json::from_str(&fleet.fine(&["queue", "get", &queue, "--json"])).unwrap();
        for status in ["pending", "running", "scheduled", "blocked"] {
            assert!(left["tasks"][status].as_u64().unwrap_or(0) == 0, "{bench}: {left}");
        }
    }
    for bench in ["submit", "lifecycle"] {
        let words = [&small(bench)[..], &["--direct", "--batch", "7"]].concat();
        let ran = of(&typed(&words).env("BATON_REDIS_URL", &redis).output().unwrap());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((&report["done"], &report["via"]), (&20.into(), &"redis".into()), "{report}");
    }
    let text = fleet.fine(&["bench", "submit", "--tasks", "3"]);
    assert!(text.starts_with("3 tasks in ") && text.contains("a call: p50 "), "{text}");
    // And a look at all of it.
    fleet.fine(&["task", "submit", "noop", "--wait"]);
    let top = fleet.fine(&["top", "--once"]);
    assert!(top.starts_with("Queues\nQUEUE ") && top.contains("\nWorkers\nWORKER "), "{top}");
    assert!(
        top.contains("\nRunning\nTASK ") && top.contains("\nFailures\nCOUNT ") && !top.contains('\u{1b}'),
        "{top}"
    );
    let top: Value = serde_json::from_str(&fleet.fine(&["top", "--json"])).unwrap();
    assert!(top["queues"].as_array().unwrap().iter().any(|queue| queue["name"] == "default"), "{top}");
}

/// Also where it is not waited for: nothing of it is left to be done by the fleet.
#[test]
fn ctrl_c_ends_a_bench_and_takes_its_load_away() {
    let fleet = Fleet::start(&[]);
    for bench in ["submit", "lifecycle"] {
        let words = ["--url", &fleet.url, "bench", bench, "--tasks", "10000000", "--seconds", "600"];
        let mut bench = typed(&words);
        bench.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut bench = Process::spawn(bench).unwrap();
        let ours = || {
            let listed = fleet.fine(&["queue", "ls", "--json"]);
            let queues = listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let is_ours = |queue: &Value| queue["name"].as_str().unwrap().starts_with("bench-");
            queues.filter(is_ours).any(|queue| live(&queue) > 0)
        };
        until("it has load", ours);
        bench.signal(Signal::INT);
        let said = rest(bench.child().stderr.take().unwrap());
        assert_eq!(bench.child().wait().unwrap().code(), Some(130), "{said}");
        assert!(said.contains("stopped; the queue bench-") && said.contains("was emptied"), "{said}");
        let queue = said.split_whitespace().find(|word| word.starts_with("bench-")).unwrap();
        let left: Value = serde_json::from_str(&fleet.fine(&["queue", "get", queue, "--json"])).unwrap();
        assert_eq!(live(&left), 0, "{left}");
    }
}

fn live(queue: &Value) -> u64 {
    let count = |status: &str| queue["tasks"][status].as_u64().unwrap_or_default();
    ["pending", "running", "scheduled", "blocked"].into_iter().map(count).sum()
}

#[test]
fn load_goes_nowhere_by_mistake() {
    let ran = run(&["--url", "http://gateway.example:8000", "bench", "submit"]);
    assert!(ran.code == Some(2) && ran.err.contains("--yes"), "{ran:?}");
    assert_eq!(run(&["bench", "latency", "--direct"]).code, Some(2));
    assert_eq!(run(&["--url", "http://127.0.0.1:1", "bench", "submit"]).code, Some(7));
    assert_eq!(run(&["--url", "http://127.0.0.1:1", "top"]).code, Some(7));
}
