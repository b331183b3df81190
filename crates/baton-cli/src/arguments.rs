//! The command line as it is typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::audit::Audit;
use crate::bench::BenchCommand;
use crate::carry::{Export, Import};
use crate::config::ConfigCommand;
use crate::conformance::Conformance;
use crate::context::{ContextCommand, Said};
use crate::dev::Dev;
use crate::doctor::Doctor;
use crate::error::ErrorCommand;
use crate::events::Events;
use crate::exit::{Exit, Stop};
use crate::flow::FlowCommand;
use crate::health::Healthcheck;
use crate::help::Help;
use crate::init::Init;
use crate::key::KeyCommand;
use crate::kind::KindCommand;
use crate::login::{Login, Logout, Whoami};
use crate::new::New;
use crate::operation::{Bulk, OperationCommand};
use crate::out::{Fields, Form, Manner, Times};
use crate::pages::{Completions, Manual};
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
    /// The gateway to ask [env: BATON_URL] [default: the context in use, else http://127.0.0.1:8000]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Ask the gateway of this context [env: BATON_CONTEXT]
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "url")]
    pub(crate) context: Option<String>,
    /// Destroy without being asked, where it is production
    #[arg(long, global = true)]
    pub(crate) yes: bool,
    /// Ask with the API key or access token in this file, instead of BATON_API_KEY, BATON_TOKEN or the login
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// What is said about the gateway here and in the environment.
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge at which the command line and the environment meet"
    )]
    pub(crate) fn said(&self) -> Said {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Said {
            url: self.url.clone(),
            context: self.context.clone(),
            url_variable: variable("BATON_URL"),
            context_variable: variable("BATON_CONTEXT"),
        }
    }
}

/// How data is printed.
#[derive(Args)]
pub(crate) struct OutputArguments {
    /// The form of what is printed
    #[arg(short, long, global = true, value_enum, value_name = "FORM", default_value = "table")]
    output: Form,
    /// The same as `-o json`
    #[arg(long, global = true)]
    json: bool,
    /// Only these members of what `--json` prints, as id,status,payload.user
    #[arg(long, global = true, value_name = "A,B", value_delimiter = ',')]
    fields: Vec<String>,
    /// Print times by the clocks of this place, instead of as seen from now
    #[arg(long, global = true)]
    absolute: bool,
    /// Print times in UTC, instead of as seen from now
    #[arg(long, global = true)]
    utc: bool,
}

