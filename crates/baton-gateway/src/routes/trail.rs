//! What operators did, for whoever answers for them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use baton_api::operation::Trail;
use baton_store::event::StreamId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::convert::operation as convert;
use crate::extract::{Caller, FromTerms, Paging, Query, Terms, Walk, no_cursor, with_link};
use crate::problem::Fail;

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_trail))
}

/// Which part of the trail.
pub(crate) struct TrailQuery(Walk);

impl FromTerms for TrailQuery {
    const KNOWN: &[&str] = &["limit", "cursor"];

    fn read(terms: &mut Terms) -> TrailQuery {
        TrailQuery(Walk::read(terms))
    }
}

/// What operators did
///
/// Every request that changed a queue, a pool, a schedule, a worker, a user or a key, or acted on many tasks or a whole flow:
/// who sent it, from where, and what came of it. The latest first; the latest 10,000 are remembered.
#[utoipa::path(
    get, path = "/audit", tag = "operations", operation_id = "list_trail",
    security(("bearer" = ["admin"])),
    params(Walk),
    responses((status = 200, description = "A page of the trail", body = Trail,
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(crate) async fn list_trail(
    State(app): State<App>,
    caller: Caller,
    Query(TrailQuery(walk)): Query<TrailQuery>,
) -> Result<Response, Fail> {
    let mut before = walk.cursor.as_deref().map(place).transpose()?;
    let (mut found, mut more) = (Vec::new(), true);
    while more && (found.len() as u64) < walk.limit {
        let size = (walk.limit - found.len() as u64).min(100);
        let page = app.store.trail(before, size).await?;
        more = page.len() as u64 == size;
        before = page.last().map(|last| last.id).or(before);
        found.extend(page);
    }
    let next_cursor = before.filter(|_| more).map(|id| id.to_string());
    let entries = found.into_iter().map(convert::entry).collect();
    let answer = Trail { entries, next_cursor: next_cursor.clone() };
    let paging = Paging::Cursor { limit: walk.limit, cursor: None };
    Ok(with_link(Json(answer), &caller, &paging, next_cursor.as_deref(), None))
}

/// Nothing is before the very beginning: no page ends there.
fn place(cursor: &str) -> Result<StreamId, Fail> {
    let place: Option<StreamId> = cursor.parse().ok();
    place.filter(|place| (place.ms, place.sequence) != (0, 0)).ok_or_else(no_cursor)
}
