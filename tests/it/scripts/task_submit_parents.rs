//! `task/submit`: a task that names the tasks it waits for, and the flow it joins.

use baton_core::{OnParentFailure, Refusal, Shard, Status, TaskId, limits};
use baton_store::State;
use baton_store::calls::task::{EdgeState, NewTask, Side, SubmitAnswer, Submitted};
use baton_testkit::{Fixture, Life, with_store};

use super::flow_support::*;
use super::task_submit::{submit, try_submit};
use super::task_support::*;
use crate::hand::events;

fn child_of(at: &Fixture, parents: &[TaskId]) -> NewTask {
    NewTask { parents: parents.to_vec(), ..at.new_task("noop") }
}

fn created(one: &Submitted) -> (Status, u64) {
    match one {
        Submitted::Created { status, version, .. } => (*status, version.0),
        other => panic!("not created: {other:?}"),
    }
}

#[tokio::test]
async fn it_is_blocked_from_the_start_until_the_last_of_them_completes() {
    with_store(async |at| {
        let parents = at.submit_many(3).await;
        let task = child_of(at, &parents);
        assert_eq!(created(&submit(at, std::slice::from_ref(&task)).await[0]), (Status::Blocked, 1));
        let read = at.read(task.id).await;
        assert_eq!(
            (read.state, read.family.parents, read.family.open_parents),
            (State::Blocked { run_at_ms: None }, 3, 3)
        );
        assert_eq!(at.read(parents[0]).await.family.children, 1);
        let told = events(at).await.pop().expect("an event");
        assert_eq!((told.event.as_str(), told.tasks[0].why.as_deref()), ("submit", Some("parents=3")));
        for (parent, left) in parents.iter().zip([2, 1, 0]) {
            end(at, *parent, Status::Completed).await;
            assert_eq!(at.read(task.id).await.family.open_parents, left);
        }
        let granted = at.claim(&Life::new(1, 1), 2).await;
        assert_eq!((ids(&granted), granted[0].parents), (vec![task.id], 3));
    })
    .await;
}

