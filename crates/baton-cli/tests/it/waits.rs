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
    // It listens for the signal before it asks; once it is connected, it waits.
    let id = waiting.child().id();
    until("a connection", || sockets(id) > 0);
    waiting.signal(Signal::INT);
    assert_eq!(waiting.child().wait().unwrap().code(), Some(130));
    assert!(rest(waiting.child().stderr.take().unwrap()).contains("goes on"));
    assert!(fleet.fine(&["task", "get", task]).contains("scheduled"));
}

fn sockets(process: u32) -> usize {
    let Ok(files) = std::fs::read_dir(format!("/proc/{process}/fd")) else { return 0 };
    let links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    // The two ends by which the runtime hears of signals are sockets as well.
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count().saturating_sub(2)
}
