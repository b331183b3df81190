//! queue/hint: a hint that its taker cannot use goes to somebody else.

use baton_core::{QueueName, Refusal, Shard};
use baton_store::calls::queue::{PassedOn, SetPaused};
use baton_testkit::{Fixture, with_store};

use super::hints::{hints, take_hint};
use crate::hand::{make_schema_too_new, refused, unchanged};

async fn check(at: &Fixture) -> PassedOn {
    unchanged(at, at.store.pass_hint(Shard::FIRST, &QueueName::default())).await.expect("an answer")
}

#[tokio::test]
async fn it_is_there_for_the_next_and_never_piles_up() {
    with_store(async |at| {
        for _ in 0..3 {
            assert_eq!(check(at).await, PassedOn::Done);
        }
        assert_eq!(hints(at, "default").await, 1);
        assert!(take_hint(at, "default").await);
        assert!(!take_hint(at, "default").await);
    })
    .await;
}

#[tokio::test]
async fn a_queue_that_was_paused_meanwhile_gets_none() {
    with_store(async |at| {
        let queue = QueueName::default();
        at.store
            .set_paused(Shard::FIRST, &SetPaused { queue: &queue, paused: true, by: None })
            .await
            .unwrap();
        assert_eq!(check(at).await, PassedOn::Done);
        assert_eq!(hints(at, "default").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        assert_eq!(check(at).await, PassedOn::Refused(refused(Refusal::SchemaTooNew, "")));
        assert_eq!(hints(at, "default").await, 0);
    })
    .await;
}
