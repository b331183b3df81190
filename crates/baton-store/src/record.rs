//! A task as it lies in Redis, read into domain types.

pub mod flow;
pub mod owner;

use std::collections::BTreeMap;
use std::str::FromStr;

use baton_core::{
    Boot, DedupeKey, Fence, FlowId, GroupName, Kind, OnParentFailure, Principal, Priority, QueueName, Status,
    Tag, TaskId, TaskRef, Version, WorkerId, limits,
};

use crate::error::Error;

/// A task. What only one status has is in its `State`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub id: TaskId,
    pub kind: Kind,
    pub queue: QueueName,
    pub priority: Priority,
    pub state: State,
    pub version: Version,
    pub created_ms: u64,
    /// When it last became pending, or was created.
    pub pending_ms: u64,
    /// Attempts that have failed.
    pub attempt: u64,
    pub max_attempts: u64,
    pub crashes: u64,
    pub max_crashes: u64,
    pub timeout_ms: u64,
    /// How long its result is kept, where not as long as the task itself.
    pub result_ttl_ms: Option<u64>,
    /// How long its result may answer in the place of another task, where it may.
    pub cache_ttl_ms: Option<u64>,
    pub key: Option<DedupeKey>,
    pub group: Option<GroupName>,
    pub family: Family,
    pub tags: Vec<Tag>,
    pub traceparent: Option<String>,
    pub submitted_by: Option<Principal>,
    /// Who holds it or held it last. Stays until the next claim.
    pub run: Option<Run>,
    /// What the last run that failed had to say, and why in a word.
    pub error: Option<Vec<u8>>,
    pub reason: Option<String>,
    /// Only where it was asked for with values, or is short.
    pub payload: Option<Vec<u8>>,
}

/// Where a task stands among others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    pub flow: Option<FlowId>,
    /// What it is called within its flow.
    pub name: Option<TaskRef>,
    pub on_parent_failure: OnParentFailure,
    /// How many tasks it waits for or waited for, and for how many of those still.
    pub parents: u64,
    pub open_parents: u64,
    pub children: u64,
}

/// One run of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub worker: WorkerId,
    pub boot: Boot,
    pub fence: Fence,
    pub started_ms: u64,
}

/// Where a task is, with what only this status has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Scheduled {
        run_at_ms: u64,
    },
    /// With the time before which it does not run, if it has one.
    Blocked {
        run_at_ms: Option<u64>,
    },
    Pending,
    Running {
        progress: Option<String>,
    },
    Completed {
        finished_ms: u64,
        result: Option<Vec<u8>>,
        /// Where it is kept for a time only: until when. Afterwards there is none.
        result_until_ms: Option<u64>,
    },
    Failed {
        finished_ms: u64,
    },
    Timeout {
        finished_ms: u64,
    },
    Cancelled {
        finished_ms: u64,
        by: Option<Principal>,
    },
}

impl State {
    pub fn status(&self) -> Status {
        match self {
            State::Scheduled { .. } => Status::Scheduled,
            State::Blocked { .. } => Status::Blocked,
            State::Pending => Status::Pending,
            State::Running { .. } => Status::Running,
            State::Completed { .. } => Status::Completed,
            State::Failed { .. } => Status::Failed,
            State::Timeout { .. } => Status::Timeout,
            State::Cancelled { .. } => Status::Cancelled,
        }
    }
}

/// The fields of a hash that have not been used yet.
pub(crate) struct Fields {
    what: String,
    values: BTreeMap<String, Vec<u8>>,
}

impl Fields {
    pub(crate) fn new(what: impl Into<String>, pairs: Vec<(String, Vec<u8>)>) -> Fields {
        Fields { what: what.into(), values: pairs.into_iter().collect() }
    }

    fn fault(&self, field: &str, problem: &str) -> Error {
        Error::fault(self.what.clone(), format!("its field {field} {problem}"))
    }

    pub(crate) fn has(&self, field: &str) -> bool {
        self.values.contains_key(field)
    }

    /// Is this field there, with this text?
    pub(crate) fn is(&self, field: &str, text: &str) -> bool {
        self.values.get(field).is_some_and(|value| value == text.as_bytes())
    }

    pub(crate) fn bytes(&mut self, field: &str) -> Option<Vec<u8>> {
        self.values.remove(field)
    }

