//! pool/set: how many workers, and whether the pool is to run.

use baton_core::{PoolName, Principal, Refusal, limits};
use baton_store::calls::pool::{Pool, PoolSet, SetPool};
use baton_testkit::{Fixture, with_store};

use crate::hand::{by_hand, changes, events, make_schema_too_new, refused, unchanged};

async fn check(at: &Fixture, desired: Option<u64>, running: Option<bool>) -> PoolSet {
    let (pool, by) = (PoolName::default(), Principal::new("ada").unwrap());
    let set = SetPool { pool: &pool, desired, running, by: Some(&by) };
    at.store.set_pool(&set).await.expect("an answer")
}

async fn pool(at: &Fixture) -> Pool {
    at.store.pool(&PoolName::default()).await.unwrap().pool.unwrap()
}

async fn told(at: &Fixture) -> Vec<(String, Option<String>)> {
    let pools = |event: &str| ["scale", "start", "halt"].contains(&event);
    let entries = events(at).await.into_iter().filter(|entry| pools(&entry.event));
    entries.map(|entry| (entry.event, entry.subject)).collect()
}

#[tokio::test]
async fn a_size_makes_a_pool_that_runs() {
    with_store(async |at| {
        let (answer, changed) = changes(at, check(at, Some(3), None)).await;
        assert_eq!(answer, PoolSet::Done { created: true });
        assert_eq!(
            changed,
            "+ baton:{0}:meta events \"1\"\n\
             + baton:{0}:pool:default (hash)\n\
             + baton:{0}:pool:default changed_by \"ada\"\n\
             + baton:{0}:pool:default changed_ms \"1700000000000\"\n\
             + baton:{0}:pool:default created_ms \"1700000000000\"\n\
             + baton:{0}:pool:default desired \"3\"\n\
             + baton:{0}:pool:default generation \"0\"\n\
             + baton:{0}:pool:default running \"1\"\n\
             + baton:{0}:pools (zset)\n\
             + baton:{0}:pools \"default\" 1700000000000\n"
        );
        assert_eq!(told(at).await, [("scale".to_owned(), Some("default 3".to_owned()))]);
        assert_eq!(events(at).await.pop().unwrap().by, Some(Principal::new("ada").unwrap()));
    })
    .await;
}

#[tokio::test]
async fn it_stops_and_starts_with_the_size_that_it_had() {
    with_store(async |at| {
        check(at, Some(3), None).await;
        assert_eq!(check(at, None, Some(false)).await, PoolSet::Done { created: false });
        let stopped = pool(at).await;
        assert_eq!((stopped.desired, stopped.running, stopped.generation), (3, false, 0));
        check(at, None, Some(true)).await;
        let started = pool(at).await;
        assert_eq!((started.desired, started.running, started.generation), (3, true, 1));
        let words: Vec<String> = told(at).await.into_iter().map(|(event, _)| event).collect();
        assert_eq!(words, ["scale", "halt", "start"]);
    })
    .await;
}

#[tokio::test]
async fn each_start_lets_begin_anew_what_gave_up() {
    with_store(async |at| {
        check(at, Some(1), None).await;
        for generation in 1..4 {
            check(at, None, Some(true)).await;
            assert_eq!(pool(at).await.generation, generation);
        }
    })
    .await;
}

#[tokio::test]
async fn a_pool_may_begin_stopped() {
    with_store(async |at| {
        assert_eq!(check(at, Some(5), Some(false)).await, PoolSet::Done { created: true });
        assert!(!pool(at).await.running);
    })
    .await;
}

#[tokio::test]
async fn what_was_never_given_a_size_cannot_be_started() {
    with_store(async |at| {
        for running in [Some(true), Some(false), None] {
            let answer = unchanged(at, check(at, None, running)).await;
            assert_eq!(answer, PoolSet::Refused(refused(Refusal::UnknownPool, "")));
        }
    })
    .await;
}

#[tokio::test]
async fn a_size_beyond_the_limit_is_not_sent() {
    with_store(async |at| {
        let pool = PoolName::default();
        let set =
            SetPool { pool: &pool, desired: Some(limits::POOL_WORKERS_MAX + 1), running: None, by: None };
        assert!(unchanged(at, at.store.set_pool(&set)).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_full_server_still_scales() {
    with_store(async |at| {
        by_hand::<()>(at, "CONFIG SET maxmemory 1").await;
        assert_eq!(check(at, Some(0), None).await, PoolSet::Done { created: true });
        by_hand::<()>(at, "CONFIG SET maxmemory 0").await;
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let answer = unchanged(at, check(at, Some(1), None)).await;
        assert_eq!(answer, PoolSet::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
