//! shard/cascade: one at a time passes ends on, and another one goes on where that one stopped.

use baton_core::{Shard, Status, limits};
use baton_store::calls::shard::{Tick, Ticked};
use baton_testkit::{Fixture, with_store};

use super::super::flow_support::*;
use super::super::task_support::*;
use crate::hand::{field, seasoned};

/// Whether a tick asks its caller to pass ends on.
async fn asked(at: &Fixture) -> bool {
    match at.store.tick(Shard::FIRST, seasoned(at)).await.expect("an answer") {
        Ticked::Worked { cascades, .. } => cascades,
        other => panic!("nothing is due: {other:?}"),
    }
}

#[tokio::test]
async fn a_tick_asks_for_help_unless_somebody_is_at_it() {
    with_store(async |at| {
        assert!(!asked(at).await);
        let flow = create_of(at, fan_out(1_000)).await;
        pass_on(at).await;
        end(at, flow.task(1), Status::Completed).await;
        // The call that left some made the shard due at once.
        assert_eq!(field(at, "meta", "tick_ms").await, at.now_ms().to_string());
        assert!(asked(at).await);
        // Nobody came: the next tick asks again.
        at.pass_ms(limits::TICK_EVERY_MS as i64);
        assert!(asked(at).await);
        assert!(at.store.cascade(Shard::FIRST).await.expect("an answer"));
        make_due(at).await;
        at.pass_ms(limits::CASCADE_SILENCE_MS as i64 - 1);
        assert!(!asked(at).await, "two at a time");
        make_due(at).await;
        at.pass_ms(1);
        assert!(asked(at).await, "nobody after the one that stopped");
        pass_on(at).await;
        // Who has finished is not waited for.
        assert_eq!(field(at, "meta", "cascaded_ms").await, "");
        make_due(at).await;
        assert!(!asked(at).await);
    })
    .await;
}

/// As though the time until the next tick had passed already.
async fn make_due(at: &Fixture) {
    let meta = at.store.keys(Shard::FIRST).expect("its shard").meta();
    by_hand(at, "HSET", &[&meta, "tick_ms", "1"]).await;
}

#[tokio::test]
async fn without_anything_to_do_it_changes_nothing() {
    with_store(async |at| {
        at.submit_many(1).await;
        let left = refuses_unchanged(at, async || at.store.cascade(Shard::FIRST).await).await;
        assert!(!left.expect("an answer"));
    })
    .await;
}

#[tokio::test]
async fn a_newer_release_passes_its_ends_on_itself() {
    with_store(async |at| {
        let flow = create_of(at, fan_out(1_000)).await;
        end(at, flow.task(1), Status::Completed).await;
        make_schema_too_new(at).await;
        let left = refuses_unchanged(at, async || at.store.cascade(Shard::FIRST).await).await;
        assert!(!left.expect("an answer"));
        let tick = at.store.tick(Shard::FIRST, Tick::default()).await.expect("an answer");
        assert!(matches!(tick, Ticked::Refused(_)), "{tick:?}");
    })
    .await;
}

#[tokio::test]
async fn many_ends_have_their_turn() {
    with_store(async |at| {
        // Each is more than one call can pass on beside the others.
        let mut flows = Vec::new();
        for _ in 0..3 {
            flows.push(create_of(at, fan_out(200)).await);
        }
        pass_on(at).await;
        for flow in &flows {
            end(at, flow.task(1), Status::Failed).await;
        }
        let other = at.store.apart().expect("another store");
        while other.cascade(Shard::FIRST).await.expect("an answer") {}
        for flow in &flows {
            rerun(at, &[flow.task(1)]).await;
            end(at, flow.task(1), Status::Completed).await;
        }
        pass_on(at).await;
        for flow in flows {
            assert_eq!(count_of(at, flow, Status::Pending).await, 200);
        }
    })
    .await;
}
