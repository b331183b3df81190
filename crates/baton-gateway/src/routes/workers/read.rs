//! `GET /workers` and `GET /workers/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use baton_api::schemas;
use baton_api::worker::{State as WorkerState, Worker, Workers};
use baton_core::{Code, PoolName};
use utoipa::IntoParams;
use utoipa::openapi::Schema;

use crate::app::App;
use crate::convert;
use crate::extract::{Caller, FromTerms, Paging, Part, Query, Terms, WorkerPath, cut, with_link};
use crate::problem::Fail;
use crate::roster;

/// Which workers to list. Values of one filter are alternatives; both filters must fit.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WorkersQuery {
    /// Only those that supervisors of these pools keep. Repeat it, or put commas between.
    #[param(value_type = Option<Vec<String>>, schema_with = pools)]
    pool: Vec<PoolName>,
    #[param(value_type = Option<Vec<String>>, schema_with = states)]
    state: Vec<WorkerState>,
    #[param(ignore)]
    paging: Paging,
}

fn pools() -> Schema {
    schemas::each(schemas::pool())
}

fn states() -> Schema {
    schemas::each(schemas::worker_state())
}

impl FromTerms for WorkersQuery {
    const KNOWN: &[&str] = &["pool", "state", "limit", "cursor", "page", "page_size"];

    fn read(terms: &mut Terms) -> WorkersQuery {
        WorkersQuery { pool: terms.many("pool"), state: terms.many("state"), paging: Paging::read(terms) }
    }
}

impl WorkersQuery {
    fn fits(&self, worker: &Worker) -> bool {
        let of_pool = |pool: &PoolName| worker.pool.as_deref() == Some(pool.as_str());
        (self.pool.is_empty() || self.pool.iter().any(of_pool))
            && (self.state.is_empty() || self.state.contains(&worker.state))
    }
}

/// List workers
#[utoipa::path(
    get, path = "/workers", tag = "workers", operation_id = "list_workers",
    security(("bearer" = ["workers:read"])),
    params(WorkersQuery, Paging),
    responses((status = 200, description = "A page of workers, by id", body = Workers,
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(crate) async fn list_workers(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<WorkersQuery>,
) -> Result<Response, Fail> {
    let mut workers = roster::workers(&app.store).await?;
    workers.retain(|worker| query.fits(worker));
    let paging = &query.paging;
    let Part { items, next_cursor, total, page, page_size } =
        cut(workers, paging, |worker| worker.id.to_string())?;
    let answer = Workers { workers: items, next_cursor: next_cursor.clone(), total, page, page_size };
    Ok(with_link(Json(answer), &caller, paging, next_cursor.as_deref(), total))
}

/// Read a worker
///
/// With the tasks that it holds.
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
    let mut worker = worker.ok_or_else(|| Fail::new(Code::UnknownWorker))?;
    worker.tasks = roster::held(&app.store, &id).await?;
    Ok(Json(worker))
}
