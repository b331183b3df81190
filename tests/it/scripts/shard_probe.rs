//! shard/probe: which commands are denied, without running one.

use baton_testkit::{Fixture, with_store};

use crate::hand::{by_hand, run_by_hand, unchanged};

async fn check(at: &Fixture, words: &[&str]) -> Vec<String> {
    unchanged(at, run_by_hand(at, "shard/probe", "baton:{0}:meta", words)).await
}

const ASKED: [&str; 8] = ["2", "4", "ZADD", "baton:{0}:task:sample", "1", "member", "1", "TIME"];

#[tokio::test]
async fn nothing_is_denied_to_a_user_who_may_do_all() {
    with_store(async |at| {
        assert_eq!(check(at, &["0"]).await, ["probed"]);
        assert_eq!(check(at, &ASKED).await, ["probed"]);
    })
    .await;
}

#[tokio::test]
async fn commands_and_keys_that_are_denied_are_named() {
    with_store(async |at| {
        // The connection that asks is the default user's.
        by_hand::<()>(at, "ACL SETUSER default -zadd").await;
        assert_eq!(check(at, &ASKED).await, ["probed", "ZADD"]);
        by_hand::<()>(at, "ACL SETUSER default +zadd").await;
        assert_eq!(check(at, &ASKED).await, ["probed"]);
    })
    .await;
}
