//! A Redis, and worker processes beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use baton_core::{Kind, Shard, Status, TaskId};
use baton_store::calls::task::{HistoryRead, NewTask, Submission};
use baton_store::calls::worker::Worker;
use baton_store::history::Entry;
use baton_store::{Options, Store, Task};
use baton_testkit::{Launch, PrivateRedis, Process, process};
use tempfile::TempDir;

/// No test waits this long: it only turns a hang into a failure.
const LONG: Duration = Duration::from_secs(90);

/// A program of this workspace, as built beside this test.
pub(crate) fn program(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("this test");
    let built = this.ancestors().nth(2).expect("the target directory").join(name);
    assert!(built.is_file(), "{} is not built: cargo build --workspace --bins", built.display());
    built
}

pub(crate) struct Fleet {
    pub(crate) redis: PrivateRedis,
    pub(crate) store: Store,
    pub(crate) place: TempDir,
}

impl Fleet {
    pub(crate) async fn start() -> Fleet {
        Fleet::start_on(Launch::default()).await
    }

    pub(crate) async fn start_on(launch: Launch) -> Fleet {
        let redis = launch.start().await;
        let (store, _) =
            Store::open(Options::new(redis.url().parse().expect("a URL"))).await.expect("a store");
        Fleet { redis, store, place: TempDir::new().expect("a directory") }
    }

    /// A handler that is a shell script; `$PLACE` is a directory that outlives its runs.
    pub(crate) fn handler(&self, kind: &str, script: &str) {
        let directory = self.handlers();
        fs::create_dir_all(&directory).expect("a directory");
        let file = directory.join(kind);
        let place = self.place.path().display();
        fs::write(&file, format!("#!/bin/sh\nPLACE={place}\n{script}\n")).expect("a script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("an executable");
    }

    fn handlers(&self) -> PathBuf {
        self.place.path().join("handlers")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A worker process with one slot and a lease of a second; its log goes to a file.
    pub(crate) fn worker(&self, name: &str) -> Process {
        fs::create_dir_all(self.handlers()).expect("a directory");
        let log = fs::File::create(self.file(&format!("{name}.log"))).expect("a log");
        let mut command = process::command(program("baton-worker"));
        command.args(["--redis-url", &self.redis.url(), "--slots", "1", "--lease", "1s"]);
        command.arg("--exec-dir").arg(self.handlers());
        command.env("BATON_SUPERVISOR_ENABLED", "false");
        command.env_remove("BATON_CONFIG").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Process::spawn(command).expect("a worker")
    }

    pub(crate) async fn submit(&self, kind: &str, payload: &str) -> TaskId {
        self.submit_task(self.new_task(kind, payload)).await
    }

    pub(crate) fn new_task(&self, kind: &str, payload: &str) -> NewTask {
        NewTask::new(self.store.draw(Shard::FIRST), Kind::new(kind).expect("a kind"), payload)
    }

    pub(crate) async fn submit_task(&self, task: NewTask) -> TaskId {
        let id = task.id;
        self.store.submit(&Submission { tasks: &[task], by: None, op: None }).await.expect("an answer");
        id
    }

    /// Workers whose lease runs.
    pub(crate) async fn live_workers(&self) -> Vec<Worker> {
        let mut live = Vec::new();
        for first in (0..).step_by(100) {
            let page = self.store.workers(Shard::FIRST, first, 100).await.expect("workers");
            if page.workers.is_empty() {
                break;
            }
            let is_live = |worker: &Worker| {
                worker.boot.is_some() && worker.lease_until_ms.is_some_and(|until| until > page.now_ms)
            };
            live.extend(page.workers.into_iter().filter(is_live));
        }
        live
    }

    pub(crate) async fn read(&self, task: TaskId) -> Task {
        let read = self.store.read_tasks(task.shard(), &[task], true).await.expect("an answer");
        read.into_iter().next().flatten().expect("the task")
    }

    pub(crate) async fn until_status(&self, task: TaskId, status: Status) -> Task {
        until(&format!("{task} is {status:?}"), async || self.read(task).await.status() == status).await;
        self.read(task).await
    }

    pub(crate) async fn history(&self, task: TaskId) -> Vec<Entry> {
        match self.store.history(task).await.expect("an answer") {
            HistoryRead::Entries { entries, .. } => entries,
            other => panic!("{other:?}"),
        }
    }
}

/// A supervisor with these settings; its log, and that of its workers, goes to a file.
pub(crate) fn supervisor(fleet: &Fleet, name: &str, settings: &[(&str, &str)]) -> Process {
    let log = fs::File::create(fleet.file(&format!("{name}.log"))).expect("a log");
    supervisor_by(fleet, &[], log.into(), settings)
}

/// The same, started by a program that becomes it, with these arguments before its own name.
pub(crate) fn supervisor_by(fleet: &Fleet, by: &[&str], log: Stdio, settings: &[(&str, &str)]) -> Process {
    fs::create_dir_all(fleet.handlers()).expect("a directory");
    let baton = program("baton-worker");
    let mut command = match by {
        [] => process::command(baton),
        [by, arguments @ ..] => {
            let mut command = process::command(by);
            command.args(arguments).arg(baton);
            command
        }
    };
    command.env("BATON_REDIS_URL", fleet.redis.url()).env("BATON_WORKER_EXEC_DIR", fleet.handlers());
    command.envs(settings.iter().copied()).env_remove("BATON_CONFIG");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    Process::spawn(command).expect("a supervisor")
}

pub(crate) fn text(file: impl AsRef<Path>) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// Waits for a condition.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let reached = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    tokio::time::timeout(LONG, reached).await.unwrap_or_else(|_| panic!("it never happened: {what}"));
}
