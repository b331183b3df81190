//! The examination of a whole deployment: what the store sees in Redis, how the fleet does, and what this gateway knows of
//! itself. `GET /api/v1/doctor`, the page and `baton doctor` ask here.

mod fleet;
mod gateways;
mod own;

use std::time::Duration;

use baton_api::Timestamp;
use baton_api::doctor::Doctor;
use baton_core::doctor::{Check, Finding, worst};
use baton_store::{Error, Store, examine};

use crate::app::App;
use crate::clock;

/// For one check.
const PATIENCE: Duration = Duration::from_secs(3);

/// Looks at what a store leads to. `own`: the gateway that looks, if it is one.
pub async fn examine(store: &Store, own: Option<&App>) -> Doctor {
    let (at_ms, began) = (clock::now_ms(), clock::instant());
    let examine::Examined { answers, mut findings } = store.examine().await;
    findings.extend(match answers {
        true => {
            let (fleet, gateways) = tokio::join!(fleet::look(store), gateways::look(store));
            [fleet, gateways].concat()
        }
        false => fleet::CHECKS.into_iter().chain(gateways::CHECKS).map(examine::not_asked).collect(),
    });
    if let Some(app) = own {
        findings.extend(own::look(app, answers).await);
    }
    Doctor {
        verdict: worst(&findings).into(),
        at: Timestamp::from_ms(at_ms),
        took_ms: began.elapsed().as_millis() as u64,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        checks: findings.into_iter().map(Into::into).collect(),
    }
}

/// One look, within its time.
async fn within(check: Check, look: impl Future<Output = Result<Finding, Error>>) -> Finding {
    let again = "ask again; if it stays so, look at Redis";
    match tokio::time::timeout(PATIENCE, look).await {
        Ok(Ok(finding)) => finding,
        Ok(Err(error)) => check.unknown(format!("not seen: failed to {error}"), again),
        Err(_) => check.unknown(format!("no answer within {} s", PATIENCE.as_secs()), again),
    }
}
