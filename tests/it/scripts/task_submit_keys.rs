//! `task/submit` and its two keys: the idempotency key of the call, and the dedupe key of a task.

use baton_core::{Refusal, Shard, Status, TaskId};
use baton_store::calls::task::{NewTask, OnDuplicate, SubmitAnswer, Submitted};
use baton_testkit::{Fixture, Life, queue, with_store};

use super::task_submit::{submit, try_submit};
use super::task_support::*;

fn duplicate_of(id: TaskId) -> impl Fn(&Submitted) -> bool {
    move |one| matches!(one, Submitted::Duplicate { id: other, .. } if *other == id)
}

/// A task with the key `k`, under a new id.
fn keyed(at: &Fixture) -> NewTask {
    with_key(at.new_task("noop"), "k")
}

fn rejecting(at: &Fixture) -> NewTask {
    NewTask { on_duplicate: OnDuplicate::Reject, ..keyed(at) }
}

#[tokio::test]
async fn a_repeat_under_an_idempotency_key_gets_the_first_answer() {
    with_store(async |at| {
        let draw = || vec![at.new_task("noop"), keyed(at)];
        let first = try_submit(at, &draw(), Some(op("key-1"))).await.expect("an answer");
        let SubmitAnswer::Tasks { each: created, replayed: false } = first else {
            panic!("not carried out: {first:?}");
        };
        // The ids are drawn anew by whoever repeats it, and the task has gone on meanwhile.
        at.claim(&Life::new(1, 1), 2).await;
        let again = refuses_unchanged(at, async || try_submit(at, &draw(), Some(op("key-1"))).await).await;
        let expected = SubmitAnswer::Tasks { each: created, replayed: true };
        assert_eq!(again.expect("an answer"), expected);
    })
    .await;
}

#[tokio::test]
async fn another_request_under_the_same_idempotency_key_is_refused() {
    with_store(async |at| {
        let first = keyed(at);
        let sent = try_submit(at, std::slice::from_ref(&first), Some(op("key-1"))).await;
        sent.expect("an answer");
        let id = || at.store.draw(Shard::FIRST);
        let of_first = |change: fn(&mut NewTask)| {
            let mut other = NewTask { id: id(), ..first.clone() };
            change(&mut other);
            vec![other]
        };
        let mut others = vec![
            of_first(|task| task.payload = b"{ }".to_vec()),
            of_first(|task| task.payload = Vec::new()),
            of_first(|task| task.queue = queue("other")),
            of_first(|task| task.priority = priority(6)),
            of_first(|task| task.run_at_ms = Some(5)),
            of_first(|task| task.timeout_ms = 1_000),
            of_first(|task| task.max_attempts = 1),
            of_first(|task| task.max_crashes = 1),
            of_first(|task| task.key = None),
            of_first(|task| task.on_duplicate = OnDuplicate::Reject),
            of_first(|task| task.kind = baton_testkit::kind("other")),
        ];
        others.push([of_first(|_| {}), of_first(|_| {})].concat());
        for other in &others {
            let ask = async || try_submit(at, other, Some(op("key-1"))).await;
            match refuses_unchanged(at, ask).await.expect("an answer") {
                SubmitAnswer::Refused(refused) => {
                    assert_eq!(refused.refusal, Refusal::IdempotencyMismatch);
                }
                taken => panic!("not refused: {taken:?} for {other:?}"),
            }
        }
        let free = try_submit(at, &[at.new_task("noop")], Some(op("key-2"))).await;
        assert!(matches!(free, Ok(SubmitAnswer::Tasks { replayed: false, .. })));
    })
    .await;
}

