//! `/ui/schedules`, `/ui/schedules/{name}`, and the forms that make or change one.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use baton_api::schedule::{Preview, Schedule, Triggered};
use baton_api::task::{Task, Tasks};
use baton_auth::Action;
use baton_core::Code;
use baton_dashboard::schedules::{self, ScheduleForm, SchedulePage, SchedulesPage};
use baton_dashboard::sheet::Sheet;
use baton_dashboard::{Base, Deed, Noun};
use futures_util::future::join;
use serde_json::json;

use super::deeds;
use super::draft::{Draft, refused, retyped, unchanged};
use super::form::Form;
use super::visit::Visit;
use crate::app::App;
use crate::problem::Fail;

/// So many of the newest tasks of its kind are looked at for runs of a schedule.
const LOOKED_AT: u32 = 100;

/// And so many runs are shown.
const RUNS: usize = 20;

pub(super) async fn list(visit: Visit) -> Result<Response, Fail> {
    let asked = Base::default()
        .to("/api/v1/schedules")
        .with("limit", 100)
        .with_some("cursor", visit.query.get("cursor"));
    let asked = asked.to_string();
    let (shell, list) = join(visit.shell("Schedules"), visit.api.get(&asked)).await;
    visit.show(&SchedulesPage { shell, list: list? })
}

fn place(name: &str) -> String {
    Base::default().of("/api/v1/schedules", name).to_string()
}

pub(super) async fn one_schedule(Path(name): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let schedule: Schedule = visit.api.get(&place(&name)).await?;
    let (shell, runs) = join(visit.shell("Schedules"), runs(&visit, &schedule)).await;
    visit.show(&SchedulePage { shell, schedule, runs })
}

/// A task says who made it.
async fn runs(visit: &Visit, schedule: &Schedule) -> Option<Vec<Task>> {
    let asked = Base::default()
        .to("/api/v1/tasks")
        .with("kind", &schedule.kind)
        .with("queue", &schedule.queue)
        .with("limit", LOOKED_AT)
        .to_string();
    let by = format!("schedule:{}", schedule.name);
    let mut tasks = visit.api.get_some::<Tasks>(&asked).await?.tasks;
    tasks.retain(|task| task.submitted_by.as_deref() == Some(by.as_str()));
    tasks.truncate(RUNS);
    Some(tasks)
}

/// What stands around a form, and in it.
struct Around {
    name: Option<String>,
    version: String,
    sheet: Sheet,
    preview: Option<Preview>,
    cron: String,
    zone: String,
}

impl Around {
    async fn page(self, visit: &Visit) -> ScheduleForm {
        let said = schedules::cron_said(&self.cron, &self.zone).filter(|_| self.preview.is_some());
        let Around { name, version, sheet, preview, .. } = self;
        ScheduleForm { shell: visit.shell("Schedules").await, name, version, sheet, preview, said }
    }
}

pub(super) async fn ask_new(visit: Visit) -> Result<Response, Fail> {
    visit.must(Action::TasksWrite)?;
    let sheet = schedules::sheet(true, &visit.queues().await);
    visit.show(&form(None, String::new(), sheet).page(&visit).await)
}

fn form(name: Option<String>, version: String, sheet: Sheet) -> Around {
    Around { name, version, sheet, preview: None, cron: String::new(), zone: String::new() }
}

pub(super) async fn make(visit: Visit, typed: Form) -> Result<Response, Fail> {
    visit.must(Action::TasksWrite)?;
    let mut sheet = schedules::sheet(true, &visit.queues().await);
    sheet.fill(|name| typed.get(name));
    let mut draft = Draft::new(&typed);
    draft.must_text("name", "name");
    times(&mut draft);
    task(&mut draft);
    if typed.get("do") == "preview" {
        return preview(&visit, form(None, String::new(), sheet), &typed).await;
    }
    let status = match draft.body(&mut sheet) {
        Some(body) => match visit.api.post("/api/v1/schedules", &body).await {
            Ok(made) => return Ok(to(&visit, made.json::<Schedule>()?.name.as_str())),
            Err(fail) => refused(&mut sheet, fail)?,
        },
        None => 422,
    };
    visit.refuse(&form(None, String::new(), sheet).page(&visit).await, status)
}

pub(super) async fn ask_edit(Path(name): Path<String>, visit: Visit) -> Result<Response, Fail> {
    visit.must(Action::TasksWrite)?;
    let schedule: Schedule = visit.api.get(&place(&name)).await?;
    let sheet = schedules::filled(&schedule, &visit.queues().await).begun();
    visit.show(&form(Some(name), schedule.version.to_string(), sheet).page(&visit).await)
}

