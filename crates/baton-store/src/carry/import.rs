//! Puts a namespace together. Until it is whole, its records name a schema that no release knows: whoever opens it is refused, and
//! every call of a process that runs is, too.

use std::collections::BTreeMap;

use baton_core::{Shard, limits::SCHEMA_IMPORTING};
use deadpool_redis::redis::Cmd;

use super::{Carried, Origin, ShardSum, Write, writes};
use crate::calls::namespace::import::{Step, Stepped};
use crate::calls::shard::import::PieceIn;
use crate::clock::random;
use crate::error::Error;
use crate::families::{Family, Of};
use crate::keys::namespace_meta;
use crate::store::Store;

/// Parents that did not come, of which edges are forgotten at once.
const PARENTS: &str = "9";
/// How much a piece has, but for a single task that is larger.
const PIECE_WRITES: usize = 200;
const PIECE_BYTES: usize = 256 * 1024;

/// Whether an import may begin.
#[derive(Debug)]
pub enum Begun {
    Import(Box<Import>),
    /// There is something already, such as this key.
    NotEmpty(String),
    /// Another import has begun, and has not come to its end.
    Importing,
}

/// Why an import does not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum NotWhole {
    #[error("go on with the import: {0}")]
    Refused(String),
    #[error("go on with the import")]
    Store(#[from] Error),
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub tasks: u64,
    pub keys: u64,
    /// Tasks that came once more, and of which the first counts.
    pub repeated: u64,
}

#[derive(Debug, Default)]
struct Piece {
    /// Of those that are in.
    number: u64,
    writes: Vec<Write>,
    bytes: usize,
}

/// A namespace that is being made.
#[derive(Debug)]
pub struct Import {
    store: Store,
    name: String,
    now_ms: u64,
    pieces: BTreeMap<Shard, Piece>,
    sum: Imported,
}

impl Import {
    /// Marks the namespace, if there is nothing in it. With `over` what an import left that came to nothing is removed first.
    pub async fn begin(store: &Store, origin: &Origin, over: bool) -> Result<Begun, Error> {
        let meta = namespace_meta(store.namespace());
        let schema: Option<u64> = store.question(&["HGET", &meta, "schema"]).await?;
        let is_marked = schema == Some(SCHEMA_IMPORTING);
        if is_marked && !over {
            return Ok(Begun::Importing);
        }
        let name = format!("{:016x}", random());
        let import = Import {
            store: store.clone(),
            name,
            now_ms: match store.now_argument().parse() {
                Ok(injected_ms) => injected_ms,
                Err(_) => store.server_ms().await?,
            },
            pieces: BTreeMap::new(),
            sum: Imported::default(),
        };
        if !is_marked && let Some(key) = store.first_key().await? {
            return Ok(Begun::NotEmpty(key));
        }
        let step = if is_marked { Step::Over } else { Step::Begin };
        if !import.mark(step, &origin.store_id).await? {
            return Ok(Begun::Importing);
        }
        // From the mark on the other one writes nothing more, if it is still at it.
        if is_marked {
            import.clear().await?;
        }
        Ok(Begun::Import(Box::new(import)))
    }

    /// Whether it is ours.
    async fn mark(&self, step: Step, store_id: &str) -> Result<bool, Error> {
        let meta = namespace_meta(self.store.namespace());
        let Stepped::Begun { store_id } = self.store.import_step(meta, step, &self.name, store_id).await?
        else {
            return Ok(false);
        };
        for shard in self.store.shards().all() {
            let meta = self.store.keys(shard)?.meta();
            let Stepped::Begun { .. } = self.store.import_step(meta, step, &self.name, &store_id).await?
            else {
                return Ok(false);
            };
        }
        Ok(true)
    }

