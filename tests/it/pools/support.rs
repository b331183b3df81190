//! Supervisors beside a Redis of their own, and looks at their processes.

use std::fs;
use std::ops::Deref;
use std::process::Stdio;

use baton_core::PoolName;
use baton_store::calls::pool::{Pool, PoolSet, SetPool, Supervisor};
use baton_testkit::process::Signal;
use baton_testkit::{PrivateRedis, Process};

pub(super) use crate::fleet::support::{Fleet, text, until};
use crate::fleet::support::{supervisor, supervisor_by};

/// A Redis, and what is beside it.
pub(super) struct Yard(pub(super) Fleet);

impl Deref for Yard {
    type Target = Fleet;

    fn deref(&self) -> &Fleet {
        &self.0
    }
}

/// A supervisor's process. It ends with its handle, and its workers with it.
pub(super) struct Keeper(pub(super) Process);

impl Yard {
    pub(super) async fn open() -> Yard {
        Yard(Fleet::start().await)
    }

    pub(super) fn redis(&mut self) -> &mut PrivateRedis {
        &mut self.0.redis
    }

    /// A command by hand.
    pub(super) async fn redis_says(&self, words: &[&str]) {
        let _: String = self.0.redis.say(words).await;
    }

    /// `baton-worker`, with little but these variables; its log goes to a file of that name.
    pub(super) fn supervisor(&self, name: &str, variables: &[(&str, &str)]) -> Keeper {
        Keeper(supervisor(&self.0, name, variables))
    }

    /// The same, started by a program that becomes it, and with its log elsewhere.
    pub(super) fn supervisor_by(
        &self,
        by: &[&str],
        log: impl Into<Stdio>,
        variables: &[(&str, &str)],
    ) -> Keeper {
        Keeper(supervisor_by(&self.0, by, log.into(), variables))
    }

    pub(super) async fn pool(&self) -> Option<Pool> {
        self.store.pool(&PoolName::default()).await.expect("an answer").pool
    }

    /// Those that attend to the pool.
    pub(super) async fn supervisors(&self) -> Vec<Supervisor> {
        self.pool().await.map(|pool| pool.supervisors).unwrap_or_default()
    }

    /// A field of the only supervisor's report.
    pub(super) async fn said(&self, field: &str) -> String {
        match &self.supervisors().await[..] {
            [one] => one.report.get(field).cloned().unwrap_or_default(),
            _ => String::new(),
        }
    }

    pub(super) async fn until_steady(&self, live: u64) {
        let live = live.to_string();
        until(&format!("{live} workers are ready"), async || {
            self.said("state").await == "steady" && self.said("live").await == live
        })
        .await;
    }

    pub(super) async fn set(&self, desired: Option<u64>, running: Option<bool>) {
        let pool = PoolName::default();
        let set = SetPool { pool: &pool, desired, running, by: None };
        let done = self.store.set_pool(&set).await.expect("an answer");
        assert!(matches!(done, PoolSet::Done { .. }), "{done:?}");
    }
}

impl Keeper {
    pub(super) fn pid(&mut self) -> u32 {
        self.0.child().id()
    }

    /// Its workers, by the order of their processes.
    pub(super) fn workers(&mut self) -> Vec<u32> {
        let own = self.pid();
        let mut workers: Vec<u32> = children(own).into_iter().filter(|child| is_worker(*child)).collect();
        workers.sort_unstable();
        workers
    }

    /// All its children: also zombies, and what fell to it.
    pub(super) fn children(&mut self) -> Vec<u32> {
        children(self.pid())
    }

    pub(super) fn signal(&mut self, pid: u32, signal: Signal) -> bool {
        self.0.signal_descendant(pid, signal)
    }

    /// Time on a processor, in ticks of a hundredth of a second.
    pub(super) fn ticks(&mut self) -> u64 {
        let stat = stat(self.pid()).expect("it lives");
        stat[11..=12].iter().map(|field| field.parse::<u64>().expect("a number")).sum()
    }
}

/// The fields of `/proc/<pid>/stat` from the state on.
fn stat(pid: u32) -> Option<Vec<String>> {
    let line = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let line = String::from_utf8_lossy(&line);
    let (_, behind_name) = line.rsplit_once(')')?;
    Some(behind_name.split_whitespace().map(str::to_owned).collect())
}

pub(super) fn parent(pid: u32) -> Option<u32> {
    stat(pid)?.get(1)?.parse().ok()
}

fn children(of: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("processes");
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter(|number| parent(*number) == Some(of)).collect()
}

fn is_worker(pid: u32) -> bool {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    words.split(|byte| *byte == 0).any(|word| word == b"--supervised-by")
}

/// Does it run? A zombie has ended.
pub(super) fn lives(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| stat[0] != "Z")
}

/// The number of a process that a handler has left in a file.
pub(super) fn number_in(file: impl AsRef<std::path::Path>) -> Option<u32> {
    text(file).trim().parse().ok()
}
