//! Ctrl-C stops the watching, never what is watched.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use baton_testkit::Process;
use baton_testkit::process::Signal;

use crate::fleet::{Fleet, rest, typed, until};
use crate::stub::Stub;

#[test]
fn ctrl_c_leaves_the_task_alone() {
    let fleet = Fleet::start(&[]);
    let task = fleet.fine(&["task", "submit", "echo", "--delay", "1h", "-o", "name"]);
    let task = task.trim();
    let mut waiting = typed(&["--url", &fleet.url, "task", "wait", task]);
    waiting.stderr(Stdio::piped()).stdout(Stdio::null());
    let mut waiting = Process::spawn(waiting).unwrap();
    // It listens for the signal before it asks.
    let id = waiting.child().id();
    until("it listens for Ctrl-C", || catches_interrupts(id));
    waiting.signal(Signal::INT);
    assert_eq!(waiting.child().wait().unwrap().code(), Some(130));
    assert!(rest(waiting.child().stderr.take().unwrap()).contains("goes on"));
    assert!(fleet.fine(&["task", "get", task]).contains("scheduled"));
}

/// Somebody who waits for what nobody handles is told so, and not left in silence.
#[test]
fn who_waits_for_long_is_told_why() {
    let case: serde_json::Value = serde_json::from_str(include_str!("answers/task-get.json")).unwrap();
    let mut task = case["answers"].as_object().unwrap().values().next().unwrap().clone();
    task["status"] = "pending".into();
    let id = task["id"].as_str().unwrap().to_owned();
    let why = format!(
        r#"{{"id":"{id}","status":"pending","code":"no_worker","sentence":"Nobody handles echoo.\u001b[2J"}}"#
    );
    let (task, at) = (task.to_string(), format!("GET /api/v1/tasks/{id}"));
    let stub = Stub::knows(&[
        ("POST /api/v1/tasks", &task),
        (&at, &task),
        (&format!("{at}/wait"), &task),
        (&format!("{at}/explain"), &why),
    ]);
    let mut waiting = typed(&["--url", &stub.url, "task", "submit", "echoo", "--wait"]);
    waiting.stderr(Stdio::piped()).stdout(Stdio::null());
    let mut waiting = Process::spawn(waiting).unwrap();
    let asked = || stub.asked().iter().filter(|asked| asked.contains("/explain")).count();
    until("it asks why", || asked() > 0);
    let mut said = BufReader::new(waiting.child().stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "Nobody handles echoo.�[2J\n");
    waiting.signal(Signal::INT);
    assert_eq!(waiting.child().wait().unwrap().code(), Some(130));
    assert_eq!(asked(), 1);
}

/// The kernel says which signals a process catches: the second bit is SIGINT's.
fn catches_interrupts(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 0b10 != 0)
}
