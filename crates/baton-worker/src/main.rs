//! The program `baton-worker`: parse, resolve, log, run, drain. It keeps workers, or is one.

use std::fmt::Display;
use std::process::ExitCode;

use baton_service::config::Sources;
use baton_service::{Chain, logging, metrics, signals};
use baton_worker::config::{Config, Flags, PoolFlags};
use baton_worker::handlers::{Environment, Guard, guard};
use baton_worker::run::{self, RunError};
use baton_worker::supervisor;
use clap::Parser;
use tokio::runtime::Builder;

/// Keeps workers alive that claim tasks and run them: with programs of a directory, and the built-in handlers noop,
/// sleep, echo, fail and test-problem. With BATON_SUPERVISOR_ENABLED=false it is one worker itself.
#[derive(Debug, Parser)]
#[command(
    name = "baton-worker",
    version,
    before_help = "Examples:\n  baton-worker --exec-dir ./handlers\n  baton-worker --count 8 --queues media,mail\n  BATON_SUPERVISOR_ENABLED=false baton-worker --slots 8",
    after_help = "Exit codes: 0 ended when asked to, 1 failure, 2 usage, 78 unusable configuration."
)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    pool: PoolFlags,
}

/// As in sysexits.h: something is wrong with the configuration.
const UNUSABLE_CONFIGURATION: u8 = 78;

fn main() -> ExitCode {
    // A guard is this program again, and must not start threads.
    if let Some(code) = guard::main(std::env::args_os()) {
        return code;
    }
    let Arguments { mut flags, pool } = Arguments::parse();
    if let Err(error) = flags.orders.take_pipes() {
        return refuse(&error, 1);
    }
    let orders = flags.orders.clone();
    match begin(flags, &pool) {
        Ok(()) => ExitCode::SUCCESS,
        Err((why, code)) => {
            orders.confess(&why);
            refuse(&why, code)
        }
    }
}

/// An end that is not well: why, and with which code.
type Failure = (String, u8);

fn begin(flags: Flags, pool: &PoolFlags) -> Result<(), Failure> {
    let unusable = |why: String| (why, UNUSABLE_CONFIGURATION);
    let given = [flags.given(), pool.given()].concat();
    let sources = Sources::gather(flags.config.as_deref(), std::env::vars_os(), given)
        .map_err(|error| unusable(Chain(&error).to_string()))?;
    let mut config = Config::resolve(&sources).map_err(|problems| unusable(Chain(&problems).to_string()))?;
    config.orders = flags.orders;
    let _tail = config.logging.init().map_err(|error| (Chain(&error).to_string(), 1))?;
    // A supervisor only waits, and children follow the thread that started them.
    let mut runtime =
        if config.supervises() { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    let runtime = runtime.enable_all().build().map_err(|error| (Chain(&error).to_string(), 1))?;
    runtime.block_on(work(config))
}

async fn work(config: Config) -> Result<(), Failure> {
    let metrics = metrics::install();
    let shutdown = signals::listen().map_err(|error| (Chain(&error).to_string(), 1))?;
    let ended_badly = |error: RunError| (Chain(&error).to_string(), error.exit_code());
    if config.supervises() {
        return supervisor::run(config, &[], metrics, shutdown).await.map_err(ended_badly);
    }
    let nothing: [&str; 0] = [];
    let guard = Guard::this_program().ok();
    let handlers =
        run::handlers(&config, guard, &Environment::of_this_process(nothing)).map_err(ended_badly)?;
    run::run(config, handlers, metrics, shutdown).await.map(drop).map_err(ended_badly)
}

/// To stderr as it is: logs may not be on yet, and a person reads this.
fn refuse(why: &dyn Display, code: u8) -> ExitCode {
    logging::say_last(&format_args!("baton-worker: {why}"));
    ExitCode::from(code)
}
