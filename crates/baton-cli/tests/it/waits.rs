//! Ctrl-C stops the watching, never what is watched.

use std::process::Stdio;

use baton_testkit::Process;
use baton_testkit::process::Signal;

use crate::fleet::{Fleet, rest, typed, until};

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

/// The kernel says which signals a process catches: the second bit is SIGINT's.
fn catches_interrupts(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 0b10 != 0)
}
