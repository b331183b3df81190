//! webhook/list: all there are, by name, or one.

use baton_testkit::with_store;

use super::webhook_support::{put, read};
use crate::hand::{make_schema_too_new, unchanged};

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
        // Reading goes on beside a newer release.
        make_schema_too_new(at).await;
        assert_eq!(at.store.webhooks().await.unwrap().webhooks.len(), 3);
    })
    .await;
}
