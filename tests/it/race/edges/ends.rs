//! E7: a parent ends while it is linked. The edge is counted and passed on, or seen as passed: nobody is ever stuck.

use std::collections::BTreeMap;

use baton_core::{OnParentFailure, Shard, Status, TaskId};
use baton_store::Store;
use baton_store::calls::task::{EdgeState, Link, Linked, NewTask, Outcome};
use baton_testkit::Life;

use super::super::arena::{Arena, hold_back, race_on, submit};
use super::chase::new_task;
use super::hands::Hands;

const ROUNDS: usize = 150;

pub(super) async fn link(store: &Store, parent: TaskId, child: TaskId) -> Linked {
    store.link(&Link { parent, child, by: None, op: None }).await.expect("an answer")
}

pub(super) async fn status_of(arena: &Arena, task: TaskId) -> Status {
    let read = arena.stores[0].read_tasks(Shard::FIRST, &[task], false).await.expect("an answer");
    read[0].as_ref().expect("it is there").status()
}

/// How often each state was answered while the other call was on its way, for children of this policy.
async fn end_while_linked(
    arena: &Arena,
    policy: OnParentFailure,
    outcome: &Outcome,
    expected: Status,
) -> BTreeMap<&'static str, usize> {
    let mut states = BTreeMap::new();
    for round in 0..ROUNDS {
        let holder = Hands::new(arena, 0, Life::new(1, 1), &Default::default(), &Default::default()).await;
        let parent = new_task(&holder.store, "parents");
        let child = NewTask { on_parent_failure: policy, ..new_task(&holder.store, "default") };
        submit(&holder.store, &[parent.clone(), child.clone()]).await;
        let held = holder.claim_from(&parent.queue, 1, None).await.expect("the parent");
        let (late, outcome) = ([0, 1, 2, 5, 11, 23, 60][round % 7], outcome.clone());
        let linking = arena.stores[1].clone();
        let linked = tokio::spawn(async move {
            hold_back(if round % 2 == 0 { late } else { 0 }).await;
            link(&linking, parent.id, child.id).await
        });
        let ended = tokio::spawn(async move {
            hold_back(if round % 2 == 1 { late } else { 0 }).await;
            holder.report(&held, outcome).await;
        });
        ended.await.expect("no panic");
        let Linked::Edge { state, .. } = linked.await.expect("no panic") else { panic!("it was refused") };
        *states.entry(state.as_str()).or_default() += 1;
        // Nothing is left to a later chore: a parent with so few children passes its end on in its own call.
        assert_eq!(status_of(arena, child.id).await, expected, "round {round}, the edge was {state}");
        super::super::arena::cancel(&arena.stores[0], child.id).await;
    }
    states
}

fn failure() -> Outcome {
    Outcome::FailForGood { error: Vec::new(), reason: "it cannot".to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parent_that_completes_while_it_is_linked_lets_its_child_go() {
    race_on(2, async |arena| {
        let complete = Outcome::Complete { result: Vec::new() };
        let states = end_while_linked(arena, OnParentFailure::Hold, &complete, Status::Pending).await;
        assert_eq!(states.keys().copied().collect::<Vec<_>>(), ["closed", "open"], "{states:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parent_that_fails_while_it_is_linked_is_answered_as_the_child_says() {
    race_on(2, async |arena| {
        let at_link = [
            (OnParentFailure::Hold, Status::Blocked, EdgeState::Held),
            (OnParentFailure::Cancel, Status::Cancelled, EdgeState::Held),
            (OnParentFailure::Run, Status::Pending, EdgeState::Closed),
        ];
        for (policy, expected, late) in at_link {
            let states = end_while_linked(arena, policy, &failure(), expected).await;
            assert_eq!(states.keys().copied().collect::<Vec<_>>(), [late.as_str(), "open"], "{states:?}");
        }
    })
    .await;
}
