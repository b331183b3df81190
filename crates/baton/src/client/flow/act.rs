//! Flows that are there: reading them, waiting for them, and what moves them as a whole.

use std::time::Duration;

use baton_api::flow::{Flow, FlowList, Graph};
use baton_api::task::Operate;
use baton_core::{FlowId, FlowState, TaskId};
use futures_util::stream::{self, Stream, TryStreamExt};

use super::super::Client;
use super::super::call::Call;
use super::super::send::jittered;
use super::super::submit::body;
use crate::error::Error;

/// Between two looks at a flow that is waited for; the pauses grow from the first to the second.
const LOOK_FIRST: Duration = Duration::from_millis(50);
const LOOK_MAX: Duration = Duration::from_secs(1);

impl Client {
    /// A flow as it is now.
    pub async fn get_flow(&self, id: FlowId) -> Result<Flow, Error> {
        self.call(Call::get(format!("/api/v1/flows/{id}"))).await
    }

    /// A page of flows, the newest first, from the first one or from where an earlier page ended.
    pub async fn flow_page(&self, limit: u64, cursor: Option<&str>) -> Result<FlowList, Error> {
        let call = Call::get("/api/v1/flows").query("limit", limit);
        self.call(cursor.into_iter().fold(call, |call, cursor| call.query("cursor", cursor))).await
    }

    /// All flows, the newest first, page by page as they are taken from the stream.
    pub fn flows(&self) -> impl Stream<Item = Result<Flow, Error>> + Send + use<> {
        const PAGE: u64 = 100;
        let client = self.clone();
        let pages = stream::try_unfold(Some(None), move |next: Option<Option<String>>| {
            let client = client.clone();
            async move {
                let Some(cursor) = next else { return Ok::<_, Error>(None) };
                let page = client.flow_page(PAGE, cursor.as_deref()).await?;
                let flows = stream::iter(page.flows.into_iter().map(Ok));
                Ok(Some((flows, page.next_cursor.map(Some))))
            }
        });
        pages.try_flatten()
    }

    /// Waits until a flow has ended, or is held: then nothing of it moves before somebody reruns, unlinks or cancels a
    /// task. Put a time limit around it where there is one.
    pub async fn wait_for_flow(&self, id: FlowId) -> Result<Flow, Error> {
        let mut pause = LOOK_FIRST;
        loop {
            let flow = self.get_flow(id).await?;
            if flow.state != FlowState::Running && flow.doing.is_none() {
                return Ok(flow);
            }
            tokio::time::sleep(jittered(pause)).await;
            pause = (pause * 2).min(LOOK_MAX);
        }
    }

    /// Cancels every task of a flow that has not ended. A large one may still be at it when the answer comes: the
    /// flow says so.
    pub async fn cancel_flow(&self, id: FlowId, reason: &str) -> Result<Flow, Error> {
        self.operate_flow(id, "cancel", reason).await
    }

    /// Runs those tasks of a flow once more that failed, timed out or were cancelled; what they held goes on after them.
    pub async fn rerun_flow(&self, id: FlowId, reason: &str) -> Result<Flow, Error> {
        self.operate_flow(id, "rerun", reason).await
    }

    async fn operate_flow(&self, id: FlowId, verb: &str, reason: &str) -> Result<Flow, Error> {
        let body = body(&Operate { reason: reason.to_owned() })?;
        self.call(Call::post(format!("/api/v1/flows/{id}/{verb}"), body, None)).await
    }

    /// The tasks of a flow and their edges, with a place for each.
    pub async fn flow_graph(&self, id: FlowId) -> Result<Graph, Error> {
        self.call(Call::get(format!("/api/v1/flows/{id}/graph"))).await
    }

    /// What a task waits for and what waits for it, with a place for each.
    pub async fn task_graph(&self, id: TaskId) -> Result<Graph, Error> {
        self.call(Call::get(format!("/api/v1/tasks/{id}/graph"))).await
    }
}
