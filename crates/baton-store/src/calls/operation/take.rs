//! Faces `lua/operation/take.lua`. Sent once: one whose answer is lost waits until its lease is over, and is found again.

use baton_core::{OperationId, Shard, limits};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationTaken {
    Operation(OperationId),
    None,
    Refused(Refused),
}

impl Store {
    /// An operation to which nobody sees at this moment, if there is one; from now on the caller does.
    pub async fn take_operation(&self) -> Result<OperationTaken, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("operation/take", [keys.meta(), keys.operations_live()]);
        call.arg(self.now_argument()).arg(limits::OPERATION_LEASE_MS);
        let mut reply = self.run_once(&call).await?;
        match reply.text()?.as_str() {
            "taken" => Ok(OperationTaken::Operation(reply.parse()?)),
            "none" => Ok(OperationTaken::None),
            "refused" => Ok(OperationTaken::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
