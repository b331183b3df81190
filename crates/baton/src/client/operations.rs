//! One act on many tasks, whole queues, and the trail of what operators did.

use std::time::Duration;

use baton_api::operation::{Acted, Drained, NewAction, Operation, Operations, Purge, Trail, TrailEntry};

use super::Client;
use super::call::Call;
use super::read::segment;
use super::submit::body;
use crate::error::Error;

/// Tasks of a thousand may be done with before the answer comes.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

impl Client {
    /// Acts on many tasks, or says on how many it would. What is larger than about a thousand tasks goes on after the answer.
    pub async fn act(&self, action: &NewAction) -> Result<Acted, Error> {
        self.call(Call::post("/api/v1/actions", body(action)?, None).held_for(PATIENCE)).await
    }

    /// The latest operations first, up to so many.
    pub async fn operations(&self, limit: usize) -> Result<Vec<Operation>, Error> {
        let (mut operations, mut cursor) = (Vec::new(), None);
        loop {
            let page: Operations =
                self.call(some("/api/v1/operations", limit - operations.len(), cursor)).await?;
            operations.extend(page.operations);
            cursor = page.next_cursor;
            if cursor.is_none() || operations.len() >= limit {
                return Ok(operations);
            }
        }
    }

    pub async fn operation(&self, id: &str) -> Result<Operation, Error> {
        self.call(Call::get(format!("/api/v1/operations/{}", segment(id)?))).await
    }

    /// Calls an operation off. What was done stays done.
    pub async fn cancel_operation(&self, id: &str) -> Result<Operation, Error> {
        let path = format!("/api/v1/operations/{}/cancel", segment(id)?);
        self.call(Call::post(path, b"{}".to_vec(), None)).await
    }

    /// Pauses a queue, and waits for so long until nothing of it runs any more.
    pub async fn drain(&self, queue: &str, wait: Duration) -> Result<Drained, Error> {
        let path = format!("/api/v1/queues/{}/drain", segment(queue)?);
        let call = Call::post(path, b"{}".to_vec(), None).held_for(wait);
        self.call(call.query("wait", wait.as_secs())).await
    }

    /// Cancels everything of a queue that has not ended.
    pub async fn purge(&self, queue: &str, reason: &str) -> Result<Operation, Error> {
        let purge = Purge { confirm: queue.to_owned(), reason: reason.to_owned() };
        let path = format!("/api/v1/queues/{}/purge", segment(queue)?);
        self.call(Call::post(path, body(&purge)?, None).held_for(PATIENCE)).await
    }

    /// What operators did, the latest first, up to so many.
    pub async fn trail(&self, limit: usize) -> Result<Vec<TrailEntry>, Error> {
        let (mut entries, mut cursor) = (Vec::new(), None);
        loop {
            let page: Trail = self.call(some("/api/v1/audit", limit - entries.len(), cursor)).await?;
            entries.extend(page.entries);
            cursor = page.next_cursor;
            if cursor.is_none() || entries.len() >= limit {
                return Ok(entries);
            }
        }
    }
}

fn some(path: &str, limit: usize, cursor: Option<String>) -> Call {
    let call = Call::get(path).query("limit", limit.clamp(1, 500));
    cursor.into_iter().fold(call, |call, cursor| call.query("cursor", cursor))
}
