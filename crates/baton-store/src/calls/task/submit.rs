//! Faces `lua/task/submit.lua`. Repeatable: a task that exists under its id is answered, not made again, and a call
//! with an idempotency key is remembered.

use baton_core::{
    Backoff, DedupeKey, FlowId, GroupName, Kind, OnParentFailure, OpId, Principal, Priority, QueueName,
    Refusal, Shard, Status, Tag, TaskId, TaskRef, Version, limits,
};

use super::super::{Refused, between, bounded, digest};
use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// A task to be. Only `id`, `kind` and `payload` have no default.
#[derive(Clone, Debug)]
pub struct NewTask {
    pub id: TaskId,
    pub kind: Kind,
    pub queue: QueueName,
    pub payload: Vec<u8>,
    pub priority: Priority,
    /// Not before this Unix time; the past means now.
    pub run_at_ms: Option<u64>,
    /// Not before this many ms from now, by Redis's clock; not together with `run_at_ms`.
    pub delay_ms: Option<u64>,
    pub timeout_ms: u64,
    pub max_attempts: u64,
    pub max_crashes: u64,
    pub backoff: Backoff,
    pub key: Option<DedupeKey>,
    /// What it shares with others of its queue.
    pub group: Option<GroupName>,
    pub on_duplicate: OnDuplicate,
    pub tags: Vec<Tag>,
    pub traceparent: Option<String>,
    /// The tasks it waits for, of its own shard. A task of a new flow names none here: see `NewFlow`.
    pub parents: Vec<TaskId>,
    pub on_parent_failure: OnParentFailure,
    /// The flow it joins, which then is that of its shard.
    pub flow: Option<FlowId>,
    /// What it is called within its flow.
    pub name: Option<TaskRef>,
    pub insists: Insists,
    /// How long its result is kept once it has completed; as its kind says, or else as long as the task.
    pub result_ttl_ms: Option<u64>,
    /// Takes the result of a task that completed with the same kind, queue and payload within this time, and lets its own
    /// be taken for as long. Not for a task of a flow or with parents: theirs depend on more than on these words.
    pub cache_ttl_ms: Option<u64>,
}

/// Where a task wants what is usual, and says so: there its kind has no say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Insists {
    pub priority: bool,
    pub timeout: bool,
    pub max_attempts: bool,
    pub max_crashes: bool,
    pub backoff: bool,
}

/// What to do when a live task of the queue carries the same key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    #[default]
    ReturnExisting,
    Reject,
    /// Cancel that task, unless it runs: then refuse.
    Replace,
}

impl OnDuplicate {
    fn as_str(self) -> &'static str {
        match self {
            OnDuplicate::ReturnExisting => "return",
            OnDuplicate::Reject => "reject",
            OnDuplicate::Replace => "replace",
        }
    }
}

impl NewTask {
    /// A task with every default.
    pub fn new(id: TaskId, kind: Kind, payload: impl Into<Vec<u8>>) -> NewTask {
        NewTask {
            id,
            kind,
            queue: QueueName::default(),
            payload: payload.into(),
            priority: Priority::default(),
            run_at_ms: None,
            delay_ms: None,
            timeout_ms: limits::TIMEOUT_MS,
            max_attempts: limits::MAX_ATTEMPTS,
            max_crashes: limits::MAX_CRASHES,
            backoff: Backoff::default(),
            key: None,
            group: None,
            on_duplicate: OnDuplicate::default(),
            tags: Vec::new(),
            traceparent: None,
            parents: Vec::new(),
            on_parent_failure: OnParentFailure::default(),
            flow: None,
            name: None,
            insists: Insists::default(),
            result_ttl_ms: None,
            cache_ttl_ms: None,
        }
    }

    /// How long it keeps Redis, beside a task of which nothing is said.
    pub fn weight(&self) -> u64 {
        let made = if self.on_duplicate == OnDuplicate::Replace { limits::REPLACE_WEIGHT } else { 1 };
        made + (self.tags.len() as u64).div_ceil(limits::TAGS_WEIGH_ONE) + u64::from(self.group.is_some())
    }

