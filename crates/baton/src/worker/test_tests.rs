use baton_worker::End;

use super::super::{Level, Log, State, Task};
use super::*;

#[derive(serde::Serialize, serde::Deserialize)]
struct Divide {
    by: u64,
}

impl Payload for Divide {
    const KIND: &'static str = "divide";
    type Output = u64;
}

async fn divide(
    task: Task<Divide>,
    State(number): State<u64>,
    cancel: CancellationToken,
    log: Log,
) -> Result<u64, TaskError> {
    log.line(Level::Info, format!("attempt {}", task.attempt() + 1));
    if cancel.is_cancelled() {
        return Err(TaskError::release());
    }
    if task.payload.by == 0 {
        return Err(TaskError::fail("nobody divides by zero"));
    }
    let text = if task.payload.by == 13 { "thirteen".to_owned() } else { task.payload.by.to_string() };
    Ok(number / text.parse::<u64>()?)
}

fn worker() -> TestWorker {
    TestWorker::new().state(84_u64)
}

#[tokio::test]
async fn a_handler_gets_what_it_asks_for() {
    let tested = worker().attempt(2).run(divide, &Divide { by: 2 }).await;
    assert_eq!(tested.completed::<u64>(), Some(42));
    assert_eq!(tested.log, [(Level::Info, "attempt 3".to_owned())]);
}

#[tokio::test]
async fn its_errors_say_what_becomes_of_the_task() {
    assert!(
        worker().run(divide, &Divide { by: 0 }).await.ended_with(TaskError::fail("nobody divides by zero"))
    );
    let parse = worker().run(divide, &Divide { by: 13 }).await;
    assert!(matches!(parse.end, End::Retry { in_ms: None, .. }), "{parse:?}");
    let cancelled = worker();
    cancelled.cancel().cancel();
    assert!(cancelled.run(divide, &Divide { by: 2 }).await.ended_with(TaskError::release()));
}

#[tokio::test]
async fn a_payload_that_does_not_fit_fails_for_good_with_a_sentence() {
    let End::Fail { error, reason } = worker().run_bytes(divide, br#"{"by":"two"}"#.to_vec()).await.end
    else {
        panic!("it failed")
    };
    assert_eq!(reason, "payload");
    assert!(error.starts_with("the payload does not fit divide: invalid type: string \"two\""), "{error}");
}

#[tokio::test]
async fn what_a_worker_lacks_is_named() {
    let tested = TestWorker::new().run(divide, &Divide { by: 2 }).await;
    let End::Release { reason, .. } = tested.end else { panic!("it was given back") };
    assert!(reason.contains("State<u64>"), "{reason}");
}

async fn sum(task: Task<Divide>) -> Result<u64, TaskError> {
    if task.payload.by == 0 {
        return task.parent("b");
    }
    Ok(task.parents::<Option<u64>>()?.into_values().flatten().sum())
}

#[tokio::test]
async fn a_handler_sees_what_its_parents_resulted_in() {
    let worker = TestWorker::new().parent("a", &40_u64).parent("b", &2_u64).parent_ended("c", Status::Failed);
    assert_eq!(worker.run(sum, &Divide { by: 1 }).await.completed::<u64>(), Some(42));
    assert_eq!(worker.run(sum, &Divide { by: 0 }).await.completed::<u64>(), Some(2));
}

#[tokio::test]
async fn parents_that_do_not_fit_end_the_task_with_a_sentence() {
    let fail = |error: &str| TaskError::fail(error).because("parents");
    let odd = TestWorker::new().parent("b", &"two").run(sum, &Divide { by: 1 }).await;
    let sentence = "what the parent b resulted in does not fit: invalid type: string \"two\", expected u64";
    let End::Fail { error, reason } = &odd.end else { panic!("{odd:?}") };
    assert!(error.starts_with(sentence) && reason == "parents", "{error}");

    let none = TestWorker::new().run(sum, &Divide { by: 0 }).await;
    assert!(none.ended_with(fail("no parent b is known to this run")), "{none:?}");

    let cut = TestWorker::new().parent_ended("b", Status::Completed).parents_truncated();
    let all = cut.run(sum, &Divide { by: 1 }).await;
    let sentence = "the parents resulted in more than a run is told of: read it by their ids";
    assert!(all.ended_with(fail(sentence)), "{all:?}");
    let one = cut.run(sum, &Divide { by: 0 }).await;
    let sentence = "for the result of the parent b there was no room: read it by its id";
    assert!(one.ended_with(fail(sentence)), "{one:?}");

    let unfit = TestWorker::new().parent("a b", &1).run(sum, &Divide { by: 1 }).await;
    assert!(matches!(&unfit.end, End::Fail { error, .. } if error.contains("ref")), "{unfit:?}");
}
