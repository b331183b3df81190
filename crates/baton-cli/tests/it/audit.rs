//! `baton audit`: what it prints, and how it ends.

use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::fleet::{Ran, of, typed};

const ID: &str = "01936a5c-2b4e-7abc-8def-001122334000";

struct Namespace {
    runtime: Runtime,
    redis: PrivateRedis,
}

impl Namespace {
    fn new() -> Namespace {
        let runtime = Runtime::new().unwrap();
        let redis = runtime.block_on(PrivateRedis::start());
        let options = Options::new(redis.url().parse().unwrap());
        runtime.block_on(Store::open(options)).unwrap();
        Namespace { runtime, redis }
    }

    fn say(&self, words: &[&str]) {
        let _: i64 = self.runtime.block_on(self.redis.say(words));
    }

    fn audit(&self, arguments: &[&str]) -> Ran {
        audit(&self.redis.url(), arguments)
    }
}

fn audit(url: &str, arguments: &[&str]) -> Ran {
    let mut command = typed(&[&["audit"], arguments].concat());
    of(&command.env("BATON_REDIS_URL", url).output().unwrap())
}

fn lines(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_wrong_is_told_by_name_and_mended_on_request() {
    let at = Namespace::new();
    let clean = at.audit(&[]);
    assert_eq!((clean.code, clean.err.as_str()), (Some(0), ""), "{clean:?}");
    assert!(
        clean.out.starts_with("A1   skipped ")
            && clean.out.contains("\nA2   ok ")
            && clean.out.contains("\naudit: clean; 0 tasks"),
        "{clean:?}"
    );
    assert!(clean.out.contains("A12  skipped ") && clean.out.contains("without --effects"), "{clean:?}");

    at.say(&["ZADD", "baton:{0}:queue:default:pending", "5", ID]);
    let wrong = at.audit(&[]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    for part in
        ["A2   violated ", "A2 index_without_hash  01936a5c", "  see       redis-cli ZSCORE 'baton:{0}:queue"]
    {
        assert!(wrong.out.contains(part), "{part}: {wrong:?}");
    }
    assert_eq!(at.audit(&["-o", "name"]).out, "index_without_hash\n");
    let told = lines(&at.audit(&["-o", "json"]));
    assert_eq!((&told[0]["finding"], &told[0]["audit"]), (&"index_without_hash".into(), &"A2".into()));
    assert_eq!((told.len(), &told[1]["summary"], &told[1]["violations"]), (2, &"violated".into(), &1.into()));
    assert_eq!(told[1]["audits"].as_array().unwrap().len(), 14);

    let mended = at.audit(&["--repair", "--json"]);
    assert_eq!((mended.code, &lines(&mended)[0]["repaired"]), (Some(0), &true.into()), "{mended:?}");
    assert_eq!(at.audit(&[]).code, Some(0));
}

#[test]
fn a_ledger_is_looked_for_and_a_bad_one_is_refused() {
    let at = Namespace::new();
    let file = at.redis.directory().join("ledger");
    let path = file.to_str().unwrap();
    std::fs::write(&file, format!("{{\"id\":\"{ID}\"}}\n")).unwrap();
    let ran = at.audit(&["--ledger", path, "-o", "name"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "submit_lost\n"), "{ran:?}");
    std::fs::write(&file, "odd\n").unwrap();
    let ran = at.audit(&["--ledger", path]);
    assert!(ran.code == Some(2) && ran.err.contains("line 1: failed to read an id"), "{ran:?}");
    assert_eq!(at.audit(&["--ledger", "/nonexistent"]).code, Some(2));
    assert_eq!(at.audit(&["--settle", "odd"]).code, Some(2));
}

#[test]
fn what_is_not_there_cannot_be_audited() {
    assert_eq!(audit("unix:/nonexistent/redis.sock", &[]).code, Some(7));
    let runtime = Runtime::new().unwrap();
    let redis = runtime.block_on(PrivateRedis::start());
    let ran = audit(&redis.url(), &[]);
    assert!(ran.code == Some(2) && ran.err.contains("nothing was founded here"), "{ran:?}");
}
