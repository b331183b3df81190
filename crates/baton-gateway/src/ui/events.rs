//! `/ui/events` and `/ui/audit`: what happened, and what operators did.

use axum::response::Response;
use baton_dashboard::Base;
use baton_dashboard::events::{AUDIT_FILTERS, AuditPage, EVENT_FILTERS, EventsPage, Filters};
use futures_util::future::join;

use super::visit::Visit;
use crate::problem::Fail;

const PLACE: &str = "Events";
const ROWS: u32 = 100;

pub(super) async fn list(visit: Visit) -> Result<Response, Fail> {
    let filters = Filters(visit.query.said(["topics"].into_iter().chain(EVENT_FILTERS)));
    let cursor = visit.query.get("cursor").to_owned();
    let asked = Base::default().to("/api/v1/events/history").with("limit", ROWS).with_some("cursor", &cursor);
    let asked = filters.onto(asked).to_string();
    let (shell, list) = join(visit.shell(PLACE), visit.api.get(&asked)).await;
    visit.show(&EventsPage { shell, list: list?, filters, cursor })
}

pub(super) async fn audit(visit: Visit) -> Result<Response, Fail> {
    let filters = Filters(visit.query.said(AUDIT_FILTERS));
    let cursor = visit.query.get("cursor").to_owned();
    if !visit.may("admin") {
        let shell = visit.shell(PLACE).await;
        return visit.show(&AuditPage { shell, list: None, filters, cursor });
    }
    let asked = Base::default().to("/api/v1/audit").with("limit", ROWS).with_some("cursor", &cursor);
    let asked = filters.onto(asked).to_string();
    let (shell, list) = join(visit.shell(PLACE), visit.api.get(&asked)).await;
    visit.show(&AuditPage { shell, list: Some(list?), filters, cursor })
}
