//! Workers and supervisors that die, and what takes their place.

use baton_core::Status;
use baton_testkit::process::Signal;

use super::support::{Yard, lives, number_in, text, until};

/// The first run leaves its process id and never ends by itself; every later one completes.
const ONCE: &str = r#"if [ -e "$PLACE/first" ]; then echo '"second"'; exit 0; fi
echo $$ > "$PLACE/first.part" && mv "$PLACE/first.part" "$PLACE/first"
while :; do sleep 1; done"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_program_without_any_settings_runs_what_was_submitted_before() {
    let yard = Yard::open().await;
    let mut tasks = Vec::new();
    for number in 0..20 {
        tasks.push(yard.submit("echo", &number.to_string()).await);
    }
    let mut keeper = yard.supervisor("one", &[]);
    for task in tasks {
        yard.until_status(task, Status::Completed).await;
    }
    yard.until_steady(2).await;
    assert_eq!(keeper.workers().len(), 2);
    let pool = yard.pool().await.expect("it is there");
    assert_eq!((pool.desired, pool.running, pool.configured), (2, true, true));
    // Asked to end, all of them end well.
    let workers = keeper.workers();
    keeper.0.signal(Signal::TERM);
    until("it has ended", async || !keeper.0.is_running()).await;
    assert_eq!(keeper.0.child().wait().expect("its end").code(), Some(0));
    assert!(workers.into_iter().all(|worker| !lives(worker)));
    assert!(yard.supervisors().await.is_empty(), "it has taken leave");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_is_replaced_and_the_next_one_takes_its_task_over() {
    let yard = Yard::open().await;
    yard.handler("once", ONCE);
    let mut keeper = yard.supervisor("one", &[("BATON_SUPERVISOR_COUNT", "1")]);
    let task = yard.submit("once", "null").await;
    until("the first runs it", async || number_in(yard.file("first")).is_some()).await;
    let first = keeper.workers()[0];
    assert!(keeper.signal(first, Signal::KILL));
    // Long before its lease of half a minute runs out.
    let done = yard.until_status(task, Status::Completed).await;
    assert_eq!((done.attempt, done.crashes), (0, 1));
    let history = yard.history(task).await;
    let steps: Vec<&str> = history.iter().map(|entry| entry.step.as_str()).collect();
    assert_eq!(steps, ["submit", "claim", "takeover", "complete"]);
    assert!(format!("{history:?}").contains("signal 9"), "{history:?}");
    assert_ne!(keeper.workers(), [first]);
    until("it is counted", async || yard.said("restarts").await == "1").await;
    let program = number_in(yard.file("first")).expect("its number");
    until("its program is gone", async || !lives(program)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_somebody_tells_to_end_is_replaced_and_nothing_is_wrong() {
    let yard = Yard::open().await;
    let mut keeper = yard.supervisor("one", &[("BATON_SUPERVISOR_COUNT", "1")]);
    yard.until_steady(1).await;
    let first = keeper.workers()[0];
    assert!(keeper.signal(first, Signal::TERM));
    // Its record is closed, so the next one has a name of its own.
    until("another one works", async || {
        let log = text(yard.file("one.log"));
        log.contains(r#""working","worker":"worker-002-default""#)
    })
    .await;
    assert!(!lives(first) && keeper.workers().len() == 1);
    assert_eq!(yard.said("restarts").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_worker_is_replaced_while_redis_hangs() {
    let mut yard = Yard::open().await;
    let mut keeper = yard.supervisor("one", &[("BATON_SUPERVISOR_COUNT", "1")]);
    yard.until_steady(1).await;
    let first = keeper.workers()[0];
    yard.redis().freeze();
    assert!(keeper.signal(first, Signal::KILL));
    until("another one is there", async || keeper.workers().first().is_some_and(|one| *one != first)).await;
    yard.redis().thaw();
    let task = yard.submit("echo", "1").await;
    yard.until_status(task, Status::Completed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workers_of_a_killed_supervisor_end_and_the_next_one_needs_no_lease_to_run_out() {
    let yard = Yard::open().await;
    // It does not mind being asked to end, so its worker must end it.
    yard.handler("stubborn", r#"trap '' TERM; echo $$ > "$PLACE/first"; while :; do sleep 1; done"#);
    let variables = [("BATON_WORKER_DRAIN_TIMEOUT", "200ms"), ("BATON_WORKER_LEASE", "2s")];
    let mut first = yard.supervisor("first", &variables);
    yard.until_steady(2).await;
    yard.submit("stubborn", "null").await;
    until("it runs", async || number_in(yard.file("first")).is_some()).await;
    // Read now: the next run, under the second supervisor, writes its own.
    let program = number_in(yard.file("first")).expect("its number");
    let workers = first.workers();
    assert_eq!(workers.len(), 2);
    let dead = yard.supervisors().await.remove(0).id;
    first.0.signal(Signal::KILL);
    let mut second = yard.supervisor("second", &variables);
    until("nobody is left of the first", async || workers.iter().all(|worker| !lives(*worker))).await;
    until("not its program either", async || !lives(program)).await;
    // The only one: the entry of the dead one is gone already.
    yard.until_steady(2).await;
    assert_ne!(yard.supervisors().await[0].id, dead);
    assert_eq!(second.workers().len(), 2);
    let log = text(yard.file("second.log"));
    assert!(log.contains("a supervisor of this machine is dead"), "{log}");
}
