//! What a worker says over HTTP, for one that is not made with [`Worker`](crate::Worker).

use std::time::Duration;

use baton_api::lease::{Complete, Outcome};
use baton_api::worker::{Claim, Claimed, Claims, Leave, Left, Register, Registered};
use baton_core::TaskId;

use super::Client;
use super::call::Call;
use super::read::segment;
use super::submit::body;
use crate::error::Error;

impl Client {
    /// Introduces a worker. One that is to be repeated after a crash names its id and its boot.
    pub async fn register(&self, worker: &Register) -> Result<Registered, Error> {
        self.call(Call::post("/api/v1/workers/register", body(worker)?, None)).await
    }

    /// Claims tasks for a worker, one unless it says how many, and waits so long until there are some; none where none came.
    pub async fn claim(&self, worker: &str, claim: &Claim, wait: Duration) -> Result<Vec<Claimed>, Error> {
        let path = format!("/api/v1/workers/{}/claim", segment(worker)?);
        let claim = Claim { max: claim.max.or(Some(1)), ..claim.clone() };
        let call = Call::post(path, body(&claim)?, None).query("wait", wait.as_secs()).held_for(wait);
        let claims: Option<Claims> = self.call_or_nothing(call).await?;
        Ok(claims.map_or_else(Vec::new, |claims| claims.tasks))
    }

    /// Reports that a task is done.
    pub async fn complete(&self, task: TaskId, report: &Complete) -> Result<Outcome, Error> {
        self.call(Call::post(format!("/api/v1/leases/{task}/complete"), body(report)?, None)).await
    }

    /// A worker leaves; what it holds goes back.
    pub async fn leave(&self, worker: &str, leave: &Leave) -> Result<Left, Error> {
        let call = Call {
            body: Some(body(leave)?),
            ..Call::delete(format!("/api/v1/workers/{}", segment(worker)?))
        };
        self.call(call).await
    }
}
