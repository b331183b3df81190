//! A parent is rerun while its end is still being passed on: the rerun waits, and every child waits for it again.

use std::collections::BTreeMap;

use baton_core::{OnParentFailure, Refusal, Shard, Status, TaskId};
use baton_store::Store;
use baton_store::calls::Operated;
use baton_store::calls::task::{Outcome, Rerun};

use super::super::arena::{only_one, race_on};
use super::fan::{drive, fan_out, let_go};

const CHILDREN: usize = 600;
const ROUNDS: usize = 3;

/// Asks until it is granted; answers how often it was refused.
async fn rerun_at_last(store: Store, task: TaskId) -> usize {
    let mut refused = 0;
    loop {
        let ask = Rerun { tasks: &[task], by: None, reason: "", op: None };
        match only_one(store.rerun(Shard::FIRST, &ask).await.expect("an answer")) {
            Operated::Moved { status: Status::Pending, .. } => return refused,
            Operated::Refused { refusal: Refusal::Conflict, .. } => refused += 1,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rerun_waits_until_the_end_before_has_been_passed_on() {
    race_on(3, async |arena| {
        let (tasks, holder, mut held) = fan_out(arena, CHILDREN, OnParentFailure::Hold).await;
        let queue = baton_testkit::queue("parents");
        let mut refused = 0;
        for _ in 0..ROUNDS {
            let fail = Outcome::FailForGood { error: Vec::new(), reason: "it cannot".to_owned() };
            holder.report(&held, fail).await;
            let driven = tokio::spawn(drive(arena.stores[1].clone()));
            refused += rerun_at_last(arena.stores[2].clone(), tasks[0]).await;
            driven.await.expect("no panic");
            held = holder.claim_from(&queue, 1, None).await.expect("the parent");
        }
        assert!(refused > 0, "no rerun met a cascade");
        holder.complete(&held).await;
        let drivers = [0, 1].map(|at: usize| tokio::spawn(drive(arena.stores[at].clone())));
        for driver in drivers {
            driver.await.expect("no panic");
        }
        let once: BTreeMap<TaskId, usize> = tasks[1..].iter().map(|task| (*task, 1)).collect();
        assert_eq!(let_go(arena, "unblock").await, once);
    })
    .await;
}
