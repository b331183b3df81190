//! Submitting one task.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use baton_api::flow::NewFlowTask;
use baton_api::task::{NewTask, OnDuplicate, Task};
use baton_api::{Json, Timestamp};
use baton_core::{FlowId, OnParentFailure, OpId, Status, TaskId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Client;
use super::call::Call;
use super::options::options;
use crate::error::Error;
use crate::payload::{Defaults, Payload};

impl Client {
    /// Submits a task when it is awaited; until then it can be said how.
    pub fn submit<P: Payload>(&self, payload: P) -> Submit<P::Output> {
        Submit::new(self, draft(&payload).map(NewFlowTask::alone))
    }

    /// The same for a kind and a payload that no type stands for.
    pub fn submit_json(&self, kind: &str, payload: Json) -> Submit<Json> {
        let kind = kind.parse().map_err(Error::invalid);
        Submit::new(self, kind.map(|kind| NewTask::new(kind, payload)))
    }
}

/// A task of a kind's payload and defaults.
pub(super) fn draft<P: Payload>(payload: &P) -> Result<NewFlowTask, Error> {
    let kind = P::KIND.parse().map_err(Error::invalid)?;
    let mut task = NewFlowTask::new(kind, Json::of(payload).map_err(Error::invalid)?);
    let (wanted, usual) = (P::defaults(), Defaults::default());
    if wanted.queue != usual.queue {
        task.queue = Some(wanted.queue.parse().map_err(Error::invalid)?);
    }
    task.priority = differs(i64::from(wanted.priority), i64::from(usual.priority));
    task.timeout_ms = differs(millis(wanted.timeout), millis(usual.timeout));
    task.max_attempts = differs(wanted.max_attempts, usual.max_attempts);
    task.max_crashes = differs(wanted.max_crashes, usual.max_crashes);
    task.backoff_ms = differs(millis(wanted.backoff), millis(usual.backoff));
    task.backoff_cap_ms = differs(millis(wanted.backoff_cap), millis(usual.backoff_cap));
    Ok(task)
}

fn differs<T: PartialEq>(wanted: T, usual: T) -> Option<T> {
    (wanted != usual).then_some(wanted)
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

options!(Submit<O>, <O>);

/// A task that is about to be submitted: say how, then await it.
#[must_use = "nothing is submitted until it is awaited"]
pub struct Submit<O> {
    client: Client,
    /// The first thing that is wrong with it stays, and is the answer.
    task: Result<NewTask, Error>,
    op: Option<String>,
    output: PhantomData<fn() -> O>,
}

impl<O> Submit<O> {
    fn new(client: &Client, task: Result<NewTask, Error>) -> Submit<O> {
        Submit { client: client.clone(), task, op: None, output: PhantomData }
    }

    fn set(mut self, change: impl FnOnce(&mut NewTask) -> Result<(), Error>) -> Submit<O> {
        self.task = self.task.and_then(|mut task| change(&mut task).map(|()| task));
        self
    }

    /// At most one task of the queue that has not ended carries this key: while there is one, that one is the answer.
    pub fn key(self, key: &str) -> Submit<O> {
        self.set(|task| key.parse().map(|key| task.key = Some(key)).map_err(Error::invalid))
    }

    /// Where a task of the same kind, queue and payload has completed within this time, that one is the answer, and nothing
    /// is made: [`Submitted::is_cached`] tells. Otherwise its own result may be used for as long.
    pub fn cached_for(self, time: Duration) -> Submit<O> {
        self.set(|task| {
            task.cache_ttl_ms = Some(millis(time));
            Ok(())
        })
    }

    /// Not before these tasks have completed. The task lies in their shard; they must all lie in one.
    pub fn after(self, parents: impl IntoIterator<Item = TaskId>) -> Submit<O> {
        self.set(|task| {
            task.parents.extend(parents);
            Ok(())
        })
    }

    /// The task joins this flow, and counts as one of it.
    pub fn flow(self, flow: FlowId) -> Submit<O> {
        self.set(|task| {
            task.flow = Some(flow);
            Ok(())
        })
    }

    /// A name for this one intent: within a day the same name answers the same task, also from another process. One is
    /// drawn where none is given, so that a lost answer never makes a second task.
    pub fn idempotency_key(mut self, key: &str) -> Submit<O> {
        match key.parse::<OpId>() {
            Ok(_) => self.op = Some(key.to_owned()),
            Err(error) => self.task = self.task.and(Err(Error::invalid(error))),
        }
        self
    }
}

impl<O> fmt::Debug for Submit<O> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Submit").field("task", &self.task).field("op", &self.op).finish_non_exhaustive()
    }
}

impl<O: 'static> IntoFuture for Submit<O> {
    type Output = Result<Submitted<O>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let body = body(&self.task?)?;
            let (task, created) = self.client.create(Call::post("/api/v1/tasks", body, self.op)).await?;
            Ok(Submitted { client: self.client, task, created, output: PhantomData })
        })
    }
}

pub(super) fn body(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(Error::invalid)
}

/// A task that was submitted.
pub struct Submitted<O> {
    client: Client,
    /// As it was when the gateway answered.
    pub task: Task,
    /// False where it was there before: the same key, or a repeat.
    pub created: bool,
    output: PhantomData<fn() -> O>,
}

impl<O> Submitted<O> {
    pub fn id(&self) -> TaskId {
        self.task.id
    }

    pub fn status(&self) -> Status {
        self.task.status
    }

    /// Is it a task that had completed with the same words? Its result is there already.
    pub fn is_cached(&self) -> bool {
        self.task.cached
    }
}

impl<O: DeserializeOwned> Submitted<O> {
    /// Waits until the task ends, and answers what it completed with.
    pub async fn result(&self) -> Result<O, Error> {
        self.client.result_of(self.task.id).await
    }
}

impl<O> fmt::Debug for Submitted<O> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Submitted").field("task", &self.task).field("created", &self.created).finish()
    }
}
