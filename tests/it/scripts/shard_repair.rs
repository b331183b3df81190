//! shard/repair: the refusals are in `audit/repair.rs`, with all that it mends.

use baton_core::{Principal, Shard};
use baton_store::calls::shard::{Mend, Repaired};
use baton_testkit::with_store;

use crate::hand::{by_hand, unchanged};

#[tokio::test]
async fn a_repeat_finds_nothing_left() {
    with_store(async |at| {
        let ada = Principal::new("ada").expect("a principal");
        let member = at.store.draw(Shard::FIRST).to_string();
        by_hand::<u64>(at, &format!("ZADD baton:{{0}}:scheduled 5 {member}")).await;
        let mend = Mend::Entry { index: "scheduled".to_owned(), member };
        let repair = || at.store.repair(Shard::FIRST, &ada, &mend, 100);
        assert_eq!(repair().await.expect("an answer"), Repaired::Done);
        assert_eq!(unchanged(at, repair()).await.expect("an answer"), Repaired::Sound);
    })
    .await;
}
