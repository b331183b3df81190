//! `task/unlink`: an edge is taken away from both sides, and counted down only if it was open.

use baton_core::{OnParentFailure, Refusal, Shard, Status};
use baton_store::State;
use baton_store::calls::task::{EdgeState, NewTask, Side, Unlink, Unlinked};
use baton_testkit::{Life, with_store};

use super::flow_support::*;
use super::task_support::*;
use crate::hand::{events, steps};

#[tokio::test]
async fn one_that_waited_for_nothing_else_goes_on_in_the_same_step() {
    with_store(async |at| {
        let made = at.submit_many(2).await;
        let (parent, child) = (made[0], made[1]);
        link(at, parent, child).await;
        assert_eq!(unlink(at, parent, child).await, (true, Status::Pending, 3));
        let (above, below) = (at.read(parent).await, at.read(child).await);
        assert_eq!((above.family.children, below.family.parents, below.family.open_parents), (0, 0, 0));
        assert!(edges(at, parent, Side::Children).await.is_empty());
        assert!(edges(at, child, Side::Parents).await.is_empty());
        assert_eq!(steps(at, child).await, ["submit", "block", "unblock"]);
        let last = events(at).await.pop().expect("an event");
        assert_eq!(last.tasks[0].why, Some(format!("unlinked={parent}")));
        assert_eq!(last.by, Some(principal()));
        assert_eq!(at.claim(&Life::new(1, 1), 2).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn one_that_waits_for_another_goes_on_waiting() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        link(at, made[0], made[2]).await;
        link(at, made[1], made[2]).await;
        assert_eq!(unlink(at, made[0], made[2]).await, (true, Status::Blocked, 4));
        let read = at.read(made[2]).await;
        assert_eq!((read.family.parents, read.family.open_parents), (1, 1));
        assert_eq!(steps(at, made[2]).await, ["submit", "block", "link", "unlink"]);
        // The one it does not wait for any more may end as it likes.
        end(at, made[0], Status::Completed).await;
        assert_eq!(at.read(made[2]).await.status(), Status::Blocked);
        end(at, made[1], Status::Completed).await;
        assert_eq!(at.read(made[2]).await.status(), Status::Pending);
    })
    .await;
}

#[tokio::test]
async fn a_scheduled_one_goes_back_to_its_time() {
    with_store(async |at| {
        let due = at.now_ms() + 60_000;
        let later = NewTask { run_at_ms: Some(due), ..at.new_task("noop") };
        let (parent, child) = (at.submit_many(1).await[0], at.submit(&[later]).await[0]);
        link(at, parent, child).await;
        assert_eq!(unlink(at, parent, child).await.1, Status::Scheduled);
        assert_eq!(at.read(child).await.state, State::Scheduled { run_at_ms: due });
        link(at, parent, child).await;
        at.pass_ms(60_000);
        assert_eq!(unlink(at, parent, child).await.1, Status::Pending);
    })
    .await;
}

#[tokio::test]
async fn a_closed_edge_is_not_counted_down_again() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        for parent in &made[..2] {
            link(at, *parent, made[2]).await;
        }
        end(at, made[0], Status::Completed).await;
        assert_eq!(unlink(at, made[0], made[2]).await.1, Status::Blocked);
        let read = at.read(made[2]).await;
        assert_eq!((read.family.parents, read.family.open_parents), (1, 1));
        // Nor does it disturb one that runs by now.
        end(at, made[1], Status::Completed).await;
        let life = Life::new(2, 1);
        let grant = at.claim(&life, 1).await.remove(0);
        assert_eq!(unlink(at, made[1], made[2]).await.1, Status::Running);
        assert_eq!(settle(at, &life, &grant, done_with(b"well")).await.0, Status::Completed);
    })
    .await;
}

#[tokio::test]
async fn one_that_is_held_is_set_free() {
    with_store(async |at| {
        for ended in &ENDS[1..] {
            let made = at.submit_many(2).await;
            link(at, made[0], made[1]).await;
            end(at, made[0], *ended).await;
            assert_eq!(edges(at, made[1], Side::Parents).await, [(made[0], EdgeState::Held)]);
            assert_eq!(unlink(at, made[0], made[1]).await.1, Status::Pending);
            // The parent holds nobody any more, and may run again for itself.
            rerun(at, &made[..1]).await;
            assert_eq!(at.read(made[1]).await.status(), Status::Pending);
            end(at, made[0], Status::Completed).await;
            end(at, made[1], Status::Completed).await;
        }
    })
    .await;
}

#[tokio::test]
async fn one_that_has_ended_is_counted_down_and_stays_where_it_is() {
    with_store(async |at| {
        let child = NewTask { on_parent_failure: OnParentFailure::Cancel, ..at.new_task("noop") };
        let made = at.submit(&[at.new_task("noop"), at.new_task("noop"), child]).await;
        link(at, made[0], made[2]).await;
        link(at, made[1], made[2]).await;
        end(at, made[0], Status::Failed).await;
        assert_eq!(at.read(made[2]).await.family.open_parents, 2);
        for (parent, left) in [(made[0], 1), (made[1], 0)] {
            assert_eq!(unlink(at, parent, made[2]).await.1, Status::Cancelled);
            assert_eq!(at.read(made[2]).await.family.open_parents, left);
        }
        assert_eq!(outcomes(&rerun(at, &made[2..]).await), [Ok(Status::Pending)]);
    })
    .await;
}

#[tokio::test]
async fn where_there_is_no_such_edge_nothing_changes() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        link(at, made[0], made[1]).await;
        let ghost = at.store.draw(Shard::FIRST);
        for (parent, child) in [(made[1], made[0]), (made[2], made[1]), (ghost, made[1]), (made[1], made[1])]
        {
            let (was_there, status, _) =
                refuses_unchanged(at, async || unlink(at, parent, child).await).await;
            assert_eq!((was_there, status), (false, at.read(child).await.status()));
        }
    })
    .await;
}

#[tokio::test]
async fn the_repeat_of_a_lost_answer_gets_it_and_another_request_does_not() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        link(at, made[0], made[1]).await;
        let (op, by) = (op("op-1"), principal());
        let ask = Unlink { parent: made[0], child: made[1], by: Some(&by), op: Some(&op) };
        at.store.unlink(&ask).await.expect("an answer");
        // Somebody linked them again meanwhile: the repeat leaves that edge alone.
        link(at, made[0], made[1]).await;
        let again = refuses_unchanged(at, async || at.store.unlink(&ask).await.expect("an answer")).await;
        assert!(
            matches!(again, Unlinked::Edge { was_there: true, status: Status::Pending, replayed: true, .. }),
            "{again:?}"
        );
        let other = Unlink { parent: made[2], ..ask };
        match refuses_unchanged(at, async || at.store.unlink(&other).await.expect("an answer")).await {
            Unlinked::Refused(refused) => assert_eq!(refused.refusal, Refusal::IdempotencyMismatch),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn unknown_children_and_newer_releases_are_refused() {
    with_store(async |at| {
        let parent = at.submit_many(1).await[0];
        let child = at.store.draw(Shard::FIRST);
        let ask = Unlink { parent, child, by: None, op: None };
        for expected in [Refusal::UnknownTask, Refusal::SchemaTooNew] {
            match refuses_unchanged(at, async || at.store.unlink(&ask).await.expect("an answer")).await {
                Unlinked::Refused(refused) => assert_eq!(refused.refusal, expected),
                other => panic!("not refused: {other:?}"),
            }
            make_schema_too_new(at).await;
        }
    })
    .await;
}
