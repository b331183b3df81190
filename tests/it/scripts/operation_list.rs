//! operation/list: pages with the latest first, and one operation with its tasks.

use baton_core::OperationId;
use baton_testkit::{Fixture, with_store};

use super::operation_support::{begin, id, tasks, try_begin};
use crate::hand::unchanged;

async fn check(at: &Fixture, before: Option<&OperationId>, limit: u64) -> (u64, Vec<OperationId>) {
    let page = unchanged(at, at.store.operations(before, limit)).await.unwrap();
    (page.total, page.operations.into_iter().map(|one| one.id).collect())
}

#[tokio::test]
async fn the_latest_come_first() {
    with_store(async |at| {
        assert_eq!(check(at, None, 10).await, (0, vec![]));
        for number in [3, 1, 2] {
            begin(at, number).await;
        }
        assert_eq!(check(at, None, 2).await, (3, vec![id(3), id(2)]));
        assert_eq!(check(at, Some(&id(2)), 2).await, (3, vec![id(1)]));
        assert!(at.store.operations(None, 0).await.is_err());
        assert!(at.store.operations(None, 101).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn the_tasks_are_read_with_one_alone() {
    with_store(async |at| {
        let named = tasks(at, 2);
        try_begin(at, 1, &named).await;
        let one = unchanged(at, at.store.operation(&id(1))).await.unwrap().unwrap();
        assert_eq!(one.tasks, named);
        let page = at.store.operations(None, 10).await.unwrap();
        assert_eq!(page.operations[0].tasks, []);
        assert_eq!(unchanged(at, at.store.operation(&id(2))).await.unwrap(), None);
    })
    .await;
}
