//! webhook/settle: what arrived is gone, what failed comes again, and each attempt counts once.

use baton_core::{Refusal, limits};
use baton_store::calls::webhook::{Ending, Settled, WebhookChange};
use baton_testkit::{Fixture, with_store};

use super::webhook_support::{change, end, failed, put, settle, take};
use crate::hand::{field, make_schema_too_new, refused, unchanged};

const DAY: i64 = limits::WEBHOOK_AGE_MS_MAX as i64;
const LAST: i64 = limits::WEBHOOK_LAST_MS as i64;

async fn count(at: &Fixture, what: &str) -> String {
    field(at, "webhook:ops:counts", what).await
}

#[tokio::test]
async fn what_arrived_is_gone_and_a_repeat_finds_nothing() {
    with_store(async |at| {
        put(at, "ops").await;
        end(at, 1).await;
        let taken = take(at, 8).await.0.remove(0);
        assert_eq!(settle(at, &taken, &Ending::Delivered).await, Settled::Delivered);
        assert_eq!(unchanged(at, settle(at, &taken, &Ending::Delivered)).await, Settled::Stale);
        assert_eq!(unchanged(at, settle(at, &taken, &failed(1))).await, Settled::Stale);
        at.pass_ms(DAY / 2);
        assert_eq!(unchanged(at, take(at, 8)).await, (vec![], 0, vec![]));
        assert_eq!(count(at, "delivered").await, "1");
    })
    .await;
}

#[tokio::test]
async fn what_failed_comes_again_in_its_time_and_the_same_attempt_counts_once() {
    with_store(async |at| {
        put(at, "ops").await;
        end(at, 1).await;
        let first = take(at, 8).await.0.remove(0);
        assert_eq!(settle(at, &first, &failed(5_000)).await, Settled::Again { failing: false });
        assert_eq!(unchanged(at, settle(at, &first, &failed(5_000))).await, Settled::Stale);
        at.pass_ms(4_999);
        assert_eq!(take(at, 8).await.0, []);
        at.pass_ms(1);
        let second = take(at, 8).await.0.remove(0);
        assert_eq!((second.failed, &second.words), (1, &first.words));
        assert_eq!(settle(at, &second, &Ending::Delivered).await, Settled::Delivered);
        assert_eq!((count(at, "failed").await.as_str(), count(at, "delivered").await.as_str()), ("1", "1"));
    })
    .await;
}

#[tokio::test]
async fn however_long_it_is_to_wait_one_last_attempt_lies_within_the_day() {
    with_store(async |at| {
        put(at, "ops").await;
        end(at, 1).await;
        let attempt = async || settle(at, &take(at, 8).await.0[0], &failed(DAY as u64)).await;
        assert_eq!(attempt().await, Settled::Again { failing: false });
        at.pass_ms(DAY - LAST - 1);
        assert_eq!(take(at, 8).await.0, []);
        at.pass_ms(1);
        assert_eq!(attempt().await, Settled::GivenUp { failing: true });
        assert_eq!((count(at, "given_up").await.as_str(), count(at, "failed").await.as_str()), ("1", "2"));
    })
    .await;
}

#[tokio::test]
async fn a_day_without_a_delivery_is_told_until_one_arrives_or_somebody_changes_it() {
    with_store(async |at| {
        put(at, "ops").await;
        let attempt = async |ending: Ending| settle(at, &take(at, 8).await.0[0], &ending).await;
        let again = Settled::Again { failing: false };
        end(at, 1).await;
        assert_eq!(attempt(failed(1)).await, again);
        at.pass_ms(DAY - LAST);
        assert_eq!(attempt(failed(1)).await, Settled::GivenUp { failing: true });
        // Nothing waits that could show that it works, so the next one begins anew.
        end(at, 1).await;
        assert_eq!(attempt(failed(DAY as u64)).await, again);
        at.pass_ms(DAY / 2);
        end(at, 1).await;
        assert_eq!(attempt(Ending::Delivered).await, Settled::Delivered);
        at.pass_ms(DAY / 2 - LAST);
        assert_eq!(attempt(failed(1)).await, Settled::GivenUp { failing: false });
        end(at, 1).await;
        assert_eq!(attempt(failed(1)).await, again);
        change(at, "ops", WebhookChange::Pause).await;
        change(at, "ops", WebhookChange::Resume).await;
        at.pass_ms(DAY - LAST);
        assert_eq!(attempt(failed(1)).await, Settled::GivenUp { failing: false });
    })
    .await;
}

#[tokio::test]
async fn a_newer_release_is_left_alone() {
    with_store(async |at| {
        put(at, "ops").await;
        end(at, 1).await;
        let taken = take(at, 8).await.0.remove(0);
        make_schema_too_new(at).await;
        let answer = unchanged(at, settle(at, &taken, &Ending::Delivered)).await;
        assert_eq!(answer, Settled::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
