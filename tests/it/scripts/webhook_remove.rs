//! webhook/remove: it goes with everything that waits for it, and the next one of its name begins with nothing.

use baton_core::Refusal;
use baton_store::calls::webhook::WebhookRemoved;
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use super::webhook_support::{end, failed, name, put, settle, take, take_knowing};
use crate::hand::{by_hand, make_schema_too_new, refused, unchanged};

async fn remove(at: &Fixture, version: Option<u64>) -> WebhookRemoved {
    at.store.remove_webhook(&name("ops"), version, None).await.expect("an answer")
}

async fn keys(at: &Fixture) -> Vec<String> {
    by_hand(at, "KEYS baton:{0}:webhook*").await
}

#[tokio::test]
async fn no_key_is_left_behind() {
    with_store(async |at| {
        put(at, "ops").await;
        end(at, 3).await;
        let (taken, _, _) = take(at, 2).await;
        settle(at, &taken[0], &failed(5_000)).await;
        assert_eq!(keys(at).await.len(), 7);
        assert_eq!(remove(at, None).await, WebhookRemoved::Done);
        assert_eq!(keys(at).await, [""; 0]);
        let unknown = WebhookRemoved::Refused(refused(Refusal::UnknownWebhook, ""));
        assert_eq!(unchanged(at, remove(at, None)).await, unknown);
        // An attempt that was under way is nobody's any more, and what happens now is not noted.
        unchanged(at, settle(at, &taken[1], &failed(5_000))).await;
        end(at, 1).await;
        assert_eq!(keys(at).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_piece_that_was_read_before_it_went_writes_nothing_for_it() {
    with_store(async |at| {
        put(at, "ops").await;
        let known = at.store.webhooks().await.unwrap().webhooks;
        remove(at, None).await;
        put(at, "ops").await;
        end(at, 1).await;
        // Whoever knows only the earlier one gets nothing of this one, and is told to look.
        let (taken, _, odd) = take_knowing(at, &known, 8).await;
        assert_eq!((taken, odd), (vec![], vec!["ops".to_owned()]));
        assert_eq!(take(at, 8).await.0.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn who_knows_another_version_removes_nothing() {
    with_store(async |at| {
        put(at, "ops").await;
        let stale = WebhookRemoved::Stale { version: START_MS };
        assert_eq!(unchanged(at, remove(at, Some(7))).await, stale);
        make_schema_too_new(at).await;
        let newer = WebhookRemoved::Refused(refused(Refusal::SchemaTooNew, ""));
        assert_eq!(unchanged(at, remove(at, None)).await, newer);
    })
    .await;
}
