//! `GET /errors` and `GET /errors/{fingerprint}`: failures in groups.

use axum::Json;
use axum::extract::State;
use baton_api::error_group::{ErrorGroup, ErrorGroups};
use baton_api::schemas;
use baton_api::task::Task;
use baton_core::{Code, Fingerprint, Kind, QueueName, TaskId, limits};
use baton_store::Store;
use futures_util::future::try_join_all;
use utoipa::IntoParams;
use utoipa::openapi::Schema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Grant;
use crate::convert::error_group as convert;
use crate::convert::task::row;
use crate::extract::{Caller, FingerprintPath, FromTerms, Query, Terms};
use crate::problem::Fail;
use crate::{roster, series};

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_errors)).routes(routes!(get_error))
}

const LIMIT_MAX: u64 = 500;
const LIMIT: u64 = 50;
const TASKS_MAX: u64 = limits::PAGE_MAX;
const TASKS: u64 = 20;

/// Which groups to list. Values of one filter are alternatives; all filters must fit.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ErrorsQuery {
    /// Seen in one of these queues. Repeat it, or put commas between.
    #[param(value_type = Option<Vec<String>>, schema_with = queues)]
    queue: Vec<QueueName>,
    #[param(value_type = Option<Vec<String>>, schema_with = kinds)]
    kind: Vec<Kind>,
    /// How many: those that were seen last
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500, default = 50)]
    limit: u64,
}

fn queues() -> Schema {
    schemas::each(schemas::queue())
}

fn kinds() -> Schema {
    schemas::each(schemas::kind())
}

impl FromTerms for ErrorsQuery {
    const KNOWN: &[&str] = &["queue", "kind", "limit"];

    fn read(terms: &mut Terms) -> ErrorsQuery {
        let limit = terms.number("limit", 1, LIMIT_MAX).unwrap_or(LIMIT);
        ErrorsQuery { queue: terms.many("queue"), kind: terms.many("kind"), limit }
    }
}

/// List groups of failures
///
/// The last one seen first. Attempts that another one followed count, too; tasks that ended badly are listed by
/// `GET /tasks?status=failed,timeout`.
#[utoipa::path(
    get, path = "/errors", tag = "errors", operation_id = "list_errors",
    security(("bearer" = ["tasks:read"])),
    params(ErrorsQuery),
    responses((status = 200, description = "The groups", body = ErrorGroups))
)]
pub(crate) async fn list_errors(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ErrorsQuery>,
) -> Result<Json<ErrorGroups>, Fail> {
    let found = roster::errors(&app.store).await?;
    let mut errors: Vec<ErrorGroup> =
        found.into_iter().filter_map(|group| convert::error_group(group, &caller.grant)).collect();
    errors.retain(|group| fits(&query, group));
    errors.sort_by_key(|group| std::cmp::Reverse((group.last_seen, group.fingerprint)));
    let total = errors.len() as u64;
    errors.truncate(query.limit as usize);
    Ok(Json(ErrorGroups { errors, total, behind_ms: series::behind_ms(&app.store).await? }))
}

fn fits(query: &ErrorsQuery, group: &ErrorGroup) -> bool {
    let in_queue = |queue: &QueueName| group.queues.contains_key(queue.as_str());
    (query.queue.is_empty() || query.queue.iter().any(in_queue))
        && (query.kind.is_empty() || query.kind.contains(&group.kind))
}

/// How many of the tasks of a group.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ErrorQuery {
    /// How many of its tasks: those that failed last
    #[param(value_type = Option<u64>, minimum = 1, maximum = 100, default = 20)]
    limit: u64,
}

impl FromTerms for ErrorQuery {
    const KNOWN: &[&str] = &["limit"];

    fn read(terms: &mut Terms) -> ErrorQuery {
        ErrorQuery { limit: terms.number("limit", 1, TASKS_MAX).unwrap_or(TASKS) }
    }
}

/// Read a group of failures
///
/// With the tasks that failed so last, if they are still kept. They may have done well since.
#[utoipa::path(
    get, path = "/errors/{fingerprint}", tag = "errors", operation_id = "get_error",
    security(("bearer" = ["tasks:read"])),
    params(FingerprintPath, ErrorQuery),
    responses((status = 200, description = "The group", body = ErrorGroup)),
    extensions(("x-problem-codes" = json!(["unknown_error_group"])))
)]
pub(crate) async fn get_error(
    State(app): State<App>,
    FingerprintPath(fingerprint): FingerprintPath,
    caller: Caller,
    Query(query): Query<ErrorQuery>,
) -> Result<Json<ErrorGroup>, Fail> {
    let unknown = || Fail::new(Code::UnknownErrorGroup);
    let found = roster::error(&app.store, fingerprint).await?.ok_or_else(unknown)?;
    let group = convert::error_group(found, &caller.grant).ok_or_else(unknown)?;
    let tasks = tasks(&app.store, &caller.grant, fingerprint, query.limit).await?;
    Ok(Json(ErrorGroup { tasks: Some(tasks), ..group }))
}

/// The latest of all shards that the credential may read.
async fn tasks(
    store: &Store,
    grant: &Grant,
    fingerprint: Fingerprint,
    limit: u64,
) -> Result<Vec<Task>, Fail> {
    let pages = store.shards().all().map(|shard| store.tasks_of_error(shard, fingerprint, 0, TASKS_MAX));
    let mut failed: Vec<(u64, TaskId)> = try_join_all(pages)
        .await?
        .into_iter()
        .flat_map(|page| page.tasks.into_iter().map(|failed| (failed.at_ms, failed.task)))
        .collect();
    failed.sort_unstable_by(|one, other| other.cmp(one));
    let mut tasks = Vec::new();
    // Those of other queues, and those that are gone, are looked past.
    for (_, id) in failed.into_iter().take(TASKS_MAX as usize) {
        if tasks.len() as u64 == limit {
            break;
        }
        let read = store.read_tasks(id.shard(), &[id], false).await?;
        let read = read.into_iter().next().flatten().filter(|task| grant.reads(&task.queue));
        tasks.extend(read.map(row));
    }
    Ok(tasks)
}
