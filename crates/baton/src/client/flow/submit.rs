//! Submitting a flow.

use std::collections::BTreeMap;
use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use baton_api::flow::{Flow, FlowCreated, Graph, NewFlow};
use baton_api::task::Task;
use baton_core::{FlowId, OnParentFailure, OpId, TaskId};
use futures_util::stream::Stream;

use super::super::call::Call;
use super::super::submit::body;
use super::super::{Client, Filter};
use super::FlowTask;
use crate::error::Error;
use crate::payload::Payload;

/// A large flow is written in many pieces, and answered when it is whole.
const WRITTEN_WITHIN: Duration = Duration::from_secs(60);

impl Client {
    /// A flow, submitted when it is awaited: all of its tasks, or none if something is wrong with one of them.
    ///
    /// ```no_run
    /// use baton::{Client, FlowTask, Payload};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Extract { table: String }
    /// #[derive(Serialize, Deserialize)]
    /// struct Load { day: u32 }
    ///
    /// impl Payload for Extract {
    ///     const KIND: &'static str = "table.extract";
    ///     type Output = u64;
    /// }
    /// impl Payload for Load {
    ///     const KIND: &'static str = "table.load";
    ///     type Output = u64;
    /// }
    ///
    /// # async fn example() -> Result<(), baton::Error> {
    /// let nightly = Client::from_env()?
    ///     .flow()
    ///     .name("nightly")
    ///     .task(FlowTask::new("orders", Extract { table: "orders".to_owned() }))
    ///     .task(FlowTask::new("refunds", Extract { table: "refunds".to_owned() }).priority(7))
    ///     .task(FlowTask::new("load", Load { day: 21 }).after(["orders", "refunds"]))
    ///     .idempotency_key("nightly-2026-11-21")
    ///     .await?;
    /// let ended = nightly.wait().await?;
    /// let rows: u64 = nightly.result::<Load>("load").await?;
    /// # let _ = (ended, rows);
    /// # Ok(())
    /// # }
    /// ```
    pub fn flow(&self) -> SubmitFlow {
        SubmitFlow { client: self.clone(), flow: Ok(NewFlow::new(Vec::new())), op: None }
    }

    /// Submits a flow that is JSON already, as `POST /api/v1/flows` takes it. The payloads of its tasks stay the bytes
    /// that they are.
    pub async fn submit_flow_json(
        &self,
        flow: impl Into<Vec<u8>>,
        idempotency_key: Option<&str>,
    ) -> Result<SubmittedFlow, Error> {
        let op = idempotency_key.map(checked).transpose()?;
        let call = Call::post("/api/v1/flows", flow.into(), op).held_for(WRITTEN_WITHIN);
        let (FlowCreated { flow, refs }, created) = self.create(call).await?;
        Ok(SubmittedFlow { client: self.clone(), flow, refs, created })
    }
}

fn checked(key: &str) -> Result<String, Error> {
    key.parse::<OpId>().map(|_| key.to_owned()).map_err(Error::invalid)
}

/// A flow that is about to be submitted: add its tasks, then await it.
#[must_use = "nothing is submitted until it is awaited"]
pub struct SubmitFlow {
    client: Client,
    /// The first thing that is wrong with it stays, and is the answer.
    flow: Result<NewFlow, Error>,
    op: Option<String>,
}

impl SubmitFlow {
    fn set(mut self, change: impl FnOnce(&mut NewFlow) -> Result<(), Error>) -> SubmitFlow {
        self.flow = self.flow.and_then(|mut flow| change(&mut flow).map(|()| flow));
        self
    }

    /// What people call it; several flows may have one name.
    pub fn name(self, name: &str) -> SubmitFlow {
        self.set(|flow| name.parse().map(|name| flow.name = Some(name)).map_err(Error::invalid))
    }

    pub fn task(self, task: FlowTask) -> SubmitFlow {
        self.set(|flow| task.task.map(|task| flow.tasks.push(task)))
    }

    /// What its tasks do when a parent ends badly, unless they say it themselves.
    pub fn on_parent_failure(self, policy: OnParentFailure) -> SubmitFlow {
        self.set(|flow| {
            flow.on_parent_failure = Some(policy);
            Ok(())
        })
    }

    /// A name for this one intent: within a day the same name answers the same flow, also from another process. One is
    /// drawn where none is given, so that a lost answer never makes a second flow.
    pub fn idempotency_key(mut self, key: &str) -> SubmitFlow {
        match checked(key) {
            Ok(key) => self.op = Some(key),
            Err(error) => self.flow = self.flow.and(Err(error)),
        }
        self
    }
}

impl fmt::Debug for SubmitFlow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SubmitFlow").field("flow", &self.flow).field("op", &self.op).finish_non_exhaustive()
    }
}

impl IntoFuture for SubmitFlow {
    type Output = Result<SubmittedFlow, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let flow = body(&self.flow?)?;
            self.client.submit_flow_json(flow, self.op.as_deref()).await
        })
    }
}

/// A flow that was submitted.
#[derive(Debug)]
pub struct SubmittedFlow {
    client: Client,
    /// As it was when the gateway answered.
    pub flow: Flow,
    /// The id of each task that has a name.
    pub refs: BTreeMap<String, TaskId>,
    /// False where it was there before: a repeat.
    pub created: bool,
}

impl SubmittedFlow {
    pub fn id(&self) -> FlowId {
        self.flow.id
    }

    /// The task of this name.
    pub fn task(&self, name: &str) -> Result<TaskId, Error> {
        let unknown = || Error::Invalid(format!("find a task called {name:?} in flow {}", self.flow.id));
        self.refs.get(name).copied().ok_or_else(unknown)
    }

    /// Waits until the task of this name ends, and answers what it completed with.
    pub async fn result<P: Payload>(&self, name: &str) -> Result<P::Output, Error> {
        self.client.wait_for::<P>(self.task(name)?).await
    }

    /// Waits until nothing of it can move by itself: see [`Client::wait_for_flow`].
    pub async fn wait(&self) -> Result<Flow, Error> {
        self.client.wait_for_flow(self.flow.id).await
    }

    pub async fn cancel(&self, reason: &str) -> Result<Flow, Error> {
        self.client.cancel_flow(self.flow.id, reason).await
    }

    pub async fn rerun(&self, reason: &str) -> Result<Flow, Error> {
        self.client.rerun_flow(self.flow.id, reason).await
    }

    /// All of its tasks, page by page as they are taken from the stream.
    pub fn tasks(&self) -> impl Stream<Item = Result<Task, Error>> + Send + use<> {
        self.client.list(Filter::new().flow(self.flow.id))
    }

    pub async fn graph(&self) -> Result<Graph, Error> {
        self.client.flow_graph(self.flow.id).await
    }
}
