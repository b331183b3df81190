//! Whether tasks fit a search. What lies beside a task is read only where all else fits.

use std::cell::OnceCell;

use baton_core::query::{Payload, Query, Subject, Values};
use baton_core::{TaskId, limits};
use baton_store::calls::task::TaskValues;
use baton_store::{Error, State, Store, Task};
use serde_json::Value;

/// As far as it can be told without what lies beside the task.
pub(crate) fn may_hold(query: &Query, task: &Task, now_ms: u64) -> bool {
    query.holds(&subject(task), None, now_ms) != Some(false)
}

/// Of these tasks, all of one shard, those that are taken so far stay taken only if the whole search holds for them. Answers of
/// how many that cannot be told, as their payloads are too large to be looked into: they are not taken.
pub(crate) async fn sift(
    store: &Store,
    query: &Query,
    now_ms: u64,
    tasks: &[Task],
    taken: &mut [bool],
) -> Result<u64, Error> {
    let mut unread = 0;
    if !query.needs_values() {
        return Ok(unread);
    }
    let open: Vec<usize> = (0..tasks.len()).filter(|at| taken[*at]).collect();
    for some in open.chunks(limits::QUERY_VALUES_TASKS_MAX as usize) {
        let ids: Vec<TaskId> = some.iter().map(|at| tasks[*at].id).collect();
        let values = store.task_values(ids[0].shard(), &ids).await?;
        for (at, values) in some.iter().zip(values) {
            let holds = holds(query, &tasks[*at], &values, now_ms);
            taken[*at] = holds == Some(true);
            unread += u64::from(holds.is_none());
        }
    }
    Ok(unread)
}

fn holds(query: &Query, task: &Task, values: &TaskValues, now_ms: u64) -> Option<bool> {
    let (error, reason) = (&values.error, String::from_utf8_lossy(&values.reason));
    let payload = values.payload.as_deref().map(Json::of);
    let payload = payload.as_ref().map(|payload| payload as &dyn Payload);
    let values = Values { error, reason: &reason, payload };
    query.holds(&subject(task), Some(&values), now_ms)
}

fn subject(task: &Task) -> Subject<'_> {
    let finished_ms = match task.state {
        State::Completed { finished_ms, .. }
        | State::Failed { finished_ms }
        | State::Timeout { finished_ms }
        | State::Cancelled { finished_ms, .. } => Some(finished_ms),
        State::Scheduled { .. } | State::Blocked { .. } | State::Pending | State::Running { .. } => None,
    };
    Subject {
        id: task.id,
        status: task.status(),
        queue: &task.queue,
        kind: &task.kind,
        tags: &task.tags,
        worker: task.run.as_ref().map(|run| &run.worker),
        flow: task.family.flow,
        key: task.key.as_ref(),
        group: task.group.as_ref(),
        attempt: task.attempt,
        created_ms: task.created_ms,
        finished_ms,
    }
}

/// A payload that is JSON, or any other text.
#[derive(Debug)]
struct Json<'a> {
    bytes: &'a [u8],
    lower: OnceCell<String>,
    value: OnceCell<Value>,
}

impl Json<'_> {
    fn of(bytes: &[u8]) -> Json<'_> {
        Json { bytes, lower: OnceCell::new(), value: OnceCell::new() }
    }
}

impl Payload for Json<'_> {
    fn lower(&self) -> &str {
        self.lower.get_or_init(|| String::from_utf8_lossy(self.bytes).to_lowercase())
    }

    fn at(&self, path: &[String]) -> Option<String> {
        let whole = self.value.get_or_init(|| serde_json::from_slice(self.bytes).unwrap_or_default());
        match path.iter().try_fold(whole, |value, part| within(value, part))? {
            Value::String(text) => Some(text.clone()),
            Value::Array(_) | Value::Object(_) => None,
            scalar => Some(scalar.to_string()),
        }
    }
}

/// What stands under this name of an object, or at this number of a list.
fn within<'a>(value: &'a Value, part: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => fields.get(part),
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_found_by_their_path() {
        let payload = Json::of(br#"{"a":{"b":["x",7,null,true]},"t":"text"}"#);
        let at = |path: &str| payload.at(&path.split('.').map(str::to_owned).collect::<Vec<_>>());
        let found = ["t", "a.b.0", "a.b.1", "a.b.2", "a.b.3"].map(|path| at(path).unwrap());
        assert_eq!(found, ["text", "x", "7", "null", "true"]);
        for path in ["a", "a.b", "a.b.4", "a.b.x", "t.x", "no", ""] {
            assert_eq!(at(path), None, "{path}");
        }
        assert_eq!(Json::of(b"\xff{").at(&["a".to_owned()]), None);
    }
}
