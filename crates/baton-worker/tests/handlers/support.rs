//! Runs without an engine, programs that are shell scripts, and whether a process is still there.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use baton_core::id::Draw;
use baton_core::{Fence, Kind, Priority, QueueName, Shard, Status, TaskId, WorkerId};
use baton_store::calls::task::{Grant, Level};
use baton_store::calls::task::{Parent, Parents};
use baton_worker::handler::{Heard, Word};
use baton_worker::handlers::{Exec, Guard, Limits};
use baton_worker::{End, Handler, Run};
use tokio::time::Instant;

pub(crate) fn grant(payload: impl AsRef<[u8]>) -> Grant {
    Grant {
        task: TaskId::draw(Draw { now_ms: 1_700_000_000_000, counter: 1, random: 7 }, Shard::FIRST),
        fence: Fence(42),
        queue: QueueName::default(),
        kind: Kind::new("report.build").unwrap(),
        attempt: 1,
        max_attempts: 5,
        crashes: 0,
        timeout_ms: 60_000,
        priority: Priority::default(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        payload: payload.as_ref().to_vec(),
        parents: 0,
        solo: false,
        redelivered: false,
    }
}

pub(crate) fn run_of(grant: Grant) -> (Run, Heard) {
    Run::detached(grant, WorkerId::new("worker-001-test").unwrap(), in_a(Duration::from_secs(600)))
}

pub(crate) fn run(payload: impl AsRef<[u8]>) -> (Run, Heard) {
    run_of(grant(payload))
}

/// One that has a name and a result, one that failed, and one that completed with what is no JSON.
pub(crate) fn parents() -> Arc<Parents> {
    let parent = |number, name: &str, status, result: Option<&[u8]>| {
        let id = TaskId::draw(Draw { now_ms: 1_700_000_000_000, counter: number, random: 7 }, Shard::FIRST);
        Parent { id, name: name.parse().ok(), status, result: result.map(<[u8]>::to_vec) }
    };
    let each = vec![
        parent(2, "extract", Status::Completed, Some(br#"{"b": 1,  "a": 12345678901234567890}"#)),
        parent(3, "", Status::Failed, None),
        parent(4, "odd", Status::Completed, Some(b"no json")),
    ];
    Arc::new(Parents { each, truncated: false })
}

/// The same as a document has them.
pub(crate) fn parents_as_json() -> String {
    let ids: Vec<String> = parents().each.iter().map(|parent| parent.id.to_string()).collect();
    let result = r#"{"b": 1,  "a": 12345678901234567890}"#;
    let extract = format!(r#""extract":{{"id":"{}","status":"completed","result":{result}}}"#, ids[0]);
    let failed = format!(r#""{0}":{{"id":"{0}","status":"failed","result":null}}"#, ids[1]);
    let odd = format!(r#""odd":{{"id":"{}","status":"completed","result":"no json"}}"#, ids[2]);
    format!("{{{extract},{failed},{odd}}}")
}

#[expect(clippy::disallowed_methods, reason = "a test is its own main")]
pub(crate) fn in_a(while_: Duration) -> Instant {
    Instant::now() + while_
}

pub(crate) fn guard() -> Guard {
    Guard::new(env!("CARGO_BIN_EXE_baton-worker"))
}

/// A script without a guard.
pub(crate) fn direct(script: &str) -> Exec {
    Exec::new("/bin/sh").args(["-c", script])
}

pub(crate) fn guarded(script: &str) -> Exec {
    direct(script).guarded(guard(), Limits::default())
}

pub(crate) fn both(script: &str) -> [Exec; 2] {
    [direct(script), guarded(script)]
}

/// Runs it to its end, and collects what it said.
pub(crate) async fn finish(exec: &Exec, payload: impl AsRef<[u8]>) -> (End, Vec<Word>) {
    let (run, heard) = run(payload);
    let end = exec.run(run).await;
    (end, rest(heard).await)
}

pub(crate) async fn end(exec: &Exec) -> End {
    finish(exec, "{}").await.0
}

/// All that is still to be heard of a run that is over.
pub(crate) async fn rest(mut heard: Heard) -> Vec<Word> {
    let mut words = Vec::new();
    while let Some(word) = heard.next().await {
        words.push(word);
    }
    words
}

pub(crate) fn line(level: Level, text: &str) -> Word {
    Word::Line { level, text: text.into() }
}

pub(crate) fn info(text: &str) -> Word {
    line(Level::Info, text)
}

/// The next line of the log.
pub(crate) async fn next_line(heard: &mut Heard) -> String {
    loop {
        match heard.next().await.expect("the run is over and did not say it") {
            Word::Line { text, .. } => return String::from_utf8(text).unwrap(),
            Word::Progress { .. } => {}
        }
    }
}

/// The next `count` process ids that scripts say with `echo "pid $$" >&2`, in any order.
pub(crate) async fn pids(heard: &mut Heard, count: usize) -> Vec<u32> {
    let mut pids = Vec::new();
    while pids.len() < count {
        let line = next_line(heard).await;
        pids.extend(line.strip_prefix("pid ").map(|pid| pid.parse::<u32>().unwrap()));
    }
    pids
}

/// Neither running nor a zombie.
pub(crate) fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let patience = in_a(Duration::from_secs(30));
    while !condition() {
        #[expect(clippy::disallowed_methods, reason = "a test that would hang says what it waits for")]
        let now = Instant::now();
        assert!(now < patience, "it did not come true that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) async fn gone(pids: &[u32]) {
    until(&format!("{pids:?} are gone"), || pids.iter().all(|pid| is_gone(*pid))).await;
}
