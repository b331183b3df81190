//! `baton dev`: a whole fleet on this machine. A private Redis on a socket of its own, gateways and workers as real
//! processes, and nothing left of them afterwards.

mod demo;
mod fleet;
mod kin;
mod member;
mod ports;
mod redis;
mod system;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;
use crate::out::{Out, say};
use fleet::Fleet;

#[derive(Args)]
#[command(before_help = "Examples:
  baton dev                                one gateway, two workers, tasks forgotten at the end
  baton dev --data ./data                  tasks kept for the next time
  baton dev --exec-dir ./handlers          the programs in ./handlers as handlers
  baton dev --demo                         a larger fleet, at work
  baton dev --demo --kill                  what happens when processes die")]
pub(crate) struct Dev {
    /// Keep tasks in this directory, and go on with those that are there
    #[arg(long, value_name = "DIR", conflicts_with = "redis")]
    data: Option<PathBuf>,
    /// Use this Redis instead of a private one; without a URL that of BATON_REDIS_URL, which may have a password in it
    #[arg(long, value_name = "URL")]
    redis: Option<Option<String>>,
    /// Where the first gateway listens; where it is taken, the next free one
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// How many gateways [default: 1; with --demo 2]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=16))]
    gateways: Option<u16>,
    /// How many workers [default: 2; with --demo 4]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: Option<u16>,
    /// How many tasks each worker runs at once
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=150))]
    slots: u16,
    /// What the workers claim from
    #[arg(long, value_delimiter = ',', default_value = "default", value_name = "QUEUE")]
    queues: Vec<String>,
    /// Handlers as programs: the directory they are in
    #[arg(long, value_name = "DIR")]
    exec_dir: Option<PathBuf>,
    /// Print what the processes log, instead of keeping it in files
    #[arg(long)]
    verbose: bool,
    /// A fleet at work: several queues, flaky and slow tasks, flows, a program as handler
    #[arg(long)]
    demo: bool,
    /// Run a flow of a dozen tasks to its end, print what became of them, and end; exit code 0 if all is well
    #[arg(long, requires = "demo")]
    once: bool,
    /// Kill a worker and a gateway at work, and print who took over what; exit code 0 if all is well
    #[arg(long, requires = "demo", conflicts_with = "once")]
    kill: bool,
}

/// How often the processes are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(crate) async fn run(out: Out, dev: Dev) -> Result<Exit> {
    // Before anything is started: a signal that comes now must not leave half a fleet.
    let mut told = Told::new()?;
    let plan = fleet::Plan::of(&dev)?;
    let mut fleet = Fleet::begin(plan).await?;
    let worked = tokio::select! {
        worked = work(&out, &dev, &mut fleet) => worked,
        // What was to come to an end of its own did not.
        () = told.wait() => Ok(if dev.once || dev.kill { Exit::Interrupted } else { Exit::Fine }),
    };
    if out.is_terminal() {
        // The line that was written in place stays as it is.
        out.line("")?;
    }
    if worked.is_ok() && !dev.once && !dev.kill {
        say(&format!("ending: what runs has {} to finish; Ctrl-C again ends it now", fleet::DRAIN));
    }
    // A second signal ends it at once: dropping the fleet kills what is left of it.
    tokio::select! {
        () = fleet.end() => {}
        () = told.wait() => {}
    }
    worked
}

async fn work(out: &Out, dev: &Dev, fleet: &mut Fleet) -> Result<Exit> {
    fleet.start().await?;
    match (dev.demo, dev.once, dev.kill) {
        (true, true, _) => demo::once(out, fleet).await,
        (true, _, true) => demo::kill(out, fleet).await,
        (true, false, false) => demo::live(out, fleet).await,
        (false, ..) => {
            fleet.introduce(out, "task ls")?;
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                fleet.mend()?;
            }
        }
    }
}

/// The signals that end us.
struct Told {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Told {
    fn new() -> Result<Told> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Told { interrupt, terminate, hangup: signal(SignalKind::hangup())? })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
