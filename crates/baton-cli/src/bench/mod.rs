//! `baton bench`: load on a fleet, and what it does with it.

mod load;
mod refresh;
mod runs;
mod via;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use baton_core::QueueName;
use baton_gateway::config::{Config, Flags};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::console::{Target, client};
use crate::exit::{self, Exit, Stop};
use crate::out::{Format, Out, say};
use crate::serve::{sources, unusable};
use crate::wait::until;
use load::{Budget, Samples, watched};
use via::{Crew, KEPT_MS, Via};

#[derive(Subcommand)]
pub(crate) enum BenchCommand {
    /// Submit tasks: how many a second, and how long a call takes
    #[command(before_help = "Examples:
  baton bench submit                                1,000 tasks, one by one, eight at a time
  baton bench submit --tasks 100000 --batch 100 --seconds 60
  BATON_REDIS_URL=redis://redis:6379 baton bench submit --direct --batch 100")]
    Submit(Load),
    /// Submit tasks, claim them and complete them, all in this process
    #[command(before_help = "Examples:
  baton bench lifecycle
  baton bench lifecycle --batch 100 --concurrency 4 --json | jq .per_second
  BATON_REDIS_URL=redis://redis:6379 baton bench lifecycle --direct --batch 100")]
    Lifecycle(Load),
    /// How long it takes from a submission until somebody who waits has the task; one after the other
    #[command(before_help = "Examples:
  baton bench latency --tasks 200")]
    Latency(Load),
    /// Refresh logins: how many a second, and how long one takes
    #[command(before_help = "Examples:
  baton bench refresh --username ada --password-stdin --tasks 500 < password")]
    Refresh(Refresh),
}

#[derive(Args)]
pub(crate) struct Load {
    /// End after so many tasks
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    tasks: u64,
    /// End after so many seconds
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Calls at once
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=512))]
    concurrency: u32,
    /// Tasks of one call
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    batch: u64,
    /// Bytes of each payload
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(2..=1_048_576))]
    payload_bytes: u64,
    /// Straight at the Redis of BATON_REDIS_URL or of the configuration, instead of a gateway
    #[arg(long)]
    direct: bool,
    /// The configuration file of a gateway [env: BATON_CONFIG]
    #[arg(long, value_name = "FILE", requires = "direct")]
    config: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Refresh {
    /// Who logs in
    #[arg(long, value_name = "NAME")]
    username: String,
    /// Read the password from standard input
    #[arg(long, required = true)]
    password_stdin: bool,
    /// End after so many refreshes
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    tasks: u64,
    /// End after so many seconds
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Logins at once
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=32))]
    concurrency: u32,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Report {
    bench: &'static str,
    via: &'static str,
    done: u64,
    calls: usize,
    concurrency: u32,
    took_ms: u64,
    per_second: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<String>,
}

pub(crate) async fn run(out: &Out, target: &Target, command: BenchCommand) -> Result<Exit> {
    let report = match command {
        BenchCommand::Refresh(asked) => {
            allow_at(target)?;
            let (samples, took) = refresh::run(target, &asked).await?;
            Report::of("refresh", "http", &samples, took, asked.concurrency)
        }
        BenchCommand::Submit(load) => on_a_queue(target, "submit", &load).await?,
        BenchCommand::Lifecycle(load) => on_a_queue(target, "lifecycle", &load).await?,
        BenchCommand::Latency(load) if load.direct => {
            let sentence = "latency is that of a claim which waits at a gateway: leave --direct out";
            return Err(Stop::new(Exit::Usage, sentence).into());
        }
        BenchCommand::Latency(load) => {
            on_a_queue(target, "latency", &Load { concurrency: 1, batch: 1, ..load }).await?
        }
    };
    match out.format {
        Format::Json => out.document(&report)?,
        Format::Name => out.line(report.queue.as_deref().unwrap_or(report.bench))?,
        Format::Table | Format::Wide => out.text(&report.text())?,
    }
    Ok(Exit::Fine)
}

/// A queue of its own, which is empty again afterwards however it ended.
async fn on_a_queue(target: &Target, bench: &'static str, load: &Load) -> Result<Report> {
    let via = via(target, load).await?;
    let mut drawn = [0; 4];
    getrandom::fill(&mut drawn).context("failed to draw a name")?;
    let queue = QueueName::new(&format!("bench-{:08x}", u32::from_be_bytes(drawn)))?;
    let (crew, budget) = (Arc::default(), Budget::new(load.tasks, Duration::from_secs(load.seconds)));
    let begun = load::now();
    let lanes = async {
        via.prepare(&queue).await?;
        match bench {
            "submit" => runs::submit(&via, load, &budget, &queue).await,
            "lifecycle" => runs::lifecycle(&via, load, &budget, &queue, &crew).await,
            _ => runs::latency(&via, load, &budget, &queue, &crew).await,
        }
    };
    let ran = until(watched(&budget, "tasks", lanes), None).await;
    let took = begun.elapsed();
    // Whoever does not want to wait for this either presses Ctrl-C once more.
    until(clean_up(&via, &crew, &queue), None)
        .await
        .with_context(|| format!("failed to empty the queue {queue}; purge it yourself"))?;
    let emptied = format!("the queue {queue} was emptied");
    let samples = ran.map_err(|error| stopped(error, &emptied))?;
    say(&format!(
        "{emptied}; what ended in it goes within {} s or two, and the queue and its workers stay listed for a while",
        KEPT_MS / 1_000
    ));
    let mut report = Report::of(bench, via.word(), &samples, took, load.concurrency);
    report.queue = Some(queue.to_string());
    Ok(report)
}

