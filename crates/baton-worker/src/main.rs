//! The program `baton-worker`: parse, resolve, log, run, drain.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use baton_service::config::Sources;
use baton_service::{Chain, metrics, signals};
use baton_worker::config::{Config, Flags};
use baton_worker::handlers::{Environment, Guard, guard};
use baton_worker::run;
use clap::Parser;

/// Claims tasks and runs them: with programs of a directory, and the built-in handlers noop, sleep, echo, fail and test-problem.
#[derive(Debug, Parser)]
#[command(
    name = "baton-worker",
    version,
    before_help = "Examples:\n  baton-worker --queues media,mail --slots 8\n  baton-worker --exec-dir ./handlers",
    after_help = "Exit codes: 0 ended when asked to, 1 failure, 2 usage, 78 unusable configuration."
)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
}

/// As in sysexits.h: something is wrong with the configuration.
const UNUSABLE_CONFIGURATION: u8 = 78;

fn main() -> ExitCode {
    // A guard is this program again, and must not start threads.
    match guard::main(std::env::args_os()) {
        Some(code) => code,
        None => work(),
    }
}

#[tokio::main]
async fn work() -> ExitCode {
    let Arguments { flags } = Arguments::parse();
    let sources = match Sources::gather(flags.config.as_deref(), std::env::vars_os(), flags.given()) {
        Ok(sources) => sources,
        Err(error) => return refuse(&Chain(&error), UNUSABLE_CONFIGURATION),
    };
    let config = match Config::resolve(&sources) {
        Ok(config) => config,
        Err(problems) => return refuse(&Chain(&problems), UNUSABLE_CONFIGURATION),
    };
    if let Err(error) = config.logging.init() {
        return refuse(&Chain(&error), 1);
    }
    let metrics = metrics::install();
    let shutdown = match signals::listen() {
        Ok(shutdown) => shutdown,
        Err(error) => return refuse(&Chain(&error), 1),
    };
    let nothing: [&str; 0] = [];
    let guard = Guard::this_program().ok();
    let handlers = match run::handlers(&config, guard, &Environment::of_this_process(nothing)) {
        Ok(handlers) => handlers,
        Err(error) => return refuse(&Chain(&error), error.exit_code()),
    };
    match run::run(config, handlers, metrics, shutdown).await {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => refuse(&Chain(&error), error.exit_code()),
    }
}

/// To stderr as it is: logs may not be on yet, and a person reads this.
fn refuse(why: &dyn Display, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "baton-worker: {why}");
    ExitCode::from(code)
}
