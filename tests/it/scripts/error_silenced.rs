//! error/silenced: which groups are silenced now, by whom, until when and why.

use baton_store::calls::error::{Silence, SilenceError};
use baton_testkit::with_store;

use super::error_silence::{group, silence};
use crate::hand::{by_hand, unchanged};

#[tokio::test]
async fn it_says_who_silenced_what_until_when_and_why() {
    with_store(async |at| {
        assert!(unchanged(at, at.store.silences()).await.unwrap().is_empty());
        let since_ms = at.now_ms();
        silence(at, 1, Some(60_000)).await;
        let hostile = "\u{0}two\nlines <b>\u{202e}- 12 '";
        let wish = SilenceError { fingerprint: group(2), for_ms: None, by: None, reason: hostile };
        at.store.silence_error(&wish).await.unwrap();
        let known = unchanged(at, at.store.silences()).await.unwrap();
        let first = Silence {
            since_ms,
            until_ms: Some(since_ms + 60_000),
            by: Some("user:ann".parse().unwrap()),
            reason: "known: #7".to_owned(),
        };
        let second = Silence { since_ms, until_ms: None, by: None, reason: hostile.to_owned() };
        assert_eq!((known.len(), &known[&group(1)], &known[&group(2)]), (2, &first, &second));
        // One millisecond more, and it is over.
        at.pass_ms(59_999);
        assert_eq!(at.store.silences().await.unwrap().len(), 2);
        at.pass_ms(1);
        assert_eq!(at.store.silences().await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_group_is_a_fault() {
    with_store(async |at| {
        by_hand::<()>(at, "HSET baton:{0}:errors:silenced nonsense 0").await;
        assert!(at.store.silences().await.unwrap().is_empty(), "what says nothing is passed over");
        let mut set = deadpool_redis::redis::cmd("HSET");
        set.arg("baton:{0}:errors:silenced").arg("nonsense").arg("0 1 - why");
        set.query_async::<()>(&mut at.redis.connection().await).await.unwrap();
        assert!(at.store.silences().await.is_err());
        by_hand::<()>(at, "DEL baton:{0}:errors:silenced").await;
    })
    .await;
}
