//! `baton gateway`, `baton worker run` and `baton pool run`: the programs `baton-gateway` and `baton-worker`, under
//! one name.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use baton_gateway::config as gateway_config;
use baton_service::config::{Flag, Sources};
use baton_service::logging::say_last;
use baton_service::{Chain, metrics, signals};
use baton_worker::config as worker_config;
use baton_worker::handlers::{Environment, Guard};
use clap::Args;

use crate::console::Target;
use crate::exit::{Exit, Stop};
use crate::gateway::{self, GatewayCommand};
use crate::out::Out;
use crate::refuse;

#[derive(Args)]
#[command(
    before_help = "Examples:
  baton gateway                                         127.0.0.1:8000, on the Redis of this machine
  BATON_REDIS_URL=redis://redis:6379 baton gateway --listen 127.0.0.1:9000
  baton gateway ls                                      those that serve already",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Gateway {
    #[command(subcommand)]
    command: Option<GatewayCommand>,
    #[command(flatten)]
    flags: gateway_config::Flags,
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton worker run --exec-dir ./handlers                the programs in ./handlers as handlers
  baton worker run --queues media,mail --slots 8
  BATON_REDIS_URL=redis://redis:6379 baton worker run")]
pub(crate) struct Worker {
    #[command(flatten)]
    flags: worker_config::Flags,
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton pool run --exec-dir ./handlers                  two workers, and others for those that die
  baton pool run --count 8 --queues media,mail
  baton pool run --pool media --max-count 4             no more than four of the pool media on this host")]
pub(crate) struct Pool {
    #[command(flatten)]
    flags: worker_config::Flags,
    #[command(flatten)]
    pool: worker_config::PoolFlags,
}

/// By these words this program is a worker.
const WORKER: [&str; 2] = ["worker", "run"];

/// As in sysexits.h, and in the programs themselves.
const UNUSABLE_CONFIGURATION: u8 = 78;

/// Without a verb it is one.
pub(crate) async fn gateway(out: &Out, target: &Target, asked: Gateway) -> Result<Exit> {
    match asked.command {
        Some(command) => gateway::run(out, target, command).await,
        None => said(be_gateway(out, asked.flags).await),
    }
}

pub(crate) async fn worker(Worker { mut flags }: Worker) -> Result<Exit> {
    flags.orders.take_pipes().context("failed to take the pipes of the supervisor")?;
    let orders = flags.orders.clone();
    let ended = be_worker(flags).await;
    if let Err(error) = &ended {
        orders.confess(&format!("{error:#}"));
    }
    said(ended)
}

/// To be awaited by `main` itself, because children follow the thread that started them.
pub(crate) async fn pool(Pool { flags, pool }: Pool) -> Result<Exit> {
    said(be_supervisor(flags, pool).await)
}

/// A service ends also where nobody takes in what it says last.
fn said(ended: Result<Exit>) -> Result<Exit> {
    Ok(ended.unwrap_or_else(|error| refuse(&error, |why| say_last(&why))))
}

async fn be_gateway(out: &Out, flags: gateway_config::Flags) -> Result<Exit> {
    let sources = sources(flags.config.as_deref(), flags.given())?;
    let config = gateway_config::Config::resolve_for(&sources, flags.accept_any_login).map_err(unusable)?;
    let _tail = config.logging.init().context("failed to turn on logs")?;
    metrics::install();
    let shutdown = signals::listen().context("failed to listen for signals")?;
    let announce = |address: SocketAddr| {
        if flags.print_address {
            // Whoever does not read it does not need it.
            let _ = out.line(&address.to_string());
        }
    };
    let ended = baton_gateway::run::run(config, shutdown, announce).await;
    ended.map(|()| Exit::Fine).map_err(|error| ended_badly(error.exit_code(), &error))
}

async fn be_supervisor(flags: worker_config::Flags, pool: worker_config::PoolFlags) -> Result<Exit> {
    let sources = sources(flags.config.as_deref(), [flags.given(), pool.given()].concat())?;
    let config = worker_config::Config::resolve(&sources).map_err(unusable)?;
    let _tail = config.logging.init().context("failed to turn on logs")?;
    let metrics = metrics::install();
    let shutdown = signals::listen().context("failed to listen for signals")?;
    let ended = baton_worker::supervisor::run(config, &WORKER, metrics, shutdown).await;
    ended.map(|()| Exit::Fine).map_err(|error| ended_badly(error.exit_code(), &error))
}

async fn be_worker(flags: worker_config::Flags) -> Result<Exit> {
    let sources = sources(flags.config.as_deref(), flags.given())?;
    let mut config = worker_config::Config::resolve(&sources).map_err(unusable)?;
    config.orders = flags.orders;
    let _tail = config.logging.init().context("failed to turn on logs")?;
    let metrics = metrics::install();
    let shutdown = signals::listen().context("failed to listen for signals")?;
    let nothing: [&str; 0] = [];
    let environment = Environment::of_this_process(nothing);
    let handlers = baton_worker::run::handlers(&config, Guard::this_program().ok(), &environment);
    let ended = match handlers {
        Ok(handlers) => baton_worker::run::run(config, handlers, metrics, shutdown).await,
        Err(error) => Err(error),
    };
    ended.map(|_| Exit::Fine).map_err(|error| ended_badly(error.exit_code(), &error))
}

pub(crate) fn sources(file: Option<&std::path::Path>, flags: Vec<Flag>) -> Result<Sources> {
    Sources::gather(file, std::env::vars_os(), flags).map_err(unusable)
}

pub(crate) fn unusable(error: impl std::error::Error) -> anyhow::Error {
    ended_badly(UNUSABLE_CONFIGURATION, &error)
}

/// The codes of these programs are those of this one.
fn ended_badly(code: u8, error: &dyn std::error::Error) -> anyhow::Error {
    Stop::new(Exit::of_number(code), Chain(error).to_string()).into()
}
