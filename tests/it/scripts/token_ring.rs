//! `token/ring`: all gateways seal with the same keys, or one of them does not start.

use baton_store::calls::token::RingMet;
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

const META: &str = "baton:{u}:meta";

async fn meet(at: &Fixture, keys: &[(u8, &str)]) -> RingMet {
    let keys: Vec<(u8, String)> = keys.iter().map(|(kid, print)| (*kid, (*print).to_owned())).collect();
    at.store.meet_ring(&keys).await.expect("an answer")
}

async fn agreed(at: &Fixture, keys: &[(u8, &str)]) -> String {
    match meet(at, keys).await {
        RingMet::Agrees { store_id } => store_id,
        other => panic!("no agreement: {other:?}"),
    }
}

#[tokio::test]
async fn the_first_gateway_writes_and_the_others_agree() {
    with_store(async |at| {
        let (kids, store_id) = at.store.ring_kids().await.expect("an answer");
        assert_eq!((kids, store_id), (vec![], None));
        let (store_id, changed) = changes(at, agreed(at, &[(1, "one"), (2, "two")])).await;
        assert_eq!(store_id.len(), 16);
        assert_eq!(
            changed,
            format!(
                "+ {META} (hash)\n\
                 + {META} kid:1 \"one\"\n\
                 + {META} kid:2 \"two\"\n\
                 + {META} primary_kid \"1\"\n\
                 + {META} store_id \"{store_id}\"\n"
            )
        );
        assert_eq!(unchanged(at, agreed(at, &[(1, "one"), (2, "two")])).await, store_id);
        let (mut kids, known) = at.store.ring_kids().await.expect("an answer");
        kids.sort_unstable();
        assert_eq!((kids, known), (vec![1, 2], Some(store_id)));
    })
    .await;
}

#[tokio::test]
async fn the_same_number_for_other_bytes_is_refused() {
    with_store(async |at| {
        agreed(at, &[(1, "one"), (2, "two")]).await;
        for keys in [&[(1, "one"), (2, "other")][..], &[(2, "other")], &[(2, "other"), (1, "one")]] {
            assert_eq!(unchanged(at, meet(at, keys)).await, RingMet::OtherBytes { kid: 2 });
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_lacks_the_key_that_others_seal_with_is_refused() {
    with_store(async |at| {
        agreed(at, &[(1, "one"), (2, "two")]).await;
        for keys in [&[(2, "two")][..], &[(3, "three"), (2, "two")], &[]] {
            assert_eq!(unchanged(at, meet(at, keys)).await, RingMet::FirstMissing { kid: 1 });
        }
    })
    .await;
}

/// The way that a key is changed: known to all, then in front, then gone.
#[tokio::test]
async fn a_ring_is_changed_step_by_step() {
    with_store(async |at| {
        let store_id = agreed(at, &[(1, "one")]).await;
        for keys in [&[(1, "one"), (2, "two")][..], &[(2, "two"), (1, "one")], &[(2, "two")]] {
            assert_eq!(agreed(at, keys).await, store_id);
        }
        assert_eq!(unchanged(at, meet(at, &[(1, "one")])).await, RingMet::FirstMissing { kid: 2 });
        assert_eq!(unchanged(at, meet(at, &[(2, "two"), (1, "new")])).await, RingMet::OtherBytes { kid: 1 });
    })
    .await;
}

#[tokio::test]
async fn an_emptied_store_is_another_store() {
    with_store(async |at| {
        let before = agreed(at, &[(1, "one")]).await;
        by_hand::<()>(at, &format!("DEL {META}")).await;
        assert_ne!(agreed(at, &[(1, "one")]).await, before);
    })
    .await;
}
