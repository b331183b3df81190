//! How the end of a program becomes the end of a run.

use std::time::Duration;

use baton_worker::handlers::{Exec, Limits};
use baton_worker::{End, Handler};

use crate::support::{both, direct, end, finish, guard, guarded, in_a, info, next_line, rest, run};

fn complete(result: &str) -> End {
    End::Complete(result.into())
}

fn retry(error: &str, reason: &str, in_ms: Option<u64>) -> End {
    End::Retry { error: error.to_owned(), reason: reason.to_owned(), in_ms }
}

fn fail(error: &str, reason: &str) -> End {
    End::Fail { error: error.to_owned(), reason: reason.to_owned() }
}

fn later(reason: &str, delay_ms: u64) -> End {
    End::Release { reason: reason.to_owned(), delay_ms: Some(delay_ms) }
}

fn stopped() -> End {
    End::Release { reason: "stopped".to_owned(), delay_ms: None }
}

#[tokio::test]
async fn exit_codes_and_signals_decide() {
    let silent = |how: &str| format!("the program ended with {how} and said nothing on stderr");
    for (script, expected) in [
        ("exit 0", complete("null")),
        ("echo", complete("null")),
        ("echo '{\"rows\": 3}'", complete(r#"{"rows": 3}"#)),
        ("printf ' 12345678901234567890\\n\\n'", complete("12345678901234567890")),
        ("echo '{\"b\":1,\"a\":2}'; echo log >&2", complete(r#"{"b":1,"a":2}"#)),
        ("exit 65", fail(&silent("exit 65"), "exit 65")),
        ("echo no such invoice >&2; exit 65", fail("no such invoice", "exit 65")),
        ("exit 75", later("exit 75", 5_000)),
        ("echo ::retry-after 30s >&2; exit 75", later("exit 75", 30_000)),
        ("echo ::retry-after 9000h >&2; exit 75", later("exit 75", 86_400_000)),
        ("exit 1", retry(&silent("exit 1"), "exit 1", None)),
        ("echo one >&2; echo two >&2; exit 127", retry("one\ntwo", "exit 127", None)),
        ("echo ::retry-after 2m >&2; echo busy >&2; exit 3", retry("busy", "exit 3", Some(120_000))),
        ("kill -KILL $$", retry(&silent("signal KILL"), "signal KILL", None)),
        ("echo ouch >&2; kill -SEGV $$", retry("ouch", "signal SEGV", None)),
        ("kill -PIPE $$", retry(&silent("signal PIPE"), "signal PIPE", None)),
    ] {
        for exec in both(script) {
            assert_eq!(end(&exec).await, expected, "{script}");
        }
    }
}

#[tokio::test]
async fn a_result_that_is_not_one_json_value_fails_for_good() {
    for script in
        ["echo done", "echo 1 2", "printf '{\"a\":'", "printf '\"\\377\"'", "printf '\\0cannot_start\\0'"]
    {
        for exec in both(script) {
            let End::Fail { error, reason } = end(&exec).await else { panic!("{script} was taken") };
            assert!(
                reason == "bad_result" && error.starts_with("the result is not one JSON value"),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn a_result_may_have_a_mebibyte_and_no_more() {
    // Two quotes, and one byte less or more between them.
    let quoted = |length: usize| format!("printf '\"'; head -c {length} /dev/zero | tr '\\0' x; printf '\"'");
    for exec in both(&quoted(1_048_574)) {
        let End::Complete(result) = end(&exec).await else { panic!("it fits") };
        assert_eq!(result.len(), 1_048_576);
    }
    let error = "the program wrote more than 1048576 bytes to stdout";
    for script in [&*quoted(1_048_575), "yes", "trap '' TERM; yes"] {
        for exec in both(script) {
            assert_eq!(end(&exec).await, fail(error, "result_too_large"), "{script}");
        }
    }
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_tried_again() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for (program, why) in [
        ("/nowhere/program", "No such file"),
        ("no-such-program-on-the-path", "No such file"),
        (file.path().to_str().unwrap(), "Permission denied"),
    ] {
        for exec in [Exec::new(program), Exec::new(program).guarded(guard(), Limits::default())] {
            let End::Retry { error, reason, in_ms: None } = end(&exec).await else { panic!("{program} ran") };
            assert!(reason == "cannot_start" && error.contains(why), "{error}");
        }
    }
}

#[tokio::test]
async fn a_guard_that_is_missing_is_a_program_that_cannot_be_started() {
    let exec =
        direct("exit 0").guarded(baton_worker::handlers::Guard::new("/nowhere/guard"), Limits::default());
    assert!(matches!(end(&exec).await, End::Retry { reason, .. } if reason == "cannot_start"));
}

#[tokio::test]
async fn a_payload_that_is_not_json_never_reaches_a_program() {
    let (end, words) = finish(&guarded("echo ran >&2"), "{").await;
    assert!(matches!(end, End::Fail { reason, .. } if reason == "bad_payload"));
    assert_eq!(words, []);
}

#[tokio::test]
async fn the_error_is_the_end_of_the_log() {
    let script = "seq 1 100 >&2; echo '::progress 0.5 x' >&2; echo '::level error broken' >&2; exit 1";
    for exec in both(script) {
        let End::Retry { error, .. } = end(&exec).await else { panic!("it failed") };
        let expected: Vec<String> =
            (82..=100).map(|number| number.to_string()).chain(["broken".into()]).collect();
        assert_eq!(error.lines().collect::<Vec<_>>(), expected);
    }
    for exec in
        both("head -c 9000 /dev/zero | tr '\\0' x | fold -w 3000 >&2; echo >&2; printf end >&2; exit 1")
    {
        let End::Retry { error, .. } = end(&exec).await else { panic!("it failed") };
        assert!(error.len() == 4_096 && error.ends_with("x\nend"), "{}", error.len());
    }
}

#[tokio::test]
async fn a_run_out_of_time_is_a_timeout() {
    for exec in both("echo working >&2; sleep 600") {
        assert_eq!(end_late(&exec.clone().timeout(Duration::from_secs(500)), 550).await, late());
        assert_eq!(end_late(&exec, 500).await, late());
    }
}

fn late() -> End {
    let error = "the program was still at work when its time was over; it last said:\nworking";
    End::TimeOut { error: error.to_owned() }
}

/// Once the program has spoken, time jumps to the next timer.
async fn end_late(exec: &Exec, deadline_seconds: u64) -> End {
    let (mut run, mut heard) = run("{}");
    run.deadline = in_a(Duration::from_secs(deadline_seconds));
    let (end, ()) = tokio::join!(exec.run(run), async {
        assert_eq!(next_line(&mut heard).await, "working");
        tokio::time::pause();
    });
    tokio::time::resume();
    end
}

#[tokio::test]
async fn a_cancelled_program_is_asked_and_may_say_goodbye() {
    let script = "trap 'echo goodbye >&2; exit 0' TERM; echo ready >&2; while :; do sleep 0.02; done";
    for exec in both(script) {
        let (run, mut heard) = run("{}");
        let cancel = run.cancel.clone();
        let (end, ()) = tokio::join!(exec.run(run), async {
            assert_eq!(next_line(&mut heard).await, "ready");
            cancel.cancel();
        });
        // Whatever it says of itself, nobody knows how far it came.
        assert_eq!(end, stopped());
        // The shell may also tell of its `sleep`, which got the signal as well.
        assert_eq!(rest(heard).await.last(), Some(&info("goodbye")));
    }
}

#[tokio::test]
async fn a_program_that_does_not_listen_is_killed_after_the_grace() {
    for exec in both("trap '' TERM; echo ready >&2; while :; do sleep 600; done") {
        let exec = exec.grace(Duration::from_millis(50));
        let (run, mut heard) = run("{}");
        let cancel = run.cancel.clone();
        let (end, ()) = tokio::join!(exec.run(run), async {
            assert_eq!(next_line(&mut heard).await, "ready");
            cancel.cancel();
        });
        assert_eq!(end, stopped());
    }
}
