//! What happens to the tasks of a worker that dies, or stands still for too long.

use std::path::Path;

use baton_core::Status;

use super::support::{Fleet, text, until};

/// The first run never ends by itself and leaves its process id; every later one completes.
const ONCE: &str = r#"if [ -e "$PLACE/first" ]; then echo '"second"'; exit 0; fi
echo $$ > "$PLACE/first.part" && mv "$PLACE/first.part" "$PLACE/first"
while :; do sleep 1; done"#;

fn lives(pid: &str) -> bool {
    // A zombie has ended: it only waits to be counted.
    let stat = text(Path::new("/proc").join(pid.trim()).join("stat"));
    !stat.is_empty() && !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_s_task_is_finished_by_another_and_burns_no_attempt() {
    let fleet = Fleet::start().await;
    fleet.handler("once", ONCE);
    let mut first = fleet.worker("first");
    let task = fleet.submit("once", "null").await;
    until("the first runs it", async || fleet.file("first").exists()).await;
    let _second = fleet.worker("second");
    first.kill();
    let pid = text(fleet.file("first"));
    let done = fleet.until_status(task, Status::Completed).await;
    assert_eq!((done.attempt, done.crashes), (0, 1));
    let steps: Vec<String> = fleet.history(task).await.into_iter().map(|entry| entry.step).collect();
    assert_eq!(steps, ["submit", "claim", "reclaim", "claim", "complete"]);
    until("its program is gone", async || !lives(&pid)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stopped_past_its_lease_is_fenced_and_ends_what_it_ran() {
    let fleet = Fleet::start().await;
    fleet.handler("once", ONCE);
    let mut first = fleet.worker("first");
    let task = fleet.submit("once", "null").await;
    until("the first runs it", async || fleet.file("first").exists()).await;
    let second = fleet.worker("second");
    first.freeze();
    let done = fleet.until_status(task, Status::Completed).await;
    assert_eq!((done.attempt, done.crashes), (0, 1));
    let pid = text(fleet.file("first"));
    assert!(lives(&pid), "nobody could end it while its worker stood still");
    first.thaw();
    until("its program is told to end", async || !lives(&pid)).await;
    // It goes on as a worker, and what it says of the old run counts for nothing.
    drop(second);
    let next = fleet.submit("once", "null").await;
    fleet.until_status(next, Status::Completed).await;
    let steps: Vec<String> = fleet.history(task).await.into_iter().map(|entry| entry.step).collect();
    assert_eq!(steps, ["submit", "claim", "reclaim", "claim", "complete"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_comes_too_late_is_refused_and_said_to_be() {
    let fleet = Fleet::start().await;
    // It completes only when told, so that the report of the first comes after the lease.
    fleet.handler(
        "told",
        r#"echo x >> "$PLACE/runs"; while [ ! -e "$PLACE/go" ]; do sleep 0.02; done; echo '1'"#,
    );
    let mut first = fleet.worker("first");
    let task = fleet.submit("told", "null").await;
    until("the first runs it", async || text(fleet.file("runs")).lines().count() == 1).await;
    let _second = fleet.worker("second");
    first.freeze();
    until("the second runs it", async || text(fleet.file("runs")).lines().count() == 2).await;
    // The program of the first ends while its worker stands still: the result waits in its pipe.
    std::fs::write(fleet.file("go"), "").expect("a word");
    let done = fleet.until_status(task, Status::Completed).await;
    first.thaw();
    until("it is told", async || {
        let log = text(fleet.file("first.log"));
        log.contains("not held any more")
            || log.contains("a report was refused")
            || log.contains("lease was lost")
    })
    .await;
    assert_eq!(fleet.read(task).await.version, done.version, "nothing it said changed anything");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_told_to_end_finishes_its_task_and_exits_well() {
    let fleet = Fleet::start().await;
    fleet
        .handler("told", r#"touch "$PLACE/runs"; while [ ! -e "$PLACE/go" ]; do sleep 0.02; done; echo '1'"#);
    let mut worker = fleet.worker("one");
    let task = fleet.submit("told", "null").await;
    until("it runs", async || fleet.file("runs").exists()).await;
    worker.signal(baton_testkit::process::Signal::TERM);
    until("it has heard", async || text(fleet.file("one.log")).contains("a second signal ends it now")).await;
    std::fs::write(fleet.file("go"), "").expect("a word");
    until("it has ended", async || !worker.is_running()).await;
    let code = worker.child().wait().expect("its end").code();
    assert_eq!((code, fleet.read(task).await.status()), (Some(0), Status::Completed));
}
