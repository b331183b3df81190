//! shard/tick, reaping: what the dead held goes to the living, in bounded pieces.

use baton_core::{Refusal, Shard, Status, limits};
use baton_store::calls::shard::{Tick, Ticked};
use baton_store::calls::task::{Claimed, NewTask, Settled};
use baton_store::calls::worker::{Renew, Renewed};
use baton_testkit::{Fixture, Life, with_store};

use crate::hand::{
    by_hand, events, field, hold, make_schema_too_new, only_refused, refused, score, seasoned, steps, tick,
    tick_as, unchanged,
};

/// What one tick reaps at most.
const PIECE: u64 = limits::REAP_TASKS_MAX;

async fn running(at: &Fixture) -> String {
    field(at, "queue:default", "running").await
}

#[tokio::test]
async fn a_lease_that_is_over_is_reaped_and_counts_a_crash() {
    with_store(async |at| {
        let [dead, heir] = [Life::new(1, 1), Life::new(2, 1)];
        let pairs = hold(at, &dead, 2).await;
        at.pass_ms(29_999);
        assert_eq!(tick(at).await.reaped, 0);
        at.pass_ms(1_000);
        let did = tick(at).await;
        assert_eq!((did.reaped, did.tick_ms), (2, at.now_ms() + 1_000));
        for pair in &pairs {
            let task = at.read(pair.task).await;
            assert_eq!((task.status(), task.crashes, task.attempt), (Status::Pending, 1, 0));
            assert_eq!(task.pending_ms, at.now_ms());
            assert_eq!(steps(at, pair.task).await, ["submit", "claim", "reclaim"]);
        }
        let told = events(at).await;
        let told = told.iter().find(|entry| entry.event == "reclaim").unwrap();
        assert_eq!((&told.worker, &told.boot), (&Some(dead.worker.clone()), &Some(dead.boot.clone())));
        assert_eq!(score(at, "leases", "worker-001-test:b1").await, None);
        assert_eq!(running(at).await, "0");

        let grants = at.claim(&heir, 2).await;
        for (grant, pair) in grants.iter().zip(&pairs) {
            assert!(grant.fence > pair.fence && grant.crashes == 1 && !grant.redelivered);
        }
    })
    .await;
}

#[tokio::test]
async fn at_its_deadline_a_lease_is_over_and_not_before() {
    with_store(async |at| {
        hold(at, &Life::new(1, 1), 1).await;
        at.pass_ms(29_999);
        assert_eq!(tick(at).await.reaped, 0);
        by_hand::<()>(at, "HDEL baton:{0}:meta tick_ms").await;
        at.pass_ms(1);
        assert_eq!(tick(at).await.reaped, 1);
    })
    .await;
}

#[tokio::test]
async fn a_large_holder_is_reaped_in_pieces_and_gets_nothing_in_between() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let pairs = hold(at, &life, PIECE + 20).await;
        at.pass_ms(30_000);
        let did = tick(at).await;
        assert_eq!((did.reaped, did.tick_ms), (PIECE, at.now_ms() + 1));
        assert_eq!(score(at, "leases", "worker-001-test:b1").await, Some(0));

        let lost = refused(Refusal::LeaseLost, "");
        let renew =
            Renew { worker: &life.worker, boot: &life.boot, holding: &pairs, alone: false, about: &[] };
        let renewed = unchanged(at, at.store.renew(Shard::FIRST, &renew)).await.unwrap();
        assert_eq!(renewed, Renewed::Refused(lost.clone()));
        for max in [0, 1] {
            let claimed = unchanged(at, at.try_claim(&life, max, &pairs)).await;
            assert_eq!(claimed, Claimed::Refused(lost.clone()));
        }

        // What was not reaped yet can still be reported; what was, cannot.
        let mut accepted = 0;
        for pair in &pairs {
            let status = at.read(pair.task).await.status();
            if status == Status::Running && accepted == 0 {
                let done = at.report(&life, pair.task, pair.fence, done()).await;
                assert!(matches!(done, Settled::Now { status: Status::Completed, .. }), "{done:?}");
                accepted += 1;
            } else if status == Status::Pending {
                let (late, _) = only_refused(at, at.report(&life, pair.task, pair.fence, done())).await;
                assert!(matches!(late, Settled::Refused { refusal: Refusal::Fenced, .. }), "{late:?}");
            }
        }
        at.pass_ms(1);
        let did = tick(at).await;
        assert_eq!((did.reaped, did.tick_ms), (19, at.now_ms() + 1_000));
        assert_eq!(score(at, "leases", "worker-001-test:b1").await, None);
        assert_eq!(at.claim(&life, PIECE).await.len() as u64, PIECE);
    })
    .await;
}

