//! `cargo xtask fuzz`: schemathesis, which makes up requests out of the API document, against a fleet of our own.
//!
//! What the document cannot say stands beside this file, in `fuzz.py` and `fuzz.toml`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{command, server};

/// Another version finds other things: raise it by hand, and mend what it finds.
const SCHEMATHESIS: &str = "4.32.5";

/// What the fuzzer is asked for.
#[derive(clap::Args)]
pub(crate) struct Fuzz {
    /// Examples of each operation
    #[arg(long, default_value_t = 50)]
    examples: u32,
    /// Handed on to `st run`: for example `--seed 7` or `--include-path /api/v1/tasks`
    #[arg(last = true)]
    more: Vec<String>,
}

pub(crate) fn run(root: &Path, fuzz: &Fuzz) -> Result<bool> {
    println!("== redis: {}", server::find()?);
    let here = command::target(root).join("fuzz");
    fs::create_dir_all(&here)?;
    let here = here.canonicalize()?;
    let st = install(&here)?;
    if !command::shown(root, "cargo", &["build", "--package", "baton-gateway", "--package", "baton-worker"])?
    {
        bail!("the gateway or the worker does not build");
    }
    // The path of a socket may have a hundred bytes, and that of this repository may have more.
    let place = std::env::temp_dir().join(format!("baton-fuzz-{}", std::process::id()));
    fs::create_dir_all(&place)?;
    let passed = on_a_fleet(root, &here, &place, |address| ask(root, &here, &st, address, fuzz));
    fs::remove_dir_all(&place)?;
    println!("== logs: {}", here.display());
    passed
}

/// A Redis, a gateway and a worker that end with what is done on them.
fn on_a_fleet(
    root: &Path,
    logs: &Path,
    place: &Path,
    then: impl FnOnce(&str) -> Result<bool>,
) -> Result<bool> {
    let socket = place.join("redis.sock");
    let mut redis = Command::new(server::program()?);
    redis.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]).arg(&socket);
    redis.arg("--dir").arg(place);
    let _redis = Running::start(redis.stdout(log(logs, "redis")?))?;
    let url = format!("unix:{}", socket.display());
    let program = |name: &str| {
        let mut program = Command::new(command::target(root).join("debug").join(name));
        program.args(["--redis-url", &url]);
        program
    };
    let mut gateway = program("baton-gateway");
    gateway.args(["--listen", "127.0.0.1:0", "--print-address"]).stdout(Stdio::piped());
    let mut gateway = Running::start(gateway.stderr(log(logs, "gateway")?))?;
    let address = gateway.first_line()?;
    let _worker = Running::start(program("baton-worker").stderr(log(logs, "worker")?))?;
    then(&address)
}

fn ask(root: &Path, here: &Path, st: &Path, address: &str, fuzz: &Fuzz) -> Result<bool> {
    let beside = root.join("crates/xtask/src").canonicalize()?;
    let status = Command::new(st)
        .arg("--config-file")
        .arg(beside.join("fuzz.toml"))
        .args(["run", &format!("http://{address}/openapi.json"), "--checks", "all", "--workers", "1"])
        .args(["--max-examples", &fuzz.examples.to_string(), "--request-timeout", "30"])
        // They end when their client does.
        .args(["--exclude-path-regex", "^/api/v1/(events|ws)$"])
        .args(&fuzz.more)
        .env("SCHEMATHESIS_HOOKS", beside.join("fuzz.py"))
        .current_dir(here)
        .status();
    Ok(status.context("failed to start schemathesis")?.success())
}

/// Its own Python environment keeps it apart from whatever else is installed.
fn install(here: &Path) -> Result<PathBuf> {
    let programs = here.join("venv/bin");
    let st = programs.join("st");
    let wanted = format!("version {SCHEMATHESIS}");
    if command::answer(&st, &["--version"]).is_some_and(|version| version.trim().ends_with(&wanted)) {
        return Ok(st);
    }
    println!("== schemathesis: installing {SCHEMATHESIS}");
    if !command::shown(here, "python3", &["-m", "venv", "venv"])? {
        bail!(
            "this needs python3 with its module venv; on Debian and Ubuntu that is the package python3-venv"
        );
    }
    let package = format!("schemathesis=={SCHEMATHESIS}");
    if !command::shown(here, programs.join("pip"), &["install", "--quiet", &package])? {
        bail!("pip cannot install {package}");
    }
    Ok(st)
}

fn log(logs: &Path, name: &str) -> Result<File> {
    File::create(logs.join(format!("{name}.log"))).context("failed to make a log")
}

/// A program that ends when this does.
struct Running(Child);

impl Running {
    fn start(program: &mut Command) -> Result<Running> {
        let child = program.stdin(Stdio::null()).spawn();
        Ok(Running(child.with_context(|| format!("failed to start {:?}", program.get_program()))?))
    }

    /// What it prints first, which is where it answers.
    fn first_line(&mut self) -> Result<String> {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().context("its output is not ours")?).read_line(&mut line)?;
        if line.is_empty() {
            bail!("the gateway did not start; its log says why")
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, and there is nothing to save.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
