//! Faces `lua/error/silenced.lua`. It only reads.

use std::collections::BTreeMap;

use baton_core::{Fingerprint, Principal, Shard};

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A group of failures draws no attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    pub since_ms: u64,
    /// `None`: until it is taken back.
    pub until_ms: Option<u64>,
    pub by: Option<Principal>,
    pub reason: String,
}

impl Store {
    /// The groups that are silenced now.
    pub async fn silences(&self) -> Result<BTreeMap<Fingerprint, Silence>, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("error/silenced", [keys.meta(), keys.silences()]);
        call.arg(self.now_argument());
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let mut silences = BTreeMap::new();
        while !reply.is_empty() {
            let fingerprint = reply.parse()?;
            let (since_ms, until_ms) = (reply.parse()?, reply.optional()?);
            let silence = Silence { since_ms, until_ms, by: reply.optional()?, reason: reply.lossy()? };
            silences.insert(fingerprint, silence);
        }
        Ok(silences)
    }
}
