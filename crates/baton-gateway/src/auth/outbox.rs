//! Revocations on their way to the other gateways. What was ended is ended already; this only makes it known sooner than
//! the tokens run out, and so it is repeated until Redis has taken it.

use std::time::Duration;

use baton_store::Store;
use baton_store::calls::token::Revocation;
use tokio::sync::{mpsc, watch};

/// What waits at most while Redis is away. More are dropped: their sessions have ended all the same.
const WAITING_MAX: usize = 10_000;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    mail: mpsc::Sender<Revocation>,
    /// Those that Redis has not taken yet.
    waiting: watch::Sender<usize>,
}

pub(crate) struct Mail {
    mail: mpsc::Receiver<Revocation>,
    waiting: watch::Sender<usize>,
}

impl Outbox {
    pub(crate) fn new() -> (Outbox, Mail) {
        let (sender, mail) = mpsc::channel(WAITING_MAX);
        let waiting = watch::Sender::new(0);
        (Outbox { mail: sender, waiting: waiting.clone() }, Mail { mail, waiting })
    }

    pub(crate) fn send(&self, revocation: Revocation) {
        self.waiting.send_modify(|waiting| *waiting += 1);
        if self.mail.try_send(revocation).is_err() {
            self.waiting.send_modify(|waiting| *waiting -= 1);
            tracing::warn!("too many revocations wait to be told to other gateways; one was dropped");
        }
    }

    /// Returns when everything was told.
    pub(super) async fn told(&self) {
        // The sender is ours, so it cannot be gone.
        let _ = self.waiting.subscribe().wait_for(|waiting| *waiting == 0).await;
    }
}

pub(super) async fn deliver(store: Store, mut mail: Mail) {
    while let Some(revocation) = mail.mail.recv().await {
        while let Err(error) = store.tell_revoked(&revocation).await {
            tracing::debug!(%error, "failed to tell of a revocation; trying again");
            tokio::time::sleep(PAUSE).await;
        }
        mail.waiting.send_modify(|waiting| *waiting -= 1);
    }
}
