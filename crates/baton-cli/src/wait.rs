//! Waiting that a person can end: Ctrl-C stops the watching, never what is watched.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::{Exit, Stop};

/// Waits for this, until Ctrl-C, or until the time is over.
pub(crate) async fn until<T>(work: impl Future<Output = Result<T>>, limit: Option<Duration>) -> Result<T> {
    // Listened for before the work begins, or Ctrl-C in its first moment would end us by the signal itself.
    let mut interrupts = signal(SignalKind::interrupt()).context("failed to listen for signals")?;
    let over = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        outcome = work => outcome,
        () = over => Err(Stop::new(Exit::WaitOver, "the time to wait ran out; what was waited for goes on").into()),
        _ = interrupts.recv() => Err(interrupted()),
    }
}

pub(crate) fn interrupted() -> anyhow::Error {
    Stop::new(Exit::Interrupted, "stopped watching; what was watched goes on").into()
}
