//! Faces `lua/gateway/leave.lua`. Repeatable: who has left cannot leave again.

use baton_core::{GatewayId, Shard};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The answer to a gateway that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftFleet {
    Done { was_seen: bool },
    Refused(Refused),
}

impl Store {
    /// The gateway has ended in good order: nobody has to look for it.
    pub async fn leave_gateway(&self, gateway: &GatewayId) -> Result<LeftFleet, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("gateway/leave", [keys.meta(), keys.gateways(), keys.gateway(gateway)]);
        call.arg(gateway.as_str());
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "left" => Ok(LeftFleet::Done { was_seen: reply.text()? == "1" }),
            "refused" => Ok(LeftFleet::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