#[tokio::test]
async fn a_parent_in_each_status_decides_by_the_policy_of_the_child() {
    with_store(async |at| {
        for status in Status::ALL {
            let parent = one_in(at, *status).await;
            for policy in OnParentFailure::ALL {
                let task = NewTask { on_parent_failure: *policy, ..child_of(at, &[parent]) };
                let (stood, version) = created(&submit(at, std::slice::from_ref(&task)).await[0]);
                let expected = match policy {
                    _ if policy.lets_go(*status) => (Status::Pending, 1, EdgeState::Closed),
                    _ if !status.is_terminal() => (Status::Blocked, 1, EdgeState::Open),
                    OnParentFailure::Cancel => (Status::Cancelled, 2, EdgeState::Held),
                    _ => (Status::Blocked, 1, EdgeState::Held),
                };
                let state = edges(at, task.id, Side::Parents).await[0].1;
                assert_eq!((stood, version, state), expected, "{status} {policy:?}");
                let read = at.read(task.id).await;
                assert_eq!((read.status(), read.version.0), (stood, version));
                assert_eq!(read.family.open_parents, u64::from(state != EdgeState::Closed));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn parents_of_the_same_call_are_there_if_they_come_first() {
    with_store(async |at| {
        let first = at.new_task("noop");
        let second = child_of(at, &[first.id]);
        let third = child_of(at, &[first.id, second.id]);
        let wrong = child_of(at, &[at.store.draw(Shard::FIRST)]);
        let each = submit(at, &[first.clone(), second.clone(), wrong.clone(), third.clone()]).await;
        let missing = Submitted::Refused { refusal: Refusal::DependencyMissing, other: wrong.parents[0] };
        assert_eq!(each[2], missing);
        for task in [first, second, third] {
            end(at, task.id, Status::Completed).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_parent_that_is_not_there_is_named_and_nothing_is_made() {
    with_store(async |at| {
        let known = at.submit_many(1).await[0];
        let ghost = at.store.draw(Shard::FIRST);
        let mut itself = at.new_task("noop");
        itself.parents = vec![itself.id];
        let tasks = [child_of(at, &[known, ghost]), itself.clone()];
        let each = refuses_unchanged(at, async || submit(at, &tasks).await).await;
        let missing = |other| Submitted::Refused { refusal: Refusal::DependencyMissing, other };
        assert_eq!(each, [missing(ghost), missing(itself.id)]);
        // A key whose task is refused is not taken.
        let keyed = with_key(child_of(at, &[ghost]), "once");
        submit(at, &[keyed]).await;
        let free = with_key(at.new_task("noop"), "once");
        assert_eq!(created(&submit(at, &[free]).await[0]), (Status::Pending, 1));
    })
    .await;
}

#[tokio::test]
async fn too_many_parents_one_twice_and_those_of_another_shard_are_refused_before_they_are_sent() {
    with_store(async |at| {
        let parents = submit_in_calls(at, limits::PARENTS_MAX + 1).await;
        let most = limits::PARENTS_MAX as usize;
        let elsewhere = at.store.draw(Shard::new(1).expect("a shard"));
        for wrong in [&parents[..], &[parents[0], parents[0]], &[elsewhere]] {
            let tasks = [child_of(at, wrong)];
            invalid(refuses_unchanged(at, async || try_submit(at, &tasks, None).await).await);
        }
        let fitting = child_of(at, &parents[..most]);
        assert_eq!(created(&submit(at, &[fitting]).await[0]).0, Status::Blocked);
    })
    .await;
}

#[tokio::test]
async fn one_with_a_time_waits_for_both() {
    with_store(async |at| {
        let due = at.now_ms() + 60_000;
        let parents = at.submit_many(2).await;
        let late = NewTask { run_at_ms: Some(due), ..child_of(at, &parents[..1]) };
        let delayed = NewTask { delay_ms: Some(60_000), ..child_of(at, &parents[1..]) };
        let made = at.submit(&[late, delayed]).await;
        for (parent, child) in parents.iter().zip(&made) {
            assert_eq!(at.read(*child).await.state, State::Blocked { run_at_ms: Some(due) });
            end(at, *parent, Status::Completed).await;
            assert_eq!(at.read(*child).await.state, State::Scheduled { run_at_ms: due });
        }
        // Where nothing is open any more the time alone decides.
        let after = NewTask { run_at_ms: Some(due), ..child_of(at, &parents) };
        assert_eq!(created(&submit(at, &[after]).await[0]).0, Status::Scheduled);
    })
    .await;
}

#[tokio::test]
async fn it_joins_a_flow_that_is_there() {
    with_store(async |at| {
        let flow = create_of(at, chain(2)).await;
        let outside = at.submit_many(1).await[0];
        let mut task = child_of(at, &[flow.task(2), outside]);
        task.flow = Some(flow);
        let id = at.submit(&[task]).await[0];
        let joined = self::flow(at, flow).await;
        // The edge that comes from outside is not one of the flow.
        assert_eq!((joined.tasks, joined.edges), (3, 2));
        assert_eq!(at.read(id).await.family.flow, Some(flow));
        unlink(at, outside, id).await;
        unlink(at, flow.task(2), id).await;
        assert_eq!(self::flow(at, flow).await.edges, 1);
        link(at, flow.task(2), id).await;
        link(at, outside, id).await;
        assert_eq!(self::flow(at, flow).await.edges, 2);

        let ghost = at.store.draw_flow(Shard::FIRST);
        let lost = NewTask { flow: Some(ghost), ..at.new_task("noop") };
        let each = refuses_unchanged(at, async || submit(at, std::slice::from_ref(&lost)).await).await;
        let named: TaskId = ghost.to_string().parse().expect("an id");
        assert_eq!(each, [Submitted::Refused { refusal: Refusal::UnknownFlow, other: named }]);
    })
    .await;
}

#[tokio::test]
async fn sent_twice_its_edges_are_there_once() {
    with_store(async |at| {
        let parent = at.submit_many(1).await[0];
        let task = child_of(at, &[parent]);
        let first = try_submit(at, std::slice::from_ref(&task), Some(op("op-1"))).await.expect("an answer");
        // Its own id tells, its idempotency key tells, and its parents belong to the request.
        let again = refuses_unchanged(at, async || submit(at, std::slice::from_ref(&task)).await).await;
        assert!(matches!(again[0], Submitted::Existing { status: Status::Blocked, .. }), "{again:?}");
        let redrawn = child_of(at, &[parent]);
        let again = refuses_unchanged(at, async || try_submit(at, &[redrawn], Some(op("op-1"))).await).await;
        match (first, again.expect("an answer")) {
            (SubmitAnswer::Tasks { each, .. }, SubmitAnswer::Tasks { each: again, replayed: true }) => {
                assert_eq!(each, again);
            }
            other => panic!("not replayed: {other:?}"),
        }
        let alone = at.new_task("noop");
        match try_submit(at, &[alone], Some(op("op-1"))).await.expect("an answer") {
            SubmitAnswer::Refused(refused) => assert_eq!(refused.refusal, Refusal::IdempotencyMismatch),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}
