//! `baton audit`: the proof that nothing was lost, doubled or done out of order.

mod files;
mod processes;
mod show;
mod steps;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use baton::TaskId;
use baton_core::Principal;
use baton_gateway::config::{Config, Flags};
use baton_service::config::{Flag, Sources};
use baton_store::Store;
use baton_store::audit::{Audit as Asked, Report, Source};
use clap::Args;

use crate::console::span;
use crate::exit::{Exit, Stop};
use crate::out::Out;
use crate::serve::{sources, unusable};
pub(crate) use show::brief;

#[derive(Args)]
#[command(before_help = "Examples:
  baton audit                                  the namespace of BATON_REDIS_URL, beside a fleet at work
  baton audit -o json | jq 'select(.finding)'  what is wrong, a line each; the last line is the summary
  baton audit --ledger acknowledged.ndjson     are all tasks there whose submission was acknowledged?
  baton audit --redis-url redis://127.0.0.1:7000 --repair
                                               mend stray index entries and leases, and counters; nothing else
It reads only, unless it is to repair. Its user in Redis is that of a gateway. A check that could not be made is skipped, and said
to be. The exit code is 0 if nothing is wrong, 1 if something is; it is 7 if Redis cannot be reached
or answers with an error, 4 if it does not let this user look, and 2 if there is nothing that can be audited.")]
pub(crate) struct Audit {
    /// Where Redis is; give passwords through the environment [env: BATON_REDIS_URL]
    #[arg(long, value_name = "URL")]
    redis_url: Option<String>,
    /// What every key begins with [env: BATON_REDIS_NAMESPACE] [default: baton]
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// The configuration file of a gateway [env: BATON_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Tasks whose submission was acknowledged: an id, or a JSON object with an `id`, per line
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// What a sink saw of runs: a JSON object with `task`, `fence` and `accepted` per line
    #[arg(long, value_name = "FILE")]
    effects: Option<PathBuf>,
    /// Compare the workers of this host with its processes
    #[arg(long)]
    processes: bool,
    /// What is late by less than this is not late
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    settle: Duration,
    /// Mend what takes no guess: entries and leases that name nothing, and counters
    #[arg(long)]
    repair: bool,
}

pub(crate) async fn run(out: &Out, asked: Audit) -> Result<Exit> {
    let store = Store::for_audit(options(&asked)?).await.map_err(refused)?;
    let report = report(&store, &asked).await?;
    show::print(out, &report)?;
    if let Some(why) = &report.repair_failed {
        return Err(Stop::new(Exit::Failure, format!("not all of it was mended: {why}")).into());
    }
    Ok(if report.is_clean() { Exit::Fine } else { Exit::Failure })
}

/// What an audit says of a fleet of ours, all of whose acknowledged tasks are these; or why it cannot be made.
pub(crate) async fn of_fleet(url: &str, tasks: &[TaskId]) -> Result<Report> {
    let tasks = tasks.to_vec();
    let ledger = Source::new(move |each: &mut dyn FnMut(TaskId)| {
        tasks.iter().for_each(|task| each(*task));
        Ok(())
    });
    // As its processes get it: a flag may have no password in it.
    let environment = std::env::vars_os().filter(|(name, _)| name != "BATON_REDIS_URL");
    let environment = environment.chain([("BATON_REDIS_URL".into(), url.into())]);
    let given = Sources::gather(None, environment, Vec::new()).map_err(unusable)?;
    let config = Config::resolve(&given).map_err(unusable)?;
    let store = Store::for_audit(config.store).await.map_err(refused)?;
    let audit = Asked { ledger: Some(ledger), ..Asked::default() };
    store.audit(&audit, &|_, _| {}).await.map_err(refused)
}

async fn report(store: &Store, asked: &Audit) -> Result<Report> {
    let audit = Asked {
        settle_ms: asked.settle.as_millis() as u64,
        ledger: asked.ledger.as_deref().map(files::ledger).transpose()?,
        effects: asked.effects.as_deref().map(files::effects).transpose()?,
        repair: asked.repair.then(|| Principal::new("audit")).transpose()?,
        ..Asked::default()
    };
    let steps = steps::Steps::default();
    let report = store.audit(&audit, &|what, count| steps.tell(what, count)).await;
    drop(steps);
    let mut report = report.map_err(refused)?;
    if asked.processes {
        if let Err(error) = processes::compare(store, asked.settle, &mut report).await {
            report.skip("A13", error.to_string());
        }
    } else {
        report.skip("A13", "without --processes nobody looked at this host");
    }
    Ok(report)
}

fn options(asked: &Audit) -> Result<baton_store::Options> {
    let texts = [
        ("redis.url", "--redis-url", &asked.redis_url),
        ("redis.namespace", "--namespace", &asked.namespace),
    ];
    let given = texts
        .into_iter()
        .filter_map(|(key, flag, value)| Some(Flag { key, flag, value: value.clone()? }))
        .chain(Flags::default().given());
    let sources = sources(asked.config.as_deref(), given.collect())?;
    Ok(Config::resolve(&sources).map_err(unusable)?.store)
}

/// Each kind of no has its code.
fn refused(error: baton_store::Error) -> anyhow::Error {
    let exit = match &error {
        // With its own code, and with what to do.
        baton_store::Error::Unavailable { .. } => return error.into(),
        baton_store::Error::Invalid { .. } => Exit::Usage,
        baton_store::Error::Fault { what, .. } if what == "this user of Redis" => Exit::Forbidden,
        // It did not come to an answer, which is no violation.
        _ => Exit::Unreachable,
    };
    Stop::new(exit, baton_service::Chain(&error).to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fleet of `baton dev` whose Redis asks for a password is audited like any other.
    #[tokio::test]
    async fn a_password_is_no_reason_not_to_look() {
        let error = of_fleet("redis://u:pw@127.0.0.1:1", &[]).await.unwrap_err();
        assert_eq!(crate::exit::of(&error), Exit::Unreachable, "{error:#}");
    }
}
