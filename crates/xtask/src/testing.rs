//! `cargo xtask test`: every test there is, and one line that counts them.
//!
//! It needs nothing beyond cargo, a C compiler and a Redis server: a test runner that a bare machine would have to
//! build first would cost more than the tests. Benchmarks are not tests and are not run.

use std::path::Path;

use anyhow::Result;

use crate::count::Listener;
use crate::{apt, command, server};

/// Tests start the programs as their users do, so these must be there, and no older than the tests.
const PROGRAMS: [&str; 3] = ["build", "--workspace", "--bins"];

/// No target is named: only then does cargo build the examples as programs, one of which a test starts, and run the
/// documentation tests in the same call.
const TEST: [&str; 4] = ["test", "--workspace", "--no-fail-fast", "--"];

/// True when at least one test ran and none failed.
pub(crate) fn run(root: &Path, filter: Option<&str>) -> Result<bool> {
    match server::ensure() {
        Ok(server) => println!("== redis: {server}"),
        Err(error) => {
            // Without a server no test means anything; the last line still says how it went.
            eprintln!("{error:#}");
            println!("0 passed, 1 failed");
            return Ok(false);
        }
    }
    for (program, package) in JUDGES.iter().filter(|(program, package)| !has(program, package)) {
        println!("== {program} is missing, and the test that needs it will say so: {}", apt::line(package));
    }
    if !command::shown(root, "cargo", &PROGRAMS)? {
        println!("0 passed, 1 failed");
        return Ok(false);
    }
    // After `--`, a filter that begins with a dash or names a target is still only a filter.
    let arguments: Vec<&str> = TEST.into_iter().chain(filter).collect();
    let mut listener = Listener::default();
    let succeeded = command::cargo_lines(root, &arguments, |line| {
        println!("{line}");
        listener.hear(line);
    })?;
    let (tally, remarks) = listener.close(succeeded);
    remarks.iter().for_each(|remark| println!("== {remark}"));
    // Nothing may follow: whoever runs this reads the last line.
    println!("{tally}");
    Ok(tally.is_good())
}

/// Programs that judge what we write, with the packages they are in: metrics, pages, units of systemd, and what documents
/// tell the reader to type.
const JUDGES: &[(&str, &str)] = if cfg!(target_os = "linux") {
    &[
        ("promtool", "prometheus"),
        ("chromium", "chromium"),
        ("chromedriver", "chromium-driver"),
        ("systemd-analyze", "systemd"),
        ("curl", "curl"),
        ("python3", "python3"),
    ]
} else {
    &[("promtool", "prometheus"), ("chromedriver", "chromium-driver")]
};

/// Installs it first when that can be done without asking.
fn has(program: &str, package: &str) -> bool {
    let found = || command::answer(program, &["--version"]).is_some();
    found() || (apt::is_ours() && apt::install(package).is_ok() && found())
}
