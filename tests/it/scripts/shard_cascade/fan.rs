//! shard/cascade: many children, many parents, and each edge counted once.

use baton_core::{OnParentFailure, Shard, Status, limits};
use baton_store::calls::task::{Settled, Side};
use baton_testkit::{Life, with_store};

use super::super::flow_support::*;
use super::super::task_support::*;

/// So many that one end takes several calls.
const MANY: u32 = 1_000;

#[tokio::test]
async fn a_thousand_children_are_let_go_in_pieces_by_whoever_comes() {
    with_store(async |at| {
        let flow = create_of(at, fan_out(MANY)).await;
        assert_eq!(count_of(at, flow, Status::Blocked).await, u64::from(MANY));
        end(at, flow.task(1), Status::Completed).await;
        // The call itself has done a bounded part.
        let mut before = count_of(at, flow, Status::Pending).await;
        assert!(before > 0 && before <= limits::CASCADE_ROOM / limits::WEIGHT_OF_MOVE, "{before}");
        let other = at.store.apart().expect("another store");
        let mut stores = [&at.store, &other].into_iter().cycle();
        let mut left = true;
        while left {
            let store = stores.next().expect("an endless cycle");
            left = store.cascade(Shard::FIRST).await.expect("an answer");
            let now = count_of(at, flow, Status::Pending).await;
            assert!(now - before <= limits::CASCADE_ROOM / limits::WEIGHT_OF_MOVE + 1);
            assert!(now > before || !left, "a call that does nothing");
            before = now;
        }
        assert_eq!(before, u64::from(MANY));
        // In the order of their positions.
        let first = at.claim(&Life::new(2, 1), 3).await;
        assert_eq!(ids(&first), [2, 3, 4].map(|position| flow.task(position)));
        assert!(!at.store.cascade(Shard::FIRST).await.expect("an answer"));
    })
    .await;
}

#[tokio::test]
async fn the_last_of_a_thousand_parents_lets_their_child_go() {
    with_store(async |at| {
        let flow = create_of(at, fan_in(MANY)).await;
        let (life, child) = (Life::new(1, 1), flow.task(MANY + 1));
        assert_eq!(at.read(child).await.family.open_parents, u64::from(MANY));
        for done in (0..u64::from(MANY)).step_by(limits::CLAIM_TASKS_MAX as usize) {
            assert_eq!(at.read(child).await.family.open_parents, u64::from(MANY) - done);
            for grant in at.claim(&life, limits::CLAIM_TASKS_MAX).await {
                at.complete(&life, &grant).await;
            }
        }
        let read = at.read(child).await;
        assert_eq!((read.status(), read.family.open_parents), (Status::Pending, 0));
        assert_eq!(read.version.0, 2);
        let granted = at.claim(&life, 1).await;
        assert_eq!((ids(&granted), granted[0].parents), (vec![child], u64::from(MANY)));
    })
    .await;
}

#[tokio::test]
async fn a_repeated_report_lets_nobody_go_a_second_time() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        link(at, made[0], made[2]).await;
        link(at, made[1], made[2]).await;
        let life = Life::new(1, 1);
        let grant = Ask::new(&life, 1).only(made[0]).send(at).await.tasks.remove(0);
        at.complete(&life, &grant).await;
        for _ in 0..3 {
            let again = refuses_unchanged(at, async || at.complete(&life, &grant).await).await;
            assert!(matches!(again, Settled::Recorded { status: Status::Completed, .. }), "{again:?}");
        }
        assert_eq!(at.read(made[2]).await.family.open_parents, 1);
        // And completing it once more, in another run, is not a second parent.
        rerun(at, &made[..1]).await;
        end(at, made[0], Status::Completed).await;
        let read = at.read(made[2]).await;
        assert_eq!((read.status(), read.family.open_parents), (Status::Blocked, 1));
    })
    .await;
}

#[tokio::test]
async fn a_child_that_has_ended_is_counted_down_and_not_moved() {
    with_store(async |at| {
        let made = at.submit_many(2).await;
        link(at, made[0], made[1]).await;
        cancel(at, &made[1..]).await;
        let before = at.read(made[1]).await;
        assert_eq!(before.family.open_parents, 1);
        end(at, made[0], Status::Completed).await;
        let after = at.read(made[1]).await;
        assert_eq!((after.status(), after.family.open_parents), (Status::Cancelled, 0));
        assert_eq!(after.version, before.version);
        // What is run again now waits for nobody.
        assert_eq!(outcomes(&rerun(at, &made[1..]).await), [Ok(Status::Pending)]);
    })
    .await;
}

#[tokio::test]
async fn an_end_that_leases_and_timers_bring_is_passed_on_too() {
    with_store(async |at| {
        let flow = {
            let mut flow = flow_of(at, fan_out(2));
            flow.tasks[0].max_crashes = 1;
            flow.tasks[1].on_parent_failure = OnParentFailure::Run;
            create(at, &flow).await
        };
        assert_eq!(at.claim(&Life::new(1, 1), 1).await.len(), 1);
        crash(at).await;
        assert_eq!(at.read(flow.task(1)).await.status(), Status::Failed);
        // The tick that reaped it has no time for its children: it leaves them to whoever passes ends on.
        pass_on(at).await;
        assert_eq!(at.read(flow.task(2)).await.status(), Status::Pending);
        assert_eq!(at.read(flow.task(3)).await.status(), Status::Blocked);
        assert_eq!(edges(at, flow.task(1), Side::Children).await.len(), 2);
    })
    .await;
}
