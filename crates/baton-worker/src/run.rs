//! A worker process from its configuration to its end.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use baton_core::{Kind, QueueName, WorkerId};
use baton_service::Chain;
use baton_service::metrics::Metrics;
use baton_service::signals::Shutdown;
use baton_store::{Error, OpenError, Options as StoreOptions, Store};

use crate::admin;
use crate::config::{Config, worker_id};
use crate::engine::{Ended, Engine, EngineError, Follows, Options, Pulse};
use crate::handler::{Doubled, Handlers};
use crate::handlers::{Environment, Guard, builtin, exec_dir};
use crate::supervisor::{Fault, Reports};

/// The longest wait between two tries to reach Redis.
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// A worker that has heard nothing for this long, from a Redis that answers others, will not recover.
const DEAF_AFTER: Duration = Duration::from_secs(300);

/// Why a worker did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The server, the namespace or the credentials cannot be used. Waiting does not help.
    #[error("use this Redis")]
    Unusable(#[source] OpenError),
    #[error("read the handlers in {directory}")]
    Handlers {
        directory: String,
        #[source]
        source: io::Error,
    },
    #[error("start")]
    Doubled(#[from] Doubled),
    #[error("offer the kind {0}: there is no handler for it")]
    Unhandled(Kind),
    #[error("name this worker")]
    Name(#[from] baton_core::NameError),
    #[error("follow the supervisor that started this worker")]
    Obey(#[source] io::Error),
    #[error("keep workers")]
    Supervise(#[source] io::Error),
    #[error("keep attending to the pool: it broke")]
    Beat,
    #[error("listen on {address} for probes")]
    Admin {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    /// A supervisor replaces it.
    #[error("hear from Redis for {} s, although a fresh connection reaches it", DEAF_AFTER.as_secs())]
    Deaf,
    #[error("use the store")]
    Store(#[from] Error),
    #[error("work")]
    Engine(#[from] EngineError),
}

impl RunError {
    /// 78: unusable configuration; 1: anything else. A worker waits for a Redis that is away.
    pub fn exit_code(&self) -> u8 {
        match self {
            RunError::Unusable(_)
            | RunError::Handlers { .. }
            | RunError::Doubled(_)
            | RunError::Unhandled(_)
            | RunError::Name(_) => 78,
            RunError::Obey(_)
            | RunError::Supervise(_)
            | RunError::Beat
            | RunError::Admin { .. }
            | RunError::Deaf
            | RunError::Store(_)
            | RunError::Engine(_) => 1,
        }
    }

    /// A later process has this worker's id.
    /// Redis itself would not have us.
    fn is_unfit(&self) -> bool {
        matches!(self, RunError::Unusable(_))
    }

    fn is_superseded(&self) -> bool {
        matches!(self, RunError::Engine(EngineError::Superseded(_)))
    }
}

/// The handlers that need no code: the built-in ones, and the programs of a directory. With a guard, nothing of a
/// program outlives this process.
pub fn handlers(
    config: &Config,
    guard: Option<Guard>,
    environment: &Environment,
) -> Result<Handlers, RunError> {
    let mut handlers = Handlers::default();
    builtin(&mut handlers)?;
    if let Some(directory) = &config.exec_dir {
        add_programs(&mut handlers, config, directory, guard, environment)?;
    }
    if !config.kinds.is_empty() {
        handlers.keep_only(&config.kinds).map_err(RunError::Unhandled)?;
    }
    Ok(handlers)
}

fn add_programs(
    handlers: &mut Handlers,
    config: &Config,
    directory: &Path,
    guard: Option<Guard>,
    environment: &Environment,
) -> Result<(), RunError> {
    let unreadable = |source| RunError::Handlers { directory: directory.display().to_string(), source };
    for (kind, exec) in exec_dir(directory).map_err(unreadable)? {
        let exec = exec.environment(environment.clone());
        let exec = match &guard {
            Some(guard) => exec.guarded(guard.clone(), config.exec_limits.clone()),
            None => exec,
        };
        handlers.add(kind, exec)?;
    }
    Ok(())
}

/// Works until `shutdown` says otherwise. To be awaited by `main` itself and not in a task, because a worker of a
/// supervisor asks the kernel to be told when that one ends, and threads come and go.
pub async fn run(
    config: Config,
    handlers: Handlers,
    metrics: Metrics,
    shutdown: Shutdown,
) -> Result<Ended, RunError> {
    let reports =
        config.orders.obey(&shutdown, config.drain_timeout, metrics.clone()).map_err(RunError::Obey)?;
    let ended = work(config, handlers, metrics, shutdown, reports.as_ref()).await;
    if let Some(reports) = reports {
        let fault = ended.as_ref().err();
        reports.end(fault.map(|fault| {
            Fault::new(&Chain(fault).to_string()).superseded(fault.is_superseded()).unfit(fault.is_unfit())
        }));
    }
    ended
}

async fn work(
    config: Config,
    handlers: Handlers,
    metrics: Metrics,
    shutdown: Shutdown,
    reports: Option<&Reports>,
) -> Result<Ended, RunError> {
    config.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    // A supervisor has said already what it thinks of its Redis.
    let warn = !config.orders.is_supervised();
    let Some(store) = shutdown.drain.run_until_cancelled(open(&config.store, warn)).await else {
        return Ok(Ended { abandoned: 0 });
    };
    let store = store?;
    let (worker, follows) = match &config.orders.follow_on {
        Some(from) => (from.worker.clone(), Some(from.boot.clone())),
        None => (free_id(&store, &config.kind).await?, None),
    };
    let mut options = options(&config, &handlers, worker);
    options.follows = Follows::Only(follows);
    let (worker, boot, slots) = (options.worker.clone(), options.boot.clone(), options.slots);
    let engine = Engine::new(store, handlers, options)?;
    if let Some(reports) = reports {
        reports.introduce(worker.clone(), boot, engine.pulse());
    }
    let _admin = match config.admin_listen {
        Some(address) => {
            let serve = admin::serve(address, engine.pulse(), shutdown.drain.clone(), metrics);
            Some(serve.await.map_err(|source| RunError::Admin { address, source })?)
        }
        None => None,
    };
    tracing::info!(%worker, slots, version = env!("CARGO_PKG_VERSION"), "working");
    let pulse = engine.pulse();
    let ended = tokio::select! {
        ended = engine.run(shutdown.drain, shutdown.now) => ended?,
        () = deaf(&config.store, &pulse) => return Err(RunError::Deaf),
    };
    tracing::info!(%worker, abandoned = ended.abandoned, "ended");
    Ok(ended)
}

/// Ends when this worker hears nothing from a Redis that answers others. While Redis is away it does not: a worker that
/// waits is no reason for a new one.
async fn deaf(options: &StoreOptions, pulse: &Pulse) {
    let mut waited = Duration::ZERO;
    loop {
        tokio::time::sleep(DEAF_AFTER / 10).await;
        waited += DEAF_AFTER / 10;
        let silent = pulse.since_answer().unwrap_or(waited) > DEAF_AFTER;
        if silent && Store::open(options.clone()).await.is_ok() {
            return;
        }
    }
}

/// A worker that starts before its Redis waits for it; what no waiting helps, it says at once.
pub(crate) async fn open(options: &StoreOptions, warn: bool) -> Result<Store, RunError> {
    let mut wait = Duration::from_millis(50);
    loop {
        match Store::open(options.clone()).await {
            Ok((store, warnings)) => {
                warnings.iter().filter(|_| warn).for_each(|warning| tracing::warn!("{warning}"));
                return Ok(store);
            }
            // A replica becomes a primary, or gives way to one.
            Err(error) if error.may_pass() => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "Redis cannot be used; trying again"
                );
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(BACKOFF_MAX);
            }
            Err(error) => return Err(RunError::Unusable(error)),
        }
    }
}

/// An id that nobody lives under. A Redis that lost its data counts from one again, while workers are alive.
async fn free_id(store: &Store, kind: &str) -> Result<WorkerId, RunError> {
    loop {
        let id = worker_id(store.number_worker().await?, kind)?;
        let mut taken = false;
        for shard in store.shards().all() {
            taken |= store.worker(shard, &id).await?.worker.is_some_and(|worker| worker.boot.is_some());
        }
        if !taken {
            return Ok(id);
        }
    }
}

fn options(config: &Config, handlers: &Handlers, worker: WorkerId) -> Options {
    let mut options = Options::new(worker);
    options.queues = config.queues.clone();
    options.order = config.order.clone();
    options.slots = config.slots;
    options.lease = config.lease;
    options.drain = config.drain_timeout;
    options.about = about(&config.kind, &config.queues, config.slots, handlers);
    if config.orders.is_supervised() {
        // A record outlives a life: what is not so any more must be taken out of it.
        let ended = config.orders.after.clone().unwrap_or_default();
        options.about.extend([("pool".to_owned(), config.kind.clone()), ("ended".to_owned(), ended)]);
    }
    options
}

/// What people want to know of a worker in this process.
pub fn about(kind: &str, queues: &[QueueName], slots: usize, handlers: &Handlers) -> Vec<(String, String)> {
    let queues: Vec<&str> = queues.iter().map(|queue| queue.as_str()).collect();
    let kinds: Vec<&str> = handlers.kinds().map(|kind| kind.as_str()).collect();
    let words = [
        ("kind", kind.to_owned()),
        ("queues", queues.join(",")),
        ("kinds", kinds.join(",")),
        ("slots", slots.to_string()),
        ("host", rustix::system::uname().nodename().to_string_lossy().into_owned()),
        ("pid", std::process::id().to_string()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("done", "0".to_owned()),
        ("failed", "0".to_owned()),
    ];
    words.into_iter().map(|(name, value)| (name.to_owned(), bounded(value))).collect()
}

/// A list that is too long for a record ends early, and says so.
fn bounded(mut value: String) -> String {
    const MORE: &str = ",…";
    let max = baton_core::limits::ABOUT_BYTES_MAX as usize;
    if value.len() > max {
        value.truncate(max - MORE.len());
        value.truncate(value.rfind(',').unwrap_or(0));
        value.push_str(MORE);
    }
    value
}
