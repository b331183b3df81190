//! `baton pool`: keep the workers of a pool alive.

use anyhow::Result;
use clap::Subcommand;

use crate::exit::Exit;
use crate::serve;

#[derive(Subcommand)]
pub(crate) enum PoolCommand {
    /// Keep this host's share of a pool's workers alive
    Run(Box<serve::Pool>),
}

/// To be awaited by `main` itself, because workers follow the thread that started them.
pub(crate) async fn run(command: PoolCommand) -> Result<Exit> {
    match command {
        PoolCommand::Run(pool) => serve::pool(*pool).await,
    }
}
