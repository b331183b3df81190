//! What is typed of a schedule.

use std::time::Duration;

use anyhow::Result;
use baton::Json;
use baton::api::schedule::{NewSchedule, PatchSchedule, PreviewTimes};
use baton_core::schedule::{Missed, Overlap};
use baton_core::{Kind, QueueName, ScheduleName, Tag};
use clap::Args;

use crate::console::{self, payload};

#[derive(Args)]
#[command(before_help = "Examples:
  baton schedule add nightly --cron '0 3 * * *' --zone Europe/Berlin --kind report.build --payload '{}'
  baton schedule add pulse --every 5m --kind health.check --missed skip --overlap skip
  baton schedule add month-end --cron '0 22 L * *' --kind books.close --queue finance
  baton schedule add nightly --cron '30 2 * * *' --zone America/New_York --kind x --dry-run    only say when")]
pub(crate) struct Add {
    /// The name of the schedule
    name: ScheduleName,
    #[command(flatten)]
    times: Times,
    /// What is to be done: it names the handler
    #[arg(long)]
    kind: Kind,
    /// Only say when it would be due
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    rest: Rest,
}

#[derive(Args)]
#[group(required = false, multiple = true)]
struct Times {
    /// Minute, hour, day of the month, month, weekday, or six fields with the second in front; or @daily and the like
    #[arg(long, value_name = "FIELDS", conflicts_with = "every", allow_hyphen_values = true)]
    cron: Option<String>,
    /// So often instead, as in 30s, 5m, 2h
    #[arg(long, value_parser = console::span, value_name = "TIME", conflicts_with = "zone")]
    every: Option<Duration>,
    /// The time zone of --cron; UTC unless said otherwise
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
}

#[derive(Args)]
struct Rest {
    /// JSON as it is, `@file`, or `-` for standard input
    #[arg(long, short)]
    payload: Option<String>,
    /// The queue of its tasks
    #[arg(long)]
    queue: Option<QueueName>,
    /// 0 to 9, 9 first
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..=9))]
    priority: Option<i64>,
    /// What becomes of times that nobody saw to for more than a minute: skip, once, all
    #[arg(long, value_name = "WORD")]
    missed: Option<Missed>,
    /// While its last task has not ended: allow or skip the next one
    #[arg(long, value_name = "WORD")]
    overlap: Option<Overlap>,
    /// How long one run may take
    #[arg(long, value_parser = console::span, value_name = "TIME")]
    timeout: Option<Duration>,
    /// So many runs may fail; then it has failed
    #[arg(long)]
    max_attempts: Option<u64>,
    /// May be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<Tag>,
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton schedule set nightly --cron '30 3 * * *'
  baton schedule set nightly --payload @november.json --overlap skip
  baton schedule set pulse --every 1m")]
pub(crate) struct Set {
    /// The name of the schedule
    pub(super) name: String,
    #[command(flatten)]
    times: Times,
    /// What is to be done
    #[arg(long)]
    kind: Option<Kind>,
    #[command(flatten)]
    rest: Rest,
}

fn ms(span: Option<Duration>) -> Option<u64> {
    span.map(|span| span.as_millis() as u64)
}

impl Rest {
    fn payload(&self) -> Result<Option<Json>> {
        self.payload.as_deref().map(payload).transpose()
    }
}

impl Add {
    pub(super) fn times(&self) -> PreviewTimes {
        let Times { cron, every, zone } = &self.times;
        PreviewTimes { cron: cron.clone(), every_ms: ms(*every), zone: zone.clone() }
    }

    pub(super) fn schedule(self) -> Result<NewSchedule> {
        let payload = self.rest.payload()?;
        let Rest { queue, priority, missed, overlap, timeout, max_attempts, tags, .. } = self.rest;
        Ok(NewSchedule {
            cron: self.times.cron,
            every_ms: ms(self.times.every),
            zone: self.times.zone,
            missed,
            overlap,
            payload,
            queue,
            priority,
            timeout_ms: ms(timeout),
            max_attempts,
            tags,
            ..NewSchedule::new(self.name, self.kind)
        })
    }
}

impl Set {
    pub(super) fn patch(&self) -> Result<PatchSchedule> {
        let Rest { queue, priority, missed, overlap, timeout, max_attempts, tags, .. } = &self.rest;
        Ok(PatchSchedule {
            cron: self.times.cron.clone(),
            every_ms: ms(self.times.every),
            zone: self.times.zone.clone(),
            missed: *missed,
            overlap: *overlap,
            kind: self.kind.clone(),
            payload: self.rest.payload()?,
            queue: queue.clone(),
            priority: *priority,
            timeout_ms: ms(*timeout),
            max_attempts: *max_attempts,
            tags: Some(tags.clone()).filter(|tags| !tags.is_empty()),
            ..PatchSchedule::default()
        })
    }
}
