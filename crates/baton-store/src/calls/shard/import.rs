//! Faces `lua/shard/import.lua`. Repeatable: a piece that is in is known by its number.

use baton_core::Shard;

use super::super::Refused;
use crate::carry::Write;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PieceIn {
    /// So many of its tasks had come before.
    Imported {
        known: u64,
    },
    Refused(Refused),
}

impl Store {
    pub(crate) async fn import_piece(
        &self,
        shard: Shard,
        import: &str,
        piece: u64,
        writes: &[Write],
    ) -> Result<PieceIn, Error> {
        let keys = self.keys(shard)?;
        let mut call = Call::new("shard/import", [keys.meta(), keys.events(), keys.importing()]);
        call.arg(self.now_argument()).arg(import).arg(piece).arg(writes.len());
        for write in writes {
            call.arg(write.verb).arg(&write.key).arg(write.words.len());
            for word in &write.words {
                call.arg(word);
            }
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "imported" => Ok(PieceIn::Imported { known: reply.parse()? }),
            "refused" => Ok(PieceIn::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
