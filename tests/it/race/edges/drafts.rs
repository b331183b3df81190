//! E4: whoever writes a flow ends anywhere in it. Nobody sees a part of it, who comes again goes on with it, and what nobody
//! goes on with is given up.

use std::sync::Arc;

use baton_core::limits::DRAFT_MS;
use baton_core::{OpId, Shard, Status, TaskId};
use baton_store::Store;
use baton_store::calls::flow::{FlowAnswer, ListFlows, NewFlow, Work};
use baton_store::calls::task::{Order, Start};
use baton_testkit::{FaultProxy, Life, Loss, Then, invariants};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::cmd;

use super::super::arena::{Arena, claim, race_on};
use super::chase::new_task;
use super::fan::drive;
use super::hands::Hands;
use super::record::read_stream;

/// Tasks of a flow that takes 15 calls.
const TASKS: u32 = 1_500;

/// A ladder: each waits for the two before it.
fn ladder(store: &Store, op: &str) -> NewFlow {
    let tasks = (0..TASKS).map(|_| new_task(store, "default")).collect();
    let parents =
        (0..TASKS).map(|at| (at.saturating_sub(1).max(1)..=at).filter(|at| *at > 0).collect()).collect();
    let op = Some(OpId::new(op).expect("an op id"));
    NewFlow { id: store.draw_flow(Shard::FIRST), name: None, tasks, parents, by: None, op }
}

async fn keys(redis: &mut MultiplexedConnection) -> usize {
    cmd("DBSIZE").query_async(redis).await.expect("a number")
}

/// Writes a flow until there are so many keys, and stops there, in the middle of whatever it does.
async fn write_until(arena: &Arena, flow: &NewFlow, most: usize) {
    let (writer, flow) = (arena.stores[0].apart().expect("a store"), flow.clone());
    let writing = tokio::spawn(async move { writer.submit_flow(&flow).await });
    let mut redis = arena.redis.connection().await;
    while keys(&mut redis).await < most {
        assert!(!writing.is_finished(), "it was written to the end before it could be stopped");
        tokio::task::yield_now().await;
    }
    writing.abort();
    assert!(writing.await.is_err_and(|ended| ended.is_cancelled()), "it was written to the end");
    // A call that was under way when its caller ended arrives before whatever we ask then.
    let mut before = 0;
    while std::mem::replace(&mut before, keys(&mut redis).await) != before {
        tokio::task::yield_now().await;
    }
}

async fn nobody_sees_any_of_it(arena: &Arena, flow: &NewFlow) {
    let store = &arena.stores[1];
    assert_eq!(claim(store, &Life::new(1, 1), 10, &[]).await, []);
    let list = ListFlows { order: Order::Up, start: Start::Rank(0), limit: 10 };
    assert_eq!(store.list_flows(Shard::FIRST, list).await.expect("an answer").flows, []);
    let read = store.read_tasks(Shard::FIRST, &[flow.id.task(1)], false).await.expect("an answer");
    assert_eq!(read, [None]);
    invariants::assert_hold(&arena.snapshot().await, "baton:{0}:");
}

