//! What a run is told of those that its task waited for.

use std::sync::Arc;

use baton_core::{LeaseLength, OnParentFailure, Shard, Status, TaskId};
use baton_store::State;
use baton_store::calls::flow::{FlowAnswer, NewFlow};
use baton_store::calls::task::Parents;
use baton_store::calls::task::{Cancel, NewTask};
use baton_store::script::Script;
use baton_testkit::{FaultProxy, Loss, Then};
use baton_worker::{End, Handlers, Run};

use super::support::{Count, Place, Worker, kind, open, options, until};

/// `make` completes with its payload, `fail` never does, and `gather` with what its parents resulted in.
fn all(gathered: &Count) -> Handlers {
    let mut handlers = Handlers::default();
    let make = async |run: Run| End::Complete(run.grant.payload.clone());
    let fail = async |_run: Run| End::Fail { error: "no".to_owned(), reason: String::new() };
    let gathered = gathered.clone();
    let gather = move |run: Run| {
        gathered.up();
        std::future::ready(End::Complete(words(&run.parents)))
    };
    handlers.add(kind("make"), make).expect("one handler");
    handlers.add(kind("fail"), fail).expect("one handler");
    handlers.add(kind("gather"), gather).expect("one handler");
    handlers
}

fn words(parents: &Arc<Parents>) -> Vec<u8> {
    let word = |(name, parent): (String, &baton_store::calls::task::Parent)| {
        let result = parent.result.as_deref().map_or("nothing".into(), String::from_utf8_lossy);
        format!("{name} {} {result}", parent.status)
    };
    let words: Vec<String> = parents.named().map(word).collect();
    format!("{words:?}").into_bytes()
}

fn task(at: &Place, name: &str, of: &str, payload: &str) -> NewTask {
    let mut task = NewTask::new(at.store.draw(Shard::FIRST), kind(of), payload);
    task.name = name.parse().ok();
    task
}

/// A flow in which a last task waits for all the others, and runs whatever becomes of them. Answers that one.
async fn fan_in(at: &Place, mut tasks: Vec<NewTask>) -> TaskId {
    let all: Vec<u32> = (1..=tasks.len() as u32).collect();
    let mut parents = vec![Vec::new(); tasks.len()];
    tasks.push(NewTask { on_parent_failure: OnParentFailure::Run, ..task(at, "", "gather", "null") });
    parents.push(all);
    let (id, last) = (at.store.draw_flow(Shard::FIRST), tasks.len() as u32);
    let flow = NewFlow { id, name: None, tasks, parents, by: None, op: None };
    assert_eq!(at.store.submit_flow(&flow).await.expect("an answer"), FlowAnswer::Created { flow: id });
    id.task(last)
}

