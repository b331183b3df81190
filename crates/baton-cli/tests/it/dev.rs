//! `baton dev`: it begins, mends itself, keeps what it is told to keep, and leaves nothing.

use std::fs;

use baton_testkit::process::Signal;

use crate::fleet::{Fleet, lives, run, until};

#[test]
fn ctrl_c_leaves_no_process_no_socket_and_no_file() {
    let mut fleet = Fleet::start(&["--workers", "1"]);
    let children = fleet.children();
    assert_eq!(children.len(), 3, "redis, a gateway and a worker");
    assert!(fleet.directory.join("redis.sock").exists());
    // What runs when it is told to end is finished first.
    let task = fleet.fine(&["task", "submit", "sleep", "--payload", r#"{"ms":400}"#, "-o", "name"]);
    until("a run", || fleet.fine(&["task", "get", task.trim()]).contains("running"));
    assert_eq!(fleet.interrupt(), Some(0));
    assert!(!children.into_iter().any(lives));
    assert!(!fleet.directory.exists());
}

#[test]
fn a_sudden_death_takes_everyone_with_it() {
    let mut fleet = Fleet::start(&[]);
    let children = fleet.children();
    fleet.process.signal(Signal::KILL);
    fleet.process.child().wait().unwrap();
    until("the end of the children", || !children.iter().copied().any(lives));
}

#[test]
fn one_directory_has_one_fleet() {
    let data = tempfile::tempdir().unwrap();
    let directory = data.path().to_str().unwrap();
    let mut fleet = Fleet::start(&["--workers", "1", "--data", directory]);
    let second = run(&["dev", "--data", directory]);
    assert_eq!(second.code, Some(5), "{}", second.err);
    assert!(second.err.contains("is in use by another baton dev"), "{}", second.err);
    fleet.interrupt();
    // Once it has ended, another may have the directory.
    Fleet::start(&["--workers", "1", "--data", directory]);
}

#[test]
fn data_is_kept_where_it_is_wanted() {
    let data = tempfile::tempdir().unwrap();
    let arguments = ["--workers", "1", "--data", data.path().to_str().unwrap()];
    let mut fleet = Fleet::start(&arguments);
    let task = fleet.fine(&["task", "submit", "echo", "--payload", "7", "--wait", "-o", "name"]);
    assert_eq!(fleet.interrupt(), Some(0));
    let fleet = Fleet::start(&arguments);
    assert_eq!(fleet.fine(&["task", "result", task.trim()]), "7");
}

#[test]
fn a_worker_that_dies_is_replaced_and_a_program_is_a_handler() {
    let handlers = tempfile::tempdir().unwrap();
    let file = handlers.path().join("shout");
    fs::write(&file, "#!/bin/sh\ntr a-z A-Z >/dev/null\nprintf '\"DONE\"'\necho heard >&2\n").unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut fleet = Fleet::start(&["--workers", "1", "--exec-dir", handlers.path().to_str().unwrap()]);
    let before = fleet.children();
    let worker = fleet.fine(&["worker", "ls", "--json"]);
    let pid = worker.split("\"pid\":\"").nth(1).unwrap().split('"').next().unwrap().parse::<i32>().unwrap();
    let pid = rustix::process::Pid::from_raw(pid)
        .filter(|pid| before.contains(&pid.as_raw_nonzero().get().cast_unsigned()));
    rustix::process::kill_process(pid.expect("a worker of this fleet"), rustix::process::Signal::KILL)
        .unwrap();
    let task = fleet.fine(&["task", "submit", "shout", "--wait", "-o", "name"]);
    assert_eq!(fleet.fine(&["task", "result", task.trim()]), "\"DONE\"");
    assert!(fleet.fine(&["task", "logs", task.trim()]).contains("heard"));
    assert_ne!(fleet.children(), before);
}
