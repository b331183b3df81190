//! `cargo xtask soak`: a fleet under load of which something is killed every second, for as long as one likes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use crate::server;

#[derive(Args)]
pub(crate) struct Soak {
    /// For how long
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// The same victims again, in the same order
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    seed: Option<u64>,
}

const BUILD: [&str; 3] = ["build", "--workspace", "--bins"];
const RUN: [&str; 8] = ["test", "--package", "baton-tests", "--test", "it", "--", "--nocapture", "soak::"];

/// True when nothing was lost, doubled or leaked.
pub(crate) fn run(root: &Path, soak: &Soak) -> Result<bool> {
    println!("== redis: {}", server::ensure()?);
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(root).env("BATON_SOAK_SECONDS", soak.seconds.to_string());
        command.envs(soak.seed.map(|seed| ("BATON_SOAK_SEED", seed.to_string())));
        command.status().map(|status| status.success()).context("failed to start cargo")
    };
    Ok(cargo(&BUILD)? && cargo(&RUN)?)
}
