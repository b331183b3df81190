//! `baton dev`: it begins, mends itself, keeps what it is told to keep, and leaves nothing.

use std::fs;

use baton_core::PoolName;
use baton_store::calls::pool::{PoolSet, SetPool};
use baton_testkit::process::Signal;

use crate::fleet::{Fleet, lives, run, until};

#[test]
fn ctrl_c_leaves_no_process_no_socket_and_no_file() {
    let mut fleet = Fleet::start(&["--workers", "1"]);
    assert_eq!(fleet.children().len(), 3, "redis, a gateway and a supervisor");
    let children = fleet.descendants();
    assert_eq!(children.len(), 4, "and its worker");
    assert!(fleet.directory.join("redis.sock").exists());
    // What runs when it is told to end is finished first.
    let task = fleet.fine(&["task", "submit", "sleep", "--payload", r#"{"ms":400}"#, "-o", "name"]);
    until("a run", || fleet.fine(&["task", "get", task.trim()]).contains("running"));
    assert_eq!(fleet.interrupt(), Some(0));
    // Killed, they end as soon as the kernel comes to it.
    until("all are gone", || !children.iter().any(|child| lives(*child)));
    assert!(!fleet.directory.exists());
}

#[test]
fn a_sudden_death_takes_everyone_with_it() {
    let mut fleet = Fleet::start(&[]);
    let children = fleet.descendants();
    assert_eq!(children.len(), 5, "redis, a gateway, a supervisor and two workers");
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
    let (members, worker) = (fleet.children(), fleet.worker());
    assert!(fleet.process.signal_descendant(worker, Signal::KILL), "it is a worker of this fleet");
    let task = fleet.fine(&["task", "submit", "shout", "--wait", "-o", "name"]);
    assert_eq!(fleet.fine(&["task", "result", task.trim()]), "\"DONE\"");
    assert!(fleet.fine(&["task", "logs", task.trim()]).contains("heard"));
    assert_ne!(fleet.worker(), worker);
    assert_eq!(fleet.children(), members, "its supervisor has replaced it, and nobody else was");
}

#[test]
fn a_second_ctrl_c_leaves_nothing_of_what_the_first_one_waits_for() {
    let mut fleet = Fleet::start(&["--workers", "2"]);
    let task = fleet.fine(&["task", "submit", "sleep", "--payload", r#"{"ms":60000}"#, "-o", "name"]);
    until("a run", || fleet.fine(&["task", "get", task.trim()]).contains("running"));
    let children = fleet.descendants();
    fleet.process.signal(Signal::INT);
    // Draining is what the second one interrupts: the idle worker has gone, and the busy one goes on.
    until("the drain", || children.iter().filter(|child| !lives(**child)).count() == 1);
    assert_eq!(fleet.interrupt(), Some(0));
    // Killed, they end as soon as the kernel comes to it.
    until("all are gone", || !children.iter().any(|child| lives(*child)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_of_the_fleet_is_scaled_as_any_other() {
    let fleet = Fleet::start(&["--workers", "1"]);
    let url = format!("unix://{}", fleet.directory.join("redis.sock").display());
    let options = baton_store::Options::new(url.parse().unwrap());
    let (store, _) = baton_store::Store::open(options).await.unwrap();
    let listed = || fleet.fine(&["worker", "ls", "-o", "name"]).lines().count();
    assert_eq!(listed(), 1);
    let pool = PoolName::default();
    let set = SetPool { pool: &pool, desired: Some(3), running: None, by: None };
    assert_eq!(store.set_pool(&set).await.unwrap(), PoolSet::Done { created: false });
    until("three workers", || listed() == 3);
}

/// Everyone on this host can read command lines.
#[test]
fn the_address_of_a_redis_has_no_password_on_the_command_line() {
    let ran = run(&["dev", "--redis", "redis://u:pw@127.0.0.1:1"]);
    assert!(ran.code == Some(78) && ran.err.contains("give it as BATON_REDIS_URL"), "{ran:?}");
    let ran = run(&["dev", "--redis"]);
    assert!(ran.code == Some(2) && ran.err.contains("BATON_REDIS_URL, which is not set"), "{ran:?}");
}
