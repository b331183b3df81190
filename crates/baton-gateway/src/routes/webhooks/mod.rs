//! Webhooks: who is told of ends of tasks. Whoever makes one lets it read what happens in its queues, so it takes the right to
//! read and to administer all of them; and only those who could have made it see it.

mod operate;
mod reach;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_api::auth::Secret;
use baton_api::webhook::{PutWebhook, Webhook, Webhooks};
use baton_core::{Code, Refusal, WebhookName, limits};
use baton_store::Error;
use baton_store::calls::webhook::{
    Counted, PutWebhook as Put, Webhook as Stored, WebhookPut, WebhookRemoved,
};
use futures_util::future::try_join_all;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Grant;
use crate::convert::webhook as convert;
use crate::extract::{Body, Caller, NewWebhook, WebhookPath, if_match, if_new};
use crate::hooks;
use crate::problem::Fail;
use reach::{covers, must_cover};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_webhooks))
        .routes(routes!(get_webhook, put_webhook, remove_webhook))
        .routes(routes!(operate::pause_webhook))
        .routes(routes!(operate::resume_webhook))
        .routes(routes!(operate::rotate_webhook))
        .routes(routes!(operate::test_webhook))
        .routes(routes!(operate::webhook_deliveries))
}

/// How often a change is tried that others come before.
const TRIES: u32 = 5;

/// List webhooks
#[utoipa::path(
    get, path = "/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    security(("bearer" = ["queues:admin", "tasks:read"])),
    responses((status = 200, description = "All that the caller may see, by name", body = Webhooks))
)]
pub(crate) async fn list_webhooks(State(app): State<App>, caller: Caller) -> Result<Json<Webhooks>, Fail> {
    let mut webhooks = Vec::new();
    for stored in app.store.webhooks().await?.webhooks {
        if covers(&caller.grant, &stored.filter) {
            let counted = counted(&app, &stored.name).await?;
            webhooks.push(convert::webhook(stored, &counted, None));
        }
    }
    Ok(Json(Webhooks { webhooks }))
}

/// Read a webhook
#[utoipa::path(
    get, path = "/webhooks/{name}", tag = "webhooks", operation_id = "get_webhook",
    security(("bearer" = ["queues:admin", "tasks:read"])),
    params(WebhookPath),
    responses((status = 200, description = "The webhook, and how it does", body = Webhook,
               headers(("ETag" = String, description = "Its version")))),
    extensions(("x-problem-codes" = json!(["unknown_webhook"])))
)]
pub(crate) async fn get_webhook(
    State(app): State<App>,
    WebhookPath(name): WebhookPath,
    caller: Caller,
) -> Result<Response, Fail> {
    let stored = own(&app, &caller.grant, &name).await?;
    shown(&app, StatusCode::OK, stored, None).await
}

/// Make a webhook, or say anew of what it is told
///
/// Each end of a task that fits is posted, signed as Standard Webhooks says, at least once, and under the same `webhook-id` each
/// time. What the receiver does not take with a 2xx comes again for a day. The answer to a webhook that is new holds its secret.
#[utoipa::path(
    put, path = "/webhooks/{name}", tag = "webhooks", operation_id = "put_webhook",
    security(("bearer" = ["queues:admin", "tasks:read"])),
    params(
        NewWebhook,
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 if the webhook has another one by now"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: 412 if there is one of that name already"),
    ),
    request_body = PutWebhook,
    responses(
        (status = 200, description = "The webhook as it is now", body = Webhook,
         headers(("ETag" = String, description = "Its version"))),
        (status = 201, description = "It is new: with its secret", body = Webhook, headers(
            ("Location" = String, description = "Where the webhook is"),
            ("ETag" = String, description = "Its version"),
        )),
    ),
    extensions(("x-problem-codes" = json!([
        "unknown_webhook", "stale_version", "conflict", "no_webhook_secret", "storage_full",
    ])))
)]
pub(crate) async fn put_webhook(
    State(app): State<App>,
    NewWebhook(name): NewWebhook,
    caller: Caller,
    headers: HeaderMap,
    Body(asked): Body<PutWebhook>,
) -> Result<Response, Fail> {
    let filter = convert::wanted(&asked)?;
    must_cover(&caller.grant, &filter)?;
    let root = hooks::print(&app).ok_or_else(|| Fail::new(Code::NoWebhookSecret))?;
    for _ in 0..TRIES {
        let there = app.store.webhook(&name).await?;
        if there.as_ref().is_some_and(|there| !covers(&caller.grant, &there.filter)) {
            return Err(Fail::new(Code::Conflict).because("The name is taken. Choose another one."));
        }
        let version = there.map_or(0, |there| there.version);
        if version > 0 && if_new(&headers) {
            return Err(outdated(version));
        }
        let named = match if_match(&headers, version) {
            Some(_) if version == 0 => return Err(Fail::new(Code::UnknownWebhook)),
            Some(false) => return Err(outdated(version)),
            named => named.is_some(),
        };
        let put = Put {
            name: &name,
            url: &asked.url,
            description: convert::described(&asked),
            filter: &filter,
            root: &root,
            version: Some(version),
            by: caller.by.as_ref(),
        };
        match app.store.put_webhook(&put).await? {
            WebhookPut::Created { .. } => return created(&app, &name).await,
            WebhookPut::Changed { .. } | WebhookPut::Same { .. } => {
                let stored = known(&app, &name).await?;
                return shown(&app, StatusCode::OK, stored, None).await;
            }
            WebhookPut::Stale { version } if named => return Err(outdated(version)),
            WebhookPut::Stale { .. } => {}
            WebhookPut::Refused(refused) if refused.refusal == Refusal::Conflict => {
                let most = limits::WEBHOOKS_MAX;
                let many =
                    format!("There are {most} webhooks already, and there can be no more. Remove some.");
                return Err(Fail::new(Code::Conflict).because(many));
            }
            WebhookPut::Refused(refused) => return Err(refused.into()),
        }
    }
    Err(crowded())
}

