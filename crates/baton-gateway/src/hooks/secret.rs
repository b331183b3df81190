//! The secrets of webhooks. Nobody keeps them: each is derived from a secret that all gateways share and that is never in
//! Redis, for the name of the webhook, the id that it was made under, and a number that rises when it is changed.

use baton_auth::SecretText;
use baton_outbound::Secret;
use baton_store::calls::webhook::{Root, Webhook};

use crate::app::App;

/// The print of the secret that new ones are derived from; `None` where there is none that lasts.
pub(crate) fn print(app: &App) -> Option<String> {
    let ring = app.auth.logins.ring.as_ref()?;
    ring.fingerprint(ring.first_kid())
}

/// As the receiver gets it. `None` where this gateway lacks what it is derived from.
pub(crate) fn text(app: &App, webhook: &Webhook, root: &Root) -> Option<SecretText> {
    let ring = app.auth.logins.ring.as_ref()?;
    let generation = root.generation.to_string();
    ring.webhook_secret(&root.print, &[webhook.name.as_str(), &webhook.id, &generation])
}

/// What signs now: the newest, and for a day the one before, if that can still be derived.
pub(crate) fn secrets(app: &App, webhook: &Webhook, now_ms: u64) -> Option<Vec<Secret>> {
    let secret = |root: &Root| Secret::parse(text(app, webhook, root)?.expose()).ok();
    secret(&webhook.root)?;
    Some(webhook.roots(now_ms).filter_map(secret).collect())
}
