//! Operating: what moves tasks, queues and workers that are there.

use baton_api::queue::{PatchQueue, Queue};
use baton_api::task::{LinkRequest, Operate, Reprioritise, Task};
use baton_api::worker::Worker;
use baton_core::TaskId;

use super::Client;
use super::call::Call;
use super::read::segment;
use super::submit::body;
use crate::error::Error;

impl Client {
    /// Ends a task that has not ended; whoever runs it is told to stop. The reason goes into its history.
    pub async fn cancel(&self, id: TaskId, reason: &str) -> Result<Task, Error> {
        self.operate(id, "cancel", reason).await
    }

    /// Runs a task that has ended once more.
    pub async fn rerun(&self, id: TaskId, reason: &str) -> Result<Task, Error> {
        self.operate(id, "rerun", reason).await
    }

    /// Lets a scheduled task run now.
    pub async fn promote(&self, id: TaskId, reason: &str) -> Result<Task, Error> {
        self.operate(id, "promote", reason).await
    }

    /// Moves a task that waits to another place in its queue.
    pub async fn reprioritise(&self, id: TaskId, priority: u8) -> Result<Task, Error> {
        let body = body(&Reprioritise { priority: i64::from(priority) })?;
        self.call(Call::post(format!("/api/v1/tasks/{id}/reprioritise"), body, None)).await
    }

    /// From now on the child waits for this parent too. One that runs or has ended cannot be made to wait.
    pub async fn link(&self, child: TaskId, parent: TaskId) -> Result<Task, Error> {
        let body = body(&LinkRequest { parent })?;
        self.call(Call::post(format!("/api/v1/tasks/{child}/link"), body, None)).await
    }

    /// The child waits for this parent no longer.
    pub async fn unlink(&self, child: TaskId, parent: TaskId) -> Result<Task, Error> {
        let body = body(&LinkRequest { parent })?;
        self.call(Call::post(format!("/api/v1/tasks/{child}/unlink"), body, None)).await
    }

    async fn operate(&self, id: TaskId, verb: &str, reason: &str) -> Result<Task, Error> {
        let body = body(&Operate { reason: reason.to_owned() })?;
        self.call(Call::post(format!("/api/v1/tasks/{id}/{verb}"), body, None)).await
    }

    /// Hands out no more of a queue's tasks until it is resumed.
    pub async fn pause(&self, queue: &str) -> Result<Queue, Error> {
        self.call(Call::post(format!("/api/v1/queues/{}/pause", segment(queue)?), b"{}".to_vec(), None)).await
    }

    /// Sets what a queue allows, and how long it keeps what has ended.
    pub async fn set_queue(&self, queue: &str, patch: &PatchQueue) -> Result<Queue, Error> {
        let body = serde_json::to_vec(patch).map_err(|error| Error::invalid(error.to_string()))?;
        self.call(Call::patch(format!("/api/v1/queues/{}", segment(queue)?), body)).await
    }

    pub async fn resume(&self, queue: &str) -> Result<Queue, Error> {
        self.call(Call::post(format!("/api/v1/queues/{}/resume", segment(queue)?), b"{}".to_vec(), None))
            .await
    }

    /// Tells a worker to claim no more; it finishes what it holds.
    pub async fn quiet_worker(&self, id: &str) -> Result<Worker, Error> {
        self.direct(id, "quiet").await
    }

    /// Tells a worker to end.
    pub async fn stop_worker(&self, id: &str) -> Result<Worker, Error> {
        self.direct(id, "stop").await
    }

    /// Takes back what a worker was told.
    pub async fn resume_worker(&self, id: &str) -> Result<Worker, Error> {
        self.direct(id, "resume").await
    }

    async fn direct(&self, id: &str, verb: &str) -> Result<Worker, Error> {
        self.call(Call::post(format!("/api/v1/workers/{}/{verb}", segment(id)?), b"{}".to_vec(), None)).await
    }
}