impl OutputArguments {
    pub(crate) fn manner(self) -> Result<Manner, Stop> {
        let form = if self.json { Form::Json } else { self.output };
        let times = match (self.utc, self.absolute) {
            (true, _) => Times::Utc,
            (false, true) => Times::Local,
            (false, false) => Times::Relative,
        };
        if self.fields.iter().any(String::is_empty) {
            return Err(Stop::new(Exit::Usage, "a field has a name, as in --fields id,status"));
        }
        if form == Form::Name && !self.fields.is_empty() {
            return Err(Stop::new(Exit::Usage, "-o name prints names alone: leave it out, or --fields"));
        }
        // Once for each run of the program, which ends with it.
        let leak = |fields| &*Box::leak(Box::new(Fields::new(fields)));
        let fields = Some(self.fields).filter(|fields| !fields.is_empty()).map(leak);
        Ok(Manner { form, fields, times })
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a whole fleet on this machine: Redis, gateways and workers
    Dev(Dev),
    /// Write a configuration with logins: secrets, an administrator, and what to type next
    Init(Init),
    /// Serve the HTTP API, or list who serves it
    Gateway(Gateway),
    /// Look at workers, direct them, or be one
    #[command(
        subcommand,
        before_help = "Examples:
  baton worker ls
  baton worker run --exec-dir ./handlers"
    )]
    Worker(WorkerCommand),
    /// Look at pools of workers that look after themselves, size them, or keep one
    #[command(
        subcommand,
        before_help = "Examples:
  baton pool ls
  baton pool scale media 8 --wait"
    )]
    Pool(PoolCommand),
    /// Do now what is due: take back what is lost, start what is late
    Recover(Recover),
    /// Submit tasks, look at them, wait for them, and move them
    #[command(
        subcommand,
        before_help = "Examples:
  baton task submit echo --payload '{\"hi\":1}' --wait
  baton task ls --status failed
  baton task explain 01a1fc29-8a56-7000-ba14-c38b1cfc4000"
    )]
    Task(TaskCommand),
    /// Submit flows, tasks that wait for each other; look at them, follow them, and move them
    #[command(
        subcommand,
        before_help = "Examples:
  baton flow submit nightly.yaml --wait
  baton flow trace last"
    )]
    Flow(FlowCommand),
    /// Cancel, rerun, promote or reprioritise many tasks at once
    Bulk(Box<Bulk>),
    /// Look at what was begun on many tasks, and call it off
    #[command(
        subcommand,
        before_help = "Examples:
  baton operation ls
  baton operation wait 01a1fc29-8a56-7000-ba14-c38b1cfc4000"
    )]
    Operation(OperationCommand),
    /// Look at queues, pause and resume, drain and purge them
    #[command(
        subcommand,
        before_help = "Examples:
  baton queue ls
  baton queue set mail --concurrency 20
  baton queue pause mail"
    )]
    Queue(QueueCommand),
    /// Make tasks at given times: schedules, by cron expression or interval
    #[command(
        subcommand,
        before_help = "Examples:
  baton schedule ls
  baton schedule trigger nightly"
    )]
    Schedule(ScheduleCommand),
    /// Let others be told of ends of tasks, by signed requests
    #[command(
        subcommand,
        before_help = "Examples:
  baton webhook ls
  baton webhook test ops"
    )]
    Webhook(WebhookCommand),
    /// Say what holds for tasks of a kind that say nothing themselves: attempts, waits, times
    #[command(
        subcommand,
        before_help = "Examples:
  baton kind ls
  baton kind set mail.send --max-attempts 5"
    )]
    Kind(KindCommand),
    /// Say how the fleet does: counts, rates, and how long tasks wait and run
    Stats(StatsCommand),
    /// Watch the fleet at a glance: queues, workers, what runs and what fails
    Top(Top),
    /// Look at failures in groups
    #[command(
        subcommand,
        before_help = "Examples:
  baton error ls
  baton error rerun 8f3a1c0b9d2e4f67 --dry-run"
    )]
    Error(ErrorCommand),
    /// Watch what happens, as it happens
    Events(Events),
    /// Look at what operators did: who, what, from where, and what came of it
    Trail(Trail),
    /// Examine Redis, what lies in it, the fleet and the gateway: what is wrong, and what to do
    Doctor(Doctor),
    /// Prove that nothing was lost, doubled or done out of order, from the keys and streams in Redis
    Audit(Box<Audit>),
    /// Play the server for a worker in any language, and grade how it keeps to the protocol
    Conformance(Conformance),
    /// Put load on a fleet, and say how fast it was
    #[command(
        subcommand,
        before_help = "Examples:
  baton bench submit
  baton bench lifecycle --batch 100 --json"
    )]
    Bench(BenchCommand),
    /// Write a namespace as lines of JSON: a backup, or what another Redis is to have
    Export(Export),
    /// Make a namespace out of an export
    Import(Import),
    /// Look at keys and scripts as redis-cli does, and understand what one sees
    #[command(
        subcommand,
        before_help = "Examples:
  baton redis keys
  baton redis check"
    )]
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
    #[command(
        subcommand,
        before_help = "Examples:
  baton session ls"
    )]
    Session(SessionCommand),
    /// Make API keys, look at them, change and revoke them
    #[command(
        subcommand,
        before_help = "Examples:
  baton key ls
  baton key create --help"
    )]
    Key(KeyCommand),
    /// Make users, look at them, and say what they may do
    #[command(
        subcommand,
        before_help = "Examples:
  baton user ls
  baton user create alice --role operator"
    )]
    User(UserCommand),
    /// Look at the keys that sign access tokens, and change them
    #[command(
        subcommand,
        before_help = "Examples:
  baton signing-key ls"
    )]
    SigningKey(SigningKeyCommand),
    /// The same as `redis acl`: what each process may do in Redis, as an ACL file
    RedisAcl(RedisAcl),
    /// Give gateways names, and say which of them is asked
    #[command(
        subcommand,
        before_help = "Examples:
  baton context add prod --url https://baton.example --production
  baton context use prod"
    )]
    Context(ContextCommand),
    /// Look at the configuration of gateways and workers
    #[command(
        subcommand,
        before_help = "Examples:
  baton config show --origin"
    )]
    Config(ConfigCommand),
    /// Make a handler of your own, ready to run
    New(New),
    /// Print a script that completes commands in a shell
    Completions(Completions),
    /// Print the manual page, or write those of all commands
    Man(Manual),
    /// Explain a command, or the exit codes
    Help(Help),
    /// Become another program that ends with the process that started this one
    #[command(hide = true)]
    Tether(Tether),
}
