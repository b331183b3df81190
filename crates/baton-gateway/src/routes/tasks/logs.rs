//! `GET /tasks/{id}/logs`: what a task's handler wrote, page by page, or as it comes.

use std::str::FromStr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use baton_api::Timestamp;
use baton_api::task::{Level, LogLine, Logs};
use baton_auth::Action;
use baton_core::{TaskId, limits};
use baton_store::calls::task::LogLine as Stored;
use utoipa::IntoParams;

use super::read;
use crate::app::App;
use crate::auth::{Grant, reach};
use crate::extract::{Caller, FromTerms, Query, TaskPath, Terms};
use crate::hold::{self, Hold, Prefer};
use crate::problem::Fail;

/// Lines leave no event behind, so a held request looks for them; this is also how late one may be.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Which lines to read.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// Only lines after this place: `next_cursor` of the page before.
    #[param(value_type = Option<String>, example = "1763717400000-0")]
    after: Option<String>,
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500, default = 100)]
    limit: u64,
    /// Only lines that matter at least this much.
    #[param(value_type = Option<String>, pattern = "^(debug|info|warning|error|critical)$")]
    level: Level,
    /// Wait this many seconds, at most 60, for the first line; `Prefer: wait=N` asks for the same.
    #[param(minimum = 0, maximum = 86_400)]
    wait: Option<u64>,
}

struct LevelWord(Level);

impl FromStr for LevelWord {
    type Err = String;

    fn from_str(word: &str) -> Result<LevelWord, String> {
        let unknown = |_| "read it: it is one of debug, info, warning, error, critical".to_owned();
        serde_json::from_value(serde_json::Value::from(word)).map(LevelWord).map_err(unknown)
    }
}

impl FromTerms for LogQuery {
    const KNOWN: &[&str] = &["after", "limit", "level", "wait"];

    fn read(terms: &mut Terms) -> LogQuery {
        LogQuery {
            after: terms.one("after"),
            limit: terms.number("limit", 1, limits::SCAN_MAX).unwrap_or(100),
            level: terms.one::<LevelWord>("level").map_or(Level::Debug, |word| word.0),
            wait: hold::wait(terms),
        }
    }
}

/// Read a task's log
#[utoipa::path(
    get, path = "/tasks/{id}/logs", tag = "tasks", operation_id = "get_task_logs",
    security(("bearer" = ["tasks:read"])),
    params(
        TaskPath,
        LogQuery,
        ("Prefer" = Option<String>, Header, description = "`wait=N`: see `wait`"),
    ),
    responses((status = 200, description = "A page of lines, the oldest first", body = Logs)),
    extensions(("x-problem-codes" = json!(["unknown_task", "overloaded"])))
)]
pub(crate) async fn task_logs(
    State(app): State<App>,
    TaskPath(id): TaskPath,
    Query(query): Query<LogQuery>,
    caller: Caller,
    prefer: Prefer,
) -> Result<Response, Fail> {
    let hold = Hold::begin(&app, query.wait, prefer, &caller.grant)?;
    reach::task(&app, &caller.grant, id, Action::TasksRead).await?;
    let mut page = page(&app, id, query.after.as_deref(), &query).await?;
    if page.logs.is_empty() {
        let mut ended = is_known(&app, &caller.grant, id).await?;
        while page.logs.is_empty() && !ended && !hold.is_over(&app) {
            hold.until(&app, LOOK_EVERY, std::future::pending()).await?;
            // In this order: a line that came before the end is not missed.
            ended = is_known(&app, &caller.grant, id).await?;
            let after = page.next_cursor.clone();
            page = self::page(&app, id, after.as_deref(), &query).await?;
        }
    }
    Ok(hold.applied(Json(page)))
}

/// Whether the task has ended, if there is one.
async fn is_known(app: &App, grant: &Grant, id: TaskId) -> Result<bool, Fail> {
    Ok(read::task(app, grant, id).await?.status.is_terminal())
}

/// The next lines that matter enough, of as many as one request looks at.
async fn page(app: &App, id: TaskId, after: Option<&str>, query: &LogQuery) -> Result<Logs, Fail> {
    // With no level asked for, every line is wanted.
    let look = if query.level == Level::Debug { query.limit } else { limits::SCAN_MAX };
    let (mut logs, mut next_cursor) = (Vec::new(), after.map(str::to_owned));
    for stored in app.store.read_log(id, after, look).await? {
        next_cursor = Some(stored.id.clone());
        let line = line(stored);
        if line.level >= query.level {
            logs.push(line);
        }
        if logs.len() as u64 == query.limit {
            break;
        }
    }
    Ok(Logs { logs, next_cursor })
}

fn line(stored: Stored) -> LogLine {
    let ms = stored.id.split_once('-').and_then(|(ms, _)| ms.parse().ok()).unwrap_or_default();
    LogLine {
        at: Timestamp::from_ms(ms),
        level: stored.level.parse().map_or(Level::Info, |word: LevelWord| word.0),
        attempt: stored.attempt,
        text: String::from_utf8_lossy(&stored.text).into_owned(),
        id: stored.id,
    }
}
