//! Faces `lua/operation/cancel.lua`. Repeatable: one that is being called off is left as it is.

use baton_core::{OperationId, Principal, Shard};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationCancelled {
    Done,
    Refused(Refused),
}

impl OperationCancelled {
    /// The detail of a refusal for its having come to its end.
    pub const ENDED: &'static str = "ended";
}

impl Store {
    /// Calls an operation off. The piece that is under way is finished.
    pub async fn cancel_operation(
        &self,
        id: &OperationId,
        by: Option<&Principal>,
    ) -> Result<OperationCancelled, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("operation/cancel", [keys.meta(), keys.operation(id)]);
        call.arg(self.now_argument()).arg(by.map_or("", Principal::as_str));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "cancelling" => Ok(OperationCancelled::Done),
            "refused" => Ok(OperationCancelled::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
