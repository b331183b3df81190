//! A worker at work.

use baton_core::WorkerId;
use baton_store::{OpenError, Options as StoreOptions, Store, UrlError};
use baton_worker::config::worker_id;
use baton_worker::run::about;
use baton_worker::{Ended, Engine, EngineError, Options};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use super::settings::Worker;

/// Why a worker does not start, or had to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// Everything that is wrong with how it was put together.
    #[error("start the worker: {}", .0.join("; "))]
    Wrong(Vec<String>),
    #[error("understand the address of Redis")]
    Url(#[from] UrlError),
    #[error("begin to work with Redis")]
    Open(#[from] OpenError),
    #[error("listen for signals")]
    Signals(#[source] std::io::Error),
    #[error("work on")]
    Engine(#[from] EngineError),
}

impl From<baton_store::Error> for WorkerError {
    fn from(error: baton_store::Error) -> WorkerError {
        WorkerError::Engine(EngineError::Store(error))
    }
}

impl Worker {
    /// Works until the process is told to end (SIGTERM or Ctrl-C), then lets runs finish. Told a second time, it gives
    /// back what still runs.
    pub async fn run(self) -> Result<Ended, WorkerError> {
        let (drain, now) = (CancellationToken::new(), CancellationToken::new());
        let listener = listen(drain.clone(), now.clone()).map_err(WorkerError::Signals)?;
        let outcome = self.run_until(drain, now).await;
        listener.abort();
        outcome
    }

    /// Works until `drain` fires and everything is settled. When `now` fires, what still runs is given back.
    pub async fn run_until(
        self,
        drain: CancellationToken,
        now: CancellationToken,
    ) -> Result<Ended, WorkerError> {
        self.plan().map_err(WorkerError::Wrong)?.run(drain, now).await
    }
}

impl Plan {
    async fn run(self, drain: CancellationToken, now: CancellationToken) -> Result<Ended, WorkerError> {
        let mut at = StoreOptions::new(self.url.parse()?);
        (at.namespace, at.shards) = (self.namespace.clone(), self.shards);
        let (store, warnings) = Store::open(at).await?;
        warnings.iter().for_each(|warning| tracing::warn!(%warning, "this should be looked at"));
        let options = self.options(&store).await?;
        Ok(Engine::new(store, self.handlers, options)?.run(drain, now).await?)
    }

    async fn options(&self, store: &Store) -> Result<Options, WorkerError> {
        let mut options = Options::new(match &self.id {
            Some(id) => id.clone(),
            None => self.numbered(store.number_worker().await?)?,
        });
        options.about = about(&self.kind, &self.queues, self.slots, &self.handlers);
        options.queues = self.queues.clone();
        options.slots = self.slots;
        options.lease = self.lease;
        options.drain = self.drain;
        Ok(options)
    }

    fn numbered(&self, number: u64) -> Result<WorkerId, WorkerError> {
        let id = worker_id(number, &self.kind);
        id.map_err(|error| WorkerError::Wrong(vec![format!("failed to {error}")]))
    }
}

/// The first signal drains, the second ends.
fn listen(drain: CancellationToken, now: CancellationToken) -> std::io::Result<tokio::task::JoinHandle<()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::spawn(async move {
        for token in [drain, now] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            token.cancel();
        }
    }))
}
