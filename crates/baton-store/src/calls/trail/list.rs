//! Faces `lua/trail/list.lua`. It only reads.

use baton_core::Shard;

use super::super::page;
use crate::error::Error;
use crate::event::StreamId;
use crate::record::Fields;
use crate::run::Call;
use crate::store::Store;

/// One thing that an operator did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its first number is when, in ms.
    pub id: StreamId,
    pub action: String,
    pub by: Option<String>,
    pub address: Option<String>,
    pub subject: Option<String>,
    pub outcome: Option<String>,
    /// To how many tasks.
    pub count: Option<u64>,
    pub why: Option<String>,
    pub request: Option<String>,
}

fn entry(id: StreamId, fields: &mut Fields) -> Result<Entry, Error> {
    let mut text =
        |name: &str| Ok::<_, Error>(fields.optional(name)?.filter(|text: &String| !text.is_empty()));
    Ok(Entry {
        id,
        by: text("by")?,
        address: text("address")?,
        subject: text("subject")?,
        outcome: text("outcome")?,
        why: text("why")?,
        request: text("request")?,
        action: fields.required("action")?,
        count: fields.optional("count")?,
    })
}

impl Store {
    /// A page of the trail, the latest first.
    pub async fn trail(&self, before: Option<StreamId>, limit: u64) -> Result<Vec<Entry>, Error> {
        page(0, limit)?;
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("trail/list", [keys.meta(), keys.trail()]);
        call.optional(before.map(|before| before.to_string())).arg(limit);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let mut entries = Vec::new();
        while !reply.is_empty() {
            let id: StreamId = reply.parse()?;
            entries.push(entry(id, &mut Fields::new(format!("trail {id}"), reply.fields()?))?);
        }
        Ok(entries)
    }
}
