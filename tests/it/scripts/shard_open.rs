//! shard/open: a shard is founded by whoever comes first, for one store.

use baton_testkit::{Fixture, with_store};

use crate::hand::{by_hand, run_by_hand, unchanged};

async fn check(at: &Fixture, key: &str, store_id: &str) -> Vec<String> {
    run_by_hand(at, "shard/open", key, &["1700000000000", "2", store_id]).await
}

#[tokio::test]
async fn the_first_founds_it_and_the_next_are_told_whose_it_is() {
    with_store(async |at| {
        assert_eq!(check(at, "other:{1}:meta", "one").await, ["opened", "1", "2", "one"]);
        let again = unchanged(at, check(at, "other:{1}:meta", "two")).await;
        assert_eq!(again, ["opened", "1", "2", "one"]);
    })
    .await;
}

#[tokio::test]
async fn what_its_chores_noted_before_stays() {
    with_store(async |at| {
        by_hand::<()>(at, "HSET other:{1}:meta tick_ms 5").await;
        assert_eq!(check(at, "other:{1}:meta", "one").await, ["opened", "1", "2", "one"]);
        assert_eq!(by_hand::<String>(at, "HGET other:{1}:meta tick_ms").await, "5");
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_is_told_and_left_alone() {
    with_store(async |at| {
        by_hand::<()>(at, "HSET baton:{0}:meta schema 7").await;
        let told = unchanged(at, check(at, "baton:{0}:meta", "one")).await;
        assert_eq!(told[1], "7");
    })
    .await;
}
