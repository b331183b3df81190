//! `/ui/system` and `/ui/system/keys`.

use axum::extract::State;
use axum::response::Response;
use baton_api::redis::RedisKeys;
use baton_core::TaskId;
use baton_dashboard::Base;
use baton_dashboard::system::{KeysPage, SystemPage};
use futures_util::future::{join, join4};

use super::visit::Visit;
use crate::app::App;
use crate::problem::Fail;

/// It stands also while Redis is away: that is when somebody looks at it.
pub(super) async fn system(visit: Visit) -> Result<Response, Fail> {
    let looked = join4(
        visit.api.get("/api/v1/doctor"),
        visit.api.get_some("/api/v1/redis"),
        visit.api.get_some("/api/v1/redis/scripts"),
        visit.api.get_some("/api/v1/gateways"),
    );
    let (shell, (doctor, server, scripts, gateways)) = join(visit.shell("System"), looked).await;
    let check = match visit.query.get("check") {
        "" => None,
        _ => Some(visit.api.get_some("/api/v1/redis/check").await),
    };
    visit.show(&SystemPage { shell, doctor: doctor?, server, scripts, gateways, check })
}

pub(super) async fn keys(State(app): State<App>, visit: Visit) -> Result<Response, Fail> {
    let asked = asked(&app, &visit);
    let patterns = visit.api.get::<RedisKeys>("/api/v1/redis/keys");
    let (shell, keys) = join(visit.shell("System"), patterns).await;
    let found = match asked.as_str() {
        "" => None,
        key => Some(visit.api.get(&Base::default().of("/api/v1/redis/keys", key).to_string()).await),
    };
    let (key, refused) = match found {
        None => (None, None),
        Some(Ok(key)) => (Some(key), None),
        Some(Err(fail)) => (None, Some(fail.sentence())),
    };
    visit.show(&KeysPage { shell, keys: keys?, asked, key, refused })
}

/// A key, or the task whose record is meant.
fn asked(app: &App, visit: &Visit) -> String {
    let task: Option<TaskId> = visit.query.get("task").parse().ok();
    let record = task.and_then(|task| Some(app.store.keys(task.shard()).ok()?.task(task)));
    record.unwrap_or_else(|| visit.query.get("key").trim().to_owned())
}
