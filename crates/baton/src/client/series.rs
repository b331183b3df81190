//! How the fleet does: figures, time series, and failures in groups.

use std::time::Duration;

use baton_api::error_group::{ErrorGroup, ErrorGroups, SilenceError};
use baton_api::operation::{Acted, RerunGroup};
use baton_api::series::SeriesAnswer;
use baton_api::task::Stats;
use baton_core::Fingerprint;
use baton_core::series::Metric;

use super::Client;
use super::call::Call;
use super::operations::PATIENCE;
use super::submit::body;
use crate::error::Error;

/// Which figures: of one queue or of all, and how far back. The default is all queues and the last hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    query: Vec<(&'static str, String)>,
}

impl Figures {
    pub fn new() -> Figures {
        Figures::default()
    }

    #[must_use]
    pub fn queue(self, queue: &str) -> Figures {
        self.with("queue", queue)
    }

    /// How far back, from ten seconds to ninety days.
    #[must_use]
    pub fn last(self, last: Duration) -> Figures {
        self.with("last", &format!("{}ms", last.as_millis()))
    }

    /// Of a series: how much time a point stands for. The gateway chooses one that fits where nothing is said.
    #[must_use]
    pub fn step(self, step: Duration) -> Figures {
        self.with("step", &format!("{}ms", step.as_millis()))
    }

    fn with(mut self, name: &'static str, value: &str) -> Figures {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((name, value.to_owned()));
        self
    }

    fn ask(&self, path: &str, but: &str) -> Call {
        let pairs = self.query.iter().filter(|(name, _)| *name != but);
        pairs.fold(Call::get(path), |call, (name, value)| call.query(name, value))
    }
}

/// Which groups of failures; the default is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Groups<'a> {
    /// Seen in this queue.
    pub queue: Option<&'a str>,
    /// Only those that are silenced, or only those that are not.
    pub silenced: Option<bool>,
}

impl Client {
    /// How many tasks there are, by status and by queue; and what happened in the last hour.
    pub async fn stats(&self) -> Result<Stats, Error> {
        self.stats_of(&Figures::new()).await
    }

    /// The same of one queue, or of another span of time.
    pub async fn stats_of(&self, figures: &Figures) -> Result<Stats, Error> {
        self.call(figures.ask("/api/v1/tasks/stats", "step")).await
    }

    /// These metrics point by point; without any, all there are.
    pub async fn series(&self, metrics: &[Metric], figures: &Figures) -> Result<SeriesAnswer, Error> {
        let call = figures.ask("/api/v1/series", "");
        self.call(metrics.iter().fold(call, |call, metric| call.query("metric", metric))).await
    }

    /// Failures in groups, the last one seen first, up to so many; of one queue or of all.
    pub async fn errors(&self, queue: Option<&str>, limit: u64) -> Result<ErrorGroups, Error> {
        self.errors_of(Groups { queue, ..Groups::default() }, limit).await
    }

    /// The same of these groups only.
    pub async fn errors_of(&self, which: Groups<'_>, limit: u64) -> Result<ErrorGroups, Error> {
        let mut found: Option<ErrorGroups> = None;
        loop {
            let known = found.as_ref().map_or(0, |found| found.errors.len() as u64);
            let call = Call::get("/api/v1/errors").query("limit", (limit - known).clamp(1, 500));
            let call = which.queue.into_iter().fold(call, |call, queue| call.query("queue", queue));
            let call =
                which.silenced.into_iter().fold(call, |call, silenced| call.query("silenced", silenced));
            let cursor = found.as_mut().and_then(|found| found.next_cursor.take());
            let call = cursor.into_iter().fold(call, |call, cursor| call.query("cursor", cursor));
            let mut page: ErrorGroups = self.call(call).await?;
            if let Some(before) = found.take() {
                page.errors.splice(0..0, before.errors);
            }
            if page.next_cursor.is_none() || page.errors.len() as u64 >= limit {
                return Ok(page);
            }
            found = Some(page);
        }
    }

    /// One group, with so many of the tasks that failed so last.
    pub async fn error(&self, fingerprint: Fingerprint, tasks: u64) -> Result<ErrorGroup, Error> {
        self.call(Call::get(format!("/api/v1/errors/{fingerprint}")).query("limit", tasks)).await
    }

    /// Leaves a group out of what asks for attention, for a time or until that is taken back. Its failures are counted as before.
    pub async fn silence_error(
        &self,
        fingerprint: Fingerprint,
        silence: &SilenceError,
    ) -> Result<ErrorGroup, Error> {
        self.call(Call::put(format!("/api/v1/errors/{fingerprint}/silence"), body(silence)?)).await
    }

    /// Takes that back.
    pub async fn unsilence_error(&self, fingerprint: Fingerprint) -> Result<(), Error> {
        self.tell(Call::delete(format!("/api/v1/errors/{fingerprint}/silence"))).await
    }

    /// Runs all tasks once more whose last failure is of this group, or says how many these are. What is larger than about a
    /// thousand tasks goes on after the answer.
    pub async fn rerun_error(&self, fingerprint: Fingerprint, how: &RerunGroup) -> Result<Acted, Error> {
        let path = format!("/api/v1/errors/{fingerprint}/rerun");
        self.call(Call::post(path, body(how)?, None).held_for(PATIENCE)).await
    }
}