/// The flow is there once, with all of its tasks, and runs to its end.
async fn runs_to_its_end(arena: &Arena, answer: FlowAnswer, expected: &NewFlow) {
    let (FlowAnswer::Created { flow } | FlowAnswer::Replayed { flow }) = answer else { panic!("{answer:?}") };
    assert_eq!(flow, expected.id, "what was begun is gone on with");
    let found = arena.stores[1].read_flow(flow).await.expect("an answer").expect("the flow");
    assert_eq!((found.tasks, found.doing), (u64::from(TASKS), None::<Work>));
    let mut hands = Hands::new(arena, 1, Life::new(2, 1), &Arc::default(), &Default::default()).await;
    let mut ran: Vec<TaskId> = Vec::new();
    // A ladder lets one go at a time, so only its beginning is run here.
    while ran.len() < 40 {
        let held = hands.claim(10, None).await;
        assert!(!held.is_empty(), "it stopped after {}", ran.len());
        ran.extend(held.iter().map(|(task, _)| *task));
        hands.complete(&held).await;
    }
    assert_eq!(ran, (1..=40).map(|position| flow.task(position)).collect::<Vec<_>>(), "in order");
    let submitted = read_stream(&arena.stores[1]).await;
    let submitted: usize =
        submitted.iter().filter(|entry| entry.event == "submit").map(|entry| entry.tasks.len()).sum();
    assert_eq!(submitted, TASKS as usize, "each was submitted once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_gone_on_with_by_who_comes_with_the_same_key() {
    for most in [30, 1_000, 4_000] {
        race_on(2, async |arena| {
            let flow = ladder(&arena.stores[0], "nightly");
            write_until(arena, &flow, most).await;
            nobody_sees_any_of_it(arena, &flow).await;
            let again = NewFlow { id: arena.stores[1].draw_flow(Shard::FIRST), ..flow.clone() };
            let answer = arena.stores[1].submit_flow(&again).await.expect("an answer");
            runs_to_its_end(arena, answer, &flow).await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_that_nobody_goes_on_with_is_given_up_and_leaves_nothing() {
    race_on(2, async |arena| {
        let mut redis = arena.redis.connection().await;
        let before = keys(&mut redis).await;
        let flow = ladder(&arena.stores[0], "nightly");
        write_until(arena, &flow, 2_000).await;
        arena.pass_ms(DRAFT_MS - 1);
        assert_eq!(drive(arena.stores[1].clone()).await, 1, "it is still waited for");
        arena.pass_ms(1);
        let drivers = [0, 1].map(|at: usize| tokio::spawn(drive(arena.stores[at].clone())));
        for driver in drivers {
            driver.await.expect("no panic");
        }
        // What stays is the list of queues.
        assert!(keys(&mut redis).await <= before + 1, "{}", arena.snapshot().await);
        let answer = arena.stores[0].submit_flow(&flow).await.expect("an answer");
        runs_to_its_end(arena, answer, &flow).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_whose_submitter_ends_while_it_is_laid_out_is_laid_out_by_others() {
    race_on(2, async |arena| {
        let flow = ladder(&arena.stores[0], "nightly");
        let (writer, writing) = (arena.stores[0].apart().expect("a store"), flow.clone());
        let writing = tokio::spawn(async move { writer.submit_flow(&writing).await });
        let doing = async || {
            let found = arena.stores[1].read_flow(flow.id).await.expect("an answer");
            found.and_then(|found| found.doing)
        };
        while doing().await != Some(Work::LayOut) {
            assert!(!writing.is_finished(), "it was laid out before it could be stopped");
            tokio::task::yield_now().await;
        }
        writing.abort();
        assert!(writing.await.is_err_and(|ended| ended.is_cancelled()), "it was laid out to the end");
        drive(arena.stores[1].clone()).await;
        assert_eq!(doing().await, None);
        let answer = arena.stores[1].submit_flow(&flow).await.expect("an answer");
        assert_eq!(answer, FlowAnswer::Replayed { flow: flow.id });
        runs_to_its_end(arena, answer, &flow).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_who_submit_one_flow_at_once_make_one() {
    race_on(10, async |arena| {
        let flow = ladder(&arena.stores[0], "nightly");
        let answers = arena.together(10, |_, store| {
            let flow = NewFlow { id: store.draw_flow(Shard::FIRST), ..flow.clone() };
            async move { store.submit_flow(&flow).await.expect("an answer") }
        });
        let answers = answers.await;
        let id = |answer: &FlowAnswer| match answer {
            FlowAnswer::Created { flow } | FlowAnswer::Replayed { flow } => *flow,
            FlowAnswer::Refused(refused) => panic!("{refused:?}"),
        };
        let one = NewFlow { id: id(&answers[0]), ..flow };
        assert!(answers.iter().all(|answer| id(answer) == one.id), "{answers:?}");
        runs_to_its_end(arena, answers[0].clone(), &one).await;
    })
    .await;
}

/// Answers are lost, with their connections: a piece may have been written, and is written again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_whose_answers_are_lost_is_written_once() {
    race_on(2, async |arena| {
        let proxy = FaultProxy::start(arena.redis.socket()).await;
        let mut options = baton_store::Options::new(proxy.url().parse().expect("a URL"));
        options.injected_ms = Some(Arc::new(arena.now_ms().into()));
        let (behind, _) = Store::open(options).await.expect("a store behind a proxy");
        let flow = NewFlow { op: None, ..ladder(&arena.stores[0], "nightly") };
        let sha = baton_store::Script::all().iter().find(|script| script.name == "flow/submit").expect("it");
        let mut redis = arena.redis.connection().await;
        let losing = async {
            loop {
                proxy.lose(Loss::to(&sha.sha, Then::Close));
                proxy.lost().await;
                // Its repeat comes through, and something new behind it.
                let before = keys(&mut redis).await;
                while keys(&mut redis).await == before {
                    tokio::task::yield_now().await;
                }
            }
        };
        let answer = tokio::select! {
            answer = behind.submit_flow(&flow) => answer,
            () = losing => panic!("it loses for ever"),
        };
        proxy.pass();
        assert!(proxy.hits().lost > 3, "hardly anything was lost");
        runs_to_its_end(arena, answer.expect("an answer"), &flow).await;
        let counts = arena.stores[1].counts(Shard::FIRST, 0, 10).await.expect("counts");
        let all: u64 = counts.queues.iter().flat_map(|queue| &queue.tasks).map(|(_, count)| count).sum();
        assert_eq!((all, counts.queues[0].of(Status::Completed)), (u64::from(TASKS), 40));
    })
    .await;
}
