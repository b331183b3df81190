//! Faces `lua/token/attempt.lua`, whose answers are `"ok"` and `"wait"`. A repeat after a lost answer counts twice, at
//! worst.

use baton_core::login::UserTag;

use super::gate::{self, Gate, Gated};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A try to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    Begin,
    Failed,
    Succeeded,
}

impl Store {
    /// Begins a try to log in as this user, or notes how one ended.
    pub async fn attempt(&self, tag: UserTag, gate: Gate, attempt: Attempt) -> Result<Gated, Error> {
        let keys = self.logins().of_user(tag);
        let mut call = Call::new("token/attempt", [keys.gate(), keys.failures()]);
        call.arg(match attempt {
            Attempt::Begin => "begin",
            Attempt::Failed => "failed",
            Attempt::Succeeded => "succeeded",
        });
        call.arg(gate.every_ms).arg(gate.burst).arg(self.now_argument());
        gate::read(self.run_soon(&call).await?)
    }
}
