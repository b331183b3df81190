//! Codes that are good once, and access tokens that are denied: plain commands, no scripts.

use baton_testkit::with_store;

use super::token_support::*;

#[tokio::test]
async fn a_code_is_good_once_and_for_a_while() {
    with_store(async |at| {
        let put = async || at.store.put_once("digest", "stream:7", 30_000).await.expect("an answer");
        let take = async || at.store.take_once("digest").await.expect("an answer");
        assert_eq!(unchanged(at, take()).await, None);
        let ((), changed) = changes(at, put()).await;
        let key = "baton:{u:o:digest}:once";
        assert_eq!(changed, format!("+ {key} (string, expires)\n+ {key} \"stream:7\"\n"));
        lives_for(at, key, 30_000).await;
        unchanged(at, put()).await;
        assert_eq!(unchanged(at, at.store.take_once("other")).await.expect("an answer"), None);
        assert_eq!(take().await.as_deref(), Some("stream:7"));
        assert_eq!(unchanged(at, take()).await, None);
    })
    .await;
}

#[tokio::test]
async fn two_who_come_at_once_do_not_both_get_it() {
    with_store(async |at| {
        for round in 0..50 {
            let digest = format!("digest-{round}");
            at.store.put_once(&digest, "x", 30_000).await.expect("an answer");
            let take = || {
                let (store, digest) = (at.store.clone(), digest.clone());
                tokio::spawn(async move { store.take_once(&digest).await })
            };
            let both = [take(), take()];
            let mut winners = 0;
            for one in both {
                winners += u8::from(one.await.expect("an end").expect("an answer").is_some());
            }
            assert_eq!(winners, 1);
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_is_denied_for_as_long_as_it_would_live() {
    with_store(async |at| {
        let denied = async |jti| unchanged(at, at.store.is_denied(jti)).await.expect("an answer");
        assert!(!denied("jti-1").await);
        let deny = async || at.store.deny("jti-1", 900_000).await.expect("an answer");
        let ((), changed) = changes(at, deny()).await;
        let key = "baton:{u:j:jti-1}:denied";
        assert_eq!(changed, format!("+ {key} (string, expires)\n+ {key} \"1\"\n"));
        lives_for(at, key, 900_000).await;
        unchanged(at, deny()).await;
        assert!(denied("jti-1").await && !denied("jti-2").await);
        // One that has expired already is no mistake.
        at.store.deny("jti-3", 0).await.expect("an answer");
    })
    .await;
}