/// A task that waits for another which completes with `"made"`.
async fn pair(at: &Place, change: impl FnOnce(&mut NewTask)) -> (TaskId, TaskId) {
    let parent = at.submit("make", r#""made""#).await;
    let change = |task: &mut NewTask| {
        task.parents = vec![parent];
        change(task);
    };
    let child = at.submit_task(change, "gather").await;
    (parent, child)
}

async fn result(at: &Place, task: TaskId) -> String {
    let done = at.until_status(task, Status::Completed).await;
    let State::Completed { result, .. } = done.state else { panic!("completed") };
    String::from_utf8(result.unwrap_or_default()).expect("text")
}

/// Loses the answer to every read of parents, and to nothing else.
fn lose_reads(proxy: &FaultProxy) {
    let script = Script::all().iter().find(|script| script.name == "task/parents").expect("the script");
    proxy.lose(Loss::to(&script.sha, Then::Close).times(10_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_sees_what_its_parents_resulted_in() {
    let at = Place::start().await;
    let long = format!("\"{}\"", "x".repeat(1_000));
    let make = |name, payload| task(&at, name, "make", payload);
    let parents = vec![make("a", "1"), make("b", &long), task(&at, "c", "fail", "null")];
    let gathering = fan_in(&at, parents).await;
    let worker = Worker::start(&at.store, all(&Count::default()), options(1));
    let expected = format!("{:?}", ["a completed 1", &format!("b completed {long}"), "c failed nothing"]);
    assert_eq!(result(&at, gathering).await, expected);

    let (parent, child) = pair(&at, |_| {}).await;
    let expected = format!("{:?}", [format!("{parent} completed \"made\"")]);
    assert_eq!(result(&at, child).await, expected);
    assert_eq!(at.steps(child).await, ["submit", "unblock", "claim", "complete"]);
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_parents_are_told_of_in_the_order_of_the_flow() {
    let at = Place::start().await;
    for (count, told) in [(250, 250), (1_000, 1_000), (1_001, 1_000)] {
        let tasks = (0..count).map(|number| task(&at, &format!("p{number}"), "make", "null")).collect();
        let child = fan_in(&at, tasks).await;
        let parents = at.store.parents(child).await.expect("an answer");
        let words: Vec<String> = parents.named().map(|(word, _)| word).collect();
        let expected: Vec<String> = (0..told).map(|number| format!("p{number}")).collect();
        assert_eq!((words, parents.truncated), (expected, count > told));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_do_not_fit_are_left_out_and_it_is_told() {
    let at = Place::start().await;
    let worker = Worker::start(&at.store, all(&Count::default()), options(1));
    let large = format!("\"{}\"", "x".repeat(600_000));
    let mut parents = Vec::new();
    for payload in [large.as_str(), large.as_str(), "3"] {
        let parent = at.submit("make", payload).await;
        at.until_status(parent, Status::Completed).await;
        parents.push(parent);
    }
    let child = at.submit_task(|task| task.parents = parents.clone(), "gather").await;
    at.until_status(child, Status::Completed).await;
    let told = at.store.parents(child).await.expect("an answer");
    let lengths: Vec<Option<usize>> =
        parents.iter().map(|id| told.each.iter().find(|parent| parent.id == *id)).map(length).collect();
    assert!(told.truncated);
    assert_eq!(lengths.iter().filter(|length| **length == Some(600_002)).count(), 1, "{lengths:?}");
    assert_eq!(lengths[2], Some(1), "{lengths:?}");
    worker.drain().await;
}

fn length(parent: Option<&baton_store::calls::task::Parent>) -> Option<usize> {
    parent.expect("every parent is named").result.as_ref().map(Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_parents_cannot_be_read_waits_for_them_under_its_lease() {
    let at = Place::start().await;
    let proxy = FaultProxy::start(at.redis.socket()).await;
    let gathered = Count::default();
    let mut patient = options(1);
    patient.lease = LeaseLength::from_ms(10_000).expect("a lease");
    let worker = Worker::start(&open(&proxy.url()).await, all(&gathered), patient);
    lose_reads(&proxy);
    let (_, child) = pair(&at, |_| {}).await;
    at.until_status(child, Status::Running).await;
    // More often than the store asks by itself.
    proxy.until(|hits| hits.lost > 6).await;
    let other = at.submit("make", "2").await;
    at.until_status(other, Status::Completed).await;
    assert_eq!(gathered.get(), 0, "it does not begin without them");
    // Now all of Redis is away, and then it is back.
    proxy.refuse();
    proxy.until(|hits| hits.refused > 0).await;
    proxy.pass();
    assert!(result(&at, child).await.contains("made"));
    assert_eq!(at.steps(child).await, ["submit", "unblock", "claim", "complete"], "under one lease");
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_parents_nobody_can_read_in_time_goes_back_unharmed() {
    let at = Place::start().await;
    let proxy = FaultProxy::start(at.redis.socket()).await;
    let gathered = Count::default();
    let worker = Worker::start(&open(&proxy.url()).await, all(&gathered), options(1));
    lose_reads(&proxy);
    let (_, child) = pair(&at, |task| task.timeout_ms = 2_000).await;
    let released = async || at.steps(child).await.iter().any(|step| step == "release");
    until("it is given back", released).await;
    assert_eq!(gathered.get(), 0);
    proxy.pass();
    assert!(result(&at, child).await.contains("made"));
    let done = at.read(child).await;
    assert_eq!((done.attempt, done.crashes), (0, 0));
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parents_that_make_no_sense_hold_up_nobody_else() {
    let at = Place::start().await;
    let gathered = Count::default();
    let mut one_slot = options(1);
    one_slot.slots = 1;
    let (parent, child) = pair(&at, |_| {}).await;
    let key = at.store.keys(Shard::FIRST).expect("the shard").task_parents(child);
    at.redis.say::<()>(&["RENAME", &key, "aside"]).await;
    at.redis.say::<()>(&["SET", &key, "nonsense"]).await;
    let worker = Worker::start(&at.store, all(&gathered), one_slot);
    at.until_status(child, Status::Scheduled).await;
    assert_eq!(at.steps(child).await, ["submit", "unblock", "claim", "release"]);
    let other = at.submit("make", "2").await;
    at.until_status(other, Status::Completed).await;
    assert_eq!((gathered.get(), at.status(parent).await), (0, Status::Completed));
    worker.drain().await;
    at.redis.say::<()>(&["RENAME", "aside", &key]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_cancelled_while_its_parents_are_read_never_begins() {
    let at = Place::start().await;
    let proxy = FaultProxy::start(at.redis.socket()).await;
    let gathered = Count::default();
    let mut one_slot = options(1);
    one_slot.slots = 1;
    let worker = Worker::start(&open(&proxy.url()).await, all(&gathered), one_slot);
    lose_reads(&proxy);
    let (_, child) = pair(&at, |_| {}).await;
    at.until_status(child, Status::Running).await;
    let cancel = Cancel { tasks: &[child], by: None, reason: "not wanted", op: None };
    at.store.cancel(Shard::FIRST, &cancel).await.expect("an answer");
    // Its slot is free as soon as the worker hears of it, though reads are still lost.
    let other = at.submit("make", "2").await;
    at.until_status(other, Status::Completed).await;
    proxy.pass();
    worker.drain().await;
    assert_eq!(gathered.get(), 0);
    assert_eq!(at.steps(child).await, ["submit", "unblock", "claim", "cancel"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_ends_while_parents_are_read_hands_the_task_back() {
    let at = Place::start().await;
    let proxy = FaultProxy::start(at.redis.socket()).await;
    let gathered = Count::default();
    let worker = Worker::start(&open(&proxy.url()).await, all(&gathered), options(1));
    lose_reads(&proxy);
    let (_, child) = pair(&at, |_| {}).await;
    at.until_status(child, Status::Running).await;
    proxy.until(|hits| hits.lost > 0).await;
    worker.now.cancel();
    assert_eq!(worker.ended().await.expect("a good end").abandoned, 0);
    assert_eq!((gathered.get(), at.status(child).await), (0, Status::Pending));
    assert_eq!(at.steps(child).await, ["submit", "unblock", "claim", "release"]);
}