    /// Whether it is within its limits, so that one of many can be refused by itself.
    pub fn check(&self) -> Result<(), Error> {
        bounded("a payload", self.payload.len(), limits::PAYLOAD_BYTES_MAX)?;
        bounded("tags", self.tags.len(), limits::TAGS_MAX)?;
        between("a timeout", self.timeout_ms, limits::TIMEOUT_MS_MIN, limits::TIMEOUT_MS_MAX)?;
        between("max_attempts", self.max_attempts, 1, limits::MAX_ATTEMPTS_MAX)?;
        between("max_crashes", self.max_crashes, 1, limits::MAX_CRASHES_MAX)?;
        // The id was drawn now, so it tells what "in ten years" means.
        let far = self.id.drawn_ms() + limits::DELAY_MS_MAX;
        between("run_at_ms", self.run_at_ms.unwrap_or_default(), 0, far)?;
        bounded("a delay in ms", self.delay_ms.unwrap_or_default() as usize, limits::DELAY_MS_MAX)?;
        if self.run_at_ms.is_some() && self.delay_ms.is_some() {
            return Err(Error::invalid("run_at_ms", "a task has either a time or a delay"));
        }
        bounded("parents of one task", self.parents.len(), limits::PARENTS_MAX)?;
        self.check_result()?;
        if self.parents.iter().collect::<std::collections::HashSet<_>>().len() < self.parents.len() {
            return Err(Error::invalid("parents", "one is named twice"));
        }
        match &self.traceparent {
            Some(text) if text.len() > 64 || !text.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err(Error::invalid("a traceparent", "it is not one"))
            }
            _ => Ok(()),
        }
    }

    fn check_result(&self) -> Result<(), Error> {
        let min = limits::RESULT_TTL_MS_MIN;
        between("result_ttl_ms", self.result_ttl_ms.unwrap_or(min), min, limits::RESULT_TTL_MS_MAX)?;
        between("cache_ttl_ms", self.cache_ttl_ms.unwrap_or(min), min, limits::CACHE_TTL_MS_MAX)?;
        if self.cache_ttl_ms.is_some() && (self.flow.is_some() || !self.parents.is_empty()) {
            let problem = "a task of a flow or with parents depends on more than on its own words";
            return Err(Error::invalid("cache_ttl_ms", problem));
        }
        Ok(())
    }

    /// The time before which it does not run, as the script takes it. A repeat says the same delay, at a later time.
    pub(in crate::calls) fn due(&self) -> String {
        let at = self.run_at_ms.map(|at| at.to_string());
        at.or_else(|| self.delay_ms.map(|delay| format!("+{delay}"))).unwrap_or_default()
    }

    /// The fields that differ from their defaults, or that it insists on: nothing else is stored.
    pub(in crate::calls) fn fields(&self, by: &Option<Principal>) -> Vec<(&'static str, String)> {
        let mut fields = vec![("kind", self.kind.to_string())];
        let mut unless = |name, value: u64, default: u64, insists: bool| {
            if value != default || insists {
                fields.push((name, value.to_string()));
            }
        };
        let insists = self.insists;
        unless("timeout_ms", self.timeout_ms, limits::TIMEOUT_MS, insists.timeout);
        unless("max_attempts", self.max_attempts, limits::MAX_ATTEMPTS, insists.max_attempts);
        unless("max_crashes", self.max_crashes, limits::MAX_CRASHES, insists.max_crashes);
        unless("backoff_ms", self.backoff.base_ms(), limits::BACKOFF_MS, insists.backoff);
        unless("backoff_cap_ms", self.backoff.cap_ms(), limits::BACKOFF_CAP_MS, insists.backoff);
        let cache = self.cache_ttl_ms.map(|_| cache_digest(&self.kind, &self.queue, &self.payload));
        let policy = Some(self.on_parent_failure).filter(|policy| *policy != OnParentFailure::default());
        let tags: Vec<&str> = self.tags.iter().map(Tag::as_str).collect();
        let more = [
            ("tags", Some(tags.join(",")).filter(|tags| !tags.is_empty())),
            ("traceparent", self.traceparent.clone()),
            ("submitted_by", by.as_ref().map(Principal::to_string)),
            ("on_parent_failure", policy.map(|policy| policy.as_str().to_owned())),
            ("flow", self.flow.map(|flow| flow.to_string())),
            ("group", self.group.as_ref().map(GroupName::to_string)),
            ("ref", self.name.as_ref().map(TaskRef::to_string)),
            ("result_ttl_ms", self.result_ttl_ms.map(|ttl| ttl.to_string())),
            ("cache", cache),
            ("cache_ttl_ms", self.cache_ttl_ms.map(|ttl| ttl.to_string())),
        ];
        fields.extend(more.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))));
        fields
    }
}

