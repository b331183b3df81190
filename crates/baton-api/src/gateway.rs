//! The gateways of a fleet, as they write themselves down.

use baton_core::GatewayId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, schemas, text};

/// The gateways that were seen within the last hour and have not taken their leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gateways {
    /// By id.
    pub gateways: Vec<Gateway>,
}

/// One process that serves HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gateway {
    /// Its host and chance: each process has one of its own.
    #[serde(with = "text")]
    #[schema(schema_with = schemas::gateway)]
    pub id: GatewayId,
    pub state: GatewayState,
    /// It is the one that answers this request.
    pub asked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<String>,
    /// Where it listens, as it sees itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Of which source it was built, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// One short word for all scripts that it brings: gateways with the same one do the same in Redis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scripts: Option<String>,
    /// `required`: only those with a credential may ask; `none`: everyone who reaches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<String>,
    /// By Redis's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub began_at: Option<Timestamp>,
    /// How long ago it was last heard of.
    pub heartbeat_age_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<GatewayClock>,
}

/// How a gateway does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GatewayState {
    Serving,
    /// It is about to end: it takes nothing new.
    Draining,
    /// It has not been heard of for half a minute, and has not taken its leave.
    Silent,
}

impl GatewayState {
    pub const ALL: [GatewayState; 3] = [GatewayState::Serving, GatewayState::Draining, GatewayState::Silent];

    pub fn as_str(self) -> &'static str {
        match self {
            GatewayState::Serving => "serving",
            GatewayState::Draining => "draining",
            GatewayState::Silent => "silent",
        }
    }
}

/// The clock of a gateway's host against that of Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GatewayClock {
    /// By how much it is ahead; below zero it is behind.
    pub ahead_ms: i64,
    /// How exact that is: half of the way to Redis and back.
    pub within_ms: u64,
}
