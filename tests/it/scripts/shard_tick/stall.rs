//! shard/tick, stalls: time in which somebody tried and nobody got through is given back to the living.

use baton_core::{LeaseLength, Shard};
use baton_store::calls::shard::Tick;
use baton_store::calls::task::Settled;
use baton_store::calls::worker::{Register, Renew, Renewed};
use baton_testkit::{Fixture, Life, with_store};

use crate::hand::{Did, events, field, seasoned, tick, tick_as};

/// A worker with this lease that holds one task.
async fn holder(at: &Fixture, number: u32, lease_ms: u64) -> Life {
    let life = Life::new(number, 1);
    let register = Register {
        worker: &life.worker,
        boot: &life.boot,
        expects: None,
        lease: LeaseLength::from_ms(lease_ms).expect("a lease"),
        about: &[],
    };
    at.store.register(Shard::FIRST, &register).await.expect("an answer");
    at.submit_many(1).await;
    assert_eq!(at.claim(&life, 1).await.len(), 1);
    life
}

/// A tick that should have come through this long ago.
async fn after_stall(at: &Fixture, length_ms: u64) -> Did {
    let late = Tick { expected_ms: Some(at.now_ms() - length_ms), ..seasoned(at) };
    tick_as(at, late).await
}

async fn stalls(at: &Fixture) -> Vec<String> {
    let all = events(at).await;
    all.into_iter().filter_map(|entry| entry.subject.filter(|_| entry.event == "stall")).collect()
}

/// Ticks once a second for this long; answers what was reaped.
async fn reaped_in(at: &Fixture, seconds: u64) -> u64 {
    let mut reaped = 0;
    for _ in 0..seconds {
        at.pass_ms(1_000);
        reaped += tick(at).await.reaped;
    }
    reaped
}

