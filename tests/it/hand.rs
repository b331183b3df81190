//! What tests of the store share: Redis by hand, and the proof that a refusal changed nothing.
#![expect(clippy::expect_used, clippy::panic, reason = "test support: a failure here is a failed test")]

use std::future::Future;

use baton_core::{Refusal, Shard, TaskId, limits};
use baton_store::Script;
use baton_store::calls::shard::{Tick, Ticked};
use baton_store::calls::task::Claimed;
use baton_store::calls::{Pair, Refused};
use baton_store::event::Entry;
use baton_testkit::{Fixture, Life, Snapshot};
use deadpool_redis::redis::{Cmd, FromRedisValue};

/// A command as a person would type it.
pub(crate) async fn by_hand<T: FromRedisValue>(at: &Fixture, line: &str) -> T {
    let mut words = line.split(' ');
    let mut command = Cmd::new();
    words.by_ref().for_each(|word| {
        command.arg(word);
    });
    command
        .query_async(&mut at.redis.connection().await)
        .await
        .unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// A script that has no call for everybody, with its one key.
pub(crate) async fn run_by_hand(at: &Fixture, script: &str, key: &str, arguments: &[&str]) -> Vec<String> {
    let known = Script::all().iter().find(|known| known.name == script).expect("a script of that name");
    let mut command = Cmd::new();
    command.arg("EVAL").arg(&known.text).arg(1).arg(key).arg(arguments);
    command.query_async(&mut at.redis.connection().await).await.expect("words")
}

/// A field of a hash of the first shard; empty if there is none.
pub(crate) async fn field(at: &Fixture, key: &str, field: &str) -> String {
    let value: Option<String> = by_hand(at, &format!("HGET baton:{{0}}:{key} {field}")).await;
    value.unwrap_or_default()
}

/// A score in a sorted set of the first shard.
pub(crate) async fn score(at: &Fixture, key: &str, member: &str) -> Option<u64> {
    by_hand(at, &format!("ZSCORE baton:{{0}}:{key} {member}")).await
}

/// Makes the call and shows that not one key changed.
pub(crate) async fn unchanged<T>(at: &Fixture, call: impl Future<Output = T>) -> T {
    let before = at.snapshot().await;
    let answer = call.await;
    assert_eq!(Snapshot::diff(&before, &at.snapshot().await), "", "it changed something");
    answer
}

/// Makes the call and shows that nothing changed but what is noted of refused writes; answers that, too.
pub(crate) async fn only_refused<T>(at: &Fixture, call: impl Future<Output = T>) -> (T, String) {
    let before = at.snapshot().await;
    let answer = call.await;
    let changed = Snapshot::diff(&before, &at.snapshot().await);
    let (noted, others): (Vec<&str>, Vec<&str>) =
        changed.lines().partition(|line| line.contains(":refused "));
    assert!(others.is_empty(), "it changed something: {others:?}");
    (answer, noted.join("\n"))
}

/// Makes the call and answers what changed, but for the stream, whose ids are of this moment.
pub(crate) async fn changes<T>(at: &Fixture, call: impl Future<Output = T>) -> (T, String) {
    let before = at.snapshot().await;
    let answer = call.await;
    let diff = Snapshot::diff(&before, &at.snapshot().await);
    let lines = diff.lines().filter(|line| !line.contains("}:events "));
    (answer, lines.map(|line| format!("{line}\n")).collect())
}

pub(crate) fn refused(refusal: Refusal, detail: &str) -> Refused {
    Refused { refusal, detail: Some(detail.to_owned()).filter(|detail| !detail.is_empty()) }
}

/// As if a newer release had migrated the data while we run.
pub(crate) async fn make_schema_too_new(at: &Fixture) {
    by_hand::<()>(at, "HSET baton:{0}:meta schema 2").await;
}

/// Everything in the stream.
pub(crate) async fn events(at: &Fixture) -> Vec<Entry> {
    at.store.events(Shard::FIRST, None, 500).await.expect("readable events")
}

/// What happened to a task, in words.
pub(crate) async fn steps(at: &Fixture, task: TaskId) -> Vec<String> {
    let all = events(at).await;
    let of_task = all.iter().filter(|entry| entry.tasks.iter().any(|event| event.task == task));
    of_task.map(|entry| entry.event.clone()).collect()
}

/// Lets a life hold this many tasks, made for it, and answers what it knows of them.
pub(crate) async fn hold(at: &Fixture, life: &Life, count: u64) -> Vec<Pair> {
    let most = limits::CLAIM_TASKS_MAX;
    let mut pairs: Vec<Pair> = Vec::new();
    for _ in 0..count.div_ceil(most) {
        let wanted = most.min(count - pairs.len() as u64);
        at.submit_many(wanted as usize).await;
        match at.try_claim(life, wanted, &pairs).await {
            Claimed::Tasks(grants) => pairs.extend(grants.tasks.iter().map(|grant| grant.pair())),
            Claimed::Refused(refused) => panic!("refused: {refused:?}"),
        }
    }
    assert_eq!(pairs.len() as u64, count, "it holds less than it should");
    pairs
}

/// A ticker that has ticked often and has just come by.
pub(crate) fn seasoned(at: &Fixture) -> Tick {
    Tick { ticks: 3, expected_ms: Some(at.now_ms()), trying_ms: 0 }
}

/// How much a tick did; it must have something due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Did {
    pub(crate) reaped: u64,
    pub(crate) matured: u64,
    pub(crate) pruned: u64,
    /// When the next one is due.
    pub(crate) tick_ms: u64,
}

pub(crate) async fn tick_as(at: &Fixture, tick: Tick) -> Did {
    match at.store.tick(Shard::FIRST, tick).await.expect("an answer") {
        Ticked::Worked { reaped, matured, pruned, tick_ms, .. } => Did { reaped, matured, pruned, tick_ms },
        other => panic!("it did not work: {other:?}"),
    }
}

pub(crate) async fn tick(at: &Fixture) -> Did {
    tick_as(at, seasoned(at)).await
}
