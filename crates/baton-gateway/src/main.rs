//! The program `baton-gateway`: parse, resolve, log, run, drain.

use std::fmt::Display;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use baton_gateway::config::{Config, Flags};
use baton_gateway::run;
use baton_service::Chain;
use baton_service::config::Sources;
use baton_service::{logging, metrics, signals};
use clap::Parser;

/// Answers HTTP for a fleet: tasks, workers, queues, the live feed. Any number of them may run on one Redis.
#[derive(Debug, Parser)]
#[command(
    name = "baton-gateway",
    version,
    after_help = "Exit codes: 0 ended when asked to, 1 failure, 2 usage, 7 Redis cannot be reached, 78 unusable configuration."
)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
}

/// As in sysexits.h: something is wrong with the configuration.
const UNUSABLE_CONFIGURATION: u8 = 78;

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { flags } = Arguments::parse();
    let sources = match Sources::gather(flags.config.as_deref(), std::env::vars_os(), flags.given()) {
        Ok(sources) => sources,
        Err(error) => return refuse(&Chain(&error), UNUSABLE_CONFIGURATION),
    };
    let config = match Config::resolve_for(&sources, flags.accept_any_login) {
        Ok(config) => config,
        Err(problems) => return refuse(&Chain(&problems), UNUSABLE_CONFIGURATION),
    };
    let _tail = match config.logging.init() {
        Ok(tail) => tail,
        Err(error) => return refuse(&Chain(&error), 1),
    };
    metrics::install();
    let shutdown = match signals::listen() {
        Ok(shutdown) => shutdown,
        Err(error) => return refuse(&Chain(&error), 1),
    };
    match run::run(config, shutdown, |address| announce(flags.print_address, address)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&Chain(&error), error.exit_code()),
    }
}

/// To stderr as it is: logs may not be on yet, and a person reads this.
fn refuse(why: &dyn Display, code: u8) -> ExitCode {
    logging::say_last(&format_args!("baton-gateway: {why}"));
    ExitCode::from(code)
}

fn announce(wanted: bool, address: SocketAddr) {
    if wanted {
        // Whoever does not read it does not need it.
        let _ = writeln!(std::io::stdout(), "{address}");
    }
}
