//! `token/gate`: so many at once, and then one every so often.

use baton_store::calls::token::{Gate, GateKey, Gated};
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

const GATE: Gate = Gate { every_ms: 2_000, burst: 3 };
const ADDRESS: GateKey<'static> = GateKey::Address("p-1");
const CELL: &str = "baton:{u:ip:p-1}:gcra:login";

async fn charge(at: &Fixture) -> Gated {
    at.store.charge(ADDRESS, GATE).await.expect("an answer")
}

async fn refund(at: &Fixture) {
    at.store.refund(ADDRESS, GATE).await.expect("an answer");
}

#[tokio::test]
async fn a_burst_passes_and_then_one_at_a_time() {
    with_store(async |at| {
        let (first, changed) = changes(at, charge(at)).await;
        assert_eq!(first, Gated::Ok);
        assert_eq!(changed, format!("+ {CELL} (string, expires)\n+ {CELL} \"1700000002000\"\n"));
        lives_for(at, CELL, 2_000).await;
        assert_eq!((charge(at).await, charge(at).await), (Gated::Ok, Gated::Ok));
        assert_eq!(unchanged(at, charge(at)).await, Gated::Wait(2_000));
        at.pass_ms(1_999);
        assert_eq!(unchanged(at, charge(at)).await, Gated::Wait(1));
        at.pass_ms(1);
        assert_eq!(charge(at).await, Gated::Ok);
        assert_eq!(unchanged(at, charge(at)).await, Gated::Wait(2_000));
        // A long pause earns no more than the burst.
        at.pass_ms(3_600_000);
        for _ in 0..3 {
            assert_eq!(charge(at).await, Gated::Ok);
        }
        assert_eq!(unchanged(at, charge(at)).await, Gated::Wait(2_000));
    })
    .await;
}

#[tokio::test]
async fn a_refund_makes_room() {
    with_store(async |at| {
        unchanged(at, refund(at)).await;
        charge(at).await;
        let ((), changed) = changes(at, refund(at)).await;
        assert_eq!(changed, format!("- {CELL} (string, expires)\n- {CELL} \"1700000002000\"\n"));
        for _ in 0..3 {
            charge(at).await;
        }
        refund(at).await;
        assert_eq!((charge(at).await, charge(at).await), (Gated::Ok, Gated::Wait(2_000)));
        // No store of room is laid in.
        for _ in 0..9 {
            refund(at).await;
        }
        assert!(!exists(at, CELL).await);
        for _ in 0..3 {
            assert_eq!(charge(at).await, Gated::Ok);
        }
        assert_eq!(charge(at).await, Gated::Wait(2_000));
    })
    .await;
}

/// A repeat after a lost answer: it harms whoever was at his limit already.
#[tokio::test]
async fn a_repeat_charges_once_more() {
    with_store(async |at| {
        charge(at).await;
        let (_, changed) = changes(at, charge(at)).await;
        assert_eq!(changed, format!("- {CELL} \"1700000002000\"\n+ {CELL} \"1700000004000\"\n"));
    })
    .await;
}

#[tokio::test]
async fn addresses_and_devices_are_counted_apart() {
    with_store(async |at| {
        let gate = Gate { burst: 1, ..GATE };
        let keys = [
            (ADDRESS, CELL.to_owned()),
            (GateKey::Address("p-2"), "baton:{u:ip:p-2}:gcra:login".to_owned()),
            (GateKey::Device(TAG, sid(1)), format!("{T}gcra:device:{}", sid(1))),
            (GateKey::Device(TAG, sid(2)), format!("{T}gcra:device:{}", sid(2))),
        ];
        for (key, name) in &keys {
            assert_eq!(at.store.charge(*key, gate).await.expect("an answer"), Gated::Ok);
            assert!(exists(at, name).await, "{name}");
        }
        for (key, _) in &keys {
            assert_eq!(at.store.charge(*key, gate).await.expect("an answer"), Gated::Wait(2_000));
        }
    })
    .await;
}

/// Nobody waits for longer than the gate has ever taken, also where the clock went back.
#[tokio::test]
async fn a_clock_that_was_set_back_is_paid_for_later() {
    with_store(async |at| {
        charge(at).await;
        at.pass_ms(-10_000);
        assert_eq!(unchanged(at, charge(at)).await, Gated::Wait(8_000));
        at.pass_ms(8_000);
        assert_eq!(charge(at).await, Gated::Ok);
    })
    .await;
}
