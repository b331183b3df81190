//! `task/link`: what an edge means for its child at once, by where both of them are.

use baton_core::{OnParentFailure, Refusal, Shard, Status};
use baton_store::State;
use baton_store::calls::task::{EdgeState, HistoryRead, Link, Linked, NewTask, Side};
use baton_testkit::{Life, with_store};

use super::flow_support::*;
use super::task_support::*;
use crate::hand::events;

#[tokio::test]
async fn a_pending_child_is_blocked_and_can_be_claimed_when_its_parent_completes() {
    with_store(async |at| {
        let made = at.submit_many(2).await;
        let (parent, child) = (made[0], made[1]);
        assert_eq!(link(at, parent, child).await, (EdgeState::Open, Status::Blocked, 2));
        let (above, below) = (at.read(parent).await, at.read(child).await);
        assert_eq!((above.version.0, above.family.children, above.family.parents), (1, 1, 0));
        assert_eq!((below.family.parents, below.family.open_parents, below.family.children), (1, 1, 0));
        assert_eq!(edges(at, parent, Side::Children).await, [(child, EdgeState::Open)]);
        assert_eq!(edges(at, child, Side::Parents).await, [(parent, EdgeState::Open)]);

        let granted = at.claim(&Life::new(1, 1), 2).await;
        assert_eq!(ids(&granted), [parent]);
        at.complete(&Life::new(1, 1), &granted[0]).await;
        let below = at.read(child).await;
        assert_eq!((below.state, below.family.open_parents, below.family.parents), (State::Pending, 0, 1));
        assert_eq!(edges(at, parent, Side::Children).await, [(child, EdgeState::Closed)]);
        let granted = at.claim(&Life::new(1, 1), 2).await;
        assert_eq!((ids(&granted), granted[0].parents), (vec![child], 1));
    })
    .await;
}

