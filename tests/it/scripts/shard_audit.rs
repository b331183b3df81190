//! shard/audit: counters against what they count.

use baton_core::Shard;
use baton_store::calls::shard::{Counted, Miscounted};
use baton_testkit::{Fixture, Life, with_store};

use crate::hand::{by_hand, hold, unchanged};

async fn count(at: &Fixture, limit: u64) -> Counted {
    unchanged(at, at.store.audit_counters(Shard::FIRST, limit)).await.expect("an answer")
}

#[tokio::test]
async fn what_differs_is_told_and_too_many_are_not_counted() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        hold(at, &life, 3).await;
        assert_eq!(count(at, 100).await, Counted::All(Vec::new()));
        assert!(matches!(count(at, 3).await, Counted::TooMany(4..)));
        by_hand::<()>(at, "HSET baton:{0}:queue:default:groups g 2").await;
        let wrong = Miscounted {
            queue: "default".to_owned(),
            what: "group g".to_owned(),
            said: "2".to_owned(),
            there: 0,
        };
        assert_eq!(count(at, 100).await, Counted::All(vec![wrong]));
        by_hand::<u64>(at, "DEL baton:{0}:queue:default:groups").await;
    })
    .await;
}
