//! Faces `lua/shard/ends.lua`. It only reads.

use baton_core::Shard;

use crate::error::Error;
use crate::event::StreamId;
use crate::run::Call;
use crate::store::Store;

/// Where the stream of a shard begins and ends now; it is trimmed from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamEnds {
    pub first: Option<StreamId>,
    pub last: Option<StreamId>,
    /// How many entries it has.
    pub length: u64,
}

impl Store {
    /// The first and the last entry of the stream, seen at one moment.
    pub async fn stream_ends(&self, shard: Shard) -> Result<StreamEnds, Error> {
        let keys = self.keys(shard)?;
        let mut reply = self.run(&Call::new("shard/ends", [keys.meta(), keys.events()])).await?;
        match reply.text()?.as_str() {
            "ends" => {
                Ok(StreamEnds { length: reply.parse()?, first: reply.optional()?, last: reply.optional()? })
            }
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