#[tokio::test]
async fn who_blocked_it_and_who_let_it_go_stand_in_its_history_and_in_the_stream() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        let child = made[2];
        link(at, made[0], child).await;
        link(at, made[1], child).await;
        for parent in &made[..2] {
            end(at, *parent, Status::Completed).await;
        }
        let (first, second) = (format!("parent={}", made[0]), format!("parent={}", made[1]));
        let told: Vec<(String, String)> = events(at)
            .await
            .into_iter()
            .flat_map(|entry| entry.tasks.into_iter().map(move |task| (entry.event.clone(), task)))
            .filter(|(_, task)| task.task == child)
            .map(|(event, task)| (event, task.why.unwrap_or_default()))
            .collect();
        let expected = [("submit", ""), ("block", &first), ("link", &second), ("unblock", &second)];
        let expected = expected.map(|(event, why)| (event.to_owned(), why.to_owned()));
        assert_eq!(told, expected);
        match at.store.history(child).await.expect("an answer") {
            HistoryRead::Entries { entries, .. } => {
                let steps: Vec<&str> = entries.iter().map(|entry| entry.step.as_str()).collect();
                assert_eq!(steps, ["submit", "block", "link", "unblock"]);
                let by = principal();
                assert_eq!(entries[1].detail, format!("{first} by={by}"));
                assert_eq!((entries[1].from, entries[1].to), (Some(Status::Pending), Some(Status::Blocked)));
                assert_eq!((&entries[2].detail, &entries[3].detail), (&format!("{second} by={by}"), &second));
            }
            other => panic!("no history: {other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn a_scheduled_child_keeps_its_time() {
    with_store(async |at| {
        let due = at.now_ms() + 60_000;
        let later = NewTask { run_at_ms: Some(due), ..at.new_task("noop") };
        let (parent, child) = (at.submit_many(1).await[0], at.submit(&[later]).await[0]);
        assert_eq!(link(at, parent, child).await.1, Status::Blocked);
        assert_eq!(at.read(child).await.state, State::Blocked { run_at_ms: Some(due) });
        // Its time passes: it goes on waiting, and then there is nothing more to wait for.
        end(at, parent, Status::Completed).await;
        assert_eq!(at.read(child).await.state, State::Scheduled { run_at_ms: due });
        let other = at.submit_many(1).await[0];
        link(at, other, child).await;
        at.pass_ms(60_000);
        tick(at).await;
        assert_eq!(at.read(child).await.state, State::Blocked { run_at_ms: Some(due) });
        end(at, other, Status::Completed).await;
        assert_eq!(at.read(child).await.state, State::Pending);
    })
    .await;
}

#[tokio::test]
async fn a_child_that_runs_or_has_ended_is_refused() {
    with_store(async |at| {
        let parent = at.submit_many(1).await[0];
        for status in Status::ALL {
            let child = one_in(at, *status).await;
            if *status == Status::Running || status.is_terminal() {
                let refused = link_refused(at, parent, child).await;
                assert_eq!(refused, (Refusal::Conflict, Some(status.to_string())));
                continue;
            }
            assert_eq!(
                link(at, parent, child).await,
                (EdgeState::Open, Status::Blocked, version(at, child).await)
            );
        }
    })
    .await;
}

async fn version(at: &baton_testkit::Fixture, task: baton_core::TaskId) -> u64 {
    at.read(task).await.version.0
}

#[tokio::test]
async fn a_parent_that_has_ended_decides_at_once_by_the_policy_of_the_child() {
    with_store(async |at| {
        for ended in ENDS {
            for policy in OnParentFailure::ALL {
                let parent = at.submit_many(1).await[0];
                let child = NewTask { on_parent_failure: *policy, ..at.new_task("noop") };
                let child = at.submit(&[child]).await[0];
                end(at, parent, ended).await;
                let (state, status, _) = link(at, parent, child).await;
                let expected = match policy {
                    _ if policy.lets_go(ended) => (EdgeState::Closed, Status::Pending, 0),
                    OnParentFailure::Cancel => (EdgeState::Held, Status::Cancelled, 1),
                    _ => (EdgeState::Held, Status::Blocked, 1),
                };
                let read = at.read(child).await;
                assert_eq!((state, status, read.family.open_parents), expected, "{ended} {policy:?}");
                assert_eq!((read.status(), read.family.parents), (status, 1));
                if status == Status::Cancelled {
                    assert_eq!(read.reason, Some(format!("parent={parent} ended {ended}")));
                    assert!(matches!(read.state, State::Cancelled { by: None, .. }));
                }
                end_what_waits(at, child, status).await;
            }
        }
    })
    .await;
}

/// What can be claimed does not stand in the way of the next.
async fn end_what_waits(at: &baton_testkit::Fixture, child: baton_core::TaskId, status: Status) {
    if status == Status::Pending {
        end(at, child, Status::Completed).await;
    }
}

#[tokio::test]
async fn a_child_that_is_cancelled_by_its_policy_takes_its_own_children_along() {
    with_store(async |at| {
        let cancelled = || NewTask { on_parent_failure: OnParentFailure::Cancel, ..at.new_task("noop") };
        let made = at.submit(&[at.new_task("noop"), cancelled(), cancelled(), at.new_task("noop")]).await;
        link(at, made[1], made[2]).await;
        link(at, made[2], made[3]).await;
        end(at, made[0], Status::Failed).await;
        assert_eq!(link(at, made[0], made[1]).await.1, Status::Cancelled);
        let expected = [Status::Failed, Status::Cancelled, Status::Cancelled, Status::Blocked];
        assert_eq!(statuses(at, &made).await, expected);
        assert_eq!(edges(at, made[2], Side::Children).await, [(made[3], EdgeState::Held)]);
    })
    .await;
}

#[tokio::test]
async fn an_edge_that_is_there_is_not_made_again() {
    with_store(async |at| {
        let made = at.submit_many(2).await;
        let (parent, child) = (made[0], made[1]);
        let first = link(at, parent, child).await;
        let again = refuses_unchanged(at, async || link(at, parent, child).await).await;
        assert_eq!(again, first);
        end(at, parent, Status::Failed).await;
        let held = refuses_unchanged(at, async || link(at, parent, child).await).await;
        assert_eq!(held.0, EdgeState::Held);
    })
    .await;
}

#[tokio::test]
async fn the_repeat_of_a_lost_answer_gets_it_and_another_request_does_not() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        let (op, by) = (op("op-1"), principal());
        let ask = Link { parent: made[0], child: made[1], by: Some(&by), op: Some(&op) };
        let first = at.store.link(&ask).await.expect("an answer");
        // The child has gone on meanwhile: the repeat does not block it again.
        unlink(at, made[0], made[1]).await;
        let again = refuses_unchanged(at, async || at.store.link(&ask).await.expect("an answer")).await;
        match (first, again) {
            (
                Linked::Edge { state, status, version, replayed: false },
                Linked::Edge { state: again, status: then, version: at_that, replayed: true },
            ) => assert_eq!((state, status, version), (again, then, at_that)),
            other => panic!("not replayed: {other:?}"),
        }
        let other = Link { parent: made[2], ..ask };
        match refuses_unchanged(at, async || at.store.link(&other).await.expect("an answer")).await {
            Linked::Refused(refused) => assert_eq!(refused.refusal, Refusal::IdempotencyMismatch),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn unknown_tasks_and_newer_releases_are_refused() {
    with_store(async |at| {
        let made = at.submit_many(2).await;
        let ghost = at.store.draw(Shard::FIRST);
        assert_eq!(link_refused(at, made[0], ghost).await, (Refusal::UnknownTask, None));
        assert_eq!(link_refused(at, ghost, made[0]).await, (Refusal::DependencyMissing, None));
        assert_eq!(link_refused(at, ghost, ghost).await.0, Refusal::UnknownTask);
        let elsewhere = at.store.draw(Shard::new(1).expect("a shard"));
        assert_eq!(link_refused(at, elsewhere, made[0]).await, (Refusal::CrossShardLink, None));
        assert_eq!(link_refused(at, made[0], elsewhere).await, (Refusal::CrossShardLink, None));
        make_schema_too_new(at).await;
        assert_eq!(link_refused(at, made[0], made[1]).await.0, Refusal::SchemaTooNew);
    })
    .await;
}
