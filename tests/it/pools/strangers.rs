//! What programs of a dead worker leave behind.

use baton_testkit::process::Signal;

use super::support::{Yard, lives, number_in, parent, until};

/// It starts a process in a session of its own that knows nothing of its end, and goes on.
const DAEMON: &str = r#"setsid sh -c 'trap "" TERM HUP; echo $$ > "$0/daemon"; while :; do sleep 1; done' "$PLACE" &
echo $$ > "$PLACE/program"
while :; do sleep 1; done"#;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_killed_worker_stays_behind() {
    let yard = Yard::open().await;
    yard.handler("daemon", DAEMON);
    let mut keeper = yard.supervisor("one", &[("BATON_SUPERVISOR_COUNT", "1")]);
    yard.submit("daemon", "null").await;
    let (program, daemon) = (yard.file("program"), yard.file("daemon"));
    until("it runs", async || number_in(&program).is_some() && number_in(&daemon).is_some()).await;
    let left = [number_in(&program), number_in(&daemon)].map(|number| number.expect("a number"));
    let worker = keeper.workers()[0];
    assert!(keeper.signal(worker, Signal::KILL));
    until("all of it is gone", async || left.iter().all(|process| !lives(*process))).await;
    // The task is taken over and begins again, so the guard of its next run is there; nothing else is.
    until("only workers are left", async || keeper.children() == keeper.workers()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_guard_leaves_falls_to_the_supervisor_and_is_ended() {
    let yard = Yard::open().await;
    yard.handler("daemon", DAEMON);
    let mut keeper = yard.supervisor("one", &[("BATON_SUPERVISOR_COUNT", "1")]);
    yard.submit("daemon", "null").await;
    let (program, daemon) = (yard.file("program"), yard.file("daemon"));
    until("it runs", async || number_in(&program).is_some() && number_in(&daemon).is_some()).await;
    let left = [number_in(&program), number_in(&daemon)].map(|number| number.expect("a number"));
    let worker = keeper.workers()[0];
    let guard = parent(left[0]).expect("its guard");
    assert_eq!(parent(guard), Some(worker));
    assert!(keeper.signal(guard, Signal::KILL));
    until("all of it is gone", async || left.iter().all(|process| !lives(*process))).await;
    until("nothing waits to be reaped", async || keeper.children() == keeper.workers()).await;
    assert_eq!(keeper.workers(), [worker], "the worker goes on");
}
