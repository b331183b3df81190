//! `baton gateway ls`: the gateways that were seen lately.

use anyhow::Result;
use baton::api::gateway::{Gateway, GatewayState};
use clap::{Args, Subcommand};

use crate::console::{Target, client};
use crate::exit::Exit;
use crate::out::{Format, Out, Table, age, say, span};

#[derive(Subcommand)]
pub(crate) enum GatewayCommand {
    /// List the gateways that were seen within the last hour, and how they do
    Ls(Ls),
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton gateway ls
  baton gateway ls -o wide                     with revisions, scripts and processes
  baton gateway ls --json | jq -r 'select(.state == \"silent\") | .host'")]
pub(crate) struct Ls {}

pub(crate) async fn run(
    out: &Out,
    target: &Target,
    GatewayCommand::Ls(Ls {}): GatewayCommand,
) -> Result<Exit> {
    let gateways = client(target)?.gateways().await?.gateways;
    match out.format {
        Format::Json => gateways.iter().try_for_each(|gateway| out.json_line(gateway))?,
        Format::Name => gateways.iter().try_for_each(|gateway| out.line(gateway.id.as_str()))?,
        Format::Table | Format::Wide if gateways.is_empty() => say("no gateway has written itself down"),
        Format::Table | Format::Wide => table(out, &gateways).print(out)?,
    }
    Ok(Exit::Fine)
}

fn table(out: &Out, gateways: &[Gateway]) -> Table {
    let wide = out.format == Format::Wide;
    let mut heads = vec!["GATEWAY", "STATE", "ADDRESS", "VERSION", "BEGAN", "SEEN", "CLOCK"];
    heads.extend(if wide { &["AUTH", "HOST", "PID", "REVISION", "SCRIPTS"][..] } else { &[] });
    let mut table = Table::new(&heads);
    for gateway in gateways {
        let some = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut row = vec![gateway.id.to_string(), gateway.state.as_str().to_owned()];
        row.extend([some(&gateway.address), some(&gateway.version)]);
        row.push(gateway.began_at.map(|at| age(out, at)).unwrap_or_default());
        row.push(format!("{} ago", span(gateway.heartbeat_age_ms)));
        row.push(gateway.clock.map(|clock| format!("{:+} ms", clock.ahead_ms)).unwrap_or_default());
        if wide {
            row.extend(
                [&gateway.auth, &gateway.host, &gateway.pid, &gateway.revision, &gateway.scripts].map(some),
            );
        }
        table.row(row);
        table.paint(1, colour(gateway.state));
    }
    table
}

fn colour(state: GatewayState) -> &'static str {
    match state {
        GatewayState::Serving => "32",
        GatewayState::Draining => "36",
        GatewayState::Silent => "31",
    }
}
