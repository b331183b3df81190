//! Faces `lua/shard/cascade.lua`. Repeatable: what has been passed on is off the list, so a second call takes the next piece.

use baton_core::{Refusal, Shard};
use deadpool_redis::redis::{Cmd, FromRedisValue};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

impl Store {
    /// How many ends and flows of a shard are still to be passed on.
    pub async fn cascades(&self, shard: Shard) -> Result<u64, Error> {
        let mut command = Cmd::new();
        command.arg("ZCARD").arg(self.keys(shard)?.cascades());
        let counted = u64::from_redis_value(self.send(&command, None).await?);
        counted.map_err(|error| Error::fault("cascades", error.to_string()))
    }

    /// Passes a bounded piece of the ends of a shard on to those that wait for them; answers whether some are left.
    pub async fn cascade(&self, shard: Shard) -> Result<bool, Error> {
        let keys = self.keys(shard)?;
        let mut call =
            Call::new("shard/cascade", [keys.meta(), keys.events(), keys.cascades(), keys.drafts()]);
        call.arg(self.now_argument());
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "cascaded" => reply.flag(),
            "refused" => match Refused::read(&mut reply)?.refusal {
                // A newer release owns the shard, and passes its ends on itself.
                Refusal::SchemaTooNew => Ok(false),
                other => Err(reply.fault(format!("it refused: {other}"))),
            },
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
