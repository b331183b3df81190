//! `baton healthcheck`: how a gateway or a worker does, as an exit code.

use anyhow::Result;
use baton::Client;
use baton::api::health::{Health, HealthStatus, Ready};
use clap::Args;
use serde_json::value::RawValue;

use crate::console::Target;
use crate::exit::Exit;
use crate::out::{Format, Out};

#[derive(Args)]
#[command(before_help = "Examples:
  baton healthcheck                                     exit code 0 while the gateway lives
  baton healthcheck --ready --url http://127.0.0.1:8001 exit code 0 while it, or a worker, can take work")]
pub(crate) struct Healthcheck {
    /// Ask whether it can take work, not only whether it lives
    #[arg(long)]
    ready: bool,
}

/// A process that answers lives, also when Redis is away and it says so: to restart it would help nobody.
pub(crate) async fn run(out: &Out, target: &Target, check: Healthcheck) -> Result<Exit> {
    let probed =
        Client::new(&target.chosen()?.url)?.probe(if check.ready { "/ready" } else { "/health" }).await?;
    match (out.format, serde_json::from_str::<&RawValue>(&probed.text)) {
        (Format::Json, Ok(json)) => out.document(&json)?,
        (Format::Json, Err(_)) => out.document(&probed.text.trim_end())?,
        (_, Ok(json)) => out.text(&lines(json.get()))?,
        (_, Err(_)) => out.line(probed.text.trim_end())?,
    }
    Ok(if probed.fine { Exit::Fine } else { Exit::Failure })
}

fn lines(json: &str) -> String {
    if let Ok(ready) = serde_json::from_str::<Ready>(json) {
        let line = |ok: bool, name: &str, detail: &str| {
            format!("{}  {name}  {detail}\n", if ok { "ok  " } else { "FAIL" })
        };
        return ready.checks.iter().map(|check| line(check.ok, &check.name, &check.detail)).collect();
    }
    match serde_json::from_str::<Health>(json) {
        Ok(health) => line(health.status, &health.reasons),
        Err(_) => format!("{json}\n"),
    }
}

fn line(status: HealthStatus, reasons: &[String]) -> String {
    let word = match status {
        HealthStatus::Healthy => "healthy",
        HealthStatus::Degraded => "degraded",
        HealthStatus::Unhealthy => "unhealthy",
    };
    if reasons.is_empty() { format!("{word}\n") } else { format!("{word}: {}\n", reasons.join("; ")) }
}
