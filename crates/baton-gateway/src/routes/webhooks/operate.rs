//! What operators do with a webhook that there is.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use baton_api::webhook::{Deliveries, Webhook, WebhookTest};
use baton_core::{Code, WebhookName, limits};
use baton_store::calls::webhook::{ChangeWebhook, WebhookChange, WebhookChanged};
use futures_util::future::try_join_all;

use super::{TRIES, crowded, known, must_match, outdated, own, secret_of, shown};
use crate::app::App;
use crate::convert::webhook as convert;
use crate::extract::{Body, Caller, IdempotencyKey, Key, Nothing, WebhookPath};
use crate::hooks;
use crate::problem::Fail;

/// No webhook has it.
const NO_VERSION: u64 = 0;

/// Changes what the caller has seen, so that it is still his to change.
async fn change(
    app: &App,
    caller: &Caller,
    name: &WebhookName,
    headers: &HeaderMap,
    what: WebhookChange<'_>,
) -> Result<(), Fail> {
    for _ in 0..TRIES {
        let stored = own(app, &caller.grant, name).await?;
        let version = match must_match(headers, stored.version) {
            Ok(()) => stored.version,
            // A repeat, after a lost answer, knows the version of before: the script tells whether it is one.
            Err(_) if matches!(what, WebhookChange::Rotate { .. }) => NO_VERSION,
            Err(outdated) => return Err(outdated),
        };
        let change = ChangeWebhook { name, what, version: Some(version), by: caller.by.as_ref() };
        match app.store.change_webhook(&change).await? {
            WebhookChanged::Done { .. } | WebhookChanged::Same { .. } => return Ok(()),
            WebhookChanged::Stale { version } if headers.contains_key("if-match") => {
                return Err(outdated(version));
            }
            WebhookChanged::Stale { .. } => {}
            WebhookChanged::Refused(refused) => return Err(refused.into()),
        }
    }
    Err(crowded())
}

/// Let a webhook rest
///
/// What happens meanwhile waits for a day at most. One that is disabled stays so.
#[utoipa::path(
    post, path = "/webhooks/{name}/pause", tag = "webhooks", operation_id = "pause_webhook",
    security(("bearer" = ["queues:admin", "tasks:read"])),
    params(
        WebhookPath,
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 if the webhook has another one by now"),
    ),
    responses((status = 200, description = "The webhook as it is now", body = Webhook)),
    extensions(("x-problem-codes" = json!([
        "unknown_webhook", "stale_version", "conflict", "payload_too_large", "unsupported_media_type",
    ])))
)]
pub(crate) async fn pause_webhook(
    State(app): State<App>,
    WebhookPath(name): WebhookPath,
    caller: Caller,
    headers: HeaderMap,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Fail> {
    change(&app, &caller, &name, &headers, WebhookChange::Pause).await?;
    shown(&app, StatusCode::OK, known(&app, &name).await?, None).await
}

/// Let a webhook go on
///
/// Also one that was disabled: what happened before is not told any more.
#[utoipa::path(
    post, path = "/webhooks/{name}/resume", tag = "webhooks", operation_id = "resume_webhook",
    security(("bearer" = ["queues:admin", "tasks:read"])),
    params(
        WebhookPath,
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 if the webhook has another one by now"),
    ),
    responses((status = 200, description = "The webhook as it is now", body = Webhook)),
    extensions(("x-problem-codes" = json!([
        "unknown_webhook", "stale_version", "conflict", "payload_too_large", "unsupported_media_type",
    ])))
)]
pub(crate) async fn resume_webhook(
    State(app): State<App>,
    WebhookPath(name): WebhookPath,
    caller: Caller,
    headers: HeaderMap,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Fail> {
    change(&app, &caller, &name, &headers, WebhookChange::Resume).await?;
    shown(&app, StatusCode::OK, known(&app, &name).await?, None).await
}

/// Give a webhook another secret
///
/// The answer holds it. The one before signs, too, for a day; the one before that does not any more.
#[utoipa::path(
    post, path = "/webhooks/{name}/rotate", tag = "webhooks", operation_id = "rotate_webhook",
    security(("bearer" = ["queues:admin", "tasks:read"])),
    params(
        WebhookPath, IdempotencyKey,
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 if the webhook has another one by now"),
    ),
    responses((status = 200, description = "The webhook, with its secret", body = Webhook)),
    extensions(("x-problem-codes" = json!([
        "unknown_webhook", "stale_version", "conflict", "no_webhook_secret", "payload_too_large", "unsupported_media_type",
    ])))
)]
pub(crate) async fn rotate_webhook(
    State(app): State<App>,
    WebhookPath(name): WebhookPath,
    caller: Caller,
    Key(op): Key,
    headers: HeaderMap,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Fail> {
    let root = hooks::print(&app).ok_or_else(|| Fail::new(Code::NoWebhookSecret))?;
    let op = op.unwrap_or_else(|| app.store.draw_op());
    change(&app, &caller, &name, &headers, WebhookChange::Rotate { root: &root, op: &op }).await?;
    let stored = known(&app, &name).await?;
    let secret = secret_of(&app, &stored);
    shown(&app, StatusCode::OK, stored, secret).await
}

/// Send a test
///
/// At once, signed, and once; also while it rests. What came back is the answer.
#[utoipa::path(
    post, path = "/webhooks/{name}/test", tag = "webhooks", operation_id = "test_webhook",
    security(("bearer" = ["queues:admin", "tasks:read"])),
    params(WebhookPath),
    responses((status = 200, description = "What came of it", body = WebhookTest)),
    extensions(("x-problem-codes" = json!([
        "unknown_webhook", "no_webhook_secret", "payload_too_large", "unsupported_media_type",
    ])))
)]
pub(crate) async fn test_webhook(
    State(app): State<App>,
    WebhookPath(name): WebhookPath,
    caller: Caller,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<WebhookTest>, Fail> {
    let stored = own(&app, &caller.grant, &name).await?;
    let now_ms = app.store.webhooks().await?.now_ms;
    let secrets = hooks::secrets(&app, &stored, now_ms).ok_or_else(|| Fail::new(Code::NoWebhookSecret))?;
    let id = format!("test.{}", app.store.draw_op());
    let posts = app.posts.client(app.settings.webhooks_allow_private)?;
    let sent = hooks::send(posts, &stored.url, &secrets, &id, hooks::test(&stored)).await;
    let delivered = sent.error.is_none();
    let answer = WebhookTest { delivered, status: sent.status, took_ms: sent.took_ms, error: sent.error, id };
    Ok(Json(answer))
}

/// Look at deliveries
///
/// What waits for the receiver, the next ones first, and how the latest attempts went.
#[utoipa::path(
    get, path = "/webhooks/{name}/deliveries", tag = "webhooks", operation_id = "webhook_deliveries",
    security(("bearer" = ["queues:admin", "tasks:read"])),
    params(WebhookPath),
    responses((status = 200, description = "Up to a hundred of each", body = Deliveries)),
    extensions(("x-problem-codes" = json!(["unknown_webhook"])))
)]
pub(crate) async fn webhook_deliveries(
    State(app): State<App>,
    WebhookPath(name): WebhookPath,
    caller: Caller,
) -> Result<Json<Deliveries>, Fail> {
    own(&app, &caller.grant, &name).await?;
    let most = limits::WEBHOOK_SHOWN_MAX;
    let each = app.store.shards().all().map(|shard| app.store.deliveries(shard, &name, most));
    Ok(Json(convert::deliveries(try_join_all(each).await?)))
}
