//! A process of the fleet that a service manager would start again.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use baton_testkit::{Process, process};

use crate::fleet::support::{Fleet, program};

pub(super) struct Part {
    pub(super) process: Process,
    /// Of a gateway, as `http://127.0.0.1:…`.
    pub(super) address: String,
    begin: fn(&Fleet, usize) -> Part,
    number: usize,
}

impl Part {
    pub(super) fn gateway(fleet: &Fleet, number: usize) -> Part {
        let mut command = command(fleet, "baton-gateway", number);
        command.args(["--listen", "127.0.0.1:0", "--print-address"]).stdout(Stdio::piped());
        let mut process = Process::spawn(command).expect("a gateway");
        let mut line = String::new();
        let stdout = process.child().stdout.take().expect("its stdout");
        BufReader::new(stdout).read_line(&mut line).expect("its address");
        Part { process, address: format!("http://{}", line.trim()), begin: Part::gateway, number }
    }

    pub(super) fn supervisor(fleet: &Fleet, number: usize) -> Part {
        let mut command = command(fleet, "baton-worker", number);
        command.env("BATON_WORKER_EXEC_DIR", fleet.file("handlers")).stdout(Stdio::null());
        command.envs([("BATON_WORKER_LEASE", "2s"), ("BATON_WORKER_DRAIN_TIMEOUT", "2s")]);
        let process = Process::spawn(command).expect("a supervisor");
        Part { process, address: String::new(), begin: Part::supervisor, number }
    }

    pub(super) fn pid(&mut self) -> u32 {
        self.process.child().id()
    }

    /// Kills it without a chance to tidy up.
    pub(super) fn begin_again(&mut self, fleet: &Fleet) {
        self.process.kill();
        *self = (self.begin)(fleet, self.number);
    }
}

fn command(fleet: &Fleet, name: &str, number: usize) -> Command {
    let log = fleet.file(&format!("{name}-{number}.log"));
    let log: File = fs::File::options().create(true).append(true).open(log).expect("a log");
    let mut command = process::command(program(name));
    command.env("BATON_REDIS_URL", fleet.redis.url()).env_remove("BATON_CONFIG");
    command.stdin(Stdio::null()).stderr(log);
    command
}
