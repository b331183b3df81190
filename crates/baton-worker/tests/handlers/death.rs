//! Nothing of a program outlives its run, and nothing of a run outlives its worker.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use baton_testkit::process::{self, Process};
use baton_worker::{End, Handler};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{both, direct, gone, guarded, is_gone, next_line, pids, rest, run, until};

/// Itself and a grandchild, both deaf to SIGTERM; and one that twice forked and moved to a session of its own.
const FAMILY: &str = r#"
trap '' TERM
echo "pid $$" >&2
(sh -c 'echo "pid $$" >&2; while :; do sleep 600; done' & )
setsid -f sh -c '(echo "pid $$" >&2; while :; do sleep 600; done) & exit'
"#;

fn family(then: &str) -> String {
    format!("{FAMILY}\n{then}")
}

#[tokio::test]
async fn a_cancelled_run_leaves_nobody() {
    let exec = guarded(&family("while :; do sleep 600; done")).grace(Duration::from_millis(50));
    let (run, mut heard) = run("{}");
    let cancel = run.cancel.clone();
    let (end, pids) = tokio::join!(exec.run(run), async {
        let pids = pids(&mut heard, 3).await;
        cancel.cancel();
        pids
    });
    assert_eq!(end, End::Release { reason: "stopped".to_owned(), delay_ms: None });
    // At once: a run is over when everything is.
    assert!(pids.iter().all(|pid| is_gone(*pid)), "{pids:?}");
}

#[tokio::test]
async fn a_program_that_ends_takes_its_family_along() {
    let (run, mut heard) = run("{}");
    // It ends only after all of them have spoken.
    let place = tempfile::tempdir().unwrap();
    let gate = place.path().join("gate");
    let exec = guarded(&family(&format!("until [ -e {} ]; do sleep 0.01; done; echo 1", gate.display())));
    let (end, pids) = tokio::join!(exec.run(run), async {
        let pids = pids(&mut heard, 3).await;
        std::fs::write(&gate, "").unwrap();
        pids
    });
    assert_eq!(end, End::Complete(b"1".to_vec()));
    assert!(pids.iter().all(|pid| is_gone(*pid)), "{pids:?}");
}

#[tokio::test]
async fn a_dropped_run_leaves_nobody_and_no_zombie() {
    let exec = guarded(&format!("echo \"pid $PPID\" >&2; {}", family("while :; do sleep 600; done")));
    let (run, mut heard) = run("{}");
    let pids = tokio::select! {
        end = exec.run(run) => panic!("{end:?}"),
        pids = pids(&mut heard, 4) => pids,
    };
    // The guard, our child, is among them.
    gone(&pids).await;
}

#[tokio::test]
async fn a_killed_guard_takes_the_program_along() {
    let exec = guarded("echo \"pid $PPID\" >&2; echo \"pid $$\" >&2; exec sleep 600");
    let (run, mut heard) = run("{}");
    let (end, pids) = tokio::join!(exec.run(run), async {
        let pids = pids(&mut heard, 2).await;
        let guard = Pid::from_raw(i32::try_from(pids[0]).unwrap()).unwrap();
        kill_process(guard, Signal::KILL).unwrap();
        pids
    });
    assert!(matches!(&end, End::Retry { reason, .. } if reason == "guard_lost"), "{end:?}");
    gone(&pids).await;
}

#[tokio::test]
async fn without_a_guard_the_group_ends_with_the_run() {
    let script = r#"trap '' TERM
        echo "pid $$" >&2
        (sh -c 'echo "pid $$" >&2; while :; do sleep 600; done' & )
        while :; do sleep 600; done"#;
    let exec = direct(script).grace(Duration::from_millis(50));
    let (cancelled, mut heard) = run("{}");
    let cancel = cancelled.cancel.clone();
    let (_, found) = tokio::join!(exec.run(cancelled), async {
        let pids = pids(&mut heard, 2).await;
        cancel.cancel();
        pids
    });
    gone(&found).await;

    let (dropped, mut heard) = run("{}");
    let found = tokio::select! {
        end = exec.run(dropped) => panic!("{end:?}"),
        pids = pids(&mut heard, 2) => pids,
    };
    gone(&found).await;
}

#[tokio::test]
async fn what_holds_the_pipes_of_a_dead_program_does_not_hold_the_run() {
    let escape = "setsid -f sh -c 'echo \"pid $$\" >&2; >spoken; exec sleep 600'";
    for exec in both(&format!("{escape}; until [ -e spoken ]; do sleep 0.01; done; echo 1")) {
        let (run, heard) = run("{}");
        assert_eq!(exec.run(run).await, End::Complete(b"1".to_vec()));
        for word in rest(heard).await {
            // Without a guard it escapes, as the documentation says; we started it, and end it.
            let baton_worker::handler::Word::Line { text, .. } = word else { continue };
            let pid = String::from_utf8(text).unwrap().strip_prefix("pid ").unwrap().parse::<i32>().unwrap();
            let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
    }
}

/// The directory in which the worker of the next test finds its script.
const WORKER: &str = "BATON_TEST_WORKER_SCRIPT";

/// In a process of its own, started by the test below, this is a worker with one run; elsewhere it does nothing.
#[tokio::test]
async fn worker_of_one_run() {
    #[expect(clippy::disallowed_methods, reason = "a test is its own main")]
    let Some(script) = std::env::var_os(WORKER) else { return };
    let (run, mut heard) = run("{}");
    let exec = guarded(script.to_str().unwrap());
    tokio::select! {
        end = exec.run(run) => panic!("{end:?}"),
        never = async { loop { println!("{}", next_line(&mut heard).await); } } => never,
    }
}

#[tokio::test]
async fn a_killed_worker_leaves_nobody_and_no_directory() {
    let mut command = process::command(std::env::current_exe().unwrap());
    command.args(["--exact", "death::worker_of_one_run", "--nocapture"]).stdout(Stdio::piped());
    let script = format!("pwd -P >&2; echo \"pid $PPID\" >&2; {}", family("while :; do sleep 600; done"));
    command.env(WORKER, script);
    let mut worker = Process::spawn(command).unwrap();
    let output = worker.child().stdout.take().unwrap();
    let (pids, directory) = tokio::task::spawn_blocking(|| read_family(output)).await.unwrap();
    assert!(pids.iter().all(|pid| !is_gone(*pid)) && directory.exists());
    worker.kill();
    gone(&pids).await;
    until("the work directory is gone", || !directory.exists()).await;
}

fn read_family(output: std::process::ChildStdout) -> (Vec<u32>, PathBuf) {
    let (mut pids, mut directory) = (Vec::new(), None);
    let mut lines = BufReader::new(output).lines();
    while pids.len() < 4 || directory.is_none() {
        let line = lines.next().expect("the worker ended").unwrap();
        // The harness writes a name in front of the first line.
        if let Some(at) = line.find("/").filter(|_| line.contains("baton-run-")) {
            directory = Some(Path::new(&line[at..]).to_owned());
        } else if let Some(pid) = line.strip_prefix("pid ") {
            pids.push(pid.parse().unwrap());
        }
    }
    (pids, directory.unwrap())
}
