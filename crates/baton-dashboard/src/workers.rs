//! Workers: the map of hosts and slots, and one of them.

use std::collections::BTreeMap;

use askama::Template;
use baton_api::pool::{Pool, PoolState, Pools};
use baton_api::task::Task;
use baton_api::worker::{State, Worker, Workers};

use crate::deed::{Deed, Noun};
use crate::link::Link;
use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// All workers.
#[derive(Debug, Template)]
#[template(path = "workers.html", blocks = ["live"])]
pub struct WorkersPage {
    pub shell: Shell,
    pub list: Workers,
    /// None: they cannot be read now.
    pub pools: Option<Pools>,
    /// What runs now, as far as one answer tells.
    pub running: Vec<Task>,
}

/// One worker.
#[derive(Debug, Template)]
#[template(path = "worker.html", blocks = ["live"])]
pub struct WorkerPage {
    pub shell: Shell,
    pub worker: Worker,
    /// What it runs.
    pub running: Vec<Task>,
}

pages!(WorkersPage, WorkerPage);

/// The workers of one machine.
#[derive(Debug)]
pub struct Host<'a> {
    pub name: &'a str,
    pub workers: Vec<&'a Worker>,
}

/// One slot of a worker on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its place from the left.
    pub x: u64,
    /// As the style sheet knows it.
    pub class: &'static str,
    /// The task in it, and what is said of that.
    pub task: Option<(Link, String)>,
}

/// More cells than this would not be told apart.
const CELLS_MAX: u64 = 150;

/// The units of a cell and the gap behind it.
const CELL: u64 = 10;

/// A run that has taken longer than this is of the next class.
const AGES: [(u64, &str); 3] = [(10_000, "busy young"), (60_000, "busy minute"), (600_000, "busy tens")];

fn age_class(ms: u64) -> &'static str {
    AGES.into_iter().find(|(most, _)| ms < *most).map_or("busy old", |(_, class)| class)
}

/// A cell for each slot: those that are taken come first, and of these the ones whose task is known.
fn cells(shell: &Shell, worker: &Worker, running: &[Task]) -> Vec<Cell> {
    let slots = worker.slots.unwrap_or(worker.holds).max(worker.holds).min(CELLS_MAX);
    let own = running.iter().filter(|task| task.worker.as_deref() == Some(worker.id.as_str()));
    let mut own = own.take(worker.holds as usize);
    let cell = |at: u64| {
        let x = at * CELL;
        let plain = |class| Cell { x, class, task: None };
        match worker.state {
            State::Offline => plain("offline"),
            _ if at < worker.holds => match own.next() {
                Some(task) => {
                    let ms = task.started_at.map_or(0, |at| shell.now.ms().saturating_sub(at.ms()));
                    let said = format!(
                        "{} {}, for {}",
                        task.kind,
                        words::short(task.id.to_string()),
                        words::took(ms)
                    );
                    Cell { x, class: age_class(ms), task: Some((shell.task(task.id), said)) }
                }
                None => plain("busy"),
            },
            State::Quiet => plain("quiet"),
            State::Idle | State::Busy => plain("free"),
        }
    };
    (0..slots).map(cell).collect()
}

/// How wide all of them are.
pub fn width(worker: &Worker) -> u64 {
    let slots = worker.slots.unwrap_or(worker.holds).max(worker.holds).min(CELLS_MAX);
    (slots * CELL).max(CELL)
}

impl WorkersPage {
    fn cells(&self, worker: &Worker) -> Vec<Cell> {
        cells(&self.shell, worker, &self.running)
    }

    /// Whether the buttons of pools are shown.
    fn operates(&self) -> bool {
        self.shell.may("workers:admin")
    }

    fn to_pool(&self, pool: &Pool, word: &str) -> Link {
        self.shell.base.of("/ui/pools", &pool.name).and("/").and(word)
    }

    fn hosts(&self) -> Vec<Host<'_>> {
        let mut hosts: BTreeMap<&str, Vec<&Worker>> = BTreeMap::new();
        for worker in &self.list.workers {
            hosts.entry(worker.host.as_deref().unwrap_or("an unnamed host")).or_default().push(worker);
        }
        hosts.into_iter().map(|(name, workers)| Host { name, workers }).collect()
    }

    /// Live workers of more than one version.
    fn versions(&self) -> Vec<&str> {
        let live = self.list.workers.iter().filter(|worker| worker.state != State::Offline);
        let mut versions: Vec<&str> = live.filter_map(|worker| worker.version.as_deref()).collect();
        versions.sort_unstable();
        versions.dedup();
        if versions.len() > 1 { versions } else { Vec::new() }
    }

    /// Slots that are taken, and all.
    fn slots(&self) -> (u64, u64) {
        let live = self.list.workers.iter().filter(|worker| worker.state != State::Offline);
        live.fold((0, 0), |(taken, all), worker| {
            (taken + worker.holds, all + worker.slots.unwrap_or_default().max(worker.holds))
        })
    }
}

