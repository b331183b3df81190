//! Queues: all of them, and one.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use baton_api::queue::{Keep, Queue, Queues};
use baton_api::series::SeriesAnswer;
use baton_api::worker::{State, Worker};
use baton_core::Status;

use crate::chart::{self, Chart, Spark};
use crate::deed::{Deed, Noun};
use crate::link::Link;
use crate::overview::SPANS;
use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// All queues.
#[derive(Debug, Template)]
#[template(path = "queues.html", blocks = ["live"])]
pub struct QueuesPage {
    pub shell: Shell,
    pub list: Queues,
    /// What happened in each lately, by name.
    pub series: BTreeMap<String, SeriesAnswer>,
}

/// One queue.
#[derive(Debug, Template)]
#[template(path = "queue.html", blocks = ["live"])]
pub struct QueuePage {
    pub shell: Shell,
    pub queue: Queue,
    /// One of the spans of the overview.
    pub last: &'static str,
    pub series: SeriesAnswer,
    /// The first workers that there are. None: they cannot be read now.
    pub workers: Option<Vec<Worker>>,
}

pages!(QueuesPage, QueuePage);

/// Workers that stand on the page of a queue.
const WORKERS_MAX: usize = 20;

/// How many tasks of a queue are in that status.
pub fn count(queue: &Queue, status: impl AsRef<str>) -> String {
    words::grouped(queue.tasks.get(status.as_ref()).copied().unwrap_or_default())
}

/// What turns it the other way: one that is paused can be resumed.
pub fn toggle(queue: &Queue, shell: &Shell) -> Option<&'static Deed> {
    let word = if queue.paused { "resume" } else { "pause" };
    Deed::allowed(Noun::Queue, shell).find(|deed| deed.word == word)
}

impl QueuesPage {
    fn spark(&self, queue: &Queue) -> Option<Spark> {
        self.series.get(queue.name.as_str()).map(chart::spark)
    }
}

impl QueuePage {
    fn edit(&self) -> Option<Link> {
        let link = self.shell.queue(&self.queue.name).and("/limits");
        self.shell.may("queues:admin").then_some(link)
    }

    fn throughput(&self) -> Chart {
        chart::throughput(&self.series)
    }

    fn depth(&self) -> Chart {
        chart::depth(&self.series)
    }

    fn traffic(&self) -> Chart {
        chart::traffic(&self.series)
    }

    /// Those that live and claim from it.
    fn claiming(&self) -> Vec<&Worker> {
        let all = self.workers.iter().flatten().filter(|worker| worker.state != State::Offline);
        all.filter(|worker| worker.queues.iter().any(|queue| queue == self.queue.name.as_str())).collect()
    }

    fn claimers(&self) -> Vec<&Worker> {
        self.claiming().into_iter().take(WORKERS_MAX).collect()
    }

    /// How many there are beside these.
    fn unnamed(&self) -> usize {
        self.claiming().len().saturating_sub(WORKERS_MAX)
    }

    /// What all of them together have handlers for.
    fn kinds(&self) -> Vec<&str> {
        let kinds: BTreeSet<&str> =
            self.claiming().iter().flat_map(|worker| &worker.kinds).map(String::as_str).collect();
        kinds.into_iter().collect()
    }

    fn latency(&self) -> Chart {
        chart::latency(&self.series)
    }

    fn spans(&self) -> impl Iterator<Item = &'static str> {
        SPANS.iter().map(|(last, _)| *last)
    }

    /// A queue that is paused can be resumed, and the other way round.
    fn deeds(&self) -> Vec<&'static Deed> {
        let fits = |deed: &&Deed| match deed.word {
            "pause" => !self.queue.paused,
            "resume" => self.queue.paused,
            _ => true,
        };
        Deed::allowed(Noun::Queue, &self.shell).filter(fits).collect()
    }

    /// Name and value, of those that are set.
    fn limits(&self) -> Vec<(&'static str, String)> {
        let limits = &self.queue.limits;
        let rate =
            limits.rate.map(|rate| format!("{} in {}", words::grouped(rate.count), words::took(rate.per_ms)));
        let each = [
            ("At once", limits.concurrency.map(words::grouped)),
            ("Started", rate),
            ("At once of a group", limits.group_concurrency.map(words::grouped)),
            ("Turns", limits.fair.then(|| "groups take turns".to_owned())),
            ("A waiting task rises a priority every", limits.aging_ms.map(words::took)),
        ];
        each.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    fn kept(&self) -> Vec<(&'static str, String)> {
        let keeps = self.queue.retention;
        let each = [
            ("all", keeps.default),
            ("completed", keeps.completed),
            ("failed", keeps.failed),
            ("timeout", keeps.timeout),
            ("cancelled", keeps.cancelled),
        ];
        each.into_iter().filter_map(|(name, keep)| Some((name, said(keep?)))).collect()
    }

    fn statuses(&self) -> &'static [Status] {
        Status::ALL
    }
}

fn said(keep: Keep) -> String {
    match keep.0 {
        baton_core::queue::Keep::Ms(ms) => words::took(ms),
        baton_core::queue::Keep::Forever => "forever".to_owned(),
    }
}
