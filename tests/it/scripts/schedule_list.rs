//! schedule/list: pages in the order of the alphabet, those that are due, and one.

use baton_core::{ScheduleName, Shard};
use baton_store::calls::schedule::AllDue;
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use super::schedule_support::{Wish, every, name};
use crate::hand::unchanged;

async fn check(at: &Fixture, after: Option<&str>, limit: u64) -> (u64, Vec<String>) {
    let after: Option<ScheduleName> = after.map(name);
    let page = unchanged(at, at.store.schedules(Shard::FIRST, after.as_ref(), limit)).await.unwrap();
    assert_eq!(page.now_ms, at.now_ms());
    (page.total, page.schedules.into_iter().map(|one| one.name.to_string()).collect())
}

#[tokio::test]
async fn pages_go_by_the_alphabet_and_are_bounded() {
    with_store(async |at| {
        assert_eq!(check(at, None, 10).await, (0, vec![]));
        for one in ["c", "a", "b.1", "b-1"] {
            Wish::new(one, every(5_000)).put(at).await;
        }
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(check(at, None, 2).await, (4, words(&["a", "b-1"])));
        assert_eq!(check(at, Some("b-1"), 2).await, (4, words(&["b.1", "c"])));
        assert_eq!(check(at, Some("bb"), 2).await, (4, words(&["c"])));
        assert!(at.store.schedules(Shard::FIRST, None, 0).await.is_err());
        assert!(at.store.schedules(Shard::FIRST, None, 101).await.is_err());
        let none = unchanged(at, at.store.schedule(&name("d"))).await.unwrap();
        assert_eq!((none.now_ms, none.schedule), (START_MS, None));
    })
    .await;
}

#[tokio::test]
async fn the_most_overdue_come_first() {
    with_store(async |at| {
        for (one, every_ms) in [("a", 9_000), ("b", 3_000), ("c", 5_000)] {
            Wish::new(one, every(every_ms)).put(at).await;
        }
        at.pass_ms(5_000);
        let AllDue { now_ms, due, .. } =
            unchanged(at, at.store.due_schedules(Shard::FIRST, 10)).await.unwrap();
        let due: Vec<(String, u64)> =
            due.into_iter().map(|one| one.unwrap()).map(|one| (one.name.to_string(), one.due_ms)).collect();
        assert_eq!(now_ms, START_MS + 5_000);
        assert_eq!(due, [("b".to_owned(), START_MS + 3_000), ("c".to_owned(), START_MS + 5_000)]);
        assert_eq!(at.store.due_schedules(Shard::FIRST, 1).await.unwrap().due.len(), 1);
    })
    .await;
}
