//! webhook/deliveries: what waits and what went how, bounded.

use baton_core::{Shard, limits};
use baton_store::calls::webhook::{Deliveries, Ending, Tried, Went};
use baton_testkit::{Fixture, with_store};

use super::webhook_support::{end, failed, name, put, settle, take};
use crate::hand::unchanged;

async fn look(at: &Fixture, limit: u64) -> Deliveries {
    unchanged(at, at.store.deliveries(Shard::FIRST, &name("ops"), limit)).await.expect("an answer")
}

#[tokio::test]
async fn what_waits_says_what_came_of_it_so_far_and_the_latest_attempt_comes_first() {
    with_store(async |at| {
        put(at, "ops").await;
        assert_eq!(look(at, 10).await.counted, Default::default());
        end(at, 3).await;
        let taken = take(at, 2).await.0;
        settle(at, &taken[0], &failed(90_000)).await;
        at.pass_ms(1);
        settle(at, &taken[1], &Ending::Delivered).await;
        let seen = look(at, 10).await;
        let counted = seen.counted;
        assert_eq!((counted.waiting, counted.delivered, counted.failed, counted.given_up), (2, 1, 1, 0));
        assert_eq!((counted.delivered_ms, counted.failing_ms), (Some(at.now_ms()), None));
        let tried = Tried { failed: 1, status: Some(500), error: "the receiver answered 500".to_owned() };
        assert_eq!(seen.waiting[0].tried, None);
        let again = &seen.waiting[1];
        assert_eq!((again.next_ms, again.tried.as_ref()), (at.now_ms() + 89_999, Some(&tried)));
        assert_eq!(Some(&again.delivery), taken[0].delivery.as_ref());
        let latest: Vec<_> =
            seen.latest.iter().map(|one| (one.went, one.took_ms, one.tried.status)).collect();
        assert_eq!(latest, [(Went::Delivered, 12, Some(204)), (Went::Failed, 12, Some(500))]);
        assert_eq!(seen.latest[1].id, again.delivery.id());
        assert_eq!(at.store.waiting_deliveries(Shard::FIRST, &name("ops")).await.unwrap(), 2);
        let one = look(at, 1).await;
        assert_eq!((one.waiting.len(), one.latest.len(), one.counted), (1, 1, counted));
    })
    .await;
}

#[tokio::test]
async fn only_the_latest_attempts_are_remembered() {
    with_store(async |at| {
        put(at, "ops").await;
        for round in 0..3 {
            end(at, 50).await;
            for taken in take(at, 50).await.0 {
                let why = format!("{round}\n{}", "ü".repeat(400));
                settle(at, &taken, &Ending::Failed { error: why, again_in_ms: u64::from(u32::MAX) }).await;
            }
            at.pass_ms(1);
        }
        let seen = look(at, u64::MAX).await;
        assert_eq!(seen.latest.len() as u64, limits::WEBHOOK_LATEST_MAX);
        assert!(seen.latest.iter().all(|one| one.went == Went::Failed && !one.tried.error.starts_with('0')));
        assert!(
            seen.latest.iter().all(|one| one.tried.error.len() <= 256 && !one.tried.error.contains('\n'))
        );
    })
    .await;
}
