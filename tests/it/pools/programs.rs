//! Programs that would take too much: they fail, and nobody else notices.

use baton_core::Status;
use baton_store::calls::task::NewTask;

use super::support::{Fleet, Yard, until};

/// Runs once, so that the first failure is the end.
async fn submit(fleet: &Fleet, kind: &str) -> baton_core::TaskId {
    fleet.submit_task(NewTask { max_attempts: 1, ..fleet.new_task(kind, "null") }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_takes_too_much_fails_and_says_what_it_may_and_its_siblings_go_on() {
    let yard = Yard::open().await;
    yard.handler("hungry", "dd if=/dev/zero of=/dev/null bs=600M count=1");
    yard.handler("spinning", "while :; do :; done");
    let many = "for number in $(seq 60); do : >$number; done; paste $(seq 60)";
    yard.handler("leaking", &format!("cd $(mktemp -d -p $PLACE); {many}"));
    yard.handler("calm", "touch $PLACE/calm; while ! [ -e $PLACE/over ]; do sleep 0.05; done");
    let mut keeper = yard.supervisor(
        "one",
        &[
            ("BATON_SUPERVISOR_COUNT", "1"),
            ("BATON_WORKER_EXEC_MEMORY", "256MiB"),
            ("BATON_WORKER_EXEC_CPU", "1"),
            ("BATON_WORKER_EXEC_FILES", "32"),
        ],
    );
    let calm = submit(&yard, "calm").await;
    until("the sibling runs", async || yard.file("calm").exists()).await;
    let workers = keeper.workers();
    let may = "each process of this program may use 256MiB of memory, 1 s on a processor, 32 open files";
    for (kind, reason, why) in [
        ("hungry", "exit 1", "memory exhausted"),
        ("spinning", "signal XCPU", "it used up its time on a processor"),
        ("leaking", "exit 1", "Too many open files"),
    ] {
        let task = yard.until_status(submit(&yard, kind).await, Status::Failed).await;
        let error = String::from_utf8(task.error.unwrap_or_default()).expect("a text");
        assert!(error.contains(why) && error.contains(may), "{kind}: {error}");
        assert_eq!(task.reason.as_deref(), Some(reason), "{kind}");
        assert_eq!((task.attempt, task.crashes), (1, 0), "{kind}: an attempt, and no crash of the worker");
    }
    std::fs::write(yard.file("over"), "").expect("a file");
    yard.until_status(calm, Status::Completed).await;
    assert_eq!(keeper.workers(), workers, "no worker had to be replaced");
}
