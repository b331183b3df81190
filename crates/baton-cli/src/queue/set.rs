//! What is typed to set a queue.

use anyhow::Result;
use baton::api::queue::{Keep, PatchQueue, PatchRetention, Rate};
use baton_core::queue::Keep as Span;
use clap::Args;

use crate::console;
use crate::exit::{Exit, Stop};

#[derive(Args)]
#[command(before_help = "Examples:
  baton queue set mail --concurrency 20
  baton queue set mail --rate 100/1m                    at most 100 starts in any minute
  baton queue set renders --group-concurrency 2 --fair on
  baton queue set reports --aging 10m                   ten minutes of waiting count as one priority
  baton queue set mail --keep 7d --keep-failed forever
  baton queue set mail --concurrency none --rate none   no limits")]
pub(crate) struct Set {
    /// The name of the queue
    pub(super) queue: String,
    /// Tasks that run at once, or `none`
    #[arg(long, value_parser = number, value_name = "NUMBER")]
    concurrency: Option<Limit<u64>>,
    /// Tasks that start in a time, as in 100/1m, or `none`
    #[arg(long, value_parser = rate, value_name = "NUMBER/TIME")]
    rate: Option<Limit<Rate>>,
    /// Tasks of one group that run at once, or `none`
    #[arg(long, value_parser = number, value_name = "NUMBER")]
    group_concurrency: Option<Limit<u64>>,
    /// Whether groups take turns: on, off
    #[arg(long, value_parser = switch, value_name = "WORD")]
    fair: Option<bool>,
    /// How long a task waits until it counts as one of the next priority, or `none`
    #[arg(long, value_parser = span, value_name = "TIME")]
    aging: Option<Limit<u64>>,
    /// How long tasks are kept that have ended: a time, `forever`, or `none` for the default
    #[arg(long, value_parser = keep, value_name = "TIME")]
    keep: Option<Limit<Keep>>,
    /// The same of completed ones alone
    #[arg(long, value_parser = keep, value_name = "TIME")]
    keep_completed: Option<Limit<Keep>>,
    /// The same of failed ones alone
    #[arg(long, value_parser = keep, value_name = "TIME")]
    keep_failed: Option<Limit<Keep>>,
    /// The same of timed out ones alone
    #[arg(long, value_parser = keep, value_name = "TIME")]
    keep_timeout: Option<Limit<Keep>>,
    /// The same of cancelled ones alone
    #[arg(long, value_parser = keep, value_name = "TIME")]
    keep_cancelled: Option<Limit<Keep>>,
}

/// A limit, or the word `none`.
#[derive(Clone, Copy)]
struct Limit<T>(Option<T>);

fn limit<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Limit<T>, String> {
    if text == "none" { Ok(Limit(None)) } else { read(text).map(|value| Limit(Some(value))) }
}

fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no whole number"))
}

fn millis(text: &str) -> Result<u64, String> {
    console::span(text)
        .map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
        .map_err(|error| error.to_string())
}

fn number(text: &str) -> Result<Limit<u64>, String> {
    limit(text, whole)
}

fn span(text: &str) -> Result<Limit<u64>, String> {
    limit(text, millis)
}

fn rate(text: &str) -> Result<Limit<Rate>, String> {
    limit(text, |text| {
        let (count, per) = text.split_once('/').ok_or("say a number and a time, as in 100/1m")?;
        Ok(Rate { count: whole(count)?, per_ms: millis(per)? })
    })
}

fn keep(text: &str) -> Result<Limit<Keep>, String> {
    limit(text, |text| match text {
        "forever" => Ok(Keep(Span::Forever)),
        text => millis(text).map(|ms| Keep(Span::Ms(ms))),
    })
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("say on or off".to_owned()),
    }
}

impl Set {
    pub(super) fn patch(&self) -> Result<PatchQueue> {
        fn of<T: Copy>(limit: Option<Limit<T>>) -> Option<Option<T>> {
            limit.map(|Limit(value)| value)
        }
        let kept = PatchRetention {
            default: of(self.keep),
            completed: of(self.keep_completed),
            failed: of(self.keep_failed),
            timeout: of(self.keep_timeout),
            cancelled: of(self.keep_cancelled),
        };
        let all = [kept.default, kept.completed, kept.failed, kept.timeout, kept.cancelled];
        let patch = PatchQueue {
            concurrency: of(self.concurrency),
            rate: of(self.rate),
            group_concurrency: of(self.group_concurrency),
            fair: self.fair,
            aging_ms: of(self.aging),
            retention: all.iter().any(Option::is_some).then_some(kept),
        };
        if serde_json::to_value(&patch)? == serde_json::json!({}) {
            return Err(Stop::new(
                Exit::Usage,
                "say what is to be otherwise, as in --concurrency 20".to_owned(),
            )
            .into());
        }
        Ok(patch)
    }
}
