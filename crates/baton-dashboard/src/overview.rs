//! The overview: how the fleet does, and how it did.

use std::collections::BTreeMap;

use askama::Template;
use baton_api::Timestamp;
use baton_api::error_group::ErrorGroups;
use baton_api::queue::{Queue, Queues};
use baton_api::series::{Recent, SeriesAnswer};
use baton_api::worker::Worker;
use baton_core::Status;

use crate::chart::{self, Chart, Spark};
use crate::page::pages;
use crate::shell::{Bar, Shell};
use crate::words;

/// How far back: the word of the address, and how much time one column stands for.
pub const SPANS: [(&str, &str); 4] = [("1h", "1m"), ("24h", "15m"), ("7d", "2h"), ("90d", "1d")];

/// Versions of workers that are named.
const VERSIONS_MAX: usize = 8;

/// What the overview is made of.
#[derive(Debug, Template)]
#[template(path = "overview.html", blocks = ["live"])]
pub struct OverviewPage {
    pub shell: Shell,
    /// One of [`SPANS`].
    pub last: &'static str,
    pub series: SeriesAnswer,
    pub queues: Queues,
    pub errors: ErrorGroups,
    /// Whether there are errors that are silenced, where there are no others.
    pub silenced: bool,
    /// What happened in each queue lately, by name.
    pub lately: BTreeMap<String, SeriesAnswer>,
    /// The first workers that there are.
    pub workers: Vec<Worker>,
}

pages!(OverviewPage);

impl OverviewPage {
    fn spark(&self, queue: &Queue) -> Option<Spark> {
        self.lately.get(queue.name.as_str()).map(chart::spark)
    }

    /// Versions that workers began to be of in the time that is shown, and when.
    fn versions(&self) -> Vec<(String, Timestamp)> {
        let (from, to) = (self.series.from.ms(), self.series.to.ms());
        let begun = versions(&self.workers).into_iter().filter(|(_, at)| (from..to).contains(&at.ms()));
        begun.take(VERSIONS_MAX).map(|(version, at)| (words::line(version), at)).collect()
    }

    fn bar(&self) -> Bar {
        self.shell.bar.clone().unwrap_or_default()
    }

    fn recent(&self) -> Recent {
        self.bar().stats.map(|stats| stats.recent).unwrap_or_default()
    }

    /// Whether there are tasks, for all that is known.
    fn has_tasks(&self) -> bool {
        let bar = self.bar();
        Status::ALL.iter().any(|status| bar.count(status) != Some(0))
    }

    fn success(&self) -> String {
        self.recent().success_rate.map_or_else(|| words::UNKNOWN.to_owned(), words::percent)
    }

    fn throughput(&self) -> Chart {
        let marks: Vec<Timestamp> = self.versions().into_iter().map(|(_, at)| at).collect();
        chart::throughput(&self.series).marked(&self.series, &marks)
    }

    fn latency(&self) -> Chart {
        chart::latency(&self.series)
    }

    fn spans(&self) -> impl Iterator<Item = &'static str> {
        SPANS.iter().map(|(last, _)| *last)
    }
}

/// When the first worker of each version began, as far as workers are still known: that is when it was deployed.
fn versions(workers: &[Worker]) -> Vec<(&str, Timestamp)> {
    let mut first: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for worker in workers {
        let Some(version) = worker.version.as_deref() else { continue };
        let at = first.entry(version).or_insert(worker.registered_at);
        if worker.registered_at.ms() < at.ms() {
            *at = worker.registered_at;
        }
    }
    let mut all: Vec<(&str, Timestamp)> = first.into_iter().collect();
    all.sort_by_key(|(_, at)| at.ms());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(number: u32, version: &str, at: &str) -> Worker {
        let text = format!(
            r#"{{"id":"worker-00{number}-a","state":"idle","holds":0,"lease_ms":1,"version":"{version}","registered_at":"{at}"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_version_begins_with_its_first_worker() {
        let workers = [
            worker(1, "2", "2026-01-01T00:00:09Z"),
            worker(2, "1", "2026-01-01T00:00:05Z"),
            worker(3, "2", "2026-01-01T00:00:07Z"),
        ];
        let said: Vec<(&str, String)> = versions(&workers)
            .into_iter()
            .map(|(version, at)| (version, at.to_string()[17..19].to_owned()))
            .collect();
        assert_eq!(said, [("1", "05".to_owned()), ("2", "07".to_owned())]);
    }
}