/// Under which the result of these words is found. It only leads there: what is found is compared byte by byte.
fn cache_digest(kind: &Kind, queue: &QueueName, payload: &[u8]) -> String {
    digest([kind.as_str().as_bytes(), queue.as_str().as_bytes(), payload])
}

/// Tasks of one shard to be made in one step.
#[derive(Clone, Debug)]
pub struct Submission<'a> {
    pub tasks: &'a [NewTask],
    pub by: Option<Principal>,
    pub op: Option<OpId>,
}

/// What became of one task of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    Created {
        id: TaskId,
        status: Status,
        version: Version,
    },
    /// The same id was submitted before: a repeat.
    Existing {
        id: TaskId,
        status: Status,
        version: Version,
    },
    /// A live task carries the key; this is it.
    Duplicate {
        id: TaskId,
        status: Status,
        version: Version,
    },
    /// This one has completed with the same words, and its result may be used again.
    Cached {
        id: TaskId,
        status: Status,
        version: Version,
    },
    /// A live task carries the key, and the submitter wants none, or wants its place while it runs; or a parent or the flow is not there.
    Refused {
        refusal: Refusal,
        other: TaskId,
    },
}

/// The answer to a submission, in the order of its tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitAnswer {
    Tasks { each: Vec<Submitted>, replayed: bool },
    Refused(Refused),
}

impl Store {
    /// The shard in which the same words are looked for that completed before.
    pub fn place_words(&self, kind: &Kind, queue: &QueueName, payload: &[u8]) -> Shard {
        self.shards().of(&cache_digest(kind, queue, payload))
    }

    /// Makes tasks. All of them belong into the shard that their ids name.
    pub async fn submit(&self, submission: &Submission<'_>) -> Result<SubmitAnswer, Error> {
        let shard = check(submission)?;
        let keys = self.keys(shard)?;
        let mut names = vec![keys.meta(), keys.events(), keys.queues(), keys.scheduled()];
        names.extend(submission.op.as_ref().map(|op| keys.op(op)));
        let mut call = Call::new("task/submit", names);
        call.arg(self.now_argument()).arg(submission.by.as_ref().map_or("", Principal::as_str));
        call.arg(request_digest(submission)).arg(submission.tasks.len());
        for task in submission.tasks {
            add_task(&mut call, task, &submission.by);
        }
        read_answer(self.run(&call).await?)
    }
}

