//! webhook/list: all there are, by name, or one.

use baton_testkit::with_store;

use super::webhook_support::{name, put, read};
use crate::hand::{by_hand, make_schema_too_new, unchanged};

#[tokio::test]
async fn they_come_by_name_and_one_that_is_not_there_is_none() {
    with_store(async |at| {
        let all = unchanged(at, at.store.webhooks()).await.unwrap();
        assert_eq!((all.now_ms, all.webhooks), (at.now_ms(), vec![]));
        for name in ["b", "c", "a"] {
            put(at, name).await;
        }
        let all = unchanged(at, at.store.webhooks()).await.unwrap().webhooks;
        assert_eq!(all.iter().map(|webhook| webhook.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(read(at, "b").await.as_ref(), Some(&all[1]));
        assert_eq!(read(at, "d").await, None);
        // What a newer release has made is left to that, and hides no other.
        by_hand::<u64>(at, "HSET baton:{0}:webhook:b state novel").await;
        let readable = at.store.webhooks().await.unwrap().webhooks;
        assert_eq!(readable.iter().map(|webhook| webhook.name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
        assert!(at.store.webhook(&name("b")).await.is_err());
        by_hand::<u64>(at, "HSET baton:{0}:webhook:b state active").await;
        // Reading goes on beside a newer release.
        make_schema_too_new(at).await;
        assert_eq!(at.store.webhooks().await.unwrap().webhooks.len(), 3);
    })
    .await;
}
