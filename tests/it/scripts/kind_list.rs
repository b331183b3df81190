//! kind/list: kinds of which something is said, in the order of the alphabet.

use baton_testkit::{Fixture, kind, with_store};

use super::kind_put::{attempts, put, read};
use crate::hand::unchanged;

async fn names(at: &Fixture, after: Option<&str>, limit: u64) -> Vec<String> {
    let page = at.store.kinds(after.map(kind).as_ref(), limit).await.expect("an answer");
    page.into_iter().map(|declared| declared.kind.to_string()).collect()
}

#[tokio::test]
async fn pages_follow_each_other() {
    with_store(async |at| {
        assert!(names(at, None, 10).await.is_empty());
        for name in ["b", "a:b", "c", "a"] {
            put(at, name, &attempts(2)).await;
        }
        assert_eq!(unchanged(at, names(at, None, 3)).await, ["a", "a:b", "b"]);
        assert_eq!(names(at, Some("b"), 3).await, ["c"]);
        assert_eq!(names(at, Some("aa"), 1).await, ["b"]);
        assert!(at.store.kinds(None, 0).await.is_err());
        assert!(at.store.kinds(None, 101).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn one_is_found_by_its_name() {
    with_store(async |at| {
        put(at, "a", &attempts(2)).await;
        assert_eq!(read(at, "a").await.unwrap().rules, attempts(2));
        assert_eq!(read(at, "b").await, None);
    })
    .await;
}
