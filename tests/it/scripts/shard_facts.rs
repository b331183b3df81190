//! shard/facts: what is read of the stream and of its tasks, and by whom.

use baton_core::{Shard, limits};
use baton_store::behind::{Lag, Step};
use baton_testkit::with_store;

use super::task_support::refuses_unchanged;
use crate::hand::{by_hand, events, make_schema_too_new, run_by_hand, unchanged};

const META: &str = "baton:{0}:meta";

#[tokio::test]
async fn an_empty_stream_costs_a_look() {
    with_store(async |at| {
        assert_eq!(unchanged(at, at.store.write_behind(Shard::FIRST, true)).await.unwrap(), Step::Idle);
        assert_eq!(unchanged(at, at.store.lag(Shard::FIRST)).await.unwrap(), Lag::default());
    })
    .await;
}

#[tokio::test]
async fn a_piece_ends_with_a_whole_entry() {
    with_store(async |at| {
        for _ in 0..2 {
            at.submit_many(100).await;
        }
        // The one that reaches the bound is the last.
        const { assert!(limits::BEHIND_EVENTS_MAX == 100) };
        let first = at.store.write_behind(Shard::FIRST, true).await.unwrap();
        assert_eq!(first, Step::Wrote { events: 100, more: true, missed: 0 });
        // Only who is at it goes on; who would begin leaves it to him, until he has been silent for a while.
        assert_eq!(unchanged(at, at.store.write_behind(Shard::FIRST, true)).await.unwrap(), Step::Busy);
        let place = at.store.lag(Shard::FIRST).await.unwrap().place;
        assert_eq!(place, Some(events(at).await[0].id));
        at.pass_ms(limits::BEHIND_SILENCE_MS as i64);
        let second = at.store.write_behind(Shard::FIRST, true).await.unwrap();
        assert_eq!(second, Step::Wrote { events: 100, more: false, missed: 0 });
        assert_eq!(at.store.write_behind(Shard::FIRST, false).await.unwrap(), Step::Idle);
        assert_eq!(at.store.lag(Shard::FIRST).await.unwrap().lag_ms, 0);
    })
    .await;
}

#[tokio::test]
async fn what_a_task_says_of_itself_comes_along_and_a_task_that_is_gone_is_unknown() {
    with_store(async |at| {
        let id = at.submit_many(1).await[0];
        let words = |ask: Vec<String>| ask.into_iter().skip(5).collect::<Vec<_>>();
        let told = words(run_by_hand_two(at, &["", "10", ""]).await);
        let at_row = told.iter().rposition(|word| *word == id.to_string()).unwrap();
        assert_eq!(told[at_row + 1], at.now_ms().to_string());
        assert_eq!(told[at_row + 12..], ["1", "default"]);
        by_hand::<()>(at, "DEL baton:{0}:queue:default:pending").await;
        by_hand::<()>(at, &format!("DEL baton:{{0}}:task:{id}")).await;
        let told = words(run_by_hand_two(at, &["", "10", ""]).await);
        assert_eq!(told[at_row + 1..at_row + 12], vec![""; 11]);
        by_hand::<()>(at, "FLUSHALL").await;
    })
    .await;
}

/// The script has two keys; this gives it both.
async fn run_by_hand_two(at: &baton_testkit::Fixture, arguments: &[&str]) -> Vec<String> {
    let known = baton_store::Script::all().iter().find(|known| known.name == "shard/facts").unwrap();
    let mut command = deadpool_redis::redis::cmd("EVAL");
    command.arg(&known.text).arg(2).arg(META).arg("baton:{0}:events").arg(arguments);
    command.query_async(&mut at.redis.connection().await).await.unwrap()
}

#[tokio::test]
async fn a_newer_release_writes_behind_itself() {
    with_store(async |at| {
        at.submit_many(1).await;
        make_schema_too_new(at).await;
        let step = refuses_unchanged(at, async || at.store.write_behind(Shard::FIRST, true).await).await;
        assert_eq!(step.unwrap(), Step::Busy);
        let words = run_by_hand(at, "shard/facts", META, &["", "1", ""]).await;
        assert_eq!(words, ["refused", "schema_too_new", ""]);
    })
    .await;
}
