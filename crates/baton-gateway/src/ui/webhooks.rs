//! `/ui/webhooks`, `/ui/webhooks/{name}`, the forms that make or change one, and what is shown once: a secret, and the outcome
//! of a test.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use baton_api::webhook::{Webhook, WebhookTest};
use baton_auth::Action;
use baton_core::Code;
use baton_dashboard::sheet::Sheet;
use baton_dashboard::webhooks::{self, ENDS, SecretPage, TestPage, WebhookForm, WebhookPage, WebhooksPage};
use baton_dashboard::{Base, Deed, Noun};
use futures_util::future::{join, join3};
use serde_json::json;

use super::deeds;
use super::draft::{Draft, refused, retyped, unchanged};
use super::form::Form;
use super::visit::Visit;
use crate::app::App;
use crate::problem::Fail;

const PLACE: &str = "Webhooks";

fn place(name: &str) -> String {
    Base::default().of("/api/v1/webhooks", name).to_string()
}

pub(super) async fn list(visit: Visit) -> Result<Response, Fail> {
    let (shell, list) = join(visit.shell(PLACE), visit.api.get("/api/v1/webhooks")).await;
    visit.show(&WebhooksPage { shell, list: list? })
}

pub(super) async fn one_webhook(Path(name): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let (place, deliveries) = (place(&name), format!("{}/deliveries", place(&name)));
    let (shell, webhook, deliveries) =
        join3(visit.shell(PLACE), visit.api.get(&place), visit.api.get_some(&deliveries)).await;
    visit.show(&WebhookPage { shell, webhook: webhook?, deliveries })
}

async fn form(visit: &Visit, name: Option<String>, version: String, sheet: Sheet) -> WebhookForm {
    WebhookForm { shell: visit.shell(PLACE).await, name, version, sheet }
}

pub(super) async fn ask_new(visit: Visit) -> Result<Response, Fail> {
    visit.must(Action::QueuesAdmin)?;
    visit.show(&form(&visit, None, String::new(), webhooks::sheet(true)).await)
}

pub(super) async fn make(visit: Visit, typed: Form) -> Result<Response, Fail> {
    visit.must(Action::QueuesAdmin)?;
    let mut sheet = webhooks::sheet(true);
    sheet.fill(|name| typed.get(name));
    let name = typed.get("name").trim();
    // To make one is not to change one that somebody else has made.
    let new = visit.api.clone().with(header::IF_NONE_MATCH, &HeaderValue::from_static("*"));
    let status = match draft(&typed).body(&mut sheet) {
        _ if name.is_empty() => {
            sheet.blame("name", "say what it is called");
            422
        }
        Some(body) => match new.put(&place(name), &body).await {
            Ok(made) => return secret(&visit, made.json()?, 201).await,
            Err(fail) if fail.code == Code::StaleVersion => {
                sheet.blame("name", "another webhook has this name");
                409
            }
            Err(fail) => refused(&mut sheet, fail)?,
        },
        None => 422,
    };
    visit.refuse(&form(&visit, None, String::new(), sheet).await, status)
}

pub(super) async fn ask_edit(Path(name): Path<String>, visit: Visit) -> Result<Response, Fail> {
    visit.must(Action::QueuesAdmin)?;
    let webhook: Webhook = visit.api.get(&place(&name)).await?;
    let sheet = webhooks::filled(&webhook).begun();
    visit.show(&form(&visit, Some(name), webhook.version.to_string(), sheet).await)
}

pub(super) async fn edit(Path(name): Path<String>, visit: Visit, typed: Form) -> Result<Response, Fail> {
    visit.must(Action::QueuesAdmin)?;
    let webhook: Webhook = visit.api.get(&place(&name)).await?;
    let before = webhooks::filled(&webhook);
    let mut sheet = retyped(&before, &typed);
    let version = typed.get("version").to_owned();
    let Some(body) = draft(&typed).body(&mut sheet) else {
        return visit.refuse(&form(&visit, Some(name), version, sheet).await, 422);
    };
    let api = visit.api.clone().of_version(&version);
    let fail = match api.put(&place(&name), &body).await {
        Ok(_) => return Ok(Redirect::to(&visit.base.of("/ui/webhooks", &name).to_string()).into_response()),
        Err(fail) => fail,
    };
    let (status, version) = unchanged(&mut sheet, fail, (&before, webhook.version), version)?;
    visit.refuse(&form(&visit, Some(name), version, sheet).await, status)
}

fn draft(typed: &Form) -> Draft<'_> {
    let mut draft = Draft::new(typed);
    draft.must_text("url", "url");
    draft.text("description", "description");
    draft.list("queues", "queues");
    draft.list("kinds", "kinds");
    let ends: Vec<&str> =
        ENDS.iter().map(|(name, _, _)| *name).filter(|name| !typed.get(name).is_empty()).collect();
    if !ends.is_empty() {
        draft.put("statuses", &ends);
    }
    draft
}

/// The answer to a form, and not a page of its own: what stands on it is shown once.
async fn secret(visit: &Visit, webhook: Webhook, status: u16) -> Result<Response, Fail> {
    visit.refuse(&SecretPage { shell: visit.shell(PLACE).await, webhook }, status)
}

fn deed(word: &str) -> Result<&'static Deed, Fail> {
    Deed::find(Noun::Webhook, word).ok_or_else(|| Fail::new(Code::NotFound))
}

pub(super) async fn rotate(
    State(app): State<App>,
    Path(name): Path<String>,
    visit: Visit,
    form: Form,
) -> Result<Response, Fail> {
    match deeds::once(&visit, &form).post(&format!("{}/rotate", place(&name)), &json!({})).await {
        Ok(answer) => secret(&visit, answer.json()?, 200).await,
        Err(fail) => deeds::again(&app, deed("rotate")?, name, &visit, &form, fail).await,
    }
}

pub(super) async fn test(
    State(app): State<App>,
    Path(name): Path<String>,
    visit: Visit,
    form: Form,
) -> Result<Response, Fail> {
    match visit.api.post(&format!("{}/test", place(&name)), &json!({})).await {
        Ok(answer) => {
            let test: WebhookTest = answer.json()?;
            visit.refuse(&TestPage { shell: visit.shell(PLACE).await, name, test }, 200)
        }
        Err(fail) => deeds::again(&app, deed("test")?, name, &visit, &form, fail).await,
    }
}
