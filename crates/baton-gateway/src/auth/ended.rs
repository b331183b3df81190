//! For what is held open: when its credential ends, so does it.

use std::time::Duration;

use super::{Credential, Grant};
use crate::app::App;
use crate::clock;

/// Sleeps longer than this are slept in pieces: the clock may be set meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Not everything that happens to a key is told: it is looked at.
const LOOK_AT_KEY_EVERY: Duration = Duration::from_secs(2);

/// Returns when the credential is worth nothing any more, at once if it is so already; of one that does not end, never.
/// It may be asked again and again, and given up at any time.
pub(crate) async fn ended(app: &App, grant: &Grant) {
    let mut changes = app.auth.revoked.changes();
    let look_every = match grant.credential {
        Credential::Key { .. } => LOOK_AT_KEY_EVERY,
        Credential::Open | Credential::Session { .. } => LOOK_EVERY,
    };
    loop {
        changes.mark_unchanged();
        if app.auth.is_revoked(grant) || app.auth.has_outlived_key(grant).await {
            return;
        }
        let left = grant.expires_at_ms.map(|until_ms| until_ms.saturating_sub(clock::now_ms()));
        let left = left.map_or(look_every, Duration::from_millis);
        if left.is_zero() {
            return;
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep(left.min(look_every)) => {}
        }
    }
}
