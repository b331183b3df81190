//! webhook/put: a webhook is made once however often that is said, and all shards know of it.

use baton_core::webhook::WebhookState;
use baton_core::{Refusal, limits};
use baton_store::Error;
use baton_store::calls::webhook::{PutWebhook, WebhookPut};
use baton_testkit::fixture::START_MS;
use baton_testkit::with_store;

use super::webhook_support::{filter, name, put, put_knowing, read};
use crate::hand::{changes, events, make_schema_too_new, refused, unchanged};

#[tokio::test]
async fn it_is_written_with_what_was_said_and_the_shard_knows_what_it_wants() {
    with_store(async |at| {
        let (answer, changed) = changes(at, put_knowing(at, "ops", "mail,img-* * failed", None)).await;
        assert_eq!(answer, WebhookPut::Created { version: START_MS });
        let drawn = |line: &&str| !line.contains(" digest ") && !line.contains(" id ");
        let changed: Vec<&str> = changed.lines().filter(drawn).collect();
        assert_eq!(changed.len(), 14, "{changed:#?}");
        for line in [
            "+ baton:{0}:webhook:ops created_by \"ada\"",
            "+ baton:{0}:webhook:ops created_ms \"1700000000000\"",
            "+ baton:{0}:webhook:ops filter \"mail,img-* * failed\"",
            "+ baton:{0}:webhook:ops generation \"1\"",
            "+ baton:{0}:webhook:ops root \"print-1\"",
            "+ baton:{0}:webhook:ops state \"active\"",
            "+ baton:{0}:webhook:ops url \"https://example.com/hook\"",
            "+ baton:{0}:webhooks \"ops\" 0",
            "+ baton:{0}:meta events \"1\"",
        ] {
            assert!(changed.contains(&line), "{line} in {changed:#?}");
        }
        let known = changed.iter().find(|line| line.contains("webhooks:filters ops")).unwrap();
        assert!(
            known.contains("\"1700000000000 ") && known.contains(" active mail,img-* * failed\""),
            "{known}"
        );
        let told = events(at).await;
        assert_eq!((told[0].event.as_str(), told[0].subject.as_deref()), ("webhook_put", Some("ops")));
    })
    .await;
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_one_who_knows_an_older_version_is_told() {
    with_store(async |at| {
        put(at, "ops").await;
        let before = read(at, "ops").await.unwrap();
        at.pass_ms(5);
        assert_eq!(unchanged(at, put(at, "ops")).await, WebhookPut::Same { version: START_MS });
        let version = START_MS + 5;
        let changed = put_knowing(at, "ops", "mail * failed", Some(START_MS)).await;
        assert_eq!(changed, WebhookPut::Changed { version });
        let now = read(at, "ops").await.unwrap();
        assert_eq!((&now.id, &now.root, now.state), (&before.id, &before.root, WebhookState::Active));
        assert_eq!((now.filter, now.changed_ms), (filter("mail * failed"), Some(version)));
        for (webhook, version) in [("ops", version), ("other", 0)] {
            let late = unchanged(at, put_knowing(at, webhook, "x * failed", Some(START_MS))).await;
            assert_eq!(late, WebhookPut::Stale { version }, "{webhook}");
        }
        // Where the clock stands still, the version rises all the same.
        assert_eq!(put(at, "ops").await, WebhookPut::Changed { version: version + 1 });
    })
    .await;
}

#[tokio::test]
async fn there_are_only_so_many() {
    with_store(async |at| {
        for number in 0..limits::WEBHOOKS_MAX {
            assert!(matches!(put(at, &format!("w{number}")).await, WebhookPut::Created { .. }));
        }
        let full = unchanged(at, put(at, "more")).await;
        assert_eq!(full, WebhookPut::Refused(refused(Refusal::Conflict, "")));
        let changed = put_knowing(at, "w0", "mail * failed", None).await;
        assert!(matches!(changed, WebhookPut::Changed { .. }));
    })
    .await;
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_before_it_is_sent() {
    with_store(async |at| {
        let (name, fine) = (name("ops"), filter("* * failed"));
        let (long, longer) = ("x".repeat(257), "x".repeat(2_049));
        let mut many = fine.clone();
        many.queues = vec!["q".parse().unwrap(); limits::WEBHOOK_PATTERNS_MAX as usize + 1];
        let mut none = fine.clone();
        none.statuses.clear();
        let usual = PutWebhook {
            name: &name,
            url: "http://x",
            description: "",
            filter: &fine,
            root: "r",
            version: None,
            by: None,
        };
        for put in [
            PutWebhook { url: &longer, ..usual.clone() },
            PutWebhook { description: &long, ..usual.clone() },
            PutWebhook { filter: &many, ..usual.clone() },
            PutWebhook { filter: &none, ..usual.clone() },
        ] {
            let answer = unchanged(at, at.store.put_webhook(&put)).await;
            assert!(matches!(answer, Err(Error::Invalid { .. })), "{put:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_newer_release_is_left_alone() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let answer = unchanged(at, put(at, "ops")).await;
        assert_eq!(answer, WebhookPut::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
