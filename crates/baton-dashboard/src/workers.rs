//! Workers: the map of hosts and slots, and one of them.

use std::collections::BTreeMap;

use askama::Template;
use baton_api::worker::{State, Worker, Workers};

use crate::deed::{Deed, Noun};
use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// All workers.
#[derive(Debug, Template)]
#[template(path = "workers.html", blocks = ["live"])]
pub struct WorkersPage {
    pub shell: Shell,
    pub list: Workers,
}

/// One worker.
#[derive(Debug, Template)]
#[template(path = "worker.html", blocks = ["live"])]
pub struct WorkerPage {
    pub shell: Shell,
    pub worker: Worker,
}

pages!(WorkersPage, WorkerPage);

/// The workers of one machine.
#[derive(Debug)]
pub struct Host<'a> {
    pub name: &'a str,
    pub workers: Vec<&'a Worker>,
}

/// One slot of a worker on the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its place from the left.
    pub x: u64,
    /// As the style sheet knows it.
    pub class: &'static str,
}

/// More cells than this would not be told apart.
const CELLS_MAX: u64 = 150;

/// The units of a cell and the gap behind it.
const CELL: u64 = 10;

/// A cell for each slot: those that are taken come first.
pub fn cells(worker: &Worker) -> Vec<Cell> {
    let slots = worker.slots.unwrap_or(worker.holds).max(worker.holds).min(CELLS_MAX);
    let class = |at: u64| match worker.state {
        State::Offline => "offline",
        _ if at < worker.holds => "busy",
        State::Quiet => "quiet",
        State::Idle | State::Busy => "free",
    };
    (0..slots).map(|at| Cell { x: at * CELL, class: class(at) }).collect()
}

/// How wide all of them are.
pub fn width(worker: &Worker) -> u64 {
    (cells(worker).len() as u64 * CELL).max(CELL)
}

impl WorkersPage {
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
    /// One that was told something can be told to go on.
    fn deeds(&self) -> Vec<&'static Deed> {
        let fits = |deed: &&Deed| match deed.word {
            "resume" => self.worker.directive.is_some(),
            _ => self.worker.state != State::Offline && self.worker.directive.is_none(),
        };
        Deed::allowed(Noun::Worker, &self.shell).filter(fits).collect()
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

    #[test]
    fn a_worker_has_a_cell_for_each_slot() {
        let classes = |worker: &Worker| cells(worker).iter().map(|cell| cell.class).collect::<Vec<_>>();
        assert_eq!(classes(&worker("busy", 1, 3)), ["busy", "free", "free"]);
        assert_eq!(classes(&worker("quiet", 1, 2)), ["busy", "quiet"]);
        assert_eq!(classes(&worker("offline", 0, 2)), ["offline", "offline"]);
        assert_eq!(cells(&worker("busy", 4, 2)).len(), 4);
        assert_eq!((width(&worker("idle", 0, 4)), width(&worker("idle", 0, 0))), (40, 10));
    }
}