    /// Everything of the shards but their records, which keep everybody away meanwhile.
    async fn clear(&self) -> Result<(), Error> {
        let start = format!("{}:{{", self.store.namespace());
        let mut cursor = "0".to_owned();
        loop {
            let (next, keys) = self.store.scan(&cursor, &start).await?;
            let mut command = Cmd::new();
            command.arg("UNLINK");
            let ours = keys.iter().filter(|key| self.store.is_of_import(key)).collect::<Vec<_>>();
            ours.iter().for_each(|key| {
                command.arg(key.as_slice());
            });
            if !ours.is_empty() {
                self.store.send(&command, None).await?;
            }
            cursor = next;
            if cursor == "0" {
                return Ok(());
            }
        }
    }

    /// Takes the next line. What it makes is written with the next piece.
    pub async fn put(&mut self, carried: Carried) -> Result<(), NotWhole> {
        let shard = carried.shard();
        match carried {
            Carried::Key(_) => self.sum.keys += 1,
            Carried::Task(_) => self.sum.tasks += 1,
        }
        let writes = writes::of(carried, self.now_ms);
        let bytes: usize = writes.iter().map(Write::bytes).sum();
        let piece = self.pieces.entry(shard).or_default();
        // All of a task stands in one piece.
        let full = piece.writes.len() + writes.len() > PIECE_WRITES || piece.bytes + bytes > PIECE_BYTES;
        if full {
            self.send(shard).await?;
        }
        let piece = self.pieces.entry(shard).or_default();
        piece.writes.extend(writes);
        piece.bytes += bytes;
        Ok(())
    }

    async fn send(&mut self, shard: Shard) -> Result<(), NotWhole> {
        let piece = self.pieces.entry(shard).or_default();
        let writes = std::mem::take(&mut piece.writes);
        piece.bytes = 0;
        if writes.is_empty() {
            return Ok(());
        }
        piece.number += 1;
        let number = piece.number;
        match self.store.import_piece(shard, &self.name, number, &writes).await? {
            PieceIn::Imported { known } => {
                self.sum.tasks -= known;
                self.sum.repeated += known;
                Ok(())
            }
            PieceIn::Refused(refused) => {
                let detail = refused.detail.unwrap_or_default();
                Err(NotWhole::Refused(format!("{} {detail}", refused.refusal.code()).trim_end().to_owned()))
            }
        }
    }

    /// Everything has come: the namespace is whole, and open.
    pub async fn finish(mut self, sums: &[ShardSum]) -> Result<Imported, NotWhole> {
        for shard in self.store.shards().all() {
            self.send(shard).await?;
            match sums.iter().any(|sum| sum.shard == shard && sum.still) {
                true => self.check_keys(shard).await?,
                false => self.mend(shard).await?,
            }
            self.check_parents(shard).await?;
            self.note_lack(shard).await?;
        }
        // The namespace last: whoever opens it asks its record first.
        for shard in self.store.shards().all() {
            let meta = self.store.keys(shard)?.meta();
            self.end(meta).await?;
        }
        self.end(namespace_meta(self.store.namespace())).await?;
        Ok(self.sum)
    }

    async fn end(&self, meta: String) -> Result<(), NotWhole> {
        match self.store.import_step(meta, Step::End, &self.name, "").await? {
            Stepped::Whole => Ok(()),
            other => Err(NotWhole::Refused(format!("it is not ours to end: {other:?}"))),
        }
    }

    async fn check_keys(&self, shard: Shard) -> Result<(), NotWhole> {
        let meta = self.store.keys(shard)?.meta();
        let doubled: Option<String> = self.store.question(&["HGET", &meta, "doubled"]).await?;
        doubled.map_or(Ok(()), |id| {
            Err(NotWhole::Refused(format!("duplicate_key: {id} has the key of another task that lives")))
        })
    }

    /// Of a shard that counts events and has no stream an audit asks whether it came without.
    async fn note_lack(&mut self, shard: Shard) -> Result<(), NotWhole> {
        let keys = self.store.keys(shard)?;
        let told: Option<String> = self.store.question(&["HGET", &keys.meta(), "events"]).await?;
        let there: u64 = self.store.question(&["EXISTS", &keys.events()]).await?;
        if there == 0 && told.is_some_and(|count| count != "0") {
            let mark = vec![b"imported_ms".to_vec(), self.now_ms.to_string().into_bytes()];
            self.pieces.entry(shard).or_default().writes.push(Write::new("hash", "meta", mark));
            self.send(shard).await?;
        }
        Ok(())
    }

