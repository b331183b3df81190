//! The same thing asked many times at once: submits under one key, boots of one worker, reruns.

use std::collections::BTreeSet;

use baton_core::{DedupeKey, OpId, Refusal, Shard, TaskId, Version};
use baton_store::Store;
use baton_store::calls::Operated;
use baton_store::calls::task::{NewTask, OnDuplicate, Rerun, Settled, Submission, SubmitAnswer, Submitted};
use baton_store::calls::worker::{Register, Registered};
use baton_testkit::Life;

use super::arena::{complete, hold_back, only_one, race_on, submit};

async fn submit_under(store: Store, task: NewTask, op: OpId) -> (TaskId, bool) {
    let submission = Submission { tasks: &[task], by: None, op: Some(op) };
    match store.submit(&submission).await.expect("an answer") {
        SubmitAnswer::Tasks { each, replayed } => match each[..] {
            [Submitted::Created { id, .. }] => (id, replayed),
            _ => panic!("not created: {each:?}"),
        },
        SubmitAnswer::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_submits_of_one_idempotency_key_make_one_task() {
    race_on(10, async |arena| {
        let answers = arena.together(50, |_, store| {
            submit_under(store, arena.new_task(), OpId::new("order-7").expect("an op id"))
        });
        let answers = answers.await;
        let ids: BTreeSet<TaskId> = answers.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids.len(), 1, "every repeat is answered with the same task");
        assert_eq!(answers.iter().filter(|(_, replayed)| !replayed).count(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_submits_of_one_dedupe_key_make_one_live_task() {
    race_on(10, async |arena| {
        let answers = arena.together(50, |racer, store| {
            let mut task = arena.new_task();
            task.key = Some(DedupeKey::new("k").expect("a key"));
            task.on_duplicate =
                if racer % 2 == 0 { OnDuplicate::Reject } else { OnDuplicate::ReturnExisting };
            async move { submit(&store, &[task]).await.remove(0) }
        });
        let (mut created, mut named) = (Vec::new(), BTreeSet::new());
        for answer in answers.await {
            match answer {
                Submitted::Created { id, .. } => created.push(id),
                Submitted::Duplicate { id, .. } => _ = named.insert(id),
                Submitted::Refused { refusal: Refusal::DuplicateKey, other } => _ = named.insert(other),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(created.len(), 1);
        assert_eq!(named, created.into_iter().collect(), "all others are told of that one");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_boots_that_follow_one_exactly_one_becomes_current() {
    race_on(2, async |arena| {
        let mut won = [0, 0];
        let old = Life::new(0, 0);
        for round in 0..100_u32 {
            // A worker of its own each time, as its past boots are remembered.
            let old = Life { worker: Life::new(round, 0).worker, boot: old.boot.clone() };
            let grant = arena.held_by(&old).await;
            let register = |racer: usize, store: Store| {
                let (life, expects) = (Life::new(round, 1 + racer as u32), old.boot.clone());
                async move {
                    hold_back(if racer == round as usize % 2 { 0 } else { round as usize % 13 }).await;
                    let (worker, boot, expects) = (&life.worker, &life.boot, Some(&expects));
                    let register = Register { worker, boot, expects, lease: Default::default(), about: &[] };
                    store.register(Shard::FIRST, &register).await.expect("an answer")
                }
            };
            let answers = arena.together(2, register).await;
            let winner = answers.iter().position(|answer| matches!(answer, Registered::Current { .. }));
            let winner = winner.expect("one is current");
            assert!(matches!(answers[winner], Registered::Current { taken_over: 1, .. }), "{answers:?}");
            let current = Life::new(round, 1 + winner as u32);
            match &answers[1 - winner] {
                Registered::Refused(no) => {
                    assert_eq!(no.refusal, Refusal::Conflict);
                    assert_eq!(no.detail.as_deref(), Some(current.boot.as_str()));
                }
                both => panic!("both are current: {both:?}"),
            }
            won[winner] += 1;
            let settled = complete(&arena.stores[0], &old, &grant).await;
            let fenced = matches!(settled, Settled::Refused { refusal: Refusal::Fenced, .. });
            assert!(fenced, "the old boot lost its task: {settled:?}");
        }
        assert!(won[0] > 0 && won[1] > 0, "{won:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_reruns_at_once_are_one_new_run() {
    race_on(10, async |arena| {
        let life = Life::new(0, 1);
        let grant = arena.held_by(&life).await;
        complete(&arena.stores[0], &life, &grant).await;
        let task = grant.task;
        let answers = arena.together(50, move |_, store| async move {
            let ask = Rerun { tasks: &[task], by: None, reason: "", op: None };
            only_one(store.rerun(Shard::FIRST, &ask).await.expect("an answer"))
        });
        let mut moved = 0;
        for answer in answers.await {
            match answer {
                Operated::Moved { version, .. } => {
                    moved += 1;
                    assert_eq!(version, Version(4));
                }
                Operated::Refused { refusal, .. } => assert_eq!(refusal, Refusal::Conflict),
            }
        }
        assert_eq!(moved, 1);
    })
    .await;
}
