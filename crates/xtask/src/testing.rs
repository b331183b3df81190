//! `cargo xtask test`: every test there is, and one line that counts them.
//!
//! It needs nothing beyond cargo, a C compiler and a Redis server: a test runner that a bare machine would have to
//! build first would cost more than the tests. Benchmarks are not tests and are not run.

use std::path::Path;

use anyhow::Result;

use crate::command;
use crate::count::{Listener, Tally};
use crate::server;

struct Group {
    name: &'static str,
    arguments: &'static [&'static str],
}

/// Two builds of cargo's: it cannot run documentation tests in the same call once targets are named.
const GROUPS: [Group; 2] = [
    Group {
        name: "unit and integration tests",
        arguments: &["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests", "--examples"],
    },
    Group { name: "documentation tests", arguments: &["test", "--workspace", "--no-fail-fast", "--doc"] },
];

/// True when at least one test ran and none failed.
pub(crate) fn run(root: &Path, filter: Option<&str>) -> Result<bool> {
    let server = server::ensure()?;
    println!("== redis: {server}");
    let mut total = Tally::default();
    let mut summary = Vec::new();
    for group in &GROUPS {
        println!("== {}", group.name);
        let (tally, remarks) = run_group(root, group, filter)?;
        summary.push(format!("== {}: {tally}", group.name));
        summary.extend(remarks.iter().map(|remark| format!("   {remark}")));
        total.add(tally);
    }
    summary.iter().for_each(|line| println!("{line}"));
    if total == Tally::default() {
        println!("== no test ran");
    }
    // Nothing may follow: whoever runs this reads the last line.
    println!("{total}");
    Ok(total.is_good())
}

fn run_group(root: &Path, group: &Group, filter: Option<&str>) -> Result<(Tally, Vec<String>)> {
    let mut arguments = group.arguments.to_vec();
    // After `--`, a filter that begins with a dash or names a target is still only a filter.
    arguments.push("--");
    arguments.extend(filter);
    let mut listener = Listener::default();
    let succeeded = command::cargo_lines(root, &arguments, |line| {
        println!("{line}");
        listener.hear(line);
    })?;
    Ok(listener.close(succeeded))
}