#[tokio::test]
async fn a_repeat_that_is_traced_anew_is_the_same_request() {
    with_store(async |at| {
        let parents = [
            None,
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736-53995c3f42cd8ad8-00".to_owned()),
        ];
        for (number, parent) in parents.iter().enumerate() {
            let traced = |parent: &Option<String>| NewTask {
                traceparent: parent.clone(),
                ..with_key(at.new_task("noop"), &format!("k{number}"))
            };
            let ask = async |parent: &Option<String>| {
                let key = op(&format!("key-{number}"));
                try_submit(at, &[traced(parent)], Some(key)).await.expect("an answer")
            };
            let SubmitAnswer::Tasks { each, replayed: false } = ask(parent).await else {
                panic!("not carried out");
            };
            for other in &parents {
                let again = refuses_unchanged(at, async || ask(other).await).await;
                assert_eq!(again, SubmitAnswer::Tasks { each: each.clone(), replayed: true });
            }
            // The task keeps the trace that it was made under.
            let [Submitted::Created { id, .. }] = each[..] else {
                panic!("not created: {each:?}");
            };
            assert_eq!(at.read(id).await.traceparent, *parent);
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_duplicate_is_remembered_too() {
    with_store(async |at| {
        let holder = keyed(at);
        submit(at, std::slice::from_ref(&holder)).await;
        let refused = vec![Submitted::Refused { refusal: Refusal::DuplicateKey, other: holder.id }];
        for replayed in [false, true] {
            let answer = try_submit(at, &[rejecting(at)], Some(op("key-1"))).await;
            let expected = SubmitAnswer::Tasks { each: refused.clone(), replayed };
            assert_eq!(answer.expect("an answer"), expected);
            cancel(at, &[holder.id]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_live_task_keeps_its_key_to_itself() {
    with_store(async |at| {
        let holder = keyed(at);
        submit(at, std::slice::from_ref(&holder)).await;
        let again = [keyed(at)];
        let each = refuses_unchanged(at, async || submit(at, &again).await).await;
        assert!(duplicate_of(holder.id)(&each[0]), "{each:?}");
        let rejected = [rejecting(at)];
        let each = refuses_unchanged(at, async || submit(at, &rejected).await).await;
        let refused = Submitted::Refused { refusal: Refusal::DuplicateKey, other: holder.id };
        assert_eq!(each, [refused]);
        // In another queue the key is free.
        let elsewhere = NewTask { queue: queue("elsewhere"), ..rejecting(at) };
        at.submit(&[elsewhere]).await;
    })
    .await;
}

#[tokio::test]
async fn a_key_twice_within_one_call_goes_to_the_first() {
    with_store(async |at| {
        let tasks = [keyed(at), keyed(at), rejecting(at), at.new_task("noop")];
        let each = submit(at, &tasks).await;
        assert!(matches!(each[0], Submitted::Created { id, .. } if id == tasks[0].id));
        assert!(duplicate_of(tasks[0].id)(&each[1]), "{each:?}");
        assert!(matches!(each[2], Submitted::Refused { other, .. } if other == tasks[0].id));
        assert!(matches!(each[3], Submitted::Created { .. }));
        // And the whole call again: the first is known by its id, the others by their key.
        let again = refuses_unchanged(at, async || submit(at, &tasks).await).await;
        assert!(matches!(again[0], Submitted::Existing { .. }), "{again:?}");
        assert!(duplicate_of(tasks[0].id)(&again[1]), "{again:?}");
    })
    .await;
}

#[tokio::test]
async fn every_end_frees_the_key_and_nothing_else_does() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        for end in ["complete", "fail", "time out", "cancel", "cancel running", "poison"] {
            let holder = NewTask { max_attempts: 2, max_crashes: 1, ..keyed(at) };
            at.submit(std::slice::from_ref(&holder)).await;
            let claim = async || Ask::new(&life, 1).only(holder.id).send(at).await.tasks.remove(0);
            let taken = async || duplicate_of(holder.id)(&submit(at, &[keyed(at)]).await[0]);
            // Running, given back, failed with an attempt left: it lives.
            let grant = claim().await;
            assert!(taken().await);
            settle(at, &life, &grant, release()).await;
            assert!(taken().await);
            let broken = baton_store::calls::task::Outcome::Fail {
                error: Vec::new(),
                reason: String::new(),
                retry_in_ms: Some(0),
            };
            settle(at, &life, &claim().await, broken).await;
            assert!(taken().await);
            at.pass_ms(1_000);
            tick(at).await;
            let expected = match end {
                "complete" => settle(at, &life, &claim().await, done_with(b"")).await.0,
                "fail" => settle(at, &life, &claim().await, fail("x")).await.0,
                "time out" => {
                    let timeout = baton_store::calls::task::Outcome::TimeOut { error: Vec::new() };
                    settle(at, &life, &claim().await, timeout).await.0
                }
                "cancel" => {
                    cancel(at, &[holder.id]).await;
                    Status::Cancelled
                }
                "cancel running" => {
                    claim().await;
                    cancel(at, &[holder.id]).await;
                    Status::Cancelled
                }
                _ => {
                    claim().await;
                    crash(at).await;
                    Status::Failed
                }
            };
            assert_eq!(at.read(holder.id).await.status(), expected, "{end}");
            let next = at.submit(&[rejecting(at)]).await;
            cancel(at, &next).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_rerun_takes_its_key_again_or_is_refused() {
    with_store(async |at| {
        let (first, second) = (keyed(at), keyed(at));
        at.submit(std::slice::from_ref(&first)).await;
        cancel(at, &[first.id]).await;
        at.submit(std::slice::from_ref(&second)).await;
        let refused = refuses_unchanged(at, async || rerun(at, &[first.id]).await).await;
        assert_eq!(outcomes(&refused), [Err(Refusal::DuplicateKey)]);
        cancel(at, &[second.id]).await;
        // Of two in one call the first gets it.
        let each = rerun(at, &[first.id, second.id]).await;
        assert_eq!(outcomes(&each), [Ok(Status::Pending), Err(Refusal::DuplicateKey)]);
        assert!(duplicate_of(first.id)(&submit(at, &[keyed(at)]).await[0]));
    })
    .await;
}
