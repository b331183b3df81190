//! Faces `lua/shard/repair.lua`. A repeat finds nothing left to mend.

use baton_core::{Principal, Shard};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What can be mended without a guess.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mend {
    /// An entry of an index, named behind the prefix of its shard, that names no task.
    Entry { index: String, member: String },
    /// The lease of a holder whose boot is past and that holds nothing.
    Lease { holder: String },
    /// The counters of a queue.
    Counters { queue: String },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repaired {
    Done,
    /// It is not so any more.
    Sound,
    /// More than may be counted at once.
    TooMany(u64),
    Refused(Refused),
}

impl Store {
    /// Mends one thing, if it is still wrong; the stream tells of it.
    pub async fn repair(
        &self,
        shard: Shard,
        by: &Principal,
        mend: &Mend,
        limit: u64,
    ) -> Result<Repaired, Error> {
        let keys = self.keys(shard)?;
        let named = [keys.meta(), keys.events(), keys.leases(), keys.workers(), keys.scheduled()];
        let (what, name, member) = match mend {
            Mend::Entry { index, member } => ("entry", index.as_str(), member.as_str()),
            Mend::Lease { holder } => ("lease", holder.as_str(), ""),
            Mend::Counters { queue } => ("counters", queue.as_str(), ""),
        };
        let mut call = Call::new("shard/repair", named);
        call.arg(self.now_argument()).arg(by.as_str()).arg(what).arg(name).arg(member).arg(limit);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "repaired" => Ok(Repaired::Done),
            "sound" => Ok(Repaired::Sound),
            "too_many" => Ok(Repaired::TooMany(reply.parse()?)),
            "refused" => Ok(Repaired::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
