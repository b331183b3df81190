//! A gateway from its configuration to its end.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use baton_service::Chain;
use baton_service::signals::Shutdown;
use baton_store::ticker::Ticker;
use baton_store::{OpenError, Options, Store};
use tokio::net::TcpListener;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::app::App;
use crate::auth::{Auth, StartError};
use crate::bootstrap::{self, BootstrapError};
use crate::config::{Config, FilesError};
use crate::serve::serve;
use crate::{bulk, clock, health, hooks, live, presence};

/// How long a gateway waits for a Redis that is not there when it starts.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first wait between two tries, and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// A client waits for every answer, and asks again by itself: a Redis that does not answer is tried on a second
/// connection, in case the first one was dead, and then the client is told.
const ASK_REDIS_AGAIN_WITHIN: Duration = Duration::from_secs(3);

/// How often a gateway that everyone may use says so.
const WARN_EVERY: Duration = Duration::from_mins(1);

/// Why a gateway did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The server, the namespace or the credentials cannot be used. Waiting does not help.
    #[error("use this Redis")]
    Unusable(#[source] OpenError),
    #[error(transparent)]
    Files(#[from] FilesError),
    #[error("start with these secrets")]
    Secrets(#[from] StartError),
    #[error("make the first users")]
    Bootstrap(#[from] BootstrapError),
    #[error("reach Redis within {} s", PATIENCE.as_secs())]
    Unreachable(#[source] OpenError),
    #[error("listen on {address}")]
    Bind {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("serve requests")]
    Serve(#[source] io::Error),
    #[error("go on with the chores")]
    Chores(#[source] JoinError),
}

impl RunError {
    /// 78: unusable configuration; 7: Redis cannot be reached; 1: anything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            RunError::Secrets(StartError::Store(_)) | RunError::Bootstrap(BootstrapError::Store(_)) => 7,
            RunError::Unusable(_) | RunError::Files(_) | RunError::Secrets(_) | RunError::Bootstrap(_) => 78,
            RunError::Unreachable(_) => 7,
            RunError::Bind { .. } | RunError::Serve(_) | RunError::Chores(_) => 1,
        }
    }
}

/// Runs until `shutdown` says otherwise. `bound` gets the address at which it answers.
pub async fn run(config: Config, shutdown: Shutdown, bound: impl FnOnce(SocketAddr)) -> Result<(), RunError> {
    let now = shutdown.now.clone();
    // What a second signal cuts off is lost to its clients alone: every step of the store happens whole or not at all.
    now.run_until_cancelled(live_until_drained(config, shutdown, bound)).await.unwrap_or(Ok(()))
}

async fn live_until_drained(
    config: Config,
    shutdown: Shutdown,
    bound: impl FnOnce(SocketAddr),
) -> Result<(), RunError> {
    config.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let mut settings = config.settings;
    let bootstrap_file = config.logins.bootstrap.clone();
    settings.logins = config.logins.load()?;
    let mut options = config.store;
    options.timeouts.again = ASK_REDIS_AGAIN_WITHIN;
    let Some(store) = shutdown.drain.run_until_cancelled(open(options)).await else {
        return Ok(());
    };
    let store = store?;
    let address = config.listen;
    let listener = TcpListener::bind(address).await.map_err(|source| RunError::Bind { address, source })?;
    let address = listener.local_addr().map_err(RunError::Serve)?;
    let ticker = Ticker::new(store.clone());
    let app = App::start(store, settings, shutdown.drain.clone());
    let (ended, judge) = (shutdown.drain.clone(), app.auth.clone());
    let ticking = async move { ticker.run_judging(judge, ended.cancelled()).await };
    let ticker = AbortOnDropHandle::new(tokio::spawn(ticking));
    app.auth.meet_others().await?;
    if let Some(file) = bootstrap_file {
        bootstrap::carry_out(&app.store, &file).await?;
    }
    let _warnings = warn_of_open_doors(address, app.settings.open);
    let (feed, auth): (live::Feed, Auth) = (app.feed.clone(), app.auth.clone());
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "the gateway answers at http://{address}");
    bound(address);
    let _telling = AbortOnDropHandle::new(tokio::spawn(health::tell(app.clone(), address)));
    let _operations = AbortOnDropHandle::new(tokio::spawn(bulk::run(app.clone())));
    let _webhooks = AbortOnDropHandle::new(tokio::spawn(hooks::run(app.clone())));
    let seen = presence::Presence::start(app.clone(), address);
    let serving = serve(listener, app, shutdown.drain.clone(), config.drain_timeout);
    tokio::select! {
        served = serving => served.map_err(RunError::Serve)?,
        // It ends by itself only when a part of it broke. A gateway without chores would look well while nothing matures.
        ticked = broken(ticker, shutdown.drain) => return Err(RunError::Chores(ticked)),
    }
    // A socket whose client takes nothing any more is not waited for.
    let _ = tokio::time::timeout(BACKOFF.1, feed.ended()).await;
    auth.close().await;
    seen.leave().await;
    tracing::info!("the gateway has ended");
    Ok(())
}

/// Who is reached from elsewhere and asks nobody who he is says so, again and again.
fn warn_of_open_doors(address: SocketAddr, open: bool) -> Option<AbortOnDropHandle<()>> {
    let exposed = open && !address.ip().is_loopback();
    let warn = async move {
        loop {
            tracing::warn!(%address, "everyone who reaches this address may do everything: there are no logins");
            tokio::time::sleep(WARN_EVERY).await;
        }
    };
    exposed.then(|| AbortOnDropHandle::new(tokio::spawn(warn)))
}

/// Ends when the ticker broke; when it was told to end, never.
async fn broken(ticker: AbortOnDropHandle<()>, drain: CancellationToken) -> JoinError {
    match ticker.await {
        Err(error) if !drain.is_cancelled() => error,
        _ => std::future::pending().await,
    }
}

/// Redis may start after the gateway does.
async fn open(options: Options) -> Result<Store, RunError> {
    let until = clock::instant() + PATIENCE;
    let mut pause = BACKOFF.0;
    loop {
        match Store::open(options.clone()).await {
            Ok((store, warnings)) => {
                warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
                return Ok(store);
            }
            Err(error) if error.may_pass() && clock::instant() < until => {
                tracing::warn!(redis = %options.url, error = %Chain(&error), "failed to use Redis; trying again");
            }
            Err(error) if error.may_pass() => return Err(RunError::Unreachable(error)),
            Err(error) => return Err(RunError::Unusable(error)),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(BACKOFF.1);
    }
}