    async fn check_parents(&self, shard: Shard) -> Result<(), NotWhole> {
        let importing = self.store.keys(shard)?.importing();
        let missing: Vec<String> = self.store.question(&["ZRANGE", &importing, "0", "0"]).await?;
        match missing.first() {
            Some(id) => Err(NotWhole::Refused(format!("the parent {id} of some task did not come along"))),
            None => Ok(()),
        }
    }

    /// Where things happened while the export was made: a stream that begins here, edges to parents that did not come, and flows
    /// against their tasks.
    async fn mend(&mut self, shard: Shard) -> Result<(), NotWhole> {
        let meta = self.store.keys(shard)?.meta();
        let events: Option<String> = self.store.question(&["HGET", &meta, "events"]).await?;
        let mark = vec![
            events.unwrap_or_else(|| "0".to_owned()).into_bytes(),
            format!("{}-0", self.now_ms).into_bytes(),
        ];
        let missed = vec![b"behind_missed".to_vec(), b"1".to_vec()];
        let writes = &mut self.pieces.entry(shard).or_default().writes;
        writes.push(Write::new("zset", "events:marks", mark));
        writes.push(Write::new("hash", "meta", missed));
        self.send(shard).await?;
        self.forget_parents(shard).await?;
        self.mend_flows(shard).await
    }

    async fn forget_parents(&mut self, shard: Shard) -> Result<(), NotWhole> {
        let importing = self.store.keys(shard)?.importing();
        loop {
            let missing: Vec<String> = self.store.question(&["ZRANGE", &importing, "0", PARENTS]).await?;
            if missing.is_empty() {
                return Ok(());
            }
            let writes = missing.iter().map(|id| Write::new("forget", &format!("task:{id}"), Vec::new()));
            self.pieces.entry(shard).or_default().writes.extend(writes);
            self.send(shard).await?;
        }
    }

    /// A scan, because some are removed on the way.
    async fn mend_flows(&mut self, shard: Shard) -> Result<(), NotWhole> {
        let flows = self.store.keys(shard)?.flows();
        let (mut cursor, most) = ("0".to_owned(), PIECE_WRITES.to_string());
        loop {
            let (next, found): (String, Vec<(String, String)>) =
                self.store.question(&["ZSCAN", &flows, &cursor, "COUNT", &most]).await?;
            let writes =
                found.iter().map(|(flow, _)| Write::new("flow", &format!("flow:{flow}"), Vec::new()));
            self.pieces.entry(shard).or_default().writes.extend(writes);
            self.send(shard).await?;
            cursor = next;
            if cursor == "0" {
                return Ok(());
            }
        }
    }
}

impl Store {
    /// A key of tasks, if there is any. The records of an empty namespace, and logins, are none.
    async fn first_key(&self) -> Result<Option<String>, Error> {
        let start = format!("{}:", self.namespace());
        let mut cursor = "0".to_owned();
        loop {
            let (next, keys) = self.scan(&cursor, &start).await?;
            if let Some(key) = keys.iter().find(|key| self.is_of_import(key)) {
                return Ok(Some(String::from_utf8_lossy(key).into_owned()));
            }
            cursor = next;
            if cursor == "0" {
                return Ok(None);
            }
        }
    }

    /// Neither a record of the namespace or a shard, nor of logins, nor a hint to somebody who waits for tasks.
    fn is_of_import(&self, key: &[u8]) -> bool {
        let known = std::str::from_utf8(key).ok().and_then(|key| Family::of(self.namespace(), key));
        known.is_none_or(|known| {
            known.family.of == Of::Shard && !["meta", "hints:<queue>"].contains(&known.family.pattern)
        })
    }
}
