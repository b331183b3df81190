//! One act on many tasks. It is an operation in Redis before the first task is touched, so it belongs to no process: whichever
//! gateway finds one to which nobody sees goes on with it, a piece of a hundred tasks at a time.
//!
//! A piece is noted, then carried out under an op id of its own, then counted together with the next one. Whoever repeats a
//! piece after a crash gets the answers of the first time, so a task counts once and is moved once.

mod drive;
mod foresee;
mod place;
mod plan;
mod walk;

use std::time::Duration;

use baton_core::limits;
use baton_store::calls::operation::OperationTaken;

use crate::app::App;
use crate::clock;

pub(crate) use drive::drive;
pub(crate) use foresee::{counted, foresee};
pub(crate) use place::Place;
pub(crate) use plan::Plan;

/// How often a gateway looks for an operation to which nobody sees. The one that began it goes on at once.
const LOOK_EVERY_MS: u64 = 2_000;

/// Goes on with operations until the gateway drains. One that is under way then is taken by another gateway.
pub async fn run(app: App) {
    loop {
        let jitter_ms = clock::random() % (LOOK_EVERY_MS / 4);
        tokio::select! {
            () = app.draining.cancelled() => return,
            () = app.operations.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS - jitter_ms)) => {}
        }
        while !app.draining.is_cancelled() && take_one(&app).await {}
    }
}

/// Answers whether there may be more.
async fn take_one(app: &App) -> bool {
    let id = match app.store.take_operation().await {
        Ok(OperationTaken::Operation(id)) => id,
        Ok(OperationTaken::None) => return false,
        Ok(OperationTaken::Refused(refused)) => {
            tracing::warn!(refusal = %refused.refusal, "operations are not ours to go on with");
            return false;
        }
        Err(error) => {
            tracing::debug!(%error, "no operation could be looked for");
            return false;
        }
    };
    match drive(app, &id, u64::MAX, limits::OPERATION_LEASE_MS).await {
        Ok(driven) => tracing::info!(operation = %id, ?driven, "went on with an operation"),
        // It is found again when its lease is over.
        Err(fail) => tracing::warn!(operation = %id, code = %fail.code, "an operation could not go on"),
    }
    true
}
