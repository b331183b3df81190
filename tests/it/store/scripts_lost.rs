//! The script cache is volatile: nobody notices.

use std::sync::atomic::{AtomicBool, Ordering};

use baton_testkit::with_store;
use deadpool_redis::redis::cmd;

use super::submit;
use crate::hand::by_hand;

#[tokio::test]
async fn a_flush_between_two_calls_is_not_noticed() {
    with_store(async |at| {
        submit(&at.store).await.unwrap();
        by_hand::<()>(at, "SCRIPT FLUSH").await;
        submit(&at.store).await.unwrap();
        assert_eq!(by_hand::<u64>(at, "ZCARD baton:{0}:queue:default:pending").await, 2);
    })
    .await;
}

#[tokio::test]
async fn flushes_under_load_cause_no_error() {
    with_store(async |at| {
        let over = AtomicBool::new(false);
        let mut connection = at.redis.connection().await;
        let flush = async {
            let (mut flushes, mut made) = (0, 0);
            while !over.load(Ordering::Relaxed) {
                // As often as a few calls take: not a siege.
                let pending: u64 = cmd("ZCARD")
                    .arg("baton:{0}:queue:default:pending")
                    .query_async(&mut connection)
                    .await
                    .unwrap();
                if pending >= made + 10 {
                    made = pending;
                    cmd("SCRIPT").arg("FLUSH").exec_async(&mut connection).await.unwrap();
                    flushes += 1;
                }
            }
            flushes
        };
        let load = async {
            let calls = (0..8).map(|_| {
                let store = at.store.clone();
                tokio::spawn(async move {
                    for _ in 0..50 {
                        submit(&store).await.unwrap();
                    }
                })
            });
            for call in calls.collect::<Vec<_>>() {
                call.await.unwrap();
            }
            over.store(true, Ordering::Relaxed);
        };
        let (flushes, ()) = tokio::join!(flush, load);
        assert!(flushes > 10, "{flushes}");
        assert_eq!(by_hand::<u64>(at, "ZCARD baton:{0}:queue:default:pending").await, 400);
    })
    .await;
}
