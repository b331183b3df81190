//! namespace/open: what is founded once is met ever after.

use baton_testkit::{Fixture, with_store};

use crate::hand::{changes, run_by_hand, unchanged};

async fn check(at: &Fixture, shards: &str, store_id: &str) -> Vec<String> {
    run_by_hand(at, "namespace/open", "other:meta", &["1700000000000", shards, store_id]).await
}

#[tokio::test]
async fn the_first_decides_and_the_next_are_told() {
    with_store(async |at| {
        assert_eq!(check(at, "3", "one").await, ["opened", "1", "3", "one"]);
        let again = unchanged(at, check(at, "5", "two")).await;
        assert_eq!(again, ["opened", "1", "3", "one"]);
    })
    .await;
}

#[tokio::test]
async fn it_notes_what_every_process_must_agree_on() {
    with_store(async |at| {
        let (_, changed) = changes(at, async {
            let arguments = ["1700000000000", "4096", "one"];
            run_by_hand(at, "namespace/open", "baton:x:meta", &arguments).await
        })
        .await;
        assert_eq!(
            changed,
            "+ baton:x:meta (hash)\n\
             + baton:x:meta created_ms \"1700000000000\"\n\
             + baton:x:meta epoch \"1\"\n\
             + baton:x:meta schema \"1\"\n\
             + baton:x:meta shards \"4096\"\n\
             + baton:x:meta store_id \"one\"\n"
        );
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_is_told_and_left_alone() {
    with_store(async |at| {
        crate::hand::by_hand::<()>(at, "HSET other:meta schema 7 shards 2 store_id later").await;
        assert_eq!(unchanged(at, check(at, "1", "one")).await, ["opened", "7", "2", "later"]);
    })
    .await;
}
