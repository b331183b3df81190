//! A parent of two thousand children has ended, and two drivers pass its end on, while edges of it are made and removed.

use std::collections::BTreeMap;

use baton_core::{OnParentFailure, Shard, Status, TaskId};
use baton_store::Store;
use baton_store::calls::flow::{FlowAnswer, NewFlow};
use baton_store::calls::task::{EdgeState, Linked, Outcome, Unlink, Unlinked};
use baton_testkit::Life;

use super::super::arena::{Arena, race_on};
use super::chase::new_task;
use super::ends::link;
use super::hands::{Hands, Held};
use super::record::read_stream;

pub(super) const CHILDREN: usize = 2_000;
const TOUCHED: usize = 150;

/// A flow of one parent and so many children, whose parent runs.
pub(super) async fn fan_out(
    arena: &Arena,
    size: usize,
    policy: OnParentFailure,
) -> (Vec<TaskId>, Hands, Vec<Held>) {
    let holder = Hands::new(arena, 0, Life::new(1, 1), &Default::default(), &Default::default()).await;
    let id = holder.store.draw_flow(Shard::FIRST);
    let mut tasks = vec![new_task(&holder.store, "parents")];
    tasks.extend((0..size).map(|_| new_task(&holder.store, "default")));
    tasks.iter_mut().for_each(|task| task.on_parent_failure = policy);
    let parents = std::iter::once(Vec::new()).chain((0..size).map(|_| vec![1])).collect();
    let flow = NewFlow { id, name: None, tasks, parents, by: None, op: None };
    let answer = holder.store.submit_flow(&flow).await.expect("an answer");
    assert_eq!(answer, FlowAnswer::Created { flow: id });
    let held = holder.claim_from(&flow.tasks[0].queue, 1, None).await.expect("the parent");
    ((1..=size as u32 + 1).map(|position| id.task(position)).collect(), holder, held)
}

/// Passes ends on until nothing is left; answers how many pieces that took.
pub(super) async fn drive(store: Store) -> usize {
    let mut pieces = 1;
    while store.cascade(Shard::FIRST).await.expect("an answer") {
        pieces += 1;
    }
    pieces
}

/// How often each child was let go.
pub(super) async fn let_go(arena: &Arena, event: &str) -> BTreeMap<TaskId, usize> {
    let mut times = BTreeMap::new();
    for entry in read_stream(&arena.stores[0]).await.iter().filter(|entry| entry.event == event) {
        entry.tasks.iter().for_each(|told| *times.entry(told.task).or_default() += 1);
    }
    times
}

/// Makes every other one of these wait for one more, and frees the others; answers to how many links and unlinks that came
/// before the end of the parent did.
async fn touch(store: Store, parent: TaskId, more: TaskId, children: Vec<TaskId>) -> [usize; 2] {
    let mut before = [0, 0];
    for (at, child) in children.into_iter().enumerate() {
        let version = if at % 2 == 0 {
            match link(&store, more, child).await {
                Linked::Edge { state: EdgeState::Open, status: Status::Blocked, version, .. } => version,
                other => panic!("{other:?}"),
            }
        } else {
            let unlink = Unlink { parent, child, by: None, op: None };
            match store.unlink(&unlink).await.expect("an answer") {
                Unlinked::Edge { was_there: true, status: Status::Pending, version, .. } => version,
                other => panic!("{other:?}"),
            }
        };
        // It was submitted, and this is the second that happens to it.
        before[at % 2] += usize::from(version.0 == 2);
    }
    before
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edges_that_change_under_a_running_cascade_are_counted_once() {
    race_on(4, async |arena| {
        let (tasks, holder, held) = fan_out(arena, CHILDREN, OnParentFailure::Hold).await;
        let (parent, more) = (tasks[0], arena.submit(2).await);
        holder.complete(&held).await;
        // From the last on: the cascade comes from the first, and they meet.
        let touched: Vec<TaskId> = tasks[1..].iter().rev().step_by(CHILDREN / TOUCHED).copied().collect();
        let one = tokio::spawn(drive(arena.stores[0].clone()));
        let other = tokio::spawn(drive(arena.stores[1].clone()));
        let changed = tokio::spawn(touch(arena.stores[2].clone(), parent, more[0], touched.clone()));
        // One that is linked now waits for nobody: the parent has completed.
        let late = link(&arena.stores[3], parent, more[1]).await;
        assert!(
            matches!(late, Linked::Edge { state: EdgeState::Closed, status: Status::Pending, .. }),
            "{late:?}"
        );
        let pieces = [one.await.expect("no panic"), other.await.expect("no panic")];
        let before = changed.await.expect("no panic");
        assert!(pieces.iter().all(|pieces| *pieces > 5), "there were not two drivers: {pieces:?}");
        assert!(before.iter().all(|before| 0 < *before && *before < TOUCHED / 2), "no race: {before:?}");
        check_counted(arena, &tasks, &touched).await;
    })
    .await;
}

/// Each child was let go once, by the parent or by the unlink; and those that were linked wait.
async fn check_counted(arena: &Arena, tasks: &[TaskId], touched: &[TaskId]) {
    let waiting: Vec<TaskId> = touched.iter().step_by(2).copied().collect();
    let times = let_go(arena, "unblock").await;
    assert!(times.values().all(|times| *times == 1), "somebody was let go twice");
    let free = tasks[1..].iter().filter(|task| !waiting.contains(task));
    assert!(free.clone().all(|task| times.contains_key(task)), "somebody was never let go");
    let counts = arena.stores[0].counts(Shard::FIRST, 0, 10).await.expect("counts");
    let of = |name: &str, status| {
        let found = counts.queues.iter().find(|queue| queue.name.as_str() == name);
        found.map_or(0, |queue| queue.of(status))
    };
    // The two that were submitted beside them are pending, too.
    assert_eq!(of("default", Status::Pending), (CHILDREN - waiting.len() + 2) as u64);
    assert_eq!(of("default", Status::Blocked), waiting.len() as u64);
}

/// A failure that is passed on by two drivers, one of which ends half-way, cancels every child once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_cascade_comes_to_its_end_though_a_driver_ends_half_way() {
    race_on(2, async |arena| {
        let (tasks, holder, held) = fan_out(arena, CHILDREN, OnParentFailure::Cancel).await;
        let fail = Outcome::FailForGood { error: Vec::new(), reason: "it cannot".to_owned() };
        holder.report(&held, fail).await;
        let short = arena.stores[0].clone();
        let ending = tokio::spawn(async move {
            for _ in 0..5 {
                short.cascade(Shard::FIRST).await.expect("an answer");
            }
        });
        let other = tokio::spawn(drive(arena.stores[1].clone()));
        ending.await.expect("no panic");
        assert!(other.await.expect("no panic") > 5, "there was nothing left for the other");
        let times = let_go(arena, "cancel").await;
        assert_eq!(times, tasks[1..].iter().map(|task| (*task, 1)).collect());
    })
    .await;
}
