//! Faces `lua/gateway/list.lua`. It only reads.

use std::collections::BTreeMap;

use baton_core::{GatewayId, Shard};

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A gateway that was seen lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    pub id: GatewayId,
    /// When it last said that it is there, by Redis's clock.
    pub seen_ms: u64,
    /// What it said then.
    pub report: BTreeMap<String, String>,
}

/// Those that were seen lately, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gateways {
    /// Redis's clock.
    pub now_ms: u64,
    pub gateways: Vec<Gateway>,
}

impl Store {
    pub async fn gateways(&self) -> Result<Gateways, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("gateway/list", [keys.meta(), keys.gateways()]);
        call.arg(self.now_argument());
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let now_ms = reply.parse()?;
        let mut gateways = Vec::new();
        while !reply.is_empty() {
            let (id, seen_ms, report) = (reply.lossy()?, reply.lossy()?, reply.record()?);
            // What another hand wrote there hides none of the others.
            if let (Ok(id), Ok(seen_ms)) = (GatewayId::new(&id), seen_ms.parse()) {
                gateways.push(Gateway { id, seen_ms, report });
            }
        }
        gateways.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Gateways { now_ms, gateways })
    }
}
