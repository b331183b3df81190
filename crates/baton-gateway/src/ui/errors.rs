//! `/ui/errors`, `/ui/errors/{fingerprint}`, and running all tasks of a group again.

use axum::extract::{Path, State};
use axum::response::Response;
use baton_api::error_group::ErrorGroup;
use baton_api::operation::{Foreseen, RerunGroup};
use baton_api::worker::Workers;
use baton_auth::Action;
use baton_dashboard::Base;
use baton_dashboard::errors::{ErrorPage, ErrorsPage, FILTERS, RerunPage};
use futures_util::future::{join, join3, try_join};

use super::deeds;
use super::form::Form;
use super::many;
use super::visit::Visit;
use crate::app::App;
use crate::problem::Fail;

/// Groups of one page.
const ROWS: u32 = 50;

pub(super) async fn list(visit: Visit) -> Result<Response, Fail> {
    let cursor = visit.query.get("cursor").to_owned();
    let filters = visit.query.said(FILTERS);
    let asked = Base::default().to("/api/v1/errors").with("limit", ROWS).with_some("cursor", &cursor);
    let asked = filters.iter().fold(asked, |asked, (name, value)| asked.with(name, value)).to_string();
    let (shell, list) = join(visit.shell("Errors"), visit.api.get(&asked)).await;
    visit.show(&ErrorsPage { shell, list: list?, filters, cursor })
}

fn place(fingerprint: &str) -> String {
    Base::default().of("/api/v1/errors", fingerprint).to_string()
}

pub(super) async fn one_group(Path(fingerprint): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let (group, workers) = (place(&fingerprint), "/api/v1/workers?limit=200");
    let (shell, group, workers) =
        join3(visit.shell("Errors"), visit.api.get(&group), visit.api.get_some::<Workers>(workers)).await;
    let known = workers.map_or_else(Vec::new, |list| list.workers);
    visit.show(&ErrorPage { shell, group: group?, known })
}

pub(super) async fn ask_rerun(
    State(app): State<App>,
    Path(fingerprint): Path<String>,
    visit: Visit,
) -> Result<Response, Fail> {
    visit.must(Action::TasksWrite)?;
    visit.show(&asking(&app, &visit, &fingerprint, "", None).await?)
}

/// How many tasks there are for it, and some of them.
async fn asking(
    app: &App,
    visit: &Visit,
    fingerprint: &str,
    reason: &str,
    refused: Option<String>,
) -> Result<RerunPage, Fail> {
    let place = place(fingerprint);
    let tried = async {
        let dry = RerunGroup { dry_run: true, ..RerunGroup::default() };
        visit.api.post(&format!("{place}/rerun"), &dry).await?.json::<Foreseen>()
    };
    let (group, foreseen) = try_join(visit.api.get::<ErrorGroup>(&format!("{place}?limit=1")), tried).await?;
    let (shell, once) = (visit.shell("Errors").await, app.store.draw_op().to_string());
    Ok(RerunPage { shell, group, foreseen, once, reason: reason.to_owned(), refused })
}

pub(super) async fn rerun(
    State(app): State<App>,
    Path(fingerprint): Path<String>,
    visit: Visit,
    form: Form,
) -> Result<Response, Fail> {
    let wish = RerunGroup { dry_run: false, reason: form.get("reason").to_owned() };
    let begun = deeds::once(&visit, &form).post(&format!("{}/rerun", place(&fingerprint)), &wish).await;
    match begun {
        Ok(answer) => many::begun(&visit, &answer),
        Err(fail) if matches!(fail.status().as_u16(), 409 | 422) => {
            let refused = Some(fail.sentence());
            let page = asking(&app, &visit, &fingerprint, &wish.reason, refused).await?;
            visit.refuse(&page, fail.status().as_u16())
        }
        Err(fail) => Err(fail),
    }
}