#[tokio::test]
async fn a_freeze_gives_the_living_time_to_renew() {
    with_store(async |at| {
        let life = holder(at, 1, 30_000).await;
        tick(at).await;
        at.pass_ms(61_000);
        assert_eq!(after_stall(at, 60_000).await.reaped, 0);
        let from = at.now_ms() - 60_000;
        assert_eq!(stalls(at).await, [format!("{from} {}", at.now_ms())]);
        // Grace is the shorter of lease and stall: 30 s.
        assert_eq!(reaped_in(at, 29).await, 0);
        let renew = Renew { worker: &life.worker, boot: &life.boot, holding: &[], alone: false, about: &[] };
        let renewed = at.store.renew(Shard::FIRST, &renew).await.unwrap();
        assert!(matches!(renewed, Renewed::Until(_)), "{renewed:?}");
        // What it renewed after the stall is a lease like any other.
        assert_eq!(reaped_in(at, 29).await, 0);
        assert_eq!(reaped_in(at, 1).await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_dead_are_reaped_when_the_grace_is_over() {
    with_store(async |at| {
        holder(at, 1, 30_000).await;
        tick(at).await;
        at.pass_ms(61_000);
        after_stall(at, 60_000).await;
        assert_eq!(reaped_in(at, 29).await, 0);
        assert_eq!(reaped_in(at, 1).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_short_stall_gives_a_short_grace() {
    with_store(async |at| {
        holder(at, 1, 5_000).await;
        at.pass_ms(1_000);
        tick(at).await;
        // The lease ends 1 s before the stall does; the stall took 5 s less the tick before.
        at.pass_ms(5_000);
        assert_eq!(after_stall(at, 4_000).await.reaped, 0);
        assert_eq!(reaped_in(at, 3).await, 0);
        assert_eq!(reaped_in(at, 1).await, 1);
    })
    .await;
}

#[tokio::test]
async fn half_a_second_is_a_stall_and_less_is_the_network() {
    with_store(async |at| {
        tick(at).await;
        at.pass_ms(2_000);
        after_stall(at, 499).await;
        assert_eq!(stalls(at).await.len(), 0);
        at.pass_ms(2_000);
        after_stall(at, 500).await;
        assert_eq!(stalls(at).await.len(), 1);
        assert_eq!(field(at, "meta", "stall_ms").await, "500");
    })
    .await;
}

#[tokio::test]
async fn a_pause_of_the_tickers_alone_is_no_stall() {
    with_store(async |at| {
        holder(at, 1, 30_000).await;
        tick(at).await;
        at.pass_ms(3_600_000);
        assert_eq!(tick(at).await.reaped, 1);
        assert_eq!(stalls(at).await.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn the_first_tick_of_a_shard_is_no_stall() {
    with_store(async |at| {
        after_stall(at, 60_000).await;
        assert_eq!(stalls(at).await.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_newcomer_that_tried_in_vain_knows_of_the_stall() {
    with_store(async |at| {
        holder(at, 1, 30_000).await;
        tick(at).await;
        at.pass_ms(60_000);
        let newcomer = Tick { ticks: 0, expected_ms: None, trying_ms: 40_000 };
        tick_as(at, newcomer).await;
        assert_eq!(field(at, "meta", "stall_ms").await, "40000");
        assert_eq!(reaped_in(at, 29).await, 0);
        assert_eq!(reaped_in(at, 1).await, 1);
    })
    .await;
}

/// It comes first when Redis answers again, and has seen nothing. Those who tried all the time come a moment later.
#[tokio::test]
async fn a_newcomer_does_not_hide_a_stall_from_those_who_saw_it() {
    with_store(async |at| {
        holder(at, 1, 30_000).await;
        tick(at).await;
        at.pass_ms(60_000);
        let _ = at.store.tick(Shard::FIRST, Tick::default()).await.unwrap();
        at.pass_ms(5);
        let seen = Tick { expected_ms: Some(at.now_ms() - 59_000), ..seasoned(at) };
        let _ = at.store.tick(Shard::FIRST, seen).await.unwrap();
        assert_eq!(stalls(at).await.len(), 1);
        assert_eq!(reaped_in(at, 29).await, 0);
    })
    .await;
}

#[tokio::test]
async fn what_another_ticker_did_meanwhile_was_no_stall() {
    with_store(async |at| {
        tick(at).await;
        at.pass_ms(10_000);
        tick(at).await;
        at.pass_ms(1_000);
        // Its own connection was gone; others got through.
        after_stall(at, 9_000).await;
        assert_eq!(field(at, "meta", "stall_ms").await, "1000");
    })
    .await;
}

#[tokio::test]
async fn grace_that_was_left_is_not_lost_with_a_second_stall() {
    with_store(async |at| {
        holder(at, 1, 30_000).await;
        tick(at).await;
        at.pass_ms(41_000);
        assert_eq!(after_stall(at, 40_000).await.reaped, 0);
        assert_eq!(reaped_in(at, 10).await, 0);
        at.pass_ms(1_000);
        // One more second of stall, and 20 s of grace were left.
        assert_eq!(after_stall(at, 1_000).await.reaped, 0);
        assert_eq!(reaped_in(at, 19).await, 0);
        assert_eq!(reaped_in(at, 11).await, 1);
        assert_eq!(stalls(at).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_lease_granted_after_the_stall_has_no_grace() {
    with_store(async |at| {
        tick(at).await;
        at.pass_ms(60_000);
        after_stall(at, 59_000).await;
        holder(at, 1, 2_000).await;
        assert_eq!(reaped_in(at, 1).await, 0);
        assert_eq!(reaped_in(at, 1).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_jumps_forward_looks_like_a_stall() {
    with_store(async |at| {
        holder(at, 1, 30_000).await;
        tick(at).await;
        at.pass_ms(1_000);
        let expected_ms = Some(at.now_ms());
        at.pass_ms(1_200_000);
        let jumped = Tick { expected_ms, ..seasoned(at) };
        assert_eq!(tick_as(at, jumped).await.reaped, 0);
        assert_eq!(reaped_in(at, 29).await, 0);
        assert_eq!(reaped_in(at, 1).await, 1);
    })
    .await;
}

/// It has finished meanwhile, and could not say so.
#[tokio::test]
async fn a_run_that_ended_during_a_long_stall_is_not_overdue_before_its_worker_could_report() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(2).await;
        let grants = at.claim(&life, 2).await;
        tick(at).await;
        at.pass_ms(3_601_000);
        after_stall(at, 3_600_000).await;
        let done = at.complete(&life, &grants[0]).await;
        assert!(matches!(done, Settled::Now { .. }), "{done:?}");
        // The other one really hangs.
        let renew = Renew {
            worker: &life.worker,
            boot: &life.boot,
            holding: &[grants[1].pair()],
            alone: false,
            about: &[],
        };
        at.store.renew(Shard::FIRST, &renew).await.unwrap();
        at.pass_ms(30_000);
        at.store.renew(Shard::FIRST, &renew).await.unwrap();
        tick(at).await;
        assert_eq!(at.read(grants[1].task).await.reason.as_deref(), Some("timeout"));
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_stop_the_ticks() {
    with_store(async |at| {
        holder(at, 1, 30_000).await;
        tick(at).await;
        at.pass_ms(-3_600_000);
        // Its lease now lasts an hour longer, but everything else goes on.
        let task =
            baton_store::calls::task::NewTask { run_at_ms: Some(at.now_ms() + 1_500), ..at.new_task("noop") };
        at.submit(&[task]).await;
        let did = tick(at).await;
        assert_eq!((did.matured, did.tick_ms), (0, at.now_ms() + 1_000));
        at.pass_ms(1_000);
        assert_eq!(tick(at).await.tick_ms, at.now_ms() + 500);
        at.pass_ms(500);
        assert_eq!(tick(at).await.matured, 1);
        assert_eq!(stalls(at).await.len(), 0);
        assert_eq!(reaped_in(at, 3_628).await, 0);
        assert_eq!(reaped_in(at, 1).await, 1);
    })
    .await;
}
