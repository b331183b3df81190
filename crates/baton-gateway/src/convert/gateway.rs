//! Gateways, as they wrote themselves down.

use std::collections::BTreeMap;

use baton_api::Timestamp;
use baton_api::gateway::{Gateway, GatewayClock, GatewayState, Gateways};
use baton_core::{GatewayId, limits};
use baton_store::calls::gateway as stored;

/// `asked`: the one that answers, if a gateway does.
pub(crate) fn gateways(seen: stored::Gateways, asked: Option<&GatewayId>) -> Gateways {
    let now_ms = seen.now_ms;
    let one = |seen: stored::Gateway| Gateway { asked: asked == Some(&seen.id), ..gateway(seen, now_ms) };
    Gateways { gateways: seen.gateways.into_iter().map(one).collect() }
}

fn gateway(seen: stored::Gateway, now_ms: u64) -> Gateway {
    let heartbeat_age_ms = now_ms.saturating_sub(seen.seen_ms);
    let mut report = seen.report;
    let mut text = |name: &str| report.remove(name).filter(|text| !text.is_empty());
    let is_ending = text("draining").is_some();
    Gateway {
        id: seen.id,
        state: match heartbeat_age_ms > limits::GATEWAY_SILENT_MS {
            true => GatewayState::Silent,
            false if is_ending => GatewayState::Draining,
            false => GatewayState::Serving,
        },
        asked: false,
        host: text("host"),
        pid: text("pid"),
        address: text("address"),
        version: text("version"),
        revision: text("revision"),
        scripts: text("scripts"),
        auth: text("auth"),
        began_at: text("began_ms").and_then(|ms| ms.parse().ok()).map(Timestamp::from_ms),
        heartbeat_age_ms,
        clock: clock(&report),
    }
}

fn clock(report: &BTreeMap<String, String>) -> Option<GatewayClock> {
    let ahead_ms = report.get("ahead_ms")?.parse().ok()?;
    Some(GatewayClock { ahead_ms, within_ms: report.get("within_ms")?.parse().ok()? })
}
