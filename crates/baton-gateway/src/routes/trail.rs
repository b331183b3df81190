//! What operators did, for whoever answers for them.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use baton_api::operation::{Trail, TrailEntry};
use baton_store::calls::trail::Entry;
use baton_store::event::StreamId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::convert::operation as convert;
use crate::extract::{Caller, FromTerms, Lines, Paging, Query, Terms, Walk, no_cursor, with_link};
use crate::problem::Fail;

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_trail))
}

/// Entries that one request looks at, and those of one read.
const LOOKED_MAX: u64 = 2_000;
const PAGE: u64 = 100;

/// Which part of the trail.
pub(crate) struct Wish {
    walk: Walk,
    /// Each of these that is said must be so.
    action: Option<String>,
    by: Option<String>,
    subject: Option<String>,
    address: Option<String>,
    lines: Lines,
}

impl FromTerms for Wish {
    const KNOWN: &[&str] = &["limit", "cursor", "action", "by", "subject", "address", "format"];

    fn read(terms: &mut Terms) -> Wish {
        Wish {
            walk: Walk::read(terms),
            action: terms.one("action"),
            by: terms.one("by"),
            subject: terms.one("subject"),
            address: terms.one("address"),
            lines: Lines::read(terms),
        }
    }
}

impl Wish {
    fn wants(&self, entry: &Entry) -> bool {
        let so =
            |wanted: &Option<String>, known: Option<&String>| wanted.is_none() || wanted.as_ref() == known;
        so(&self.action, Some(&entry.action))
            && so(&self.by, entry.by.as_ref())
            && so(&self.subject, entry.subject.as_ref())
            && so(&self.address, entry.address.as_ref())
    }
}

/// The parameters beside those of pages, for the API document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read from the query by their names")]
pub(crate) struct TrailQuery {
    /// Only this, as `pause_queue`.
    action: Option<String>,
    /// Only of this user or key.
    by: Option<String>,
    /// Only done to this.
    subject: Option<String>,
    /// Only from this address.
    address: Option<String>,
    /// `ndjson`: one entry a line, as with `Accept: application/x-ndjson`. The header `Link` then says where to go on.
    #[param(pattern = "^(json|ndjson)$")]
    format: Option<String>,
}

/// What operators did
///
/// Every request that changed a queue, a pool, a schedule, a worker, a user or a key, or acted on many tasks or a whole flow:
/// who sent it, from where, and what came of it. The latest first; the latest 10,000 are remembered. One request looks at 2,000 of
/// them: where a filter finds little, a page may be short, or empty, and still have a `next_cursor`.
#[utoipa::path(
    get, path = "/audit", tag = "operations", operation_id = "list_trail",
    security(("bearer" = ["admin"])),
    params(TrailQuery, Walk),
    responses((status = 200, description = "A page of the trail",
               content((Trail = "application/json"), (String = "application/x-ndjson")),
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(crate) async fn list_trail(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(wish): Query<Wish>,
) -> Result<Response, Fail> {
    let mut before = wish.walk.cursor.as_deref().map(place).transpose()?;
    let (mut found, mut looked_at, mut more) = (Vec::new(), 0, true);
    while more && (found.len() as u64) < wish.walk.limit && looked_at < LOOKED_MAX {
        let page = app.store.trail(before, PAGE).await?;
        more = page.len() as u64 == PAGE;
        looked_at += PAGE;
        for entry in page {
            if found.len() as u64 == wish.walk.limit {
                more = true;
                break;
            }
            before = Some(entry.id);
            found.extend(Some(entry).filter(|entry| wish.wants(entry)));
        }
    }
    let next_cursor = before.filter(|_| more).map(|id| id.to_string());
    let entries: Vec<TrailEntry> = found.into_iter().map(convert::entry).collect();
    let paging = Paging::Cursor { limit: wish.walk.limit, cursor: None };
    let answer = match wish.lines.asked(&headers) {
        true => Lines::answer(&entries, "baton-audit.ndjson"),
        false => Json(Trail { entries, next_cursor: next_cursor.clone() }).into_response(),
    };
    Ok(with_link(answer, &caller, &paging, next_cursor.as_deref(), None))
}

/// Nothing is before the very beginning: no page ends there.
fn place(cursor: &str) -> Result<StreamId, Fail> {
    let place: Option<StreamId> = cursor.parse().ok();
    place.filter(|place| (place.ms, place.sequence) != (0, 0)).ok_or_else(no_cursor)
}