pub(super) async fn edit(Path(name): Path<String>, visit: Visit, typed: Form) -> Result<Response, Fail> {
    visit.must(Action::TasksWrite)?;
    let schedule: Schedule = visit.api.get(&place(&name)).await?;
    let before = schedules::filled(&schedule, &visit.queues().await);
    let mut sheet = retyped(&before, &typed);
    let version = typed.get("version").to_owned();
    if typed.get("do") == "preview" {
        return preview(&visit, form(Some(name), version, sheet), &typed).await;
    }
    let mut draft = Draft::of_changes(&typed, &before);
    changed_times(&mut draft);
    task(&mut draft);
    if draft.is_empty() {
        return Ok(to(&visit, &name));
    }
    let Some(body) = draft.body(&mut sheet) else {
        return visit.refuse(&form(Some(name), version, sheet).page(&visit).await, 422);
    };
    let api = visit.api.clone().of_version(&version);
    let fail = match api.patch(&place(&name), &body).await {
        Ok(_) => return Ok(to(&visit, &name)),
        Err(fail) => fail,
    };
    let (status, version) = unchanged(&mut sheet, fail, (&before, schedule.version), version)?;
    visit.refuse(&form(Some(name), version, sheet).page(&visit).await, status)
}

fn to(visit: &Visit, name: &str) -> Response {
    Redirect::to(&visit.base.of("/ui/schedules", name).to_string()).into_response()
}

fn times(draft: &mut Draft<'_>) {
    draft.text("cron", "cron");
    draft.text("zone", "zone");
    draft.length("every", "every_ms");
    draft.text("missed", "missed");
    draft.text("overlap", "overlap");
}

/// Either way to say when takes the place of the other.
fn changed_times(draft: &mut Draft<'_>) {
    let (cron, every, zone) = (draft.typed("cron"), draft.typed("every"), draft.typed("zone"));
    if ["cron", "every", "zone"].into_iter().any(|field| draft.is_changed(field)) {
        if cron.is_empty() && every.is_empty() {
            draft.wrong("cron", "say when: an expression such as 0 3 * * *, or how often");
        }
        if !cron.is_empty() {
            draft.put("cron", &cron);
            draft.put("zone", &if zone.is_empty() { "UTC" } else { &zone });
        } else if !zone.is_empty() {
            draft.put("zone", &zone);
        }
        if !every.is_empty()
            && let Some(ms) = draft.ms("every", &every)
        {
            draft.put("every_ms", &ms);
        }
    }
    draft.text("missed", "missed");
    draft.text("overlap", "overlap");
}

fn task(draft: &mut Draft<'_>) {
    draft.must_text("kind", "kind");
    draft.must_text("queue", "queue");
    draft.number("priority", "priority");
    draft.list("tags", "tags");
    draft.json("payload", "payload");
    draft.length("timeout", "timeout_ms");
    draft.number("attempts", "max_attempts");
}

/// The form once more, with the times that it means.
async fn preview(visit: &Visit, mut around: Around, typed: &Form) -> Result<Response, Fail> {
    let mut draft = Draft::new(typed);
    draft.text("cron", "cron");
    draft.text("zone", "zone");
    draft.length("every", "every_ms");
    (around.cron, around.zone) = (draft.typed("cron"), draft.typed("zone"));
    let status = match draft.body(&mut around.sheet) {
        Some(body) => match visit.api.post("/api/v1/schedules/preview", &body).await {
            Ok(answer) => {
                around.preview = Some(answer.json()?);
                200
            }
            Err(fail) => refused(&mut around.sheet, fail)?,
        },
        None => 422,
    };
    visit.refuse(&around.page(visit).await, status)
}

/// Makes a task now, and leads to it.
pub(super) async fn trigger(
    State(app): State<App>,
    Path(name): Path<String>,
    visit: Visit,
    form: Form,
) -> Result<Response, Fail> {
    let deed = Deed::find(Noun::Schedule, "trigger").ok_or_else(|| Fail::new(Code::NotFound))?;
    let api = deeds::once(&visit, &form);
    match api.post(&format!("{}/trigger", place(&name)), &json!({})).await {
        Ok(made) => {
            let task = visit.base.of("/ui/tasks", made.json::<Triggered>()?.task.to_string());
            Ok(Redirect::to(&task.to_string()).into_response())
        }
        Err(fail) => deeds::again(&app, deed, name, &visit, &form, fail).await,
    }
}
