//! `/ui/queues/{name}/limits`: what a queue allows, and how long it keeps what has ended.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use baton_api::queue::Queue;
use baton_auth::Action;
use baton_dashboard::Base;
use baton_dashboard::queue_rules::{self, ENDS, QueueRules};
use baton_dashboard::sheet::Sheet;
use serde_json::{Map, Value, json};

use super::draft::{Draft, retyped, unchanged};
use super::form::Form;
use super::visit::Visit;
use crate::problem::Fail;

fn place(name: &str) -> String {
    Base::default().of("/api/v1/queues", name).to_string()
}

async fn page(visit: &Visit, name: String, version: String, sheet: Sheet) -> QueueRules {
    QueueRules { shell: visit.shell("Queues").await, name, version, sheet }
}

pub(super) async fn ask(Path(name): Path<String>, visit: Visit) -> Result<Response, Fail> {
    visit.must(Action::QueuesAdmin)?;
    let queue: Queue = visit.api.get(&place(&name)).await?;
    visit.show(&page(&visit, name, queue.version.to_string(), queue_rules::filled(&queue).begun()).await)
}

pub(super) async fn set(Path(name): Path<String>, visit: Visit, typed: Form) -> Result<Response, Fail> {
    visit.must(Action::QueuesAdmin)?;
    let queue: Queue = visit.api.get(&place(&name)).await?;
    let before = queue_rules::filled(&queue);
    let mut sheet = retyped(&before, &typed);
    let version = typed.get("version").to_owned();
    let mut draft = Draft::of_changes(&typed, &before);
    rules(&mut draft);
    kept(&mut draft);
    let to = Redirect::to(&visit.base.of("/ui/queues", &name).to_string()).into_response();
    if draft.is_empty() {
        return Ok(to);
    }
    let Some(body) = draft.body(&mut sheet) else {
        return visit.refuse(&page(&visit, name, version, sheet).await, 422);
    };
    let api = visit.api.clone().of_version(&version);
    let Err(fail) = api.patch(&place(&name), &body).await else { return Ok(to) };
    let (status, version) = unchanged(&mut sheet, fail, (&before, queue.version), version)?;
    visit.refuse(&page(&visit, name, version, sheet).await, status)
}

fn rules(draft: &mut Draft<'_>) {
    draft.number_or_none("concurrency", "concurrency");
    draft.number_or_none("group_concurrency", "group_concurrency");
    draft.length_or_none("aging", "aging_ms");
    if draft.is_changed("fair") {
        draft.put("fair", &!draft.typed("fair").is_empty());
    }
    if draft.is_changed("rate_count") || draft.is_changed("rate_per") {
        let (count, per) = (draft.typed("rate_count"), draft.typed("rate_per"));
        match (count.is_empty(), per.is_empty()) {
            (true, true) => draft.put("rate", &Value::Null),
            (true, false) => draft.wrong("rate_count", "say how many in that time"),
            (false, true) => draft.wrong("rate_per", "say in which time: 1s, 1m"),
            (false, false) => match (count.parse::<i64>(), draft.ms("rate_per", &per)) {
                (Ok(count), Some(per_ms)) => draft.put("rate", &json!({ "count": count, "per_ms": per_ms })),
                (Err(_), _) => draft.wrong("rate_count", "it is a whole number"),
                (Ok(_), None) => {}
            },
        }
    }
}

/// A length of time, `forever`, or nothing.
fn kept(draft: &mut Draft<'_>) {
    let mut members = Map::new();
    for (field, member) in [("keep", "default")].into_iter().chain(ENDS.map(|end| (end, end))) {
        if !draft.is_changed(field) {
            continue;
        }
        let value = match draft.typed(field).as_str() {
            "" => Value::Null,
            "forever" => json!("forever"),
            text => match draft.ms(field, text) {
                Some(ms) => json!(ms),
                None => continue,
            },
        };
        members.insert(member.to_owned(), value);
    }
    if !members.is_empty() {
        draft.put("retention", &members);
    }
}
