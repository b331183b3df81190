//! What is said of a kind, in the scripts that make and end its tasks.

use baton_core::{Backoff, KindRules, Priority, Reasons, Status, TaskId, limits};
use baton_store::State;
use baton_store::calls::schedule::Template;
use baton_store::calls::task::{Insists, NewTask};
use baton_testkit::{Fixture, Life, kind, with_store};

use super::flow_support::{chain, create, flow_of, tasks_of};
use super::kind_put::put;
use super::schedule_support::{Wish, every, fire_due, made};
use super::task_support::*;

fn rules() -> KindRules {
    KindRules {
        priority: Some(Priority::new(8).unwrap()),
        timeout_ms: Some(5_000),
        max_attempts: Some(2),
        max_crashes: Some(1),
        backoff: Backoff::new(64_000, 640_000).unwrap().growing_by(1),
        non_retryable: ["bad input", "http 4*"].map(|text| Reasons::new(text).unwrap()).to_vec(),
        result_ttl_ms: Some(60_000),
    }
}

async fn words(at: &Fixture, id: TaskId) -> (u8, u64, u64, u64, Option<u64>) {
    let task = at.read(id).await;
    (task.priority.get(), task.timeout_ms, task.max_attempts, task.max_crashes, task.result_ttl_ms)
}

const OF_KIND: (u8, u64, u64, u64, Option<u64>) = (8, 5_000, 2, 1, Some(60_000));
const USUAL: (u8, u64, u64, u64, Option<u64>) =
    (5, limits::TIMEOUT_MS, limits::MAX_ATTEMPTS, limits::MAX_CRASHES, None);

#[tokio::test]
async fn a_task_that_says_nothing_gets_what_its_kind_says_and_keeps_it() {
    with_store(async |at| {
        put(at, "mail", &rules()).await;
        let ids = at.submit(&[at.new_task("mail"), at.new_task("other")]).await;
        assert_eq!((words(at, ids[0]).await, words(at, ids[1]).await), (OF_KIND, USUAL));
        // It stands in front of the other one, as its kind is more urgent.
        assert_eq!(at.claim(&Life::new(1, 1), 1).await[0].task, ids[0]);
        at.pass_ms(1);
        put(at, "mail", &KindRules { max_attempts: Some(9), ..KindRules::default() }).await;
        assert_eq!(words(at, ids[0]).await, OF_KIND);
        let later = at.submit(&[at.new_task("mail")]).await[0];
        assert_eq!(words(at, later).await, (5, limits::TIMEOUT_MS, 9, limits::MAX_CRASHES, None));
    })
    .await;
}

#[tokio::test]
async fn what_a_task_says_itself_wins_also_where_it_wants_what_is_usual() {
    with_store(async |at| {
        put(at, "mail", &rules()).await;
        let own = NewTask {
            priority: Priority::new(1).unwrap(),
            timeout_ms: 7_000,
            max_attempts: 7,
            max_crashes: 7,
            result_ttl_ms: Some(7_000),
            ..at.new_task("mail")
        };
        let all =
            Insists { priority: true, timeout: true, max_attempts: true, max_crashes: true, backoff: true };
        let usual = NewTask { insists: all, ..at.new_task("mail") };
        let ids = at.submit(&[own, usual]).await;
        assert_eq!(words(at, ids[0]).await, (1, 7_000, 7, 7, Some(7_000)));
        let (priority, timeout, attempts, crashes, _) = USUAL;
        assert_eq!(words(at, ids[1]).await, (priority, timeout, attempts, crashes, Some(60_000)));
    })
    .await;
}

#[tokio::test]
async fn tasks_of_flows_and_schedules_get_it_too() {
    with_store(async |at| {
        put(at, "mail", &rules()).await;
        let mut flow = flow_of(at, chain(2));
        flow.tasks.iter_mut().for_each(|task| task.kind = kind("mail"));
        let flow = create(at, &flow).await;
        for id in tasks_of(flow, 2) {
            assert_eq!(words(at, id).await, OF_KIND);
        }
        let insists = Insists { max_attempts: true, ..Insists::default() };
        let task = Template { insists, ..Template::new(kind("mail"), *b"{}") };
        Wish { task: task.clone(), ..Wish::new("nightly", every(5_000)) }.put(at).await;
        assert_eq!(super::schedule_support::read(at, "nightly").await.task, task);
        at.pass_ms(5_000);
        fire_due(at).await;
        let (priority, timeout, _, crashes, ttl) = OF_KIND;
        let expected = (priority, timeout, limits::MAX_ATTEMPTS, crashes, ttl);
        let last = *made(at).await.last().expect("a task of the schedule");
        assert_eq!(words(at, last).await, expected);
    })
    .await;
}

/// Submits one, lets it fail for this reason, and answers its status and how long it waits.
async fn failed(at: &Fixture, task: NewTask, reason: &str) -> (Status, u64) {
    let life = Life::new(1, 1);
    let id = at.submit(&[task]).await[0];
    let grant = at.claim(&life, 1).await.remove(0);
    assert_eq!(grant.task, id);
    at.report(&life, id, grant.fence, fail(reason)).await;
    let read = at.read(id).await;
    match read.state {
        State::Scheduled { run_at_ms } => (Status::Scheduled, run_at_ms - at.now_ms()),
        _ => (read.status(), 0),
    }
}

#[tokio::test]
async fn a_reason_that_is_not_worth_another_attempt_ends_the_task() {
    with_store(async |at| {
        // Also tasks that were there before: it is looked up when they fail.
        let early = NewTask { priority: Priority::HIGHEST, ..at.new_task("mail") };
        let early = at.submit(&[early]).await[0];
        put(at, "mail", &rules()).await;
        let life = Life::new(1, 1);
        let grant = at.claim(&life, 1).await.remove(0);
        assert_eq!(grant.task, early);
        at.report(&life, early, grant.fence, fail("http 404")).await;
        assert_eq!(at.read(early).await.status(), Status::Failed);
        assert_eq!(failed(at, at.new_task("mail"), "bad input").await.0, Status::Failed);
        for worth_it in ["bad", "bad input!", "http 503", "*", ""] {
            assert_eq!(failed(at, at.new_task("mail"), worth_it).await.0, Status::Scheduled, "{worth_it}");
        }
        assert_eq!(failed(at, at.new_task("other"), "bad input").await.0, Status::Scheduled);
    })
    .await;
}

#[tokio::test]
async fn the_wait_after_a_failure_is_the_kinds_unless_the_task_says_its_own() {
    with_store(async |at| {
        let steady = KindRules {
            backoff: Backoff::new(80_000_000, 80_000_000).unwrap().growing_by(1),
            ..KindRules::default()
        };
        put(at, "mail", &steady).await;
        // The chance comes from the id: of ten tasks, one at least waits longer than what is usual or their own.
        let mut longest = (0, 0, 0);
        for _ in 0..10 {
            let own = NewTask { backoff: Backoff::new(10, 20).unwrap(), ..at.new_task("mail") };
            let usual = Insists { backoff: true, ..Insists::default() };
            let usual = NewTask { insists: usual, ..at.new_task("mail") };
            longest.0 = longest.0.max(failed(at, at.new_task("mail"), "x").await.1);
            longest.1 = longest.1.max(failed(at, own, "x").await.1);
            longest.2 = longest.2.max(failed(at, usual, "x").await.1);
        }
        assert!((20_000..80_000_000).contains(&longest.0), "{longest:?}");
        assert!(longest.1 < 10 && longest.2 < 1_000, "{longest:?}");
    })
    .await;
}
