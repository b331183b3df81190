//! The command line as it is typed.

use clap::{Args, Parser, Subcommand};

use crate::dev::Dev;
use crate::events::Events;
use crate::flow::FlowCommand;
use crate::health::Healthcheck;
use crate::help::Help;
use crate::out::Format;
use crate::queue::QueueCommand;
use crate::serve::Gateway;
use crate::task::TaskCommand;
use crate::tether::Tether;
use crate::worker::WorkerCommand;

#[derive(Parser)]
#[command(
    name = "baton",
    version,
    about = "Baton: a fleet of workers on Redis that loses nothing and does nothing twice",
    before_help = "Examples:
  baton dev --demo                                          a whole fleet on this machine, at work
  baton task submit echo --payload '{\"hi\":1}' --wait        submit a task and see it end
  baton task ls --status failed                             what went wrong
  baton flow submit nightly.yaml --wait                     tasks that wait for each other
  baton worker run --exec-dir ./handlers                    programs as handlers",
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    /// The gateway to ask
    #[arg(
        long,
        global = true,
        env = "BATON_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8000"
    )]
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How data is printed.
#[derive(Args)]
pub(crate) struct OutputArguments {
    /// The form of what is printed
    #[arg(short, long, global = true, value_enum, value_name = "FORM", default_value = "table")]
    output: Format,
    /// The same as `-o json`
    #[arg(long, global = true)]
    json: bool,
    /// Print times as they are, instead of as seen from now
    #[arg(long, global = true)]
    pub(crate) absolute: bool,
}

impl OutputArguments {
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output }
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a whole fleet on this machine: Redis, gateways and workers
    Dev(Dev),
    /// Serve the HTTP API
    Gateway(Gateway),
    /// Look at workers, direct them, or be one
    #[command(subcommand)]
    Worker(WorkerCommand),
    /// Submit tasks, look at them, wait for them, and move them
    #[command(subcommand)]
    Task(TaskCommand),
    /// Submit flows, tasks that wait for each other; look at them, follow them, and move them
    #[command(subcommand)]
    Flow(FlowCommand),
    /// Look at queues, pause and resume them
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Watch what happens, as it happens
    Events(Events),
    /// Ask a gateway how it does; for containers and supervisors
    Healthcheck(Healthcheck),
    /// Explain a command, or the exit codes
    Help(Help),
    /// Become another program that ends with the process that started this one
    #[command(hide = true)]
    Tether(Tether),
}
