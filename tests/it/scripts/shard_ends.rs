//! shard/ends: where the stream begins and ends.

use baton_core::Shard;
use baton_store::calls::shard::StreamEnds;
use baton_testkit::{Fixture, with_store};

use crate::hand::{by_hand, events, unchanged};

async fn check(at: &Fixture) -> StreamEnds {
    unchanged(at, at.store.stream_ends(Shard::FIRST)).await.expect("an answer")
}

#[tokio::test]
async fn an_empty_stream_has_no_ends() {
    with_store(async |at| assert_eq!(check(at).await, StreamEnds::default())).await;
}

#[tokio::test]
async fn both_ends_are_those_of_the_entries() {
    with_store(async |at| {
        at.submit_many(1).await;
        let only = events(at).await[0].id;
        assert_eq!(check(at).await, StreamEnds { first: Some(only), last: Some(only), length: 1 });
        at.submit_many(150).await;
        let all = events(at).await;
        let ends = check(at).await;
        assert_eq!((ends.first, ends.last), (all.first().map(|one| one.id), all.last().map(|one| one.id)));
        assert_eq!(ends.length, all.len() as u64);
    })
    .await;
}

#[tokio::test]
async fn trimming_moves_the_first() {
    let at = &Fixture::start(Default::default()).await;
    at.submit_many(1).await;
    at.submit_many(1).await;
    let last = events(at).await[1].id;
    by_hand::<u64>(at, "XTRIM baton:{0}:events MAXLEN 1").await;
    assert_eq!(check(at).await, StreamEnds { first: Some(last), last: Some(last), length: 1 });
}
