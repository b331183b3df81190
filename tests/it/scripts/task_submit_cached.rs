//! `task/submit` where another task has completed with the same words; and results that are kept for a time only.

use baton_core::{Status, TaskId, limits};
use baton_store::State;
use baton_store::calls::Answered;
use baton_store::calls::task::{NewTask, Rerun, SubmitAnswer, Submitted};
use baton_testkit::{Fixture, Life, queue, with_store};

use super::task_submit::{submit, try_submit};
use super::task_support::*;
use crate::hand;

const TTL: u64 = 60_000;

fn cached(at: &Fixture) -> NewTask {
    NewTask { cache_ttl_ms: Some(TTL), ..at.new_task("noop") }
}

/// Submits it, and lets it complete with this result.
async fn completed(at: &Fixture, task: NewTask, result: &[u8]) -> TaskId {
    let life = Life::new(1, 1);
    let id = at.submit(&[task]).await[0];
    let grant = at.claim(&life, 1).await.remove(0);
    assert_eq!(grant.task, id);
    at.report(&life, id, grant.fence, done_with(result)).await;
    id
}

/// Which task answers in its place.
async fn answers(at: &Fixture, task: NewTask) -> Option<TaskId> {
    match submit(at, &[task]).await[0] {
        Submitted::Cached { id, status: Status::Completed, .. } => Some(id),
        Submitted::Created { .. } => None,
        ref other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_same_words_get_the_result_and_no_task_is_made() {
    with_store(async |at| {
        for payload in [b"{}".to_vec(), vec![b'7'; 99], Vec::new()] {
            let task = || NewTask { payload: payload.clone(), ..cached(at) };
            let first = completed(at, task(), b"42").await;
            at.pass_ms(9);
            let ask = async || answers(at, task()).await;
            assert_eq!(refuses_unchanged(at, ask).await, Some(first));
        }
    })
    .await;
}

#[tokio::test]
async fn other_words_and_those_who_want_no_such_answer_get_a_task() {
    with_store(async |at| {
        completed(at, cached(at), b"42").await;
        completed(at, NewTask { queue: Default::default(), ..at.new_task("noop") }, b"43").await;
        let others = [
            at.new_task("noop"),
            NewTask { payload: b"{ }".to_vec(), ..cached(at) },
            NewTask { queue: queue("other"), ..cached(at) },
            NewTask { cache_ttl_ms: Some(TTL), ..at.new_task("other") },
        ];
        for other in others {
            assert_eq!(answers(at, other.clone()).await, None, "{other:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn two_payloads_are_told_apart_even_under_one_digest() {
    with_store(async |at| {
        let first = completed(at, cached(at), b"42").await;
        let other = NewTask { payload: b"[]".to_vec(), ..cached(at) };
        let id = completed(at, other.clone(), b"43").await;
        let digest = hand::field(at, &format!("task:{id}"), "cache").await;
        hand::by_hand::<()>(at, &format!("SET baton:{{0}}:cache:{digest} {first} PX 60000")).await;
        assert_eq!(answers(at, NewTask { id: at.new_task("noop").id, ..other }).await, None);
    })
    .await;
}

#[tokio::test]
async fn neither_the_one_who_made_it_nor_the_one_who_asks_gets_it_older_than_he_wants() {
    with_store(async |at| {
        let first = completed(at, cached(at), b"42").await;
        at.pass_ms(5_000);
        let within = |ms| NewTask { cache_ttl_ms: Some(ms), ..cached(at) };
        assert_eq!(answers(at, within(5_001)).await, Some(first));
        assert_eq!(answers(at, within(5_000)).await, None);
        // The server itself forgets where it is found, by its own clock.
        let key = hand::by_hand::<Vec<String>>(at, "KEYS baton:{0}:cache:*").await.remove(0);
        let left: u64 = hand::by_hand(at, &format!("PTTL {key}")).await;
        assert!((1..=TTL).contains(&left), "{left}");
    })
    .await;
}

#[tokio::test]
async fn one_that_failed_was_rerun_or_has_gone_answers_nobody() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let bad = at.submit(&[NewTask { max_attempts: 1, ..cached(at) }]).await[0];
        let grant = at.claim(&life, 1).await.remove(0);
        at.report(&life, bad, grant.fence, fail("no")).await;
        let first = completed(at, cached(at), b"42").await;
        let rerun = Rerun { tasks: &[first], by: None, reason: "", op: None };
        assert!(matches!(at.store.rerun(first.shard(), &rerun).await, Ok(Answered::Tasks { .. })));
        assert_eq!(
            answers(at, NewTask { run_at_ms: Some(at.now_ms() + 9_000_000_000), ..cached(at) }).await,
            None
        );
        // Once it has completed again, it does.
        let grant = at.claim(&life, 1).await.remove(0);
        assert_eq!(grant.task, first);
        at.report(&life, first, grant.fence, done_with(b"43")).await;
        assert_eq!(answers(at, cached(at)).await, Some(first));
        at.pass_ms(limits::RETENTION_MS as i64 + 1);
        tick(at).await;
        assert!(hand::by_hand::<Vec<String>>(at, "KEYS baton:{0}:cache:*").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_repeat_under_an_idempotency_key_gets_the_same_answer() {
    with_store(async |at| {
        let first = completed(at, cached(at), b"42").await;
        for replayed in [false, true] {
            let answer = try_submit(at, &[cached(at)], Some(op("key-1"))).await.expect("an answer");
            let SubmitAnswer::Tasks { each, replayed: told } = answer else { panic!("{answer:?}") };
            assert!(matches!(each[0], Submitted::Cached { id, .. } if id == first), "{each:?}");
            assert_eq!(told, replayed);
        }
    })
    .await;
}

#[tokio::test]
async fn a_task_that_depends_on_more_than_its_words_takes_no_part() {
    with_store(async |at| {
        let parent = at.submit_many(1).await[0];
        let child = NewTask { parents: vec![parent], ..cached(at) };
        let flow = NewTask { flow: Some(at.store.draw_flow(parent.shard())), ..cached(at) };
        for ttl in [999, limits::CACHE_TTL_MS_MAX + 1] {
            let task = NewTask { cache_ttl_ms: Some(ttl), ..cached(at) };
            invalid(refuses_unchanged(at, async || try_submit(at, &[task], None).await).await);
        }
        for task in [child, flow] {
            invalid(refuses_unchanged(at, async || try_submit(at, &[task], None).await).await);
        }
    })
    .await;
}

#[tokio::test]
async fn a_result_goes_when_its_time_is_over_and_the_task_stays() {
    with_store(async |at| {
        for result in [b"4".to_vec(), vec![b'7'; 99]] {
            let short = NewTask { result_ttl_ms: Some(5_000), ..cached(at) };
            let id = completed(at, short, &result).await;
            let until = at.now_ms() + 5_000;
            let is = |state: State, expected: Option<Vec<u8>>| {
                let State::Completed { result, result_until_ms, .. } = state else { panic!("{state:?}") };
                assert_eq!((result, result_until_ms), (expected, Some(until)));
            };
            is(at.read(id).await.state, Some(result.clone()));
            let key = at.store.keys(id.shard()).expect("its shard").task(id) + ":result";
            let left: u64 = hand::by_hand(at, &format!("PTTL {key}")).await;
            assert!((1..=5_000).contains(&left), "{left}");
            // As Redis does when the time has come.
            hand::by_hand::<()>(at, &format!("DEL {key}")).await;
            is(at.read(id).await.state, None);
            at.pass_ms(5_000);
            assert_eq!(answers(at, cached(at)).await, None, "no result, no answer");
            let spare = at.claim(&Life::new(1, 1), 9).await;
            assert_eq!(spare.len(), 1);
            at.complete(&Life::new(1, 1), &spare[0]).await;
            at.pass_ms(TTL as i64);
        }
    })
    .await;
}

#[tokio::test]
async fn a_rerun_forgets_when_the_result_of_before_was_to_go() {
    with_store(async |at| {
        let id = completed(at, NewTask { result_ttl_ms: Some(5_000), ..at.new_task("noop") }, b"4").await;
        let rerun = Rerun { tasks: &[id], by: None, reason: "", op: None };
        assert!(matches!(at.store.rerun(id.shard(), &rerun).await, Ok(Answered::Tasks { .. })));
        let life = Life::new(1, 1);
        let grant = at.claim(&life, 1).await.remove(0);
        at.complete(&life, &grant).await;
        let State::Completed { result, result_until_ms, .. } = at.read(id).await.state else {
            panic!("completed")
        };
        assert_eq!((result, result_until_ms), (None, None));
    })
    .await;
}
