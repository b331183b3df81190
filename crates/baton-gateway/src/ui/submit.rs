//! `/ui/submit`: a task by a form; with `?from=` like another one.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use baton_api::kind::Kinds;
use baton_api::task::{Task, Tasks};
use baton_auth::Action;
use baton_core::{Code, Kind, Status, TaskId};
use baton_dashboard::Base;
use baton_dashboard::sheet::Sheet;
use baton_dashboard::submit::{self, SubmitPage};
use futures_util::future::join;

use super::deeds;
use super::draft::{Draft, refused};
use super::form::Form;
use super::visit::Visit;
use crate::app::App;
use crate::problem::Fail;

/// Kinds of which something is said, to choose from.
async fn kinds(visit: &Visit) -> Vec<String> {
    let kinds = visit.api.get_some::<Kinds>("/api/v1/kinds?limit=100").await;
    kinds.into_iter().flat_map(|list| list.kinds).map(|kind| kind.kind.to_string()).collect()
}

pub(super) async fn ask(State(app): State<App>, visit: Visit) -> Result<Response, Fail> {
    visit.must(Action::TasksWrite)?;
    let (queues, kinds) = join(visit.queues(), kinds(&visit)).await;
    let from = visit.query.get("from").to_owned();
    let (sheet, from) = match from.is_empty() {
        true => {
            let mut sheet = submit::sheet(&queues, &kinds);
            // A link may say what is meant.
            for name in ["kind", "queue"] {
                let said = visit.query.get(name);
                if !said.is_empty() {
                    sheet.set(name, said);
                }
            }
            (sheet, None)
        }
        false => {
            let id: TaskId = from.parse().map_err(|_| Fail::new(Code::UnknownTask))?;
            let task: Task = visit.api.get(&format!("/api/v1/tasks/{id}")).await?;
            (submit::like(&task, &queues, &kinds), Some(from))
        }
    };
    let (shell, once) = (visit.shell("Tasks").await, app.store.draw_op().to_string());
    visit.show(&SubmitPage { shell, sheet, once, from })
}

pub(super) async fn send(State(app): State<App>, visit: Visit, typed: Form) -> Result<Response, Fail> {
    visit.must(Action::TasksWrite)?;
    let (queues, kinds) = join(visit.queues(), kinds(&visit)).await;
    let mut sheet = submit::sheet(&queues, &kinds);
    sheet.fill(|name| typed.get(name));
    if typed.get("do") == "example" {
        let status = example(&visit, &mut sheet).await;
        return again(&app, &visit, sheet, &typed, status).await;
    }
    let status = match draft(&typed).body(&mut sheet) {
        Some(body) => match deeds::once(&visit, &typed).post("/api/v1/tasks", &body).await {
            Ok(made) => {
                let task = visit.base.of("/ui/tasks", made.json::<Task>()?.id.to_string());
                return Ok(Redirect::to(&task.to_string()).into_response());
            }
            Err(fail) => refused(&mut sheet, fail)?,
        },
        None => 422,
    };
    again(&app, &visit, sheet, &typed, status).await
}

/// The form once more, with what was typed.
async fn again(app: &App, visit: &Visit, sheet: Sheet, typed: &Form, status: u16) -> Result<Response, Fail> {
    let (shell, once) = (visit.shell("Tasks").await, deeds::next_once(app, typed, status));
    let from = Some(typed.get("from").to_owned()).filter(|from| from.parse::<TaskId>().is_ok());
    visit.refuse(&SubmitPage { shell, sheet, once, from }, status)
}

/// Kinds declare no form of their payloads, so a task of the kind says how one looks.
async fn example(visit: &Visit, sheet: &mut Sheet) -> u16 {
    let kind = sheet.value("kind").trim().to_owned();
    if kind.parse::<Kind>().is_err() {
        sheet.blame("kind", "Name the kind that the example is to be of.");
        return 422;
    }
    let asked = Base::default().to("/api/v1/tasks").with("kind", &kind).with("limit", 1);
    // One that did well is the better example.
    let mut why = "No task of this kind is kept that you may read.".to_owned();
    for asked in [asked.clone().with("status", Status::Completed), asked] {
        match newest(visit, &asked.to_string()).await {
            Ok(Some(task)) => {
                sheet.set("payload", submit::payload(&task));
                return 200;
            }
            Ok(None) => {}
            Err(fail) => why = fail.sentence(),
        }
    }
    sheet.blame("payload", why);
    422
}

async fn newest(visit: &Visit, asked: &str) -> Result<Option<Task>, Fail> {
    let Some(found) = visit.api.get::<Tasks>(asked).await?.tasks.into_iter().next() else { return Ok(None) };
    visit.api.get(&format!("/api/v1/tasks/{}", found.id)).await.map(Some)
}

fn draft(typed: &Form) -> Draft<'_> {
    let mut draft = Draft::new(typed);
    draft.must_text("kind", "kind");
    draft.must_text("queue", "queue");
    draft.json("payload", "payload");
    draft.number("priority", "priority");
    draft.length("delay", "delay_ms");
    draft.length("timeout", "timeout_ms");
    draft.number("attempts", "max_attempts");
    draft.text("key", "key");
    draft.text("group", "group");
    draft.list("tags", "tags");
    draft
}
