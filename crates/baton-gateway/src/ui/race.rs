//! `/ui/sessions/race`: what happens when one refresh token comes several times at once.

use axum::response::Response;
use baton_api::auth::Race;
use baton_core::Code;
use baton_dashboard::race::RacePage;
use serde_json::json;

use super::form::Form;
use super::visit::Visit;
use crate::problem::Fail;

const REQUESTS: &str = "8";

pub(super) async fn ask(visit: Visit) -> Result<Response, Fail> {
    let shell = visit.shell("Sessions").await;
    visit.show(&RacePage { shell, requests: REQUESTS.to_owned(), race: None, refused: None })
}

/// What comes of it is the answer to the form: nothing of it is kept.
pub(super) async fn hold(visit: Visit, form: Form) -> Result<Response, Fail> {
    let typed = form.get("requests").trim().to_owned();
    // What is no number is left to the interface, which says so.
    let requests = typed.parse().map_or_else(|_| json!(typed), |requests: u64| json!(requests));
    let held = visit.api.post("/auth/sessions/race", &json!({ "requests": requests })).await;
    let page = |shell, race, refused| RacePage { shell, requests: typed, race, refused };
    match held {
        Ok(answer) => {
            let race = answer.json::<Race>()?;
            visit.refuse(&page(visit.shell("Sessions").await, Some(race), None), 200)
        }
        Err(fail) if matches!(fail.code, Code::Validation | Code::Conflict | Code::RateLimited) => {
            let page = page(visit.shell("Sessions").await, None, Some(fail.sentence()));
            visit.refuse(&page, fail.status().as_u16())
        }
        Err(fail) => Err(fail),
    }
}
