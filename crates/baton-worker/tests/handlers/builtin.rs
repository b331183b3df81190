//! The handlers that every worker can have.

use std::time::Duration;

use baton_core::Kind;
use baton_worker::handler::Word;
use baton_worker::handlers::builtin;
use baton_worker::{End, Handlers, Run};

use crate::support::{grant, rest, run, run_of};

async fn end_of(kind: &str, run: Run) -> End {
    let mut handlers = Handlers::default();
    builtin(&mut handlers).unwrap();
    handlers.get(&Kind::new(kind).unwrap()).unwrap().run(run).await
}

async fn end(kind: &str, payload: &str) -> End {
    end_of(kind, run(payload).0).await
}

#[test]
fn there_are_five_and_they_come_once() {
    let mut handlers = Handlers::default();
    builtin(&mut handlers).unwrap();
    let kinds: Vec<&str> = handlers.kinds().map(Kind::as_str).collect();
    assert_eq!(kinds, ["echo", "fail", "noop", "sleep", "test-problem"]);
    assert!(builtin(&mut handlers).is_err());
}

#[tokio::test]
async fn noop_completes_with_nothing_and_echo_with_its_payload() {
    assert_eq!(end("noop", r#"{"any":1}"#).await, End::Complete(b"null".to_vec()));
    let payload = r#"{"b": 1, "a": 12345678901234567890}"#;
    assert_eq!(end("echo", payload).await, End::Complete(payload.into()));
}

#[tokio::test(start_paused = true)]
async fn sleep_says_how_far_it_is() {
    let (run, heard) = run(r#"{"ms": 1000}"#);
    assert_eq!(end_of("sleep", run).await, End::Complete(br#"{"slept_ms":1000}"#.to_vec()));
    let words = rest(heard).await;
    assert_eq!(words.len(), 10);
    assert_eq!(words[3], Word::Progress { fraction: 0.4, text: "slept 400 of 1000 ms".to_owned() });
}

#[tokio::test(start_paused = true)]
async fn sleep_can_be_cancelled() {
    let (run, _heard) = run(r#"{"ms": 3600000}"#);
    let cancel = run.cancel.clone();
    let (end, ()) = tokio::join!(end_of("sleep", run), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cancel.cancel();
    });
    assert_eq!(end, End::Release { reason: "stopped".to_owned(), delay_ms: None });
}

#[tokio::test(start_paused = true)]
async fn a_test_problem_is_solved_in_steps_and_never_takes_days() {
    let (run, heard) = run(r#"{"max_steps": 30}"#);
    assert_eq!(end_of("test-problem", run).await, End::Complete(br#"{"steps":30}"#.to_vec()));
    let words = rest(heard).await;
    assert_eq!(words.len(), 30);
    assert_eq!(words[2], Word::Progress { fraction: 0.1, text: "step 3 of 30".to_owned() });
    assert_eq!(
        end("test-problem", r#"{"max_steps": 18446744073709551615}"#).await,
        End::Complete(br#"{"steps":18446744073709551615}"#.to_vec())
    );
    assert!(matches!(end("test-problem", r#"{"max_steps": -1}"#).await, End::Fail { .. }));
}

#[tokio::test]
async fn fail_fails_as_it_is_told() {
    let (error, reason) = ("out of paper".to_owned(), "asked_to_fail".to_owned());
    let retry = End::Retry { error: error.clone(), reason: reason.clone(), in_ms: Some(50) };
    assert_eq!(end("fail", r#"{"message":"out of paper","retry_in_ms":50}"#).await, retry);
    assert_eq!(
        end("fail", r#"{"message":"out of paper","permanent":true}"#).await,
        End::Fail { error, reason }
    );
    assert!(matches!(end("fail", "").await, End::Retry { .. }));

    for (attempt, fails) in [(0, true), (1, true), (2, false), (3, false)] {
        let mut grant = grant(r#"{"times":2}"#);
        grant.attempt = attempt;
        let end = end_of("fail", run_of(grant).0).await;
        assert_eq!(matches!(end, End::Retry { .. }), fails, "attempt {attempt}: {end:?}");
    }
}

#[tokio::test]
async fn a_payload_that_does_not_fit_fails_for_good_with_the_reason() {
    for (kind, payload, why) in [
        ("sleep", r#"{"ms":"soon"}"#, "expected u64"),
        ("sleep", "{}", "missing field `ms`"),
        ("fail", r#"{"tims":2}"#, "unknown field `tims`"),
    ] {
        let End::Fail { error, reason } = end(kind, payload).await else { panic!("{payload} was taken") };
        assert!(reason == "bad_payload" && error.contains(why), "{error}");
    }
}