fn done() -> baton_store::calls::task::Outcome {
    baton_store::calls::task::Outcome::Complete { result: Vec::new() }
}

#[tokio::test]
async fn a_holder_of_exactly_one_piece_is_free_again() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        hold(at, &life, PIECE).await;
        at.pass_ms(30_000);
        assert_eq!(tick(at).await.reaped, PIECE);
        // Its set is empty, so it may claim before the next tick.
        assert_eq!(at.claim(&life, 1).await.len(), 1);
        at.pass_ms(1);
        assert_eq!(tick(at).await.reaped, 0);
        assert!(score(at, "leases", "worker-001-test:b1").await.is_some());
    })
    .await;
}

#[tokio::test]
async fn many_small_holders_share_a_piece() {
    with_store(async |at| {
        for number in 1..=PIECE as u32 + 5 {
            hold(at, &Life::new(number, 1), 1).await;
        }
        at.pass_ms(30_000);
        let did = tick(at).await;
        assert_eq!((did.reaped, did.tick_ms), (PIECE, at.now_ms() + 1));
        at.pass_ms(1);
        assert_eq!(tick(at).await.reaped, 5);
        assert_eq!(running(at).await, "0");
    })
    .await;
}

#[tokio::test]
async fn two_ticks_at_once_reap_once() {
    with_store(async |at| {
        let pairs = hold(at, &Life::new(1, 1), 20).await;
        at.pass_ms(30_000);
        let ticks = tokio::join!(
            at.store.tick(Shard::FIRST, seasoned(at)),
            at.store.tick(Shard::FIRST, seasoned(at))
        );
        let reaped = [ticks.0.unwrap(), ticks.1.unwrap()].map(|ticked| match ticked {
            Ticked::Worked { reaped, .. } => reaped,
            _ => 0,
        });
        assert_eq!(reaped.iter().sum::<u64>(), 20);
        for pair in pairs {
            assert_eq!(steps(at, pair.task).await, ["submit", "claim", "reclaim"]);
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_settled_before_is_not_reaped() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let pairs = hold(at, &life, 2).await;
        at.pass_ms(60_000);
        at.report(&life, pairs[0].task, pairs[0].fence, done()).await;
        assert_eq!(tick(at).await.reaped, 1);
        assert_eq!(at.read(pairs[0].task).await.status(), Status::Completed);
        let (late, _) = only_refused(at, at.report(&life, pairs[1].task, pairs[1].fence, done())).await;
        assert!(matches!(late, Settled::Refused { refusal: Refusal::Fenced, .. }), "{late:?}");
        let repeated = unchanged(at, at.report(&life, pairs[0].task, pairs[0].fence, done())).await;
        assert!(matches!(repeated, Settled::Recorded { .. }), "{repeated:?}");
    })
    .await;
}

#[tokio::test]
async fn the_last_life_ends_as_poison() {
    with_store(async |at| {
        let task = NewTask { max_crashes: 1, ..at.new_task("noop") };
        let id = at.submit(&[task]).await[0];
        at.claim(&Life::new(1, 1), 1).await;
        at.pass_ms(30_000);
        assert_eq!(tick(at).await.reaped, 1);
        let task = at.read(id).await;
        assert_eq!((task.status(), task.crashes, task.attempt), (Status::Failed, 1, 0));
        assert_eq!(task.reason.as_deref(), Some("poison"));
    })
    .await;
}

#[tokio::test]
async fn a_holder_that_holds_nothing_only_loses_its_lease() {
    with_store(async |at| {
        at.register(&Life::new(1, 1), None).await;
        at.pass_ms(30_000);
        assert_eq!(tick(at).await.reaped, 0);
        assert_eq!(score(at, "leases", "worker-001-test:b1").await, None);
        assert_eq!(events(at).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_newcomer_does_not_reap_before_its_fourth_tick() {
    with_store(async |at| {
        hold(at, &Life::new(1, 1), 1).await;
        at.pass_ms(60_000);
        for ticks in 0..=3 {
            at.pass_ms(1_000);
            let newcomer = Tick { ticks, ..seasoned(at) };
            assert_eq!(tick_as(at, newcomer).await.reaped, u64::from(ticks == 3), "{ticks}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_tick_that_is_not_due_and_a_newer_schema_change_nothing() {
    with_store(async |at| {
        hold(at, &Life::new(1, 1), 1).await;
        let tick_ms = tick(at).await.tick_ms;
        at.pass_ms(999);
        let early = unchanged(at, at.store.tick(Shard::FIRST, seasoned(at))).await.unwrap();
        let now_ms = at.now_ms();
        assert_eq!(early, Ticked::Early { now_ms, tick_ms });
        at.pass_ms(60_000);
        make_schema_too_new(at).await;
        let too_new = unchanged(at, at.store.tick(Shard::FIRST, seasoned(at))).await.unwrap();
        assert_eq!(too_new, Ticked::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}

/// D15: somebody, or a lost write, left a set without its lease.
#[tokio::test]
async fn what_is_held_without_a_lease_is_found_and_reaped() {
    with_store(async |at| {
        let pairs = hold(at, &Life::new(1, 1), 2).await;
        by_hand::<()>(at, "DEL baton:{0}:leases").await;
        assert_eq!(tick(at).await.reaped, 0);
        at.pass_ms(1_000);
        assert_eq!(tick(at).await.reaped, 2);
        assert_eq!(steps(at, pairs[0].task).await, ["submit", "claim", "reclaim"]);
    })
    .await;
}

/// D15, the reverse: entries that belong to nothing.
#[tokio::test]
async fn entries_that_belong_to_nothing_are_dropped() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        hold(at, &life, 1).await;
        let ghost = at.store.draw(Shard::FIRST);
        by_hand::<()>(at, &format!("ZADD baton:{{0}}:held:worker-001-test:b1 1 {ghost}")).await;
        by_hand::<()>(at, "ZADD baton:{0}:leases 5 worker-009-test:b7").await;
        at.pass_ms(30_000);
        tick(at).await;
        let held: u64 = by_hand(at, "EXISTS baton:{0}:held:worker-001-test:b1").await;
        assert_eq!(held, 0);
        let leases: u64 = by_hand(at, "EXISTS baton:{0}:leases baton:{0}:worker:worker-009-test").await;
        assert_eq!(leases, 0);
    })
    .await;
}

#[tokio::test]
async fn the_dead_do_not_wait_behind_many_that_held_nothing() {
    with_store(async |at| {
        for number in 1..=2 * PIECE as u32 {
            at.register(&Life::new(number, 1), None).await;
        }
        at.pass_ms(1);
        hold(at, &Life::new(500, 1), 1).await;
        at.pass_ms(30_000);
        for _ in 0..2 {
            let did = tick(at).await;
            assert_eq!((did.reaped, did.tick_ms), (0, at.now_ms() + 1));
            at.pass_ms(1);
        }
        let did = tick(at).await;
        assert_eq!((did.reaped, did.tick_ms), (1, at.now_ms() + 1_000));
    })
    .await;
}
