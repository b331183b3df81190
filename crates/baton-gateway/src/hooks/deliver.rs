//! One delivery: an attempt, and what follows from it.

use baton_core::limits;
use baton_core::webhook::again_in_ms;
use baton_outbound::Secret;
use baton_store::calls::trail::TrailNote;
use baton_store::calls::webhook::{
    ChangeWebhook, Ending, SettleDelivery, Settled, Taken, Webhook, WebhookChange, WebhookChanged,
};
use tokio::sync::OwnedSemaphorePermit;

use super::{Sent, send, told, took_nothing_for_a_day};
use crate::app::App;
use crate::measure;

/// Holds its place among the attempts of this webhook until all is noted. What cannot be noted comes again when the lease is
/// over.
pub(super) async fn deliver(
    app: App,
    webhook: Webhook,
    secrets: Vec<Secret>,
    taken: Taken,
    _place: OwnedSemaphorePermit,
) {
    // What a newer release wrote is for a newer gateway.
    let Some(delivery) = &taken.delivery else { return };
    let body = match told::body(&app.store, &webhook, delivery).await {
        Ok(body) => body,
        Err(error) => {
            return tracing::debug!(webhook = %webhook.name, %error, "a task could not be read for its webhook");
        }
    };
    let Ok(posts) = app.posts.client(app.settings.webhooks_allow_private) else { return };
    let sent = send(posts, &webhook.url, &secrets, &delivery.id(), body).await;
    if let Err(error) = note(&app, &webhook, &taken, &sent).await {
        tracing::warn!(webhook = %webhook.name, %error, "how a delivery went could not be noted; it comes again");
    }
}

async fn note(app: &App, webhook: &Webhook, taken: &Taken, sent: &Sent) -> Result<(), baton_store::Error> {
    let ending = match &sent.error {
        None => Ending::Delivered,
        Some(error) => {
            let again_in_ms = again_in_ms(taken.failed + 1, sent.wait_ms);
            Ending::Failed { error: error.clone(), again_in_ms }
        }
    };
    let settle = SettleDelivery { taken, ending: &ending, status: sent.status, took_ms: sent.took_ms };
    let failing = match app.store.settle_delivery(&settle).await? {
        Settled::Delivered => {
            measure::webhook("delivered", 1);
            false
        }
        Settled::Again { failing } => {
            measure::webhook("failed", 1);
            failing
        }
        Settled::GivenUp { failing } => {
            measure::webhook("failed", 1);
            measure::webhook("given_up", 1);
            failing
        }
        // Noted already, by this call before its answer was lost: what it said still counts.
        Settled::Stale => false,
        Settled::Refused(refused) => {
            tracing::warn!(refusal = %refused.refusal, "deliveries of webhooks are not ours to note");
            return Ok(());
        }
    };
    if sent.is_gone() {
        return disable(app, webhook, "the receiver answered 410 Gone").await;
    }
    if failing && took_nothing_for_a_day(&app.store, &webhook.name).await? {
        let hours = limits::WEBHOOK_AGE_MS_MAX / 3_600_000;
        return disable(app, webhook, &format!("nothing arrived for {hours} hours")).await;
    }
    Ok(())
}

/// Unless somebody has changed it meanwhile.
async fn disable(app: &App, webhook: &Webhook, reason: &str) -> Result<(), baton_store::Error> {
    let what = WebhookChange::Disable(reason);
    let change = ChangeWebhook { name: &webhook.name, what, version: Some(webhook.version), by: None };
    if let WebhookChanged::Done { .. } = app.store.change_webhook(&change).await? {
        tracing::warn!(webhook = %webhook.name, reason, "a webhook is disabled; `baton webhook resume` is the way back");
        let (action, subject) = ("disable_webhook", webhook.name.as_str());
        let note = TrailNote { action, subject, outcome: reason, ..TrailNote::default() };
        app.store.note_trail(&note).await?;
    }
    Ok(())
}
