//! worker/number: numbers for new workers, none twice.

use baton_store::Error;
use baton_testkit::{Fixture, with_store};

use crate::hand::{by_hand, changes, make_schema_too_new, unchanged};

async fn check(at: &Fixture) -> Result<u64, Error> {
    at.store.number_worker().await
}

#[tokio::test]
async fn numbers_rise_from_one_and_only_the_count_changes() {
    with_store(async |at| {
        let (number, changed) = changes(at, check(at)).await;
        assert_eq!(number.unwrap(), 1);
        assert_eq!(changed, "+ baton:{0}:meta workers_numbered \"1\"\n");
        assert_eq!(check(at).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn two_that_ask_at_once_get_different_ones() {
    with_store(async |at| {
        let asked = (0..50).map(|_| {
            let store = at.store.clone();
            tokio::spawn(async move { store.number_worker().await.unwrap() })
        });
        let mut numbers = Vec::new();
        for one in asked.collect::<Vec<_>>() {
            numbers.push(one.await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=50).collect::<Vec<u64>>());
    })
    .await;
}

#[tokio::test]
async fn a_full_server_still_numbers() {
    with_store(async |at| {
        by_hand::<()>(at, "CONFIG SET maxmemory 1").await;
        assert_eq!(check(at).await.unwrap(), 1);
        by_hand::<()>(at, "CONFIG SET maxmemory 0").await;
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let answer = unchanged(at, check(at)).await;
        let Err(Error::Fault { what, problem }) = answer else { panic!("{answer:?}") };
        assert_eq!((what.as_str(), problem.contains("schema_too_new")), ("worker/number", true));
    })
    .await;
}
