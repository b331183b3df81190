//! The overview: how the fleet does, and how it did.

use askama::Template;
use baton_api::error_group::ErrorGroups;
use baton_api::queue::{Queue, Queues};
use baton_api::series::{Recent, SeriesAnswer};
use baton_core::Status;

use crate::chart::{self, Chart, Spark};
use crate::page::pages;
use crate::shell::{Bar, Shell};
use crate::words;

/// How far back: the word of the address, and how much time one column stands for.
pub const SPANS: [(&str, &str); 4] = [("1h", "1m"), ("24h", "15m"), ("7d", "2h"), ("90d", "1d")];

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
}

pages!(OverviewPage);

impl OverviewPage {
    /// Rows of queues are without charts here: there are larger ones above.
    fn draws(&self) -> bool {
        false
    }

    fn spark(&self, _: &Queue) -> Option<Spark> {
        None
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
        chart::throughput(&self.series)
    }

    fn latency(&self) -> Chart {
        chart::latency(&self.series)
    }

    fn spans(&self) -> impl Iterator<Item = &'static str> {
        SPANS.iter().map(|(last, _)| *last)
    }
}
