//! The command line as it is typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::audit::Audit;
use crate::bench::BenchCommand;
use crate::carry::{Export, Import};
use crate::dev::Dev;
use crate::doctor::Doctor;
use crate::error::ErrorCommand;
use crate::events::Events;
use crate::flow::FlowCommand;
use crate::health::Healthcheck;
use crate::help::Help;
use crate::init::Init;
use crate::key::KeyCommand;
use crate::kind::KindCommand;
use crate::login::{Login, Logout, Whoami};
use crate::operation::{Bulk, OperationCommand};
use crate::out::Format;
use crate::pool::PoolCommand;
use crate::queue::QueueCommand;
use crate::recover::Recover;
use crate::redis::RedisCommand;
use crate::redis_acl::RedisAcl;
use crate::schedule::ScheduleCommand;
use crate::serve::Gateway;
use crate::session::SessionCommand;
use crate::signing_key::SigningKeyCommand;
use crate::stats::StatsCommand;
use crate::task::TaskCommand;
use crate::tether::Tether;
use crate::top::Top;
use crate::trail::Trail;
use crate::user::UserCommand;
use crate::webhook::WebhookCommand;
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
    /// Ask with the API key or access token in this file, instead of BATON_API_KEY, BATON_TOKEN or the login
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
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
    /// Write a configuration with logins: secrets, an administrator, and what to type next
    Init(Init),
    /// Serve the HTTP API
    Gateway(Gateway),
    /// Look at workers, direct them, or be one
    #[command(subcommand)]
    Worker(WorkerCommand),
    /// Look at pools of workers that look after themselves, size them, or keep one
    #[command(subcommand)]
    Pool(PoolCommand),
    /// Do now what is due: take back what is lost, start what is late
    Recover(Recover),
    /// Submit tasks, look at them, wait for them, and move them
    #[command(subcommand)]
    Task(TaskCommand),
    /// Submit flows, tasks that wait for each other; look at them, follow them, and move them
    #[command(subcommand)]
    Flow(FlowCommand),
    /// Cancel, rerun, promote or reprioritise many tasks at once
    Bulk(Box<Bulk>),
    /// Look at what was begun on many tasks, and call it off
    #[command(subcommand)]
    Operation(OperationCommand),
    /// Look at queues, pause and resume, drain and purge them
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Make tasks at given times: schedules, by cron expression or interval
    #[command(subcommand)]
    Schedule(ScheduleCommand),
    /// Let others be told of ends of tasks, by signed requests
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Say what holds for tasks of a kind that say nothing themselves: attempts, waits, times
    #[command(subcommand)]
    Kind(KindCommand),
    /// Say how the fleet does: counts, rates, and how long tasks wait and run
    Stats(StatsCommand),
    /// Watch the fleet at a glance: queues, workers, what runs and what fails
    Top(Top),
    /// Look at failures in groups
    #[command(subcommand)]
    Error(ErrorCommand),
    /// Watch what happens, as it happens
    Events(Events),
    /// Look at what operators did: who, what, from where, and what came of it
    Trail(Trail),
    /// Examine Redis, what lies in it, the fleet and the gateway: what is wrong, and what to do
    Doctor(Doctor),
    /// Prove that nothing was lost, doubled or done out of order, from the keys and streams in Redis
    Audit(Box<Audit>),
    /// Put load on a fleet, and say how fast it was
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Write a namespace as lines of JSON: a backup, or what another Redis is to have
    Export(Export),
    /// Make a namespace out of an export
    Import(Import),
    /// Look at keys and scripts as redis-cli does, and understand what one sees
    #[command(subcommand)]
    Redis(RedisCommand),
    /// Ask a gateway how it does; for containers and supervisors
    Healthcheck(Healthcheck),
    /// Log in: later commands ask as this user
    Login(Login),
    /// Log out
    Logout(Logout),
    /// Say as whom commands ask, and what that may do
    Whoami(Whoami),
    /// Look at your sessions, and end them
    #[command(subcommand)]
    Session(SessionCommand),
    /// Make API keys, look at them, change and revoke them
    #[command(subcommand)]
    Key(KeyCommand),
    /// Make users, look at them, and say what they may do
    #[command(subcommand)]
    User(UserCommand),
    /// Look at the keys that sign access tokens, and change them
    #[command(subcommand)]
    SigningKey(SigningKeyCommand),
    /// The same as `redis acl`: what each process may do in Redis, as an ACL file
    RedisAcl(RedisAcl),
    /// Explain a command, or the exit codes
    Help(Help),
    /// Become another program that ends with the process that started this one
    #[command(hide = true)]
    Tether(Tether),
}
