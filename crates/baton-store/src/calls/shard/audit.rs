//! Faces `lua/shard/audit.lua`. It only reads.

use baton_core::Shard;

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A counter that is not what it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miscounted {
    pub queue: String,
    /// `running`, `scheduled` or `group <group>`.
    pub what: String,
    pub said: String,
    pub there: u64,
}

/// What came of counting anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// What differs, at one moment.
    All(Vec<Miscounted>),
    /// There is more than may be counted at once.
    TooMany(u64),
}

impl Store {
    /// The counters of all queues against what they count, where there are no more than so many tasks, holders and queues.
    pub async fn audit_counters(&self, shard: Shard, limit: u64) -> Result<Counted, Error> {
        let keys = self.keys(shard)?;
        let named = [keys.meta(), keys.leases(), keys.workers(), keys.scheduled(), keys.queues()];
        let mut call = Call::new("shard/audit", named);
        call.arg(limit);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "counted" => {}
            "too_many" => return Ok(Counted::TooMany(reply.parse()?)),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let mut wrong = Vec::new();
        while !reply.is_empty() {
            wrong.push(Miscounted {
                queue: reply.lossy()?,
                what: reply.lossy()?,
                said: reply.lossy()?,
                there: reply.parse()?,
            });
        }
        Ok(Counted::All(wrong))
    }
}