fn check(submission: &Submission<'_>) -> Result<Shard, Error> {
    let Some(first) = submission.tasks.first() else {
        return Err(Error::invalid("a submission", "it has no tasks"));
    };
    let weight: u64 = submission.tasks.iter().map(NewTask::weight).sum();
    bounded("a submission", weight as usize, limits::SUBMIT_TASKS_MAX)?;
    let bytes = submission.tasks.iter().map(|task| task.payload.len()).sum();
    bounded("payloads of one call", bytes, limits::CALL_BYTES_MAX)?;
    let parents = submission.tasks.iter().map(|task| task.parents.len()).sum();
    bounded("parents of one call", parents, limits::SUBMIT_PARENTS_MAX)?;
    for task in submission.tasks {
        task.check()?;
        let relatives = task.parents.iter().map(|parent| parent.shard()).chain(task.flow.map(FlowId::shard));
        if std::iter::once(task.id.shard()).chain(relatives).any(|shard| shard != first.id.shard()) {
            return Err(Error::invalid("a submission", "its ids name several shards"));
        }
    }
    Ok(first.id.shard())
}

fn add_task(call: &mut Call, task: &NewTask, by: &Option<Principal>) {
    call.arg(task.id.to_string()).arg(task.on_duplicate.as_str()).arg(task.parents.len());
    for parent in &task.parents {
        call.arg(parent.to_string());
    }
    add_words(call, task, by);
}

/// The words that every submission says of a task.
pub(in crate::calls) fn add_words(call: &mut Call, task: &NewTask, by: &Option<Principal>) {
    let says = task.insists.priority || task.priority != Priority::default();
    call.arg(task.queue.as_str()).optional(says.then(|| task.priority.get())).arg(task.due());
    call.arg(task.key.as_ref().map_or("", DedupeKey::as_str));
    let fields = task.fields(by);
    call.arg(task.payload.as_slice()).arg(fields.len());
    for (field, value) in fields {
        call.arg(field).arg(value);
    }
}

/// What of a task belongs to the request that made it. A retry is traced anew, and is the same request.
pub(in crate::calls) fn request_words(task: &NewTask) -> [Vec<u8>; 2] {
    let key = task.key.as_ref().map_or("", DedupeKey::as_str);
    let fields = task.fields(&None).into_iter().filter(|(name, _)| *name != "traceparent");
    let fields: Vec<String> = fields.map(|(name, value)| format!("{name}={value}")).collect();
    let parents: Vec<String> = task.parents.iter().map(TaskId::to_string).collect();
    let head = [
        task.queue.as_str(),
        &task.priority.to_string(),
        &task.due(),
        key,
        task.on_duplicate.as_str(),
        &fields.join("\n"),
        &parents.join(" "),
    ];
    [head.join("\n").into_bytes(), task.payload.clone()]
}

/// Of all but the ids: a client that repeats its call through another gateway gets other ones drawn.
fn request_digest(submission: &Submission<'_>) -> String {
    if submission.op.is_none() {
        return String::new();
    }
    let parts: Vec<Vec<u8>> = submission.tasks.iter().flat_map(request_words).collect();
    digest(parts.iter().map(Vec::as_slice))
}

fn read_answer(mut reply: Reply) -> Result<SubmitAnswer, Error> {
    let replayed = match reply.text()?.as_str() {
        "submitted" => false,
        "replayed" => true,
        "refused" => return Ok(SubmitAnswer::Refused(Refused::read(&mut reply)?)),
        other => return Err(reply.fault(format!("it answered {other:?}"))),
    };
    // Whoever submits does not tick.
    let mut each = Vec::new();
    while !reply.is_empty() {
        let tag = reply.text()?;
        let id = reply.parse()?;
        if tag == "refused" {
            each.push(Submitted::Refused { refusal: reply.parse()?, other: id });
            reply.text()?;
            continue;
        }
        let (status, version) = (reply.parse()?, reply.parse()?);
        each.push(match tag.as_str() {
            "created" => Submitted::Created { id, status, version },
            "existing" => Submitted::Existing { id, status, version },
            "duplicate" => Submitted::Duplicate { id, status, version },
            "cached" => Submitted::Cached { id, status, version },
            other => return Err(reply.fault(format!("it answered {other:?} of a task"))),
        });
    }
    Ok(SubmitAnswer::Tasks { each, replayed })
}
