//! kind/put: what is said of a kind stands in every shard, once however often it is said.

use baton_core::{Backoff, Kind, KindRules, Principal, Priority, Reasons, Refusal, Shard, limits};
use baton_store::calls::kind::{Declared, KindPut, PutKind};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, kind, with_store};

use crate::hand::{changes, make_schema_too_new, refused, unchanged};

pub(super) async fn put(at: &Fixture, name: &str, rules: &KindRules) -> KindPut {
    put_knowing(at, name, rules, None).await
}

pub(super) async fn put_knowing(
    at: &Fixture,
    name: &str,
    rules: &KindRules,
    version: Option<u64>,
) -> KindPut {
    let by = Principal::new("ada").unwrap();
    let put = PutKind { kind: &kind(name), rules, version, by: Some(&by) };
    at.store.put_kind(&put).await.expect("an answer")
}

pub(super) fn attempts(max_attempts: u64) -> KindRules {
    KindRules { max_attempts: Some(max_attempts), ..KindRules::default() }
}

pub(super) async fn read(at: &Fixture, name: &str) -> Option<Declared> {
    at.store.kind(&kind(name)).await.expect("an answer")
}

/// Everything that can be said.
fn all() -> KindRules {
    KindRules {
        priority: Some(Priority::new(5).unwrap()),
        timeout_ms: Some(limits::TIMEOUT_MS),
        max_attempts: Some(9),
        max_crashes: Some(1),
        backoff: Backoff::new(7, 700).unwrap().growing_by(3),
        non_retryable: ["bad input", "http 4*"].map(|text| Reasons::new(text).unwrap()).to_vec(),
        result_ttl_ms: Some(60_000),
    }
}

#[tokio::test]
async fn it_is_written_with_what_was_said_and_no_more() {
    with_store(async |at| {
        let (answer, changed) = changes(at, put(at, "mail", &attempts(9))).await;
        assert_eq!(answer, KindPut::Created { version: START_MS });
        let changed: Vec<&str> = changed.lines().filter(|line| !line.contains("digest")).collect();
        assert_eq!(
            changed,
            [
                "+ baton:{0}:kind:mail (hash)",
                "+ baton:{0}:kind:mail changed_by \"ada\"",
                "+ baton:{0}:kind:mail changed_ms \"1700000000000\"",
                "+ baton:{0}:kind:mail created_ms \"1700000000000\"",
                "+ baton:{0}:kind:mail max_attempts \"9\"",
                "+ baton:{0}:kind:mail version \"1700000000000\"",
                "+ baton:{0}:kinds:declared (zset)",
                "+ baton:{0}:kinds:declared \"mail\" 0",
                "+ baton:{0}:meta events \"1\"",
            ]
        );
        let told = crate::hand::events(at).await;
        assert_eq!((told[0].event.as_str(), told[0].subject.as_deref()), ("kind_put", Some("mail")));
    })
    .await;
}

