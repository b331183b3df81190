//! `PATCH /schedules/{name}`: some of it is to be otherwise.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use baton_api::schedule::{PatchSchedule, Schedule};
use baton_auth::Action;
use baton_core::{Code, Shard};
use baton_store::calls::schedule::{Begins, PutSchedule, SchedulePut};

use super::{must_match, not_made, outdated, own, shown_now};
use crate::app::App;
use crate::convert::schedule as convert;
use crate::extract::{Body, Caller, SchedulePath};
use crate::problem::Fail;

/// How often a change is tried that others come before.
pub(super) const TRIES: u32 = 5;

/// Change a schedule
///
/// What is left out stays as it is. New times count from now; what is not about times leaves the next one where it is.
/// Whoever changes it owns it from then on: at each of its times it needs the rights that he has then.
#[utoipa::path(
    patch, path = "/schedules/{name}", tag = "schedules", operation_id = "patch_schedule",
    security(("bearer" = ["tasks:write"])),
    params(
        SchedulePath,
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 if the schedule has another one by now"),
    ),
    request_body = PatchSchedule,
    responses((status = 200, description = "The schedule as it is now", body = Schedule,
               headers(("ETag" = String, description = "Its version")))),
    extensions(("x-problem-codes" = json!(["unknown_schedule", "stale_version", "conflict", "storage_full"])))
)]
pub(crate) async fn patch_schedule(
    State(app): State<App>,
    SchedulePath(name): SchedulePath,
    caller: Caller,
    headers: HeaderMap,
    Body(patch): Body<PatchSchedule>,
) -> Result<Response, Fail> {
    if serde_json::to_value(&patch).is_ok_and(|patch| patch == serde_json::json!({})) {
        return Err(Fail::invalid("", "say what is to be otherwise"));
    }
    let both = patch.cron.is_some() && patch.every_ms.is_some();
    if both {
        return Err(Fail::invalid("/every_ms", "it is either a cron expression or an interval, not both"));
    }
    let owner = app.auth.owner(&caller.grant).await?;
    for _ in 0..TRIES {
        let (now_ms, schedule) = own(&app, &caller.grant, &name).await?;
        let named = must_match(&headers, schedule.version)?;
        let asked = convert::patched(&schedule, patch.clone());
        let queue = asked.queue.clone().unwrap_or_default();
        caller.grant.must_in_all(Action::TasksWrite, [queue], |_| "/queue".to_owned())?;
        let wanted = convert::wanted(&asked, app.store.draw(Shard::FIRST))?;
        let begins = match convert::is_same(&schedule.timing, &wanted.timing) {
            true => Begins::AsBefore,
            false => convert::begins(&wanted.timing, now_ms)?,
        };
        let put = PutSchedule {
            name: &name,
            timing: &wanted.timing,
            missed: wanted.missed,
            overlap: wanted.overlap,
            task: &wanted.task,
            begins,
            version: Some(schedule.version),
            by: caller.by.as_ref(),
            owner: owner.as_ref(),
            op: None,
        };
        match app.store.put_schedule(&put).await? {
            SchedulePut::Stale { version } if named => return Err(outdated(version)),
            SchedulePut::Stale { .. } => {}
            SchedulePut::Refused(refused) => return Err(not_made(refused)),
            SchedulePut::Created { .. } | SchedulePut::Changed { .. } | SchedulePut::Same { .. } => {
                return shown_now(&app, &caller.grant, &name).await;
            }
        }
    }
    Err(Fail::new(Code::Conflict).because("Others change the schedule at this moment. Ask again."))
}
