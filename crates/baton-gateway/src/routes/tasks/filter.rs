//! Which of the tasks that a list looks at are in it.

use std::cell::OnceCell;

use baton_auth::Action;
use baton_core::query::{Payload, Subject, Values};
use baton_core::{QueueName, Status, TaskId, limits};
use baton_store::calls::task::TaskValues;
use baton_store::{State, Store, Task};
use serde_json::Value;

use super::rows::Wanted;
use crate::auth::Grant;
use crate::problem::Fail;

/// What a list is to have, and who asks.
pub(super) struct Filter<'a> {
    pub(super) status: &'a [Status],
    pub(super) queue: &'a [QueueName],
    pub(super) wanted: &'a Wanted,
    pub(super) grant: &'a Grant,
    /// What lengths of time are counted back from.
    pub(super) now_ms: u64,
}

/// What of a page is taken.
pub(super) struct Sifted {
    pub(super) taken: Vec<bool>,
    /// Not taken, and their payloads are too large to be looked into.
    pub(super) unread: u64,
}

impl Filter<'_> {
    pub(super) fn is_everything(&self) -> bool {
        let all = self.grant.reaches_all(Action::TasksRead);
        all && self.status.is_empty() && self.queue.is_empty() && self.wanted.is_everything()
    }

    /// Whether tasks that were created then, or before, are too old for it.
    pub(super) fn is_past(&self, created_ms: u64) -> bool {
        self.wanted.created_from_ms(self.now_ms).is_some_and(|from_ms| created_ms < from_ms)
    }

    fn takes(&self, task: &Task, values: Option<&Values<'_>>) -> bool {
        (self.status.is_empty() || self.status.contains(&task.status()))
            && (self.queue.is_empty() || self.queue.contains(&task.queue))
            && self.wanted.takes(task)
            && self.wanted.query().holds(&subject(task), values, self.now_ms)
            && self.grant.reads(&task.queue)
    }

    /// Which of these tasks, all of one shard, are taken. What lies beside a task is read only where all else fits.
    pub(super) async fn sift(&self, store: &Store, tasks: &[Task]) -> Result<Sifted, Fail> {
        let mut taken: Vec<bool> = tasks.iter().map(|task| self.takes(task, None)).collect();
        let mut unread = 0;
        if !self.wanted.query().needs_values() {
            return Ok(Sifted { taken, unread });
        }
        let open: Vec<usize> = (0..tasks.len()).filter(|at| taken[*at]).collect();
        for some in open.chunks(limits::QUERY_VALUES_TASKS_MAX as usize) {
            let ids: Vec<TaskId> = some.iter().map(|at| tasks[*at].id).collect();
            let values = store.task_values(ids[0].shard(), &ids).await?;
            for (at, values) in some.iter().zip(values) {
                taken[*at] = self.takes_with(&tasks[*at], &values);
                let missed = values.payload.is_none() && self.wanted.query().needs_payload();
                unread += u64::from(missed && !taken[*at]);
            }
        }
        Ok(Sifted { taken, unread })
    }

    fn takes_with(&self, task: &Task, values: &TaskValues) -> bool {
        let (error, reason) =
            (String::from_utf8_lossy(&values.error), String::from_utf8_lossy(&values.reason));
        let payload = Json::of(values.payload.as_deref().unwrap_or_default());
        let values = Values { error: &error, reason: &reason, payload: &payload };
        self.takes(task, Some(&values))
    }
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
