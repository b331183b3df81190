//! Faces `lua/kind/remove.lua`. Repeatable: a repeat finds nothing said.

use baton_core::{Kind, Principal, Refusal, Shard};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KindRemoved {
    Done,
    /// It has a later version than the caller knows.
    Stale {
        version: u64,
    },
    Refused(Refused),
}

impl Store {
    /// Forgets what is said of a kind up to this version, in every shard. The first one comes last, so that a call which was
    /// cut off still finds there what it is to forget.
    pub async fn remove_kind(
        &self,
        kind: &Kind,
        version: u64,
        by: Option<&Principal>,
    ) -> Result<KindRemoved, Error> {
        for shard in self.shards().all().filter(|shard| *shard != Shard::FIRST) {
            match self.remove_kind_in(shard, kind, version, by).await? {
                KindRemoved::Refused(refused) if refused.refusal != Refusal::UnknownKind => {
                    return Ok(KindRemoved::Refused(refused));
                }
                // Somebody says it anew at this moment.
                KindRemoved::Done | KindRemoved::Stale { .. } | KindRemoved::Refused(_) => {}
            }
        }
        self.remove_kind_in(Shard::FIRST, kind, version, by).await
    }

    async fn remove_kind_in(
        &self,
        shard: Shard,
        kind: &Kind,
        version: u64,
        by: Option<&Principal>,
    ) -> Result<KindRemoved, Error> {
        let keys = self.keys(shard)?;
        let names = [keys.meta(), keys.events(), keys.kinds(), keys.kind(kind)];
        let mut call = Call::new("kind/remove", names);
        call.arg(kind.as_str()).arg(by.map_or("", Principal::as_str)).arg(version);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "removed" => Ok(KindRemoved::Done),
            "stale" => Ok(KindRemoved::Stale { version: reply.parse()? }),
            "refused" => Ok(KindRemoved::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
