//! Faces `lua/shard/behind.lua`. Repeatable: the first that comes through moves the place, and a repeat is `stale`.

use baton_core::{Refusal, Shard};

use super::super::Refused;
use crate::behind::{Place, Writes};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What follows from a piece of the stream.
#[derive(Clone, Debug)]
pub(crate) struct WriteBehind<'a> {
    pub(crate) from: Place,
    pub(crate) to: Place,
    /// Task events in it.
    pub(crate) counted: u64,
    pub(crate) writes: &'a Writes,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    Written {
        /// Nothing is left.
        whole: bool,
        /// Events that were trimmed away before anybody read them.
        missed: u64,
    },
    /// Another one was faster: nothing is written.
    Stale,
    /// A newer release owns the shard, and does this itself.
    TooNew,
}

impl Store {
    pub(crate) async fn put_behind(&self, shard: Shard, piece: &WriteBehind<'_>) -> Result<Behind, Error> {
        let keys = self.keys(shard)?;
        let mut call = Call::new("shard/behind", [keys.meta(), keys.events()]);
        call.arg(self.now_argument());
        for place in [&piece.from, &piece.to] {
            call.optional(place.entry.map(|entry| entry.to_string()));
            call.optional(place.part.map(|part| part.to_string()));
        }
        let writes = piece.writes.as_words();
        call.arg(piece.counted).arg(writes.len());
        for write in &writes {
            call.arg(write.verb).arg(write.key).arg(write.words.len());
            for word in &write.words {
                call.arg(word);
            }
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "written" => Ok(Behind::Written { whole: reply.flag()?, missed: reply.parse()? }),
            "stale" => Ok(Behind::Stale),
            "refused" => match Refused::read(&mut reply)?.refusal {
                Refusal::SchemaTooNew => Ok(Behind::TooNew),
                other => Err(reply.fault(format!("it refused: {other}"))),
            },
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