async fn created(app: &App, name: &WebhookName) -> Result<Response, Fail> {
    let stored = known(app, name).await?;
    let secret = secret_of(app, &stored);
    let location = [(header::LOCATION, format!("/api/v1/webhooks/{name}"))];
    Ok((location, shown(app, StatusCode::CREATED, stored, secret).await?).into_response())
}

/// Remove a webhook
///
/// What waits for its receiver is forgotten.
#[utoipa::path(
    delete, path = "/webhooks/{name}", tag = "webhooks", operation_id = "remove_webhook",
    security(("bearer" = ["queues:admin", "tasks:read"])),
    params(
        WebhookPath,
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 if the webhook has another one by now"),
    ),
    responses((status = 204, description = "It is forgotten")),
    extensions(("x-problem-codes" = json!(["unknown_webhook", "stale_version"])))
)]
pub(crate) async fn remove_webhook(
    State(app): State<App>,
    WebhookPath(name): WebhookPath,
    caller: Caller,
    headers: HeaderMap,
) -> Result<StatusCode, Fail> {
    let stored = own(&app, &caller.grant, &name).await?;
    must_match(&headers, stored.version)?;
    match app.store.remove_webhook(&name, Some(stored.version), caller.by.as_ref()).await? {
        WebhookRemoved::Done => Ok(StatusCode::NO_CONTENT),
        WebhookRemoved::Stale { version } => Err(outdated(version)),
        WebhookRemoved::Refused(refused) => Err(refused.into()),
    }
}

/// As its receiver gets it, where this gateway can tell.
fn secret_of(app: &App, stored: &Stored) -> Option<Secret> {
    hooks::text(app, stored, &stored.root).map(|secret| Secret(secret.expose().clone()))
}

async fn known(app: &App, name: &WebhookName) -> Result<Stored, Fail> {
    app.store.webhook(name).await?.ok_or_else(|| Fail::new(Code::UnknownWebhook))
}

/// One that the caller could have made; others are not there for him.
async fn own(app: &App, grant: &Grant, name: &WebhookName) -> Result<Stored, Fail> {
    let stored = known(app, name).await?;
    if covers(grant, &stored.filter) { Ok(stored) } else { Err(Fail::new(Code::UnknownWebhook)) }
}

async fn counted(app: &App, name: &WebhookName) -> Result<Counted, Error> {
    let each = app.store.shards().all().map(|shard| app.store.deliveries(shard, name, 1));
    let each = try_join_all(each).await?;
    Ok(convert::sum(each.into_iter().map(|shard| shard.counted)))
}

async fn shown(
    app: &App,
    status: StatusCode,
    stored: Stored,
    secret: Option<Secret>,
) -> Result<Response, Fail> {
    let counted = counted(app, &stored.name).await?;
    let webhook = convert::webhook(stored, &counted, secret);
    let tag = [(header::ETAG, format!("\"{}\"", webhook.version))];
    Ok((status, tag, Json(webhook)).into_response())
}

/// Refuses whoever knows another version than there is.
fn must_match(headers: &HeaderMap, version: u64) -> Result<(), Fail> {
    if if_match(headers, version).unwrap_or(true) { Ok(()) } else { Err(outdated(version)) }
}

fn outdated(version: u64) -> Fail {
    let detail = format!("The webhook has version {version} by now. {}", Code::StaleVersion.advice());
    Fail::new(Code::StaleVersion).because(detail)
}

fn crowded() -> Fail {
    Fail::new(Code::Conflict).because("Others change the webhook at this moment. Ask again.")
}
