//! queue/set: what a queue allows and how long it keeps what has ended.

use baton_core::queue::{Keep, QueueRules, Rate, Retention};
use baton_core::{Principal, QueueName, Refusal, Shard, Status};
use baton_store::calls::queue::{QueueSet, SetQueue};
use baton_testkit::{Fixture, Life, queue, with_store};

use super::task_support::{invalid, tick};
use crate::hand::{events, make_schema_too_new, refused, unchanged};

/// Sets the limits of a queue.
pub(super) async fn allow(at: &Fixture, queue: &QueueName, rules: &QueueRules) -> QueueSet {
    let by = Principal::new("ada").expect("a name");
    let set = SetQueue { queue, rules: Some(rules), retention: None, version: None, by: Some(&by) };
    at.store.set_queue(Shard::FIRST, &set).await.expect("an answer")
}

fn five() -> QueueRules {
    QueueRules { concurrency: Some(5), rate: Some(Rate { count: 2, per_ms: 1_000 }), ..QueueRules::default() }
}

#[tokio::test]
async fn what_was_set_is_read_and_a_repeat_changes_nothing() {
    with_store(async |at| {
        let media = queue("media");
        assert_eq!(allow(at, &media, &five()).await, QueueSet::Done { version: 1 });
        assert_eq!(unchanged(at, allow(at, &media, &five())).await, QueueSet::Done { version: 1 });
        let read = at.store.queue(Shard::FIRST, &media).await.unwrap().expect("it is there");
        assert_eq!((read.rules, read.version), (five(), 1));
        let told = events(at).await;
        let told = told.last().expect("it is told");
        assert_eq!(
            (told.event.as_str(), told.by.as_ref().map(Principal::as_str)),
            ("queue_set", Some("ada"))
        );
        assert_eq!(told.subject.as_deref(), Some("media concurrency=5 rate_count=2 rate_ms=1000"));
        // Taken away, nothing of them is left.
        assert_eq!(allow(at, &media, &QueueRules::default()).await, QueueSet::Done { version: 2 });
        let read = at.store.queue(Shard::FIRST, &media).await.unwrap().expect("it is there");
        assert_eq!(read.rules, QueueRules::default());
        let snapshot = at.snapshot().await.to_string();
        assert!(!snapshot.contains("limited") && !snapshot.contains(":starts"), "{snapshot}");
    })
    .await;
}

#[tokio::test]
async fn another_version_and_a_newer_release_are_refused() {
    with_store(async |at| {
        let media = queue("media");
        allow(at, &media, &five()).await;
        let rules = QueueRules::default();
        let set =
            |version| SetQueue { queue: &media, rules: Some(&rules), retention: None, version, by: None };
        let five = five();
        let repeat = SetQueue { rules: Some(&five), ..set(Some(0)) };
        let repeated = unchanged(at, at.store.set_queue(Shard::FIRST, &repeat)).await;
        assert_eq!(repeated.unwrap(), QueueSet::Done { version: 1 }, "the first answer was lost");
        let stale = unchanged(at, at.store.set_queue(Shard::FIRST, &set(Some(0)))).await;
        assert_eq!(stale.unwrap(), QueueSet::Stale { version: 1 });
        make_schema_too_new(at).await;
        let newer = unchanged(at, at.store.set_queue(Shard::FIRST, &set(None))).await;
        assert_eq!(newer.unwrap(), QueueSet::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}

#[tokio::test]
async fn what_no_queue_can_keep_is_not_sent() {
    with_store(async |at| {
        let media = queue("media");
        for rules in [
            QueueRules { concurrency: Some(0), ..QueueRules::default() },
            QueueRules { rate: Some(Rate { count: 1, per_ms: 0 }), ..QueueRules::default() },
            QueueRules { fair: true, aging_ms: Some(5), ..QueueRules::default() },
        ] {
            let set =
                SetQueue { queue: &media, rules: Some(&rules), retention: None, version: None, by: None };
            invalid(unchanged(at, at.store.set_queue(Shard::FIRST, &set)).await);
        }
    })
    .await;
}

#[tokio::test]
async fn each_end_is_kept_for_its_own_time_and_forever_is_forever() {
    with_store(async |at| {
        let name = QueueName::default();
        let retention = Retention {
            any: Some(Keep::Ms(1_000)),
            failed: Some(Keep::Forever),
            cancelled: Some(Keep::Ms(60_000)),
            ..Retention::default()
        };
        let set =
            SetQueue { queue: &name, rules: None, retention: Some(&retention), version: None, by: None };
        at.store.set_queue(Shard::FIRST, &set).await.expect("an answer");
        let ids = at.submit_many(3).await;
        let life = Life::new(1, 1);
        let grants = at.claim(&life, 2).await;
        at.complete(&life, &grants[0]).await;
        at.report(&life, grants[1].task, grants[1].fence, super::task_support::fail_for_good()).await;
        super::task_support::cancel(at, &ids[2..]).await;
        let left = async || {
            let read = at.store.read_tasks(Shard::FIRST, &ids, false).await.expect("an answer");
            read.into_iter().map(|task| task.map(|task| task.status())).collect::<Vec<_>>()
        };
        at.pass_ms(1_001);
        tick(at).await;
        assert_eq!(left().await, [None, Some(Status::Failed), Some(Status::Cancelled)]);
        at.pass_ms(60_000);
        tick(at).await;
        assert_eq!(left().await, [None, Some(Status::Failed), None]);
        at.pass_ms(400 * 86_400_000);
        tick(at).await;
        assert_eq!(left().await, [None, Some(Status::Failed), None]);
    })
    .await;
}
