//! Faces `lua/kind/list.lua`. It only reads.

use baton_core::{Backoff, Kind, KindRules, Principal, Reasons, Shard};

use super::super::page;
use crate::error::Error;
use crate::record::{Fields, priority};
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// A kind of which something is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    pub kind: Kind,
    pub rules: KindRules,
    /// Rises with every change, also of one that was forgotten in between.
    pub version: u64,
    pub created_ms: u64,
    pub changed_ms: u64,
    pub changed_by: Option<Principal>,
}

/// A page of them.
pub type Kinds = Vec<Declared>;

fn backoff(fields: &mut Fields) -> Result<Option<Backoff>, Error> {
    let (Some(base), Some(cap)) = (fields.optional("backoff_ms")?, fields.optional("backoff_cap_ms")?) else {
        return Ok(None);
    };
    let backoff = Backoff::new(base, cap).ok();
    let grown = backoff.and_then(|backoff| backoff.growing_by(fields.or("backoff_factor", 2).ok()?));
    grown.map(Some).ok_or_else(|| Error::fault("a kind", "its backoff is none"))
}

fn reasons(fields: &mut Fields) -> Result<Vec<Reasons>, Error> {
    let text: String = fields
        .bytes("non_retryable")
        .map_or(Ok(String::new()), String::from_utf8)
        .map_err(|_| Error::fault("a kind", "its reasons are not text"))?;
    let each = text.lines().map(Reasons::new);
    each.collect::<Result<_, _>>().map_err(|error| Error::fault("a kind", format!("failed to {error}")))
}

impl Declared {
    fn read(reply: &mut Reply) -> Result<Declared, Error> {
        let kind: Kind = reply.parse()?;
        let fields = &mut Fields::new(format!("kind {kind}"), reply.fields()?);
        let priority = if fields.has("priority") { Some(priority(fields)?) } else { None };
        let rules = KindRules {
            priority,
            timeout_ms: fields.optional("timeout_ms")?,
            max_attempts: fields.optional("max_attempts")?,
            max_crashes: fields.optional("max_crashes")?,
            backoff: backoff(fields)?,
            non_retryable: reasons(fields)?,
            result_ttl_ms: fields.optional("result_ttl_ms")?,
        };
        Ok(Declared {
            kind,
            rules,
            version: fields.required("version")?,
            created_ms: fields.required("created_ms")?,
            changed_ms: fields.required("changed_ms")?,
            changed_by: fields.optional("changed_by")?,
        })
    }
}

impl Store {
    /// A page of the kinds of which something is said, in the order of the alphabet.
    pub async fn kinds(&self, after: Option<&Kind>, limit: u64) -> Result<Kinds, Error> {
        page(0, limit)?;
        self.read_kinds("after", after.map_or("", Kind::as_str), limit).await
    }

    /// What is said of one kind, if anything.
    pub async fn kind(&self, kind: &Kind) -> Result<Option<Declared>, Error> {
        Ok(self.read_kinds("only", kind.as_str(), 1).await?.into_iter().next())
    }

    async fn read_kinds(&self, which: &str, name: &str, limit: u64) -> Result<Kinds, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("kind/list", [keys.meta(), keys.kinds()]);
        call.arg(which).arg(name).arg(limit);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let mut kinds = Vec::new();
        while !reply.is_empty() {
            kinds.push(Declared::read(&mut reply)?);
        }
        Ok(kinds)
    }
}
