//! webhook/change: it rests, goes on, is given up, and gets another secret; each of these once.

use baton_core::webhook::WebhookState;
use baton_core::{OpId, Refusal, limits};
use baton_store::calls::webhook::{ChangeWebhook, Root, WebhookChange, WebhookChanged};
use baton_testkit::fixture::START_MS;
use baton_testkit::with_store;

use super::webhook_support::{change, end, name, put, read, take};
use crate::hand::{events, make_schema_too_new, refused, unchanged};

#[tokio::test]
async fn it_rests_and_goes_on_and_what_happens_meanwhile_waits() {
    with_store(async |at| {
        put(at, "ops").await;
        let version = START_MS + 1;
        assert_eq!(change(at, "ops", WebhookChange::Pause).await, WebhookChanged::Done { version });
        let again = unchanged(at, change(at, "ops", WebhookChange::Pause)).await;
        assert_eq!(again, WebhookChanged::Same { version });
        assert_eq!(read(at, "ops").await.unwrap().state, WebhookState::Paused);
        end(at, 2).await;
        let done = change(at, "ops", WebhookChange::Resume).await;
        assert_eq!(done, WebhookChanged::Done { version: version + 1 });
        assert_eq!(take(at, 8).await.0.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_is_given_up_says_why_keeps_nothing_and_goes_on_only_when_somebody_says_so() {
    with_store(async |at| {
        put(at, "ops").await;
        end(at, 3).await;
        change(at, "ops", WebhookChange::Disable("gone away")).await;
        let given_up = read(at, "ops").await.unwrap();
        assert_eq!((given_up.state, given_up.reason.as_deref()), (WebhookState::Disabled, Some("gone away")));
        assert_eq!(given_up.disabled_ms, Some(at.now_ms()));
        let told = events(at).await;
        let told = told.iter().find(|entry| entry.event == "webhook_disable").unwrap();
        assert_eq!(told.subject.as_deref(), Some("ops gone away"));
        end(at, 2).await;
        assert!(take(at, 8).await.0.is_empty());
        unchanged(at, change(at, "ops", WebhookChange::Pause)).await;
        change(at, "ops", WebhookChange::Resume).await;
        let resumed = read(at, "ops").await.unwrap();
        assert_eq!((resumed.state, resumed.reason, resumed.disabled_ms), (WebhookState::Active, None, None));
        end(at, 1).await;
        assert_eq!(take(at, 8).await.0.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn two_secrets_sign_for_a_day_and_a_repeat_changes_nothing() {
    with_store(async |at| {
        put(at, "ops").await;
        let op = OpId::new("k-1").unwrap();
        let rotate = WebhookChange::Rotate { root: "print-2", op: &op };
        change(at, "ops", rotate).await;
        unchanged(at, change(at, "ops", rotate)).await;
        let webhook = read(at, "ops").await.unwrap();
        let root = |print: &str, generation| Root { print: print.to_owned(), generation };
        let roots = |ms: u64| webhook.roots(START_MS + ms).cloned().collect::<Vec<_>>();
        assert_eq!(roots(0), [root("print-2", 2), root("print-1", 1)]);
        assert_eq!(roots(limits::WEBHOOK_OVERLAP_MS), [root("print-2", 2)]);
    })
    .await;
}

#[tokio::test]
async fn who_knows_an_older_version_changes_nothing_nor_does_one_who_names_none_there_is() {
    with_store(async |at| {
        put(at, "ops").await;
        let (ops, none) = (name("ops"), name("none"));
        let what = WebhookChange::Disable("late");
        let late = ChangeWebhook { name: &ops, what, version: Some(7), by: None };
        let answer = unchanged(at, at.store.change_webhook(&late)).await.unwrap();
        assert_eq!(answer, WebhookChanged::Stale { version: START_MS });
        let unknown = ChangeWebhook { name: &none, what, version: None, by: None };
        let answer = unchanged(at, at.store.change_webhook(&unknown)).await.unwrap();
        assert_eq!(answer, WebhookChanged::Refused(refused(Refusal::UnknownWebhook, "")));
        make_schema_too_new(at).await;
        let answer = unchanged(at, change(at, "ops", WebhookChange::Pause)).await;
        assert_eq!(answer, WebhookChanged::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
