//! task/audit: what tasks say of themselves, and where they stand.

use baton_core::{DedupeKey, Shard, limits};
use baton_store::calls::task::NewTask;
use baton_testkit::{Life, with_store};

use super::task_support::*;
use crate::hand::unchanged;

#[tokio::test]
async fn a_task_stands_in_the_index_of_its_status_and_what_is_not_there_stands_nowhere() {
    with_store(async |at| {
        at.submit_many(1).await;
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        let running = at.claim(&life, 1).await[0].task;
        let keyed = NewTask { key: Some(DedupeKey::new("one").expect("a key")), ..at.new_task("noop") };
        let keyed = at.submit(&[keyed]).await[0];
        let nobody = at.store.draw(Shard::FIRST);
        let asked = [keyed, running, nobody];
        let each =
            unchanged(at, at.store.audit_tasks(Shard::FIRST, "queue:default:pending", true, &asked)).await;
        let each = each.expect("an answer");
        assert!(each[0].named.is_some() && each[0].named == each[0].standing.score, "{:?}", each[0]);
        assert_eq!(
            (each[0].key_holder.as_str(), each[0].key_status.as_str()),
            (&*keyed.to_string(), "pending")
        );
        assert!(each[1].named.is_none() && each[1].standing.score.is_some(), "{:?}", each[1]);
        assert_eq!(each[1].fields["status"], "running");
        assert_eq!(each[2], Default::default());
    })
    .await;
}

#[tokio::test]
async fn no_more_tasks_than_a_page_has_are_asked_for() {
    with_store(async |at| {
        let many = vec![at.store.draw(Shard::FIRST); limits::PAGE_MAX as usize + 1];
        invalid(at.store.audit_tasks(Shard::FIRST, "", false, &many).await);
    })
    .await;
}
