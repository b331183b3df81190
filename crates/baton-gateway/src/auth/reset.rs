//! Whether Redis is still the one that we met. Whoever deletes everything there ends all logins, and that is said: else
//! it looks as if the gateways had forgotten everyone.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Auth, StartError, measure};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The id of the store, as it was when we met it.
#[derive(Debug, Default)]
pub(super) struct Met(Mutex<Option<String>>);

impl Met {
    pub(super) fn set(&self, store_id: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(store_id);
    }

    /// Nothing is compared until we meet it again.
    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn store_id(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(super) async fn watch(auth: Auth) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        // Before we have met it there is nothing to compare.
        let Some(met) = auth.met.store_id() else { continue };
        match auth.store.ring_kids().await {
            Ok((_, Some(found))) if found == met => {}
            Ok((_, found)) => begin_anew(&auth, &met, found.as_deref()).await,
            Err(error) => tracing::debug!(%error, "failed to look whether Redis is the same; trying again"),
        }
    }
}

/// Says it, and meets the store once more, so that it has an id and knows our secrets.
async fn begin_anew(auth: &Auth, met: &str, found: Option<&str>) {
    auth.met.forget();
    match auth.meet_others().await {
        Ok(()) => {}
        Err(StartError::Store(error)) => {
            tracing::debug!(%error, "failed to meet the store again; trying again");
            auth.met.set(met.to_owned());
            return;
        }
        Err(error) => {
            tracing::error!(%error, "this gateway has to be started again with the secrets of the others")
        }
    }
    tracing::warn!(
        before = met,
        found,
        "auth_store_reset: Redis has lost all logins, or is another one; everyone logs in again"
    );
    measure::store_reset();
    // What was revoked there is lost, too.
    auth.feed.distrust(auth.until_ms());
    if let Err(fail) = auth.reread_keys().await {
        tracing::debug!(code = %fail.code, "failed to read the signing keys again");
    }
    auth.tokens.forget(|_, _| true);
    auth.api_keys.forget(|_, _| true);
}
