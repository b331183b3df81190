//! Faces `lua/gateway/seen.lua`. Repeatable: a repeat says the same once more.

use baton_core::{GatewayId, Shard};

use super::super::{Refused, bounded, check_about};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A gateway is there.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    pub gateway: &'a GatewayId,
    /// What it has to say; never nothing.
    pub report: &'a [(&'a str, String)],
}

/// The answer to a gateway that says that it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WasSeen {
    At {
        /// Redis's clock.
        now_ms: u64,
    },
    Refused(Refused),
}

impl Store {
    /// Writes down that a gateway is there. Asked once: the next beat says it anew.
    pub async fn see_gateway(&self, seen: &Seen<'_>) -> Result<WasSeen, Error> {
        bounded("fields of a report", seen.report.len(), 32)?;
        seen.report.iter().try_for_each(|(field, value)| check_about(field, value, &[]))?;
        if seen.report.is_empty() {
            return Err(Error::invalid("a report", "it says nothing"));
        }
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("gateway/seen", [keys.meta(), keys.gateways(), keys.gateway(seen.gateway)]);
        call.arg(self.now_argument()).arg(seen.gateway.as_str()).arg(seen.report.len());
        for (field, value) in seen.report {
            call.arg(*field).arg(value.as_str());
        }
        let mut reply = self.run_once(&call).await?;
        match reply.text()?.as_str() {
            "seen" => Ok(WasSeen::At { now_ms: reply.parse()? }),
            "refused" => Ok(WasSeen::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
