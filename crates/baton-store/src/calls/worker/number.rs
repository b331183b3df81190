//! Faces `lua/worker/number.lua`. Repeatable: a repeat takes another number, and one is never used.

use baton_core::Shard;

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

impl Store {
    /// The next number for the id of a worker, from 1. A namespace whose data a newer release owns hands out none: that
    /// is a fault, as whoever asks cannot go on.
    pub async fn number_worker(&self) -> Result<u64, Error> {
        let call = Call::new("worker/number", [self.keys(Shard::FIRST)?.meta()]);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "numbered" => reply.parse(),
            "refused" => {
                let refused = Refused::read(&mut reply)?;
                Err(reply.fault(format!("it is refused: {}", refused.refusal)))
            }
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
