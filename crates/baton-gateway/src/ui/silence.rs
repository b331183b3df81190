//! `/ui/errors/{fingerprint}/silence` and `/unsilence`: whether a group of failures asks for attention.

use axum::extract::Path;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use baton_api::error_group::ErrorGroup;
use baton_auth::Action;
use baton_dashboard::Base;
use baton_dashboard::ask::{AskPage, Question};
use baton_dashboard::errors::{SILENCES, SilencePage, title};
use serde_json::json;

use super::answered;
use super::form::Form;
use super::visit::Visit;
use crate::problem::Fail;

const TAKE_BACK: Question = Question {
    word: "unsilence",
    verb: "Unsilence",
    means: "It is among the newest errors of the overview again.",
    destroys: false,
};

fn place(fingerprint: &str) -> String {
    Base::default().of("/api/v1/errors", fingerprint).to_string()
}

async fn group(visit: &Visit, fingerprint: &str) -> Result<ErrorGroup, Fail> {
    visit.must(Action::TasksWrite)?;
    visit.api.get(&format!("{}?limit=1", place(fingerprint))).await
}

pub(super) async fn ask(Path(fingerprint): Path<String>, visit: Visit) -> Result<Response, Fail> {
    // A week, unless somebody wants something else.
    page(&visit, &fingerprint, (SILENCES[2].0, ""), None).await
}

async fn page(
    visit: &Visit,
    fingerprint: &str,
    (for_ms, reason): (&str, &str),
    refused: Option<&Fail>,
) -> Result<Response, Fail> {
    let page = SilencePage {
        group: group(visit, fingerprint).await?,
        shell: visit.shell("Errors").await,
        for_ms: for_ms.to_owned(),
        reason: reason.to_owned(),
        refused: refused.map(Fail::sentence),
    };
    answered(visit, &page, refused)
}

pub(super) async fn silence(
    Path(fingerprint): Path<String>,
    visit: Visit,
    form: Form,
) -> Result<Response, Fail> {
    let said = (form.get("for_ms"), form.get("reason"));
    // What is no number is left to the interface, which says so.
    let for_ms = if said.0.is_empty() {
        json!(null)
    } else {
        said.0.parse().map_or(json!(said.0), |ms: u64| json!(ms))
    };
    let wish = json!({ "for_ms": for_ms, "reason": said.1 });
    let done = visit.api.ask(Method::PUT, &format!("{}/silence", place(&fingerprint)), Some(&wish)).await;
    match done {
        Ok(_) => Ok(back(&visit, &fingerprint)),
        Err(fail) if matches!(fail.status().as_u16(), 409 | 422) => {
            page(&visit, &fingerprint, said, Some(&fail)).await
        }
        Err(fail) => Err(fail),
    }
}

fn back(visit: &Visit, fingerprint: &str) -> Response {
    Redirect::to(&visit.base.of("/ui/errors", fingerprint).to_string()).into_response()
}

pub(super) async fn ask_back(Path(fingerprint): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let group = group(&visit, &fingerprint).await?;
    let place = visit.base.of("/ui/errors", &fingerprint);
    let (action, shell) = (place.clone().and("/unsilence"), visit.shell("Errors").await);
    visit.show(&AskPage::new(shell, &TAKE_BACK, title(&group), action, place))
}

pub(super) async fn take_back(
    Path(fingerprint): Path<String>,
    visit: Visit,
    _: Form,
) -> Result<Response, Fail> {
    visit.api.delete(&format!("{}/silence", place(&fingerprint))).await?;
    Ok(back(&visit, &fingerprint))
}
