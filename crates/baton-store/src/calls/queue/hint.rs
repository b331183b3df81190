//! Faces `lua/queue/hint.lua`. Repeatable: a hint too many wakes somebody in vain.

use baton_core::{QueueName, Shard};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The answer to a hint that is handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassedOn {
    Done,
    Refused(Refused),
}

impl Store {
    /// Hands on a hint that its taker cannot use, to one who waits now or to the next.
    pub async fn pass_hint(&self, shard: Shard, queue: &QueueName) -> Result<PassedOn, Error> {
        let keys = self.keys(shard)?;
        let mut call = Call::new("queue/hint", [keys.meta(), keys.events()]);
        call.arg(queue.as_str());
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "hinted" => Ok(PassedOn::Done),
            "refused" => Ok(PassedOn::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