    pub(crate) fn optional<T: FromStr>(&mut self, field: &str) -> Result<Option<T>, Error> {
        let Some(bytes) = self.values.remove(field) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| self.fault(field, "is not text"))?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| self.fault(field, &format!("cannot be read: {text:?}")))
    }

    pub(crate) fn or<T: FromStr>(&mut self, field: &str, default: T) -> Result<T, Error> {
        Ok(self.optional(field)?.unwrap_or(default))
    }

    pub(crate) fn required<T: FromStr>(&mut self, field: &str) -> Result<T, Error> {
        self.optional(field)?.ok_or_else(|| self.fault(field, "is missing"))
    }

    /// What is left, as text.
    pub(crate) fn rest(self) -> BTreeMap<String, String> {
        self.values
            .into_iter()
            .map(|(field, value)| (field, String::from_utf8_lossy(&value).into_owned()))
            .collect()
    }

    pub(crate) fn with_prefix(&mut self, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let names: Vec<String> =
            self.values.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        names
            .into_iter()
            .filter_map(|name| {
                self.values.remove(&name).map(|value| (name[prefix.len()..].to_owned(), value))
            })
            .collect()
    }
}

impl Task {
    pub(crate) fn read(id: TaskId, fields: &mut Fields) -> Result<Task, Error> {
        let created_ms = fields.required("created_ms")?;
        let state = state(fields)?;
        Ok(Task {
            id,
            kind: fields.required("kind")?,
            queue: fields.or("queue", QueueName::default())?,
            priority: priority(fields)?,
            state,
            version: fields.required("version")?,
            created_ms,
            pending_ms: fields.or("pending_ms", created_ms)?,
            attempt: fields.or("attempt", 0)?,
            max_attempts: fields.or("max_attempts", limits::MAX_ATTEMPTS)?,
            crashes: fields.or("crashes", 0)?,
            max_crashes: fields.or("max_crashes", limits::MAX_CRASHES)?,
            timeout_ms: fields.or("timeout_ms", limits::TIMEOUT_MS)?,
            result_ttl_ms: fields.optional("result_ttl_ms")?,
            cache_ttl_ms: fields.optional("cache_ttl_ms")?,
            key: fields.optional("key")?,
            group: fields.optional("group")?,
            family: family(fields)?,
            tags: tags(fields)?,
            traceparent: fields.optional("traceparent")?,
            submitted_by: fields.optional("submitted_by")?,
            run: run(fields)?,
            error: fields.bytes("error"),
            reason: fields.optional("reason")?,
            payload: fields.bytes("payload"),
        })
    }

    pub fn status(&self) -> Status {
        self.state.status()
    }
}

pub(crate) fn priority(fields: &mut Fields) -> Result<Priority, Error> {
    let Some(value) = fields.optional("priority")? else {
        return Ok(Priority::default());
    };
    Priority::new(value)
        .map_err(|error| fields.fault("priority", &format!("cannot be used: failed to {error}")))
}

fn family(fields: &mut Fields) -> Result<Family, Error> {
    Ok(Family {
        flow: fields.optional("flow")?,
        name: fields.optional("ref")?,
        on_parent_failure: fields.or("on_parent_failure", OnParentFailure::default())?,
        parents: fields.or("parents", 0)?,
        open_parents: fields.or("open_parents", 0)?,
        children: fields.or("children", 0)?,
    })
}

pub(crate) fn tags(fields: &mut Fields) -> Result<Vec<Tag>, Error> {
    let text: String = fields.or("tags", String::new())?;
    let tags: Result<Vec<Tag>, _> = text.split(',').filter(|tag| !tag.is_empty()).map(Tag::new).collect();
    tags.map_err(|_| fields.fault("tags", "holds something else than tags"))
}

fn run(fields: &mut Fields) -> Result<Option<Run>, Error> {
    let Some(worker) = fields.optional("worker")? else {
        return Ok(None);
    };
    Ok(Some(Run {
        worker,
        boot: fields.required("boot")?,
        fence: fields.required("fence")?,
        started_ms: fields.required("started_ms")?,
    }))
}

fn state(fields: &mut Fields) -> Result<State, Error> {
    Ok(match fields.required("status")? {
        Status::Scheduled => State::Scheduled { run_at_ms: fields.required("run_at_ms")? },
        Status::Blocked => State::Blocked { run_at_ms: fields.optional("run_at_ms")? },
        Status::Pending => State::Pending,
        Status::Running => State::Running { progress: fields.optional("progress")? },
        Status::Completed => State::Completed {
            finished_ms: fields.required("finished_ms")?,
            result: fields.bytes("result"),
            result_until_ms: fields.optional("result_until_ms")?,
        },
        Status::Failed => State::Failed { finished_ms: fields.required("finished_ms")? },
        Status::Timeout => State::Timeout { finished_ms: fields.required("finished_ms")? },
        Status::Cancelled => State::Cancelled {
            finished_ms: fields.required("finished_ms")?,
            by: fields.optional("finished_by")?,
        },
    })
}