impl WorkerPage {
    fn cells(&self, worker: &Worker) -> Vec<Cell> {
        cells(&self.shell, worker, &self.running)
    }

    /// One that was told something can be told to go on.
    fn deeds(&self) -> Vec<&'static Deed> {
        let fits = |deed: &&Deed| match deed.word {
            "resume" => self.worker.directive.is_some(),
            _ => self.worker.state != State::Offline && self.worker.directive.is_none(),
        };
        Deed::allowed(Noun::Worker, &self.shell).filter(fits).collect()
    }
}

/// Workers of a pool that live.
pub fn alive(pool: &Pool) -> u64 {
    pool.workers.total.saturating_sub(pool.workers.offline)
}

/// Workers that supervisors replaced after a failure, and places in which they gave up.
pub fn restarts(pool: &Pool) -> (u64, u64) {
    let each = pool.supervisors.iter();
    each.fold((0, 0), |(restarts, gave_up), one| (restarts + one.restarts, gave_up + one.gave_up))
}

/// How it does, for the style sheet.
pub fn class(pool: &Pool) -> &'static str {
    match pool.state {
        PoolState::Steady => "steady",
        PoolState::Converging | PoolState::Stopped => "quiet",
        PoolState::Degraded | PoolState::Unattended => "offline",
    }
}

/// A bar of what is desired, and the part of it that is there: of 100.
pub fn share(pool: &Pool) -> u64 {
    let desired = if pool.running { pool.desired } else { 0 };
    alive(pool).min(desired).saturating_mul(100).checked_div(desired).unwrap_or(0)
}

/// How much of its lease is used up since it was heard of, for the style sheet. One that lives renews it in thirds.
pub fn lease(worker: &Worker) -> &'static str {
    let age_ms = worker.heartbeat_age_ms.filter(|_| worker.state != State::Offline).unwrap_or_default();
    match age_ms.saturating_mul(3) / worker.lease_ms.max(1) {
        0 | 1 => "",
        2 => "late",
        _ => "over",
    }
}

/// How long ago it was heard of.
pub fn heard(worker: &Worker) -> String {
    worker.heartbeat_age_ms.map_or_else(|| "–".to_owned(), words::age)
}

/// What it claims from.
pub fn queues(worker: &Worker) -> String {
    words::line(worker.queues.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(state: &str, holds: u64, slots: u64) -> Worker {
        let text = format!(
            r#"{{"id":"worker-001-a","state":"{state}","holds":{holds},"slots":{slots},"lease_ms":1,
                "registered_at":"2026-01-01T00:00:00Z"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn task(worker: &str) -> Task {
        let text = format!(
            r#"{{"id":"0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4567","kind":"echo","queue":"q","status":"running","priority":4,"version":1,
                "created_at":"2026-01-01T00:00:00Z","started_at":"2026-01-01T00:00:00Z","attempt":0,"max_attempts":1,
                "crashes":0,"max_crashes":1,"timeout_ms":1000,"worker":"{worker}","parents":0,"children":0}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_worker_has_a_cell_for_each_slot() {
        let shell = crate::shell::tests_shell();
        let classes =
            |worker: &Worker| cells(&shell, worker, &[]).iter().map(|cell| cell.class).collect::<Vec<_>>();
        assert_eq!(classes(&worker("busy", 1, 3)), ["busy", "free", "free"]);
        assert_eq!(classes(&worker("quiet", 1, 2)), ["busy", "quiet"]);
        assert_eq!(classes(&worker("offline", 0, 2)), ["offline", "offline"]);
        assert_eq!(cells(&shell, &worker("busy", 4, 2), &[]).len(), 4);
        assert_eq!((width(&worker("idle", 0, 4)), width(&worker("idle", 0, 0))), (40, 10));
    }

    #[test]
    fn a_lease_that_is_not_renewed_is_seen() {
        let aged = |state: &str, age_ms: u64| {
            let worker = Worker { lease_ms: 30_000, heartbeat_age_ms: Some(age_ms), ..worker(state, 0, 1) };
            lease(&worker)
        };
        assert_eq!(
            [9_000, 19_999, 20_000, 30_000].map(|age_ms| aged("busy", age_ms)),
            ["", "", "late", "over"]
        );
        assert_eq!(aged("offline", 90_000), "");
    }

    #[test]
    fn a_cell_leads_to_its_task_and_is_darker_the_longer_it_runs() {
        let shell = crate::shell::tests_shell();
        let running = [task("worker-002-a"), task("worker-001-a")];
        let cells = cells(&shell, &worker("busy", 2, 3), &running);
        assert_eq!(cells.iter().map(|cell| cell.class).collect::<Vec<_>>(), ["busy old", "busy", "free"]);
        let (link, said) = cells[0].task.as_ref().unwrap();
        assert!(
            link.to_string().starts_with("/ui/tasks/0193a1b2") && said.starts_with("echo 0c1d2e3f4, for"),
            "{said}"
        );
        assert_eq!(
            [0, 10_000, 60_000, 600_000].map(age_class),
            ["busy young", "busy minute", "busy tens", "busy old"]
        );
    }
}
