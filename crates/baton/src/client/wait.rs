//! Waiting for a task to end.

use std::time::Duration;

use baton_api::task::Task;
use baton_core::{Status, TaskId};
use serde::de::DeserializeOwned;

use super::Client;
use super::call::Call;
use super::send::jittered;
use crate::error::Error;
use crate::payload::Payload;

/// How long the gateway is asked to hold one request.
pub(super) const HELD_FOR: Duration = Duration::from_secs(30);

/// Between two held requests.
const BREATH: Duration = Duration::from_millis(50);

impl Client {
    /// Waits until a task ends, however long that takes: put a time limit around it where there is one.
    pub async fn wait(&self, id: TaskId) -> Result<Task, Error> {
        loop {
            let task: Task = self.call(held(id)).await?;
            if task.status.is_terminal() {
                return Ok(task);
            }
            // A gateway that is about to end answers at once; it must not be asked in a circle until it is gone.
            tokio::time::sleep(jittered(BREATH)).await;
        }
    }

    /// Waits until a task of this kind of payload ends, and answers what it completed with.
    pub async fn wait_for<P: Payload>(&self, id: TaskId) -> Result<P::Output, Error> {
        self.result_of(id).await
    }

    pub(super) async fn result_of<O: DeserializeOwned>(&self, id: TaskId) -> Result<O, Error> {
        let task = self.wait(id).await?;
        if task.status != Status::Completed {
            return Err(Error::NotCompleted(Box::new(task)));
        }
        // A handler that has nothing to say completes without a result.
        let text = task.result.as_ref().map_or("null", |result| result.get());
        serde_json::from_str(text).map_err(Error::Result)
    }
}

fn held(id: TaskId) -> Call {
    let call = Call::get(format!("/api/v1/tasks/{id}")).held_for(HELD_FOR);
    call.query("wait", HELD_FOR.as_secs()).query("until", "finished")
}
