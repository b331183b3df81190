//! `GET /errors` and `GET /errors/{fingerprint}`: failures in groups.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
use crate::extract::{Caller, FingerprintPath, FromTerms, Paging, Query, Terms, Walk, no_cursor, with_link};
use crate::problem::Fail;
use crate::{clock, roster, series};

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_errors)).routes(routes!(get_error))
}

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
    /// Only those that are silenced, or only those that are not.
    #[param(value_type = Option<bool>)]
    silenced: Option<bool>,
    #[param(ignore)]
    walk: Walk,
}

fn queues() -> Schema {
    schemas::each(schemas::queue())
}

fn kinds() -> Schema {
    schemas::each(schemas::kind())
}

impl FromTerms for ErrorsQuery {
    const KNOWN: &[&str] = &["queue", "kind", "silenced", "limit", "cursor"];

    fn read(terms: &mut Terms) -> ErrorsQuery {
        ErrorsQuery {
            queue: terms.many("queue"),
            kind: terms.many("kind"),
            silenced: terms.one("silenced"),
            walk: Walk::read(terms),
        }
    }
}

/// List groups of failures
///
/// The last one seen first; one that is seen again while you walk through the pages comes to the front, and is not met again.
/// Attempts that another one followed count, too; tasks that ended badly are listed by
/// `GET /tasks?status=failed,timeout`.
#[utoipa::path(
    get, path = "/errors", tag = "errors", operation_id = "list_errors",
    security(("bearer" = ["tasks:read"])),
    params(ErrorsQuery, Walk),
    responses((status = 200, description = "A page of the groups", body = ErrorGroups,
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(crate) async fn list_errors(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ErrorsQuery>,
) -> Result<Response, Fail> {
    let before =
        query.walk.cursor.as_deref().map(|text| Place::read(text).ok_or_else(no_cursor)).transpose()?;
    let found = roster::errors(&app.store).await?;
    let now_ms = clock::now_ms();
    let mut silences = app.store.silences().await?;
    let own = found.into_iter().filter_map(|group| convert::error_group(group, &caller.grant, now_ms));
    let mut errors: Vec<ErrorGroup> = own.map(|group| convert::with_silence(group, &mut silences)).collect();
    errors.retain(|group| fits(&query, group));
    errors.sort_by_key(|group| std::cmp::Reverse(Place::of(group)));
    let total = errors.len() as u64;
    errors.retain(|group| before.is_none_or(|before| Place::of(group) < before));
    let more = errors.len() as u64 > query.walk.limit;
    errors.truncate(query.walk.limit as usize);
    let next_cursor = errors.last().filter(|_| more).map(|last| Place::of(last).write());
    let behind_ms = series::behind_ms(&app.store).await?;
    let answer = ErrorGroups { errors, next_cursor: next_cursor.clone(), total, behind_ms };
    let paging = Paging::Cursor { limit: query.walk.limit, cursor: None };
    Ok(with_link(Json(answer), &caller, &paging, next_cursor.as_deref(), None))
}

/// The order of the list, backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    last_seen_ms: u64,
    fingerprint: Fingerprint,
}

impl Place {
    fn of(group: &ErrorGroup) -> Place {
        Place { last_seen_ms: group.last_seen.ms(), fingerprint: group.fingerprint }
    }

    fn write(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}:{}", self.last_seen_ms, self.fingerprint))
    }

    fn read(text: &str) -> Option<Place> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (at, group) = text.split_once(':')?;
        Some(Place { last_seen_ms: at.parse().ok()?, fingerprint: group.parse().ok()? })
    }
}

fn fits(query: &ErrorsQuery, group: &ErrorGroup) -> bool {
    let in_queue = |queue: &QueueName| group.queues.contains_key(queue.as_str());
    (query.queue.is_empty() || query.queue.iter().any(in_queue))
        && (query.kind.is_empty() || query.kind.contains(&group.kind))
        && query.silenced.is_none_or(|silenced| silenced == group.silenced.is_some())
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
    let group = known(&app, &caller.grant, fingerprint).await?;
    let tasks = tasks(&app.store, &caller.grant, fingerprint, query.limit).await?;
    Ok(Json(ErrorGroup { tasks: Some(tasks), ..group }))
}

/// The group, as far as the credential may read it.
pub(super) async fn known(app: &App, grant: &Grant, fingerprint: Fingerprint) -> Result<ErrorGroup, Fail> {
    let unknown = || Fail::new(Code::UnknownErrorGroup);
    let found = roster::error(&app.store, fingerprint).await?.ok_or_else(unknown)?;
    let group = convert::error_group(found, grant, clock::now_ms()).ok_or_else(unknown)?;
    Ok(convert::with_silence(group, &mut app.store.silences().await?))
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
