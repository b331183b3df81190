//! `/ui/actions` and `/ui/operations/{id}`: what is done to many tasks, those that are ticked or all that fit.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use baton_api::operation::{Acted, Foreseen, Operation};
use baton_core::operation::Act;
use baton_core::{Code, TaskId};
use baton_dashboard::Base;
use baton_dashboard::many::{ManyPage, OperationPage};
use baton_dashboard::tasks::FILTERS;
use serde_json::{Map, Value, json};

use super::api::Answer;
use super::deeds;
use super::form::Form;
use super::visit::Visit;
use crate::app::App;
use crate::problem::Fail;

const ACTIONS: &str = "/api/v1/actions";

/// What is wished, of which tasks, as the form says it.
struct Wish {
    act: Act,
    ids: Vec<String>,
    /// What those have in common that are meant, where they are not named.
    filters: Option<Vec<(&'static str, String)>>,
    priority: String,
    reason: String,
}

impl Wish {
    fn read(form: &Form) -> Result<Wish, Fail> {
        let (word, on_all) = match form.get("all") {
            "" => (form.get("action"), false),
            word => (word, true),
        };
        let act = word.parse().map_err(|error| Fail::invalid("action", format!("failed to {error}")))?;
        let ids: Vec<String> = form.all("id").into_iter().filter(|_| !on_all).map(str::to_owned).collect();
        if ids.iter().any(|id| id.parse::<TaskId>().is_err()) {
            return Err(Fail::invalid("id", "it is not the id of a task"));
        }
        if ids.is_empty() && !on_all {
            return Err(Fail::malformed("No task is ticked."));
        }
        let priority = form.get("priority");
        let priority = if priority.is_empty() { deeds::RANK } else { priority };
        Ok(Wish {
            act,
            ids,
            // What narrows the list of tasks, and its statuses.
            filters: on_all.then(|| form.said(["status"].into_iter().chain(FILTERS))),
            priority: priority.to_owned(),
            reason: form.get("reason").to_owned(),
        })
    }

    /// As the interface takes it, which says what is wrong with it.
    fn body(&self, dry_run: bool) -> Value {
        let mut body = json!({ "action": self.act.as_str(), "dry_run": dry_run, "reason": self.reason });
        match &self.filters {
            Some(filters) => body["filter"] = filter(filters),
            None => body["ids"] = json!(self.ids),
        }
        if self.act == Act::Reprioritise {
            body["priority"] =
                self.priority.parse::<i64>().map_or_else(|_| json!(self.priority), |rank| json!(rank));
        }
        body
    }
}

/// `all` is true, for the page that asks says of which tasks it is the question.
fn filter(filters: &[(&'static str, String)]) -> Value {
    let mut filter = Map::from_iter([("all".to_owned(), json!(true))]);
    for (name, value) in filters {
        let value = match *name {
            "q" | "flow" => json!(value),
            _ => json!(value.split(',').map(str::trim).collect::<Vec<_>>()),
        };
        filter.insert((*name).to_owned(), value);
    }
    Value::Object(filter)
}

/// Asks before it is done.
pub(super) async fn ask(State(app): State<App>, visit: Visit) -> Result<Response, Fail> {
    let wish = Wish::read(&visit.query)?;
    visit.show(&page(&app, &visit, wish, None).await?)
}

/// What it would be done to now.
async fn page(app: &App, visit: &Visit, wish: Wish, refused: Option<String>) -> Result<ManyPage, Fail> {
    let mut asked = wish.body(true);
    // What is wrong with the reason was said already.
    asked["reason"] = json!("");
    let foreseen: Foreseen = visit.api.post(ACTIONS, &asked).await?.json()?;
    let Wish { ids, filters, priority, reason, .. } = wish;
    let (shell, once) = (visit.shell("Tasks").await, app.store.draw_op().to_string());
    Ok(ManyPage { shell, foreseen, ids, filters, priority, once, reason, refused })
}

pub(super) async fn act(State(app): State<App>, visit: Visit, form: Form) -> Result<Response, Fail> {
    let wish = Wish::read(&form)?;
    match deeds::once(&visit, &form).post(ACTIONS, &wish.body(false)).await {
        Ok(answer) => begun(&visit, &answer),
        Err(fail) if matches!(fail.status().as_u16(), 409 | 422) => {
            let refused = Some(fail.sentence());
            visit.refuse(&page(&app, &visit, wish, refused).await?, fail.status().as_u16())
        }
        Err(fail) => Err(fail),
    }
}

/// To the operation that it has become.
pub(super) fn begun(visit: &Visit, answer: &Answer) -> Result<Response, Fail> {
    match answer.json()? {
        Acted::Operation(operation) => {
            let to = visit.base.of("/ui/operations", &operation.id);
            Ok(Redirect::to(&to.to_string()).into_response())
        }
        Acted::Foreseen(_) => Err(Fail::new(Code::Internal)),
    }
}

pub(super) async fn operation(Path(id): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let operation =
        visit.api.get::<Operation>(&Base::default().of("/api/v1/operations", id).to_string()).await?;
    visit.show(&OperationPage { shell: visit.shell("Tasks").await, operation })
}
