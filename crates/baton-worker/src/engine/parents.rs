//! What the parents of a task resulted in, read before its handler starts.
//!
//! Each run reads for itself, so no claim and no other run waits for it. Meanwhile its task is held like any that runs:
//! renewals list it, and the token of the run says when it must end. A run whose parents cannot be read has not begun,
//! so its task goes back unharmed.

use std::sync::Arc;
use std::time::Duration;

use baton_core::TaskId;
use baton_store::Error;
use baton_store::calls::task::Grant;
use baton_store::calls::task::Parents;
use tokio_util::sync::CancellationToken;

use super::Core;
use super::desk::{Desk, pause};
use crate::handler::End;

/// How many runs of a shard read at once. Answers of a MiB each go over the connection that renewals need.
pub(super) const READS_AT_ONCE: usize = 4;
/// How long a run tries to read. Where Redis is away longer, its lease is soon in doubt; where only this fails, another
/// worker may do better.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a task stays away whose parents nobody could read in time.
const UNREACHABLE_DELAY_MS: u64 = 1_000;
/// The same where what was read makes no sense: a newer worker may understand it, and asking again at once helps nobody.
const FAULT_DELAY_MS: u64 = 5_000;

/// Reads them. The error is how a run ends that cannot begin.
pub(super) async fn read(
    core: &Core,
    desk: &Desk,
    grant: &Grant,
    cancel: &CancellationToken,
) -> Result<Arc<Parents>, End> {
    // The run's time goes on: at least half of it is left to the handler.
    let patience = PATIENCE.min(Duration::from_millis(grant.timeout_ms) / 2);
    let release = |reason: &str, delay_ms| End::Release { reason: reason.to_owned(), delay_ms };
    tokio::select! {
        // The one that must be obeyed comes first.
        biased;
        () = cancel.cancelled() => Err(release("it was told to end before it began", None)),
        read = insist(core, desk, grant.task) => read.map(Arc::new).map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "the parents of a task make no sense");
            release("its parents make no sense to this worker", Some(FAULT_DELAY_MS))
        }),
        () = tokio::time::sleep(patience) => {
            tracing::warn!("the parents of a task could not be read in time: it goes back");
            Err(release("its parents could not be read", Some(UNREACHABLE_DELAY_MS)))
        }
    }
}

/// Asks again for as long as Redis cannot be asked.
async fn insist(core: &Core, desk: &Desk, task: TaskId) -> Result<Parents, Error> {
    let mut failures = 0;
    loop {
        match read_once(core, desk, task).await {
            Err(error @ Error::Unavailable { .. }) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "its parents could not be read yet"
                );
                pause(core, failures).await;
                failures += 1;
            }
            answer => return answer,
        }
    }
}

async fn read_once(core: &Core, desk: &Desk, task: TaskId) -> Result<Parents, Error> {
    // Nobody closes it. If somebody did, reading without a turn would still be right.
    let _turn = desk.reads.acquire().await;
    core.store.parents(task).await
}