/// First those leave who hold something, so that it can be cancelled.
async fn clean_up(via: &Via, crew: &Crew, queue: &QueueName) -> Result<()> {
    let left = via.disband(crew).await;
    via.purge(queue).await.and(left)
}

/// A bench that ended early, and what became of what it made.
fn stopped(error: anyhow::Error, then: &str) -> anyhow::Error {
    match exit::of(&error) {
        Exit::Interrupted => Stop::new(Exit::Interrupted, format!("stopped; {then}")).into(),
        _ => error.context(then.to_owned()),
    }
}

async fn via(target: &Target, load: &Load) -> Result<Via> {
    if !load.direct {
        allow_at(target)?;
        return Ok(Via::Http(client(target)?));
    }
    let sources = sources(load.config.as_deref(), Flags::default().given())?;
    let options = Config::resolve(&sources).map_err(unusable)?.store;
    allow(&options.url.to_string(), target.yes)?;
    Ok(Via::Direct(baton_store::Store::open(options).await?.0))
}

fn allow_at(target: &Target) -> Result<()> {
    allow(&target.chosen()?.url, target.yes)?;
    target.guard("put load on the fleet")
}

/// Load is for a fleet that nobody needs: on this machine, or where somebody says so.
fn allow(url: &str, yes: bool) -> Result<()> {
    if yes || is_here(url) {
        return Ok(());
    }
    let sentence = format!("{url} is not on this machine: say --yes if this load is meant for it");
    Err(Stop::new(Exit::Usage, sentence).into())
}

fn is_here(url: &str) -> bool {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if url.starts_with("unix:") {
        return true;
    }
    // Of Sentinel and Cluster only the first addresses are known, not where the load would go.
    if scheme.contains('+') || scheme.starts_with("cluster") {
        return false;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Report {
    fn of(
        bench: &'static str,
        via: &'static str,
        samples: &Samples,
        took: Duration,
        concurrency: u32,
    ) -> Report {
        let round = |number: f64| (number * 1_000.0).round() / 1_000.0;
        Report {
            bench,
            via,
            done: samples.done,
            calls: samples.calls(),
            concurrency,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            per_second: round(samples.done as f64 / took.as_secs_f64().max(0.001)),
            p50_ms: round(samples.percentile(50)),
            p95_ms: round(samples.percentile(95)),
            p99_ms: round(samples.percentile(99)),
            max_ms: round(samples.percentile(100)),
            queue: None,
        }
    }

    fn text(&self) -> String {
        let what = if self.bench == "refresh" { "refreshes" } else { "tasks" };
        let Report { done, calls, concurrency, took_ms, per_second, .. } = self;
        let round = match self.bench {
            "lifecycle" => "a round",
            "latency" => "a pick-up",
            _ => "a call",
        };
        let Report { p50_ms, p95_ms, p99_ms, max_ms, .. } = self;
        format!(
            "{done} {what} in {:.1} s, {concurrency} at a time over {}: {per_second:.0} a second\n\
             {round}: p50 {p50_ms:.1} ms, p95 {p95_ms:.1} ms, p99 {p99_ms:.1} ms, at most {max_ms:.1} ms ({calls} measured)\n",
            *took_ms as f64 / 1_000.0,
            self.via,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_is_for_this_machine_unless_somebody_says_so() {
        for here in [
            "http://127.0.0.1:8000",
            "http://localhost",
            "http://[::1]:1/x",
            "unix:///tmp/a.sock",
            "redis://…@127.0.0.9/0",
        ] {
            assert!(allow(here, false).is_ok(), "{here}");
        }
        for there in [
            "http://gateway:8000",
            "https://10.0.0.1",
            "http://localhost.example",
            "http://127.0.0.1@evil",
            "cluster of redis://127.0.0.1:7000, redis://10.0.0.1:7000",
            "redis+sentinel://127.0.0.1:26379,10.0.0.1:26379/main",
        ] {
            assert!(allow(there, false).is_err() && allow(there, true).is_ok(), "{there}");
        }
    }
}
