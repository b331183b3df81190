//! What goes into a program, and what comes out while it runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use baton_core::limits;
use baton_store::calls::task::Level;
use baton_worker::handler::Word;
use baton_worker::handlers::{Environment, Exec, Limits};
use baton_worker::{End, Handler};
use proptest::prelude::*;

use crate::support::{
    both, end, finish, grant, guard, guarded, info, line, next_line, parents, parents_as_json, rest, run,
};

#[tokio::test]
async fn a_program_reads_one_document_with_the_payload_as_it_is_stored() {
    let payload = r#"{"b": 1,  "a": 12345678901234567890, "é": "\u0000"}"#;
    let expected = format!(
        r#"{{"id":"{}","kind":"report.build","queue":"default","attempt":1,"max_attempts":5,"fence":42,"payload":{payload},"parents":{{}}}}"#,
        grant(payload).task
    );
    for exec in [Exec::new("cat"), Exec::new("cat").guarded(guard(), Limits::default())] {
        assert_eq!(finish(&exec, payload).await.0, End::Complete(expected.clone().into_bytes()));
    }
}

#[tokio::test]
async fn a_program_reads_what_the_parents_resulted_in() {
    let (mut run, _heard) = run("1");
    run.parents = parents();
    let End::Complete(document) = Exec::new("cat").run(run.clone()).await else { panic!("it completes") };
    let document = String::from_utf8(document).unwrap();
    assert!(document.ends_with(&format!(r#""payload":1,"parents":{}}}"#, parents_as_json())), "{document}");

    Arc::make_mut(&mut run.parents).truncated = true;
    let End::Complete(document) = Exec::new("cat").run(run).await else { panic!("it completes") };
    let document = String::from_utf8(document).unwrap();
    assert!(document.ends_with(r#""result":"no json"}},"parents_truncated":true}"#), "{document}");
}

#[tokio::test]
async fn a_program_need_not_read() {
    let large = format!("\"{}\"", "x".repeat(limits::PAYLOAD_BYTES_MAX as usize - 2));
    for exec in both("echo 1") {
        assert_eq!(finish(&exec, &large).await.0, End::Complete(b"1".to_vec()));
    }
    for exec in both("head -c 10; echo") {
        assert!(matches!(finish(&exec, &large).await.0, End::Fail { reason, .. } if reason == "bad_result"));
    }
    for exec in both("exec <&-; echo 2") {
        assert_eq!(finish(&exec, &large).await.0, End::Complete(b"2".to_vec()));
    }
    for exec in both("wc -c") {
        let End::Complete(count) = finish(&exec, &large).await.0 else { panic!("it counts") };
        assert!(str::from_utf8(&count).unwrap().parse::<u64>().unwrap() > limits::PAYLOAD_BYTES_MAX);
    }
}

/// A shell adds to what it gets; the kernel knows what it got.
const SHOW_ENVIRONMENT: &str = r"tr '\0' '\n' </proc/$$/environ >&2";

async fn environment(exec: &Exec) -> BTreeMap<String, String> {
    let (_, words) = finish(exec, "{}").await;
    let lines = words.into_iter().map(|word| match word {
        Word::Line { text, .. } => String::from_utf8(text).unwrap(),
        Word::Progress { .. } => panic!("it says no progress"),
    });
    lines
        .map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap())
        .collect()
}

#[tokio::test]
async fn the_environment_holds_the_task_and_nothing_of_the_worker() {
    for exec in both(SHOW_ENVIRONMENT) {
        let mut found = environment(&exec).await;
        let directory = found.remove("BATON_WORKDIR").unwrap();
        assert_eq!(
            [found.remove("HOME"), found.remove("TMPDIR")],
            [Some(directory.clone()), Some(directory)]
        );
        let deadline = found.remove("BATON_DEADLINE").unwrap();
        let left = deadline.parse::<jiff::Timestamp>().unwrap().duration_since(jiff::Timestamp::now());
        assert!(deadline.ends_with('Z') && (500..=600).contains(&left.as_secs()), "{deadline}");
        let task = grant("").task.to_string();
        let expected = [
            ("BATON_TASK_ID", task.as_str()),
            ("BATON_KIND", "report.build"),
            ("BATON_QUEUE", "default"),
            ("BATON_ATTEMPT", "1"),
            ("BATON_MAX_ATTEMPTS", "5"),
            ("BATON_FENCE", "42"),
            ("BATON_WORKER", "worker-001-test"),
            ("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(found, expected.into());
    }
}

#[tokio::test]
async fn what_is_set_is_there_except_over_the_task() {
    let ours: BTreeMap<String, String> = std::env::vars().collect();
    let usual = ["PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR"];
    let plain = |(name, value): &(&String, &String)| !usual.contains(&name.as_str()) && !value.contains('\n');
    let mut names = ours.iter().filter(plain).map(|(name, _)| name.as_str());
    let (wanted, unwanted) = (names.next().unwrap(), names.next().unwrap());
    let set = Environment::of_this_process([wanted]).set("GREETING", "hello").set("BATON_FENCE", "0");
    for exec in both(SHOW_ENVIRONMENT) {
        let found = environment(&exec.environment(set.clone())).await;
        assert_eq!([&found["PATH"], &found[wanted]], [&ours["PATH"], &ours[wanted]]);
        assert_eq!([&*found["GREETING"], &*found["BATON_FENCE"]], ["hello", "42"]);
        assert!(!found.contains_key(unwanted));
    }
}

#[tokio::test]
async fn lines_are_heard_while_the_program_runs() {
    let place = tempfile::tempdir().unwrap();
    let gate = place.path().join("gate");
    let script = format!(
        "echo first >&2; printf half >&2; until [ -e {} ]; do sleep 0.01; done; echo ' and half' >&2",
        gate.display()
    );
    for exec in both(&script) {
        let (run, mut heard) = run("{}");
        let (end, ()) = tokio::join!(exec.run(run), async {
            assert_eq!(next_line(&mut heard).await, "first");
            fs::write(&gate, "").unwrap();
        });
        assert_eq!(end, End::Complete(b"null".to_vec()));
        assert_eq!(rest(heard).await, [info("half and half")]);
        fs::remove_file(&gate).unwrap();
    }
}

#[tokio::test]
async fn directives_are_followed_and_lookalikes_are_lines() {
    let script = "cat >&2 <<'END'
plain
::progress 0.4 half way
::level warning low on paper
::level critical on fire
::progress 7 too far
::progress soon
::retry-after later
::set-output a=b
END";
    for exec in both(script) {
        let (_, words) = finish(&exec, "{}").await;
        let progress = |fraction, text: &str| Word::Progress { fraction, text: text.to_owned() };
        let expected = [
            info("plain"),
            progress(0.4, "half way"),
            line(Level::Warning, "low on paper"),
            line(Level::Critical, "on fire"),
            progress(1.0, "too far"),
            info("::progress soon"),
            info("::retry-after later"),
            info("::set-output a=b"),
        ];
        assert_eq!(words, expected);
    }
}

#[tokio::test]
async fn a_flood_is_cut_and_counted() {
    const LINES: u64 = 100_000;
    for exec in both(&format!("seq 1 {LINES} >&2")) {
        let (end, words) = finish(&exec, "{}").await;
        assert_eq!(end, End::Complete(b"null".to_vec()));
        let (mut heard, mut dropped) = (0, 0);
        for word in words {
            let Word::Line { level, text } = word else { panic!("it says no progress") };
            let text = String::from_utf8(text).unwrap();
            match (level, text.split_once(" lines were dropped: more than 1000 came in a second")) {
                (Level::Warning, Some((count, ""))) => dropped += count.parse::<u64>().unwrap(),
                _ => heard += 1,
            }
        }
        assert!(heard >= 1_000 && dropped > 0, "{heard} heard, {dropped} dropped");
        assert_eq!(heard + dropped, LINES);
    }
}

#[tokio::test]
async fn the_work_directory_is_private_and_goes_with_the_run() {
    for exec in both("pwd -P >&2; mkdir -p a/b; echo x >a/b/file; cp a/b/file \"$TMPDIR/other\"; exit 1") {
        let (run, mut heard) = run("{}");
        let end = exec.run(run).await;
        assert!(matches!(end, End::Retry { .. }));
        let directory = PathBuf::from(next_line(&mut heard).await);
        assert!(directory.file_name().unwrap().to_str().unwrap().starts_with("baton-run-"));
        assert!(!directory.exists());
    }
    let script = "[ \"$(pwd -P)\" = \"$(cd \"$BATON_WORKDIR\" && pwd -P)\" ] && stat -c '\"%a\"' .";
    for exec in both(script) {
        assert_eq!(end(&exec).await, End::Complete(b"\"700\"".to_vec()));
    }
}

#[test]
fn any_bytes_on_stderr_are_a_log() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("bytes");
    let exec = guarded(&format!("cat {} >&2; echo true", file.display()));
    let settings = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(settings, |(bytes in prop::collection::vec(any::<u8>(), 0..20_000))| {
        runtime.block_on(log_of(&exec, &file, &bytes));
    });
    // And some that lie in wait.
    for bytes in [
        &b"::progress \xff\n::level\n::\n\0\n::progress 1e999 x\n::retry-after 99999999999999999999s"[..],
        &[b'\n'; 999],
        &[0xf0; 5_000],
    ] {
        runtime.block_on(log_of(&exec, &file, bytes));
    }
}

async fn log_of(exec: &Exec, file: &Path, bytes: &[u8]) {
    fs::write(file, bytes).unwrap();
    let (end, words) = finish(exec, "{}").await;
    assert_eq!(end, End::Complete(b"true".to_vec()));
    for word in words {
        if let Word::Line { text, .. } = word {
            assert!(text.len() as u64 <= limits::LOG_LINE_BYTES_MAX);
            assert!(str::from_utf8(&text).is_ok() && !text.contains(&b'\n'));
        }
    }
}
