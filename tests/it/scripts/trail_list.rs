//! trail/list: pages with the latest first.

use baton_store::calls::trail::TrailNote;
use baton_store::event::StreamId;
use baton_testkit::{Fixture, with_store};

use crate::hand::unchanged;

async fn check(at: &Fixture, before: Option<StreamId>, limit: u64) -> (Vec<String>, Option<StreamId>) {
    let page = unchanged(at, at.store.trail(before, limit)).await.unwrap();
    let last = page.last().map(|entry| entry.id);
    (page.into_iter().map(|entry| entry.action).collect(), last)
}

#[tokio::test]
async fn the_latest_come_first_and_pages_do_not_overlap() {
    with_store(async |at| {
        assert_eq!(check(at, None, 10).await, (vec![], None));
        for action in ["a", "b", "c"] {
            at.store.note_trail(&TrailNote { action, ..TrailNote::default() }).await.unwrap();
        }
        let (page, last) = check(at, None, 2).await;
        assert_eq!(page, ["c", "b"]);
        assert_eq!(check(at, last, 2).await.0, ["a"]);
        assert!(at.store.trail(None, 0).await.is_err() && at.store.trail(None, 101).await.is_err());
    })
    .await;
}
