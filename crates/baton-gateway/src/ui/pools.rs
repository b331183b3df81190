//! `/ui/pools/{name}/{deed}`: what a pool of workers is to be. Their list stands above the workers.

use axum::extract::Path;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use baton_api::pool::{Pool, PutPool};
use baton_auth::Action;
use baton_core::Code;
use baton_dashboard::ask::{AskPage, Question};
use baton_dashboard::{Base, Link};
use serde_json::json;

use super::answered;
use super::form::Form;
use super::visit::Visit;
use crate::problem::Fail;

/// What is done to a pool.
const DEEDS: &[Question] = &[
    Question {
        word: "scale",
        verb: "Scale the pool",
        means: "Its supervisors follow within a second or two. What is too many ends when it has finished what it holds.",
        destroys: false,
    },
    Question {
        word: "start",
        verb: "Start the pool",
        means: "It gets its workers again, and what was given up begins anew.",
        destroys: false,
    },
    Question {
        word: "stop",
        verb: "Stop the pool",
        means: "Its workers finish or give back what they hold, and end. None is started until somebody starts the pool again.",
        destroys: true,
    },
];

fn known(word: &str) -> Result<&'static Question, Fail> {
    Question::find(DEEDS, word).ok_or_else(|| Fail::new(Code::NotFound))
}

fn at(name: &str) -> Link {
    Base::default().of("/api/v1/pools", name)
}

pub(super) async fn ask(Path((name, word)): Path<(String, String)>, visit: Visit) -> Result<Response, Fail> {
    let deed = known(&word)?;
    visit.must(Action::WorkersAdmin)?;
    page(&visit, &name, deed, None).await
}

async fn page(visit: &Visit, name: &str, deed: &Question, refused: Option<&Fail>) -> Result<Response, Fail> {
    let pool: Pool = visit.api.get(&at(name).to_string()).await?;
    let alive = pool.workers.total.saturating_sub(pool.workers.offline);
    let many = match alive {
        1 => "1 worker".to_owned(),
        alive => format!("{alive} workers"),
    };
    let to = format!("{} of {many}", pool.name);
    let (action, back) =
        (visit.base.of("/ui/pools", name).and("/").and(deed.word), visit.base.to("/ui/workers"));
    let page = AskPage {
        number: (deed.word == "scale").then_some(("Workers, on all hosts together", pool.desired)),
        refused: refused.map(Fail::sentence),
        ..AskPage::new(visit.shell("Workers").await, deed, to, action, back)
    };
    answered(visit, &page, refused)
}

/// What the form wants of the pool.
fn said(deed: &Question, form: &Form) -> Result<PutPool, Fail> {
    if deed.word != "scale" {
        return Ok(PutPool { desired: None, running: Some(deed.word == "start") });
    }
    let desired = form.get("number").trim().parse();
    let desired = desired.map_err(|_| Fail::invalid("", "it is not a number of workers"))?;
    Ok(PutPool { desired: Some(desired), running: None })
}

pub(super) async fn act(
    Path((name, word)): Path<(String, String)>,
    visit: Visit,
    form: Form,
) -> Result<Response, Fail> {
    let deed = known(&word)?;
    visit.must(Action::WorkersAdmin)?;
    let done = match said(deed, &form) {
        Ok(put) => visit.api.ask(Method::PUT, &at(&name).to_string(), Some(&json!(put))).await,
        Err(fail) => Err(fail),
    };
    match done {
        Ok(_) => Ok(Redirect::to(&visit.base.to("/ui/workers").to_string()).into_response()),
        Err(fail) if fail.code == Code::Validation => page(&visit, &name, deed, Some(&fail)).await,
        Err(fail) => Err(fail),
    }
}
