//! `task/claim` of one task by its id: the same gate and lease, and a reason for every no.

use baton_core::{Refusal, Shard, Status};
use baton_store::State;
use baton_store::calls::task::Claimed;
use baton_testkit::{Life, queue, with_store};

use super::task_claim::pause;
use super::task_support::*;

#[tokio::test]
async fn a_task_is_claimed_by_its_id_out_of_turn_and_from_any_queue() {
    with_store(async |at| {
        let mut far = at.new_task("noop");
        far.queue = queue("far");
        far.priority = priority(0);
        at.submit_many(3).await;
        let far = at.submit(&[far]).await[0];
        let life = Life::new(1, 1);
        let ask = Ask::new(&life, 1).only(far);
        let granted = ask.send(at).await.tasks;
        assert_eq!((ids(&granted), granted[0].redelivered), (vec![far], false));
        // Again, as the answer was lost; and once more, when it is known.
        let again = ask.send(at).await.tasks;
        assert_eq!((again[0].fence, again[0].redelivered), (granted[0].fence, true));
        assert!(ask.holding(&granted).send(at).await.tasks.is_empty());
    })
    .await;
}

#[tokio::test]
async fn more_than_one_is_not_given_for_one_id() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        let granted = Ask::new(&Life::new(1, 1), 3).only(made[1]).send(at).await.tasks;
        assert_eq!(ids(&granted), [made[1]]);
        assert_eq!(listed(at, &queue("default"), Status::Pending).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_task_that_does_not_exist_is_unknown() {
    with_store(async |at| {
        let ghost = at.store.draw(Shard::FIRST);
        let refused = Ask::new(&Life::new(1, 1), 1).only(ghost).refused(at).await;
        assert_eq!(refused, (Refusal::UnknownTask, None));
    })
    .await;
}

#[tokio::test]
async fn every_status_but_pending_is_refused_with_its_name() {
    with_store(async |at| {
        let cases = [
            (Status::Scheduled, Refusal::Conflict),
            (Status::Blocked, Refusal::ParentsOpen),
            (Status::Running, Refusal::Conflict),
            (Status::Completed, Refusal::AlreadyFinished),
            (Status::Failed, Refusal::AlreadyFinished),
            (Status::Timeout, Refusal::AlreadyFinished),
            (Status::Cancelled, Refusal::AlreadyFinished),
        ];
        for (status, refusal) in cases {
            let task = one_in(at, status).await;
            let refused = Ask::new(&Life::new(1, 1), 1).only(task).refused(at).await;
            assert_eq!(refused, (refusal, Some(status.to_string())));
        }
    })
    .await;
}

#[tokio::test]
async fn a_paused_queue_gives_none_by_id_either() {
    with_store(async |at| {
        let made = at.submit_many(1).await;
        pause(at, true).await;
        let ask = Ask::new(&Life::new(1, 1), 1).only(made[0]);
        let refused = ask.refused(at).await;
        assert_eq!(refused, (Refusal::QueuePaused, Some("pending".to_owned())));
        pause(at, false).await;
        ask.send(at).await;
        pause(at, true).await;
        // What it holds is redelivered all the same.
        assert!(ask.send(at).await.tasks[0].redelivered);
    })
    .await;
}

#[tokio::test]
async fn the_gate_puts_a_child_back_that_is_claimed_by_its_id() {
    with_store(async |at| {
        let made = at.submit_many(2).await;
        open_edge(at, made[0]).await;
        let ask = Ask::new(&Life::new(1, 1), 1).only(made[0]);
        match ask.try_send(at).await.expect("an answer") {
            Claimed::Refused(refused) => assert_eq!(refused.refusal, Refusal::ParentsOpen),
            other => panic!("not refused: {other:?}"),
        }
        assert_eq!(at.read(made[0]).await.state, State::Blocked { run_at_ms: None });
        // Now it is where it belongs, so the repeat changes nothing more.
        let refused = ask.refused(at).await;
        assert_eq!(refused, (Refusal::ParentsOpen, Some("blocked".to_owned())));
    })
    .await;
}

#[tokio::test]
async fn the_refusals_of_the_holder_come_before_those_of_the_task() {
    with_store(async |at| {
        let made = at.submit_many(1).await;
        let (old, new) = (Life::new(1, 1), Life::new(1, 2));
        at.claim(&old, 0).await;
        let refused = Ask::new(&new, 1).only(made[0]).refused(at).await;
        assert_eq!(refused, (Refusal::Conflict, Some("b1".to_owned())));
    })
    .await;
}

#[tokio::test]
async fn a_task_refused_by_its_id_makes_no_worker() {
    with_store(async |at| {
        let ghost = at.store.draw(Shard::FIRST);
        let (old, new) = (Life::new(1, 1), Life::new(1, 2));
        at.submit_many(1).await;
        at.claim(&old, 1).await;
        let ask = Ask::new(&new, 1).expects(&old.boot).only(ghost);
        assert_eq!(ask.refused(at).await.0, Refusal::UnknownTask);
    })
    .await;
}
