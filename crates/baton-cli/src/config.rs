//! `baton config`: what a gateway or a worker that is started here would be told, and by whom.

use std::path::PathBuf;

use anyhow::Result;
use baton_gateway::config::Config as GatewayConfig;
use baton_service::config::{Value, resolve};
use baton_worker::config::Config as WorkerConfig;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::exit::{Exit, Stop};
use crate::out::{Format, Out, Table, say};
use crate::serve::sources;

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting with its value; exit code 78 where something is wrong
    Show(Show),
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton config show --origin                       every value, and who said it
  baton config show worker. redis.url              those that begin so
  baton config show --config /etc/baton.toml -o wide")]
pub(crate) struct Show {
    /// Only these, or those that begin so
    keys: Vec<String>,
    /// Say where each value comes from
    #[arg(long)]
    origin: bool,
    /// The configuration file [env: BATON_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A value as it is printed: what is secret in it is not.
#[derive(Serialize)]
struct Shown {
    key: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    environment: &'static str,
    default: &'static str,
    about: &'static str,
}

pub(crate) fn run(out: &Out, ConfigCommand::Show(show): ConfigCommand) -> Result<Exit> {
    let sources = sources(show.config.as_deref(), Vec::new())?;
    let values = resolve(&sources);
    let shown: Vec<Shown> = values
        .iter()
        .filter(|value| wanted(&show.keys, value.key.name))
        .map(|value| as_shown(value, &show))
        .collect();
    if shown.is_empty() {
        let sentence =
            format!("there is no setting {}: `baton config show` lists them", show.keys.join(", "));
        return Err(Stop::new(Exit::NotFound, sentence).into());
    }
    match out.format {
        Format::Json => shown.iter().try_for_each(|one| out.json_line(one))?,
        Format::Name => shown.iter().try_for_each(|one| out.line(one.key))?,
        Format::Table | Format::Wide => table(out, &shown, show.origin).print(out)?,
    }
    values.warnings().iter().for_each(|warning| say(warning));
    let wrong = [
        GatewayConfig::resolve(&sources).err().map(|error| error.to_string()),
        WorkerConfig::resolve(&sources).err().map(|error| error.to_string()),
    ];
    let mut wrong: Vec<String> = wrong
        .into_iter()
        .flatten()
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    wrong.sort();
    wrong.dedup();
    wrong.iter().for_each(|line| say(line));
    Ok(if wrong.is_empty() { Exit::Fine } else { Exit::Configuration })
}

fn wanted(keys: &[String], name: &str) -> bool {
    keys.is_empty() || keys.iter().any(|key| name.starts_with(key.as_str()))
}

fn as_shown(value: &Value, show: &Show) -> Shown {
    Shown {
        key: value.key.name,
        value: value.shown(),
        origin: show.origin.then(|| value.origin.to_string()),
        environment: value.key.environment,
        default: value.key.default,
        about: value.key.about,
    }
}

fn table(out: &Out, shown: &[Shown], origin: bool) -> Table {
    let wide = out.format == Format::Wide;
    let mut heads = vec!["KEY", "VALUE"];
    heads.extend(origin.then_some("ORIGIN"));
    heads.extend(if wide { &["VARIABLE", "WHO WOULD TURN IT"][..] } else { &[] });
    let mut table = Table::new(&heads);
    for one in shown {
        let value = if one.value.is_empty() { "\"\"".to_owned() } else { one.value.clone() };
        let mut row = vec![one.key.to_owned(), value];
        row.extend(one.origin.clone());
        row.extend(if wide { vec![one.environment.to_owned(), one.about.to_owned()] } else { Vec::new() });
        table.row(row);
    }
    table
}
