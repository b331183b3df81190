//! `baton pool`: sets of equal workers that look after themselves. Look at them, size them, or keep one.

mod show;

use std::time::Duration;

use anyhow::Result;
use baton::Client;
use baton::api::pool::{Pool, PoolState, PutPool};
use clap::{Args, Subcommand};

use crate::console::{Target, client, span};
use crate::exit::{Exit, Stop};
use crate::out::{Out, say};
use crate::serve;
use crate::wait::until;

#[derive(Subcommand)]
pub(crate) enum PoolCommand {
    /// Keep workers of a pool alive on this host
    Run(Box<serve::Pool>),
    /// List pools
    #[command(
        before_help = "Examples:\n  baton pool ls\n  baton pool ls --json | jq -r 'select(.state == \"degraded\").name'"
    )]
    Ls,
    /// Show one pool and its supervisors
    #[command(before_help = "Examples:\n  baton pool get default\n  baton pool get media -o wide")]
    Get {
        /// The name of the pool
        pool: String,
    },
    /// Say how many workers a pool is to have, on all hosts together
    #[command(
        allow_missing_positional = true,
        before_help = "Examples:
  baton pool scale 8                  the pool `default`
  baton pool scale media 4 --wait     return when the four are ready
  baton pool scale media 0            none, until somebody says otherwise"
    )]
    Scale {
        /// The pool; left out it is `default`
        #[arg(default_value = "default", hide_default_value = true)]
        pool: String,
        /// How many workers it shall have
        #[arg(value_parser = clap::value_parser!(u64).range(0..=1_000))]
        count: u64,
        #[command(flatten)]
        wait: Wait,
    },
    /// Start a pool again, and let begin anew what its supervisors gave up
    #[command(before_help = "Examples:\n  baton pool start default\n  baton pool start media --wait")]
    Start {
        /// The name of the pool
        pool: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Let the workers of a pool finish what they hold, and end; its size stays for the next start
    #[command(
        before_help = "Examples:\n  baton pool stop default\n  baton pool stop media --wait --wait-timeout 5m"
    )]
    Stop {
        /// The name of the pool
        pool: String,
        #[command(flatten)]
        wait: Wait,
    },
    /// Forget a pool to which no supervisor attends any more
    #[command(before_help = "Examples:\n  baton pool rm media")]
    Rm {
        /// The name of the pool
        pool: String,
    },
}

#[derive(Args)]
pub(crate) struct Wait {
    /// Return when it is so; exit code 1 where it does not come to that by itself
    #[arg(long)]
    wait: bool,
    /// Stop waiting after this long, with exit code 124
    #[arg(long, value_parser = span, value_name = "TIME", requires = "wait")]
    wait_timeout: Option<Duration>,
}

/// Between two looks: its supervisors report once a second.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(crate) async fn run(out: &Out, target: &Target, command: PoolCommand) -> Result<Exit> {
    if let PoolCommand::Run(pool) = command {
        return serve::pool(*pool).await;
    }
    let client = client(target)?;
    let (pool, put, wait) = match command {
        PoolCommand::Ls | PoolCommand::Run(_) => {
            show::all(out, &client.pools().await?)?;
            return Ok(Exit::Fine);
        }
        PoolCommand::Get { pool } => {
            show::one(out, &client.pool(&pool).await?)?;
            return Ok(Exit::Fine);
        }
        PoolCommand::Rm { pool } => {
            target.guard(&format!("forget the pool {pool}"))?;
            client.remove_pool(&pool).await?;
            say(&format!("the pool {pool} is forgotten"));
            return Ok(Exit::Fine);
        }
        PoolCommand::Scale { pool, count, wait } => {
            guard_fewer(target, &client, &pool, count).await?;
            (pool, PutPool { desired: Some(count), running: None }, wait)
        }
        PoolCommand::Start { pool, wait } => (pool, PutPool { desired: None, running: Some(true) }, wait),
        PoolCommand::Stop { pool, wait } => {
            target.guard(&format!("stop all workers of the pool {pool}"))?;
            (pool, PutPool { desired: None, running: Some(false) }, wait)
        }
    };
    let mut now = client.set_pool(&pool, &put).await?;
    if wait.wait {
        now = until(settled(out, &client, now), wait.wait_timeout).await?;
    }
    show::one(out, &now)?;
    match now.state {
        PoolState::Degraded if wait.wait => {
            let why = format!("the pool {pool} is degraded: {}", now.reasons.join("; "));
            Err(Stop::new(Exit::Failure, why).into())
        }
        _ => Ok(Exit::Fine),
    }
}

/// More workers take nothing away from anybody.
async fn guard_fewer(target: &Target, client: &Client, pool: &str, count: u64) -> Result<()> {
    if !target.guards()? {
        return Ok(());
    }
    let fewer = count == 0
        || match client.pool(pool).await {
            Ok(now) => count < now.desired,
            Err(error) if error.status() == Some(404) => false,
            Err(error) => return Err(error.into()),
        };
    if fewer { target.guard(&format!("leave the pool {pool} only {count} workers")) } else { Ok(()) }
}

/// The pool, once it is what it was told to be, or will not come to that by itself.
async fn settled(out: &Out, client: &Client, mut pool: Pool) -> Result<Pool> {
    let mut told = Vec::new();
    while !is_settled(&pool) {
        // Where nobody attends it may take for ever, and somebody should know.
        let is_news = out.is_terminal() || pool.state == PoolState::Unattended;
        if is_news && pool.reasons != told {
            pool.reasons.iter().for_each(|reason| say(reason));
            told = pool.reasons;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        pool = client.pool(pool.name.as_str()).await?;
    }
    Ok(pool)
}

fn is_settled(pool: &Pool) -> bool {
    match pool.state {
        PoolState::Steady | PoolState::Degraded => true,
        PoolState::Converging | PoolState::Unattended => false,
        PoolState::Stopped => {
            let live = pool.supervisors.iter().filter(|one| one.state != "silent");
            live.map(|one| one.live + one.starting + one.draining).sum::<u64>() == 0
        }
    }
}