#[tokio::test]
async fn all_of_it_is_read_again_and_a_change_leaves_nothing_of_before() {
    with_store(async |at| {
        put(at, "mail", &all()).await;
        let found = read(at, "mail").await.unwrap();
        assert_eq!((found.rules, found.version, found.created_ms), (all(), START_MS, START_MS));
        at.pass_ms(5);
        let version = START_MS + 5;
        assert_eq!(put(at, "mail", &attempts(2)).await, KindPut::Changed { version });
        let found = read(at, "mail").await.unwrap();
        assert_eq!((found.rules, found.version, found.created_ms), (attempts(2), version, START_MS));
        assert_eq!((found.changed_ms, found.changed_by.unwrap().as_str()), (version, "ada"));
        // Where the clock stands still, the version rises all the same.
        assert_eq!(put(at, "mail", &attempts(3)).await, KindPut::Changed { version: version + 1 });
    })
    .await;
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_one_who_knows_an_older_version_is_told() {
    with_store(async |at| {
        put(at, "mail", &attempts(2)).await;
        at.pass_ms(5);
        let same = KindPut::Same { version: START_MS };
        assert_eq!(unchanged(at, put(at, "mail", &attempts(2))).await, same);
        put_knowing(at, "mail", &attempts(3), Some(START_MS)).await;
        for (name, version) in [("mail", START_MS + 5), ("other", 0)] {
            let late = unchanged(at, put_knowing(at, name, &attempts(4), Some(START_MS))).await;
            assert_eq!(late, KindPut::Stale { version }, "{name}");
        }
    })
    .await;
}

/// As the call says it in a shard that is not the first: the version comes from there.
async fn follow(at: &Fixture, becomes: u64, max_attempts: &str) -> Vec<String> {
    let digest = format!("digest-{max_attempts}");
    let keys = at.store.keys(Shard::FIRST).unwrap();
    let mut call = deadpool_redis::redis::cmd("EVALSHA");
    let script = baton_store::Script::all().iter().find(|script| script.name == "kind/put").unwrap();
    call.arg(&script.sha).arg(4).arg(keys.meta()).arg(keys.events()).arg(keys.kinds());
    call.arg(keys.kind(&kind("mail"))).arg(at.now_ms()).arg("mail").arg("ada").arg(&digest).arg("");
    call.arg(becomes).arg(1).arg("max_attempts").arg(max_attempts);
    call.query_async(&mut at.redis.connection().await).await.unwrap()
}

#[tokio::test]
async fn in_the_other_shards_the_latest_version_stays_whoever_comes_last() {
    with_store(async |at| {
        assert_eq!(follow(at, 700, "7").await, ["put", "created", "700"]);
        assert_eq!(follow(at, 900, "9").await, ["put", "changed", "900"]);
        assert_eq!(unchanged(at, follow(at, 700, "7")).await, ["put", "same", "900"]);
        assert_eq!(unchanged(at, follow(at, 900, "9")).await, ["put", "same", "900"]);
        assert_eq!(read(at, "mail").await.unwrap().rules, attempts(9));
    })
    .await;
}

#[tokio::test]
async fn there_are_only_so_many() {
    with_store(async |at| {
        for number in 1..limits::KINDS_MAX {
            put(at, &format!("k{number}"), &attempts(1)).await;
        }
        assert!(matches!(put(at, "last", &attempts(1)).await, KindPut::Created { .. }));
        let full = unchanged(at, put(at, "more", &attempts(1))).await;
        assert_eq!(full, KindPut::Refused(refused(Refusal::Conflict, "")));
        at.pass_ms(1);
        assert!(matches!(put(at, "last", &attempts(2)).await, KindPut::Changed { .. }));
    })
    .await;
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_before_it_is_sent() {
    with_store(async |at| {
        let numbers: [fn(&mut KindRules, u64); 4] = [
            |rules, value| rules.timeout_ms = Some(value),
            |rules, value| rules.max_attempts = Some(value),
            |rules, value| rules.max_crashes = Some(value),
            |rules, value| rules.result_ttl_ms = Some(value),
        ];
        let mut wrong: Vec<(Kind, KindRules)> = Vec::new();
        for set in numbers {
            for value in [0, u64::MAX] {
                let mut rules = KindRules::default();
                set(&mut rules, value);
                wrong.push((kind("mail"), rules));
            }
        }
        let many = vec![Reasons::new("x").unwrap(); limits::NON_RETRYABLE_MAX as usize + 1];
        wrong.push((kind("mail"), KindRules { non_retryable: many, ..KindRules::default() }));
        for (kind, rules) in &wrong {
            let put = PutKind { kind, rules, version: None, by: None };
            let answer = unchanged(at, at.store.put_kind(&put)).await;
            assert!(matches!(answer, Err(baton_store::Error::Invalid { .. })), "{rules:?}");
        }
        let exact = vec![Reasons::new("x").unwrap(); limits::NON_RETRYABLE_MAX as usize];
        let rules = KindRules { non_retryable: exact, ..KindRules::default() };
        assert!(matches!(put(at, "mail", &rules).await, KindPut::Created { .. }));
    })
    .await;
}

#[tokio::test]
async fn a_newer_release_is_left_alone() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let answer = unchanged(at, put(at, "mail", &attempts(2))).await;
        assert_eq!(answer, KindPut::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
