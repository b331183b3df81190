//! `GET /workers` and `GET /workers/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use baton_api::worker::{Worker, Workers};
use baton_core::Code;

use crate::app::App;
use crate::convert;
use crate::extract::{Caller, FromTerms, Paging, Part, Query, Terms, WorkerPath, cut, with_link};
use crate::problem::Fail;
use crate::roster;

/// Which part of the workers.
pub(crate) struct WorkersQuery(Paging);

impl FromTerms for WorkersQuery {
    const KNOWN: &[&str] = &["limit", "cursor", "page", "page_size"];

    fn read(terms: &mut Terms) -> WorkersQuery {
        WorkersQuery(Paging::read(terms))
    }
}

/// List workers
#[utoipa::path(
    get, path = "/workers", tag = "workers", operation_id = "list_workers",
    security(("bearer" = ["workers:read"])),
    params(Paging),
    responses((status = 200, description = "A page of workers, by id", body = Workers,
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(crate) async fn list_workers(
    State(app): State<App>,
    caller: Caller,
    Query(WorkersQuery(paging)): Query<WorkersQuery>,
) -> Result<Response, Fail> {
    let Part { items, next_cursor, total, page, page_size } =
        cut(roster::workers(&app.store).await?, &paging, |worker| worker.id.to_string())?;
    let answer = Workers { workers: items, next_cursor: next_cursor.clone(), total, page, page_size };
    Ok(with_link(Json(answer), &caller, &paging, next_cursor.as_deref(), total))
}

/// Read a worker
#[utoipa::path(
    get, path = "/workers/{id}", tag = "workers", operation_id = "get_worker",
    security(("bearer" = ["workers:read"])),
    params(WorkerPath),
    responses((status = 200, description = "The worker", body = Worker)),
    extensions(("x-problem-codes" = json!(["unknown_worker"])))
)]
pub(crate) async fn get_worker(
    State(app): State<App>,
    WorkerPath(id): WorkerPath,
) -> Result<Json<Worker>, Fail> {
    let worker = convert::worker::worker(roster::records(&app.store, &id).await?);
    worker.map(Json).ok_or_else(|| Fail::new(Code::UnknownWorker))
}
