//! The lines of an export: named fields, for people and `jq`. What is no text is `{"base64": …}`; nothing is rounded, because
//! every number of Redis stays the text that it is there.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use baton_core::Shard;
use baton_store::carry::{
    Beside, Carried, CarriedKey, CarriedTask, Edge, EdgeState, Origin, Pairs, ShardSum, Value,
};
use serde::{Deserialize, Serialize};

/// The form of these lines. Another number is refused.
pub(super) const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// The first line.
    BatonExport(Header),
    Key(KeyLine),
    Task(TaskLine),
    /// The last line: without it an export is not whole.
    End(End),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: u32,
    pub(super) schema: u64,
    pub(super) namespace: String,
    pub(super) shards: u16,
    pub(super) store_id: String,
    pub(super) exported_ms: u64,
    pub(super) exported_at: String,
    pub(super) version: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyLine {
    shard: String,
    name: String,
    value: ValueForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskLine {
    id: String,
    fields: BTreeMap<String, Text>,
    score: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    waits: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parents: Vec<EdgeForm>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    beside: BTreeMap<String, ValueForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EdgeForm {
    id: String,
    state: StateForm,
    order: String,
    child_order: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateForm {
    Open,
    Held,
    Closed,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) lines: u64,
    pub(super) tasks: u64,
    pub(super) shards: Vec<SumForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SumForm {
    shard: String,
    pub(super) tasks: u64,
    pub(super) keys: u64,
    /// Tasks that nobody could read.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(super) broken: u64,
    pub(super) still: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ValueForm {
    String(Text),
    Hash(BTreeMap<String, Text>),
    /// A hash with a field whose name is no text.
    Pairs(Vec<(Text, Text)>),
    Zset(Vec<(Text, String)>),
    Stream(Vec<(String, Vec<(Text, Text)>)>),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Bytes(Base64),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Base64 {
    base64: String,
}

impl Text {
    fn of(bytes: Vec<u8>) -> Text {
        match String::from_utf8(bytes) {
            Ok(text) => Text::Plain(text),
            Err(error) => Text::Bytes(Base64 { base64: STANDARD.encode(error.as_bytes()) }),
        }
    }

    fn bytes(self) -> Result<Vec<u8>> {
        match self {
            Text::Plain(text) => Ok(text.into_bytes()),
            Text::Bytes(Base64 { base64 }) => {
                STANDARD.decode(base64).map_err(|error| anyhow!("failed to read base64: {error}"))
            }
        }
    }
}

fn texts(pairs: Pairs) -> Vec<(Text, Text)> {
    pairs.into_iter().map(|(name, value)| (Text::of(name), Text::of(value))).collect()
}

fn pairs(texts: Vec<(Text, Text)>) -> Result<Pairs> {
    texts.into_iter().map(|(name, value)| Ok((name.bytes()?, value.bytes()?))).collect()
}

impl ValueForm {
    fn of(value: Value) -> ValueForm {
        match value {
            Value::Text(text) => ValueForm::String(Text::of(text)),
            Value::Hash(fields) if fields.iter().all(|(name, _)| std::str::from_utf8(name).is_ok()) => {
                let text = |(name, value)| (String::from_utf8(name).unwrap_or_default(), Text::of(value));
                ValueForm::Hash(fields.into_iter().map(text).collect())
            }
            Value::Hash(fields) => ValueForm::Pairs(texts(fields)),
            Value::Sorted(members) => ValueForm::Zset(
                members.into_iter().map(|(member, score)| (Text::of(member), score)).collect(),
            ),
            Value::Stream(entries) => {
                ValueForm::Stream(entries.into_iter().map(|(id, fields)| (id, texts(fields))).collect())
            }
        }
    }

    fn value(self) -> Result<Value> {
        Ok(match self {
            ValueForm::String(text) => Value::Text(text.bytes()?),
            ValueForm::Hash(fields) => {
                let pair = |(name, value): (String, Text)| Ok((name.into_bytes(), value.bytes()?));
                Value::Hash(fields.into_iter().map(pair).collect::<Result<_>>()?)
            }
            ValueForm::Pairs(fields) => Value::Hash(pairs(fields)?),
            ValueForm::Zset(members) => {
                let member = |(member, score): (Text, String)| Ok((member.bytes()?, score));
                Value::Sorted(members.into_iter().map(member).collect::<Result<_>>()?)
            }
            ValueForm::Stream(entries) => {
                let entry = |(id, fields)| Ok((id, pairs(fields)?));
                Value::Stream(entries.into_iter().map(entry).collect::<Result<_>>()?)
            }
        })
    }
}

impl Line {
    pub(super) fn header(origin: &Origin, exported_at: String) -> Line {
        Line::BatonExport(Header {
            format: FORMAT,
            schema: origin.schema,
            namespace: origin.namespace.clone(),
            shards: origin.shards,
            store_id: origin.store_id.clone(),
            exported_ms: origin.exported_ms,
            exported_at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    pub(super) fn of(carried: Carried) -> Line {
        match carried {
            Carried::Key(CarriedKey { shard, name, value, expires_ms }) => {
                let value = ValueForm::of(value);
                Line::Key(KeyLine { shard: shard.to_string(), name, value, expires_ms })
            }
            Carried::Task(task) => Line::Task(TaskLine::of(*task)),
        }
    }

    /// `before` lines stand before it.
    pub(super) fn end(before: u64, sums: &[ShardSum]) -> Line {
        let shards = sums.iter().map(|sum| SumForm {
            shard: sum.shard.to_string(),
            tasks: sum.tasks,
            keys: sum.keys,
            broken: sum.broken,
            still: sum.still,
        });
        let tasks = sums.iter().map(|sum| sum.tasks).sum();
        Line::End(End { lines: before + 1, tasks, shards: shards.collect() })
    }
}

impl Header {
    pub(super) fn origin(self) -> Result<Origin> {
        if self.format != FORMAT {
            return Err(anyhow!("it is of format {}, and this release reads {FORMAT}", self.format));
        }
        let Header { namespace, schema, shards, store_id, exported_ms, .. } = self;
        let word = |byte: u8| byte.is_ascii_alphanumeric();
        if store_id.is_empty() || store_id.len() > 64 || !store_id.bytes().all(word) {
            return Err(anyhow!("its store_id is none"));
        }
        Ok(Origin { namespace, schema, shards, store_id, exported_ms })
    }
}

impl End {
    pub(super) fn sums(&self) -> Result<Vec<ShardSum>> {
        let sum = |form: &SumForm| {
            let SumForm { tasks, keys, broken, still, .. } = *form;
            Ok(ShardSum { shard: shard(&form.shard)?, tasks, keys, broken, still })
        };
        self.shards.iter().map(sum).collect()
    }
}

impl KeyLine {
    pub(super) fn carried(self) -> Result<Carried> {
        let KeyLine { name, expires_ms, .. } = self;
        let value = self.value.value()?;
        Ok(Carried::Key(CarriedKey { shard: shard(&self.shard)?, name, value, expires_ms }))
    }
}

impl TaskLine {
    fn of(task: CarriedTask) -> TaskLine {
        TaskLine {
            id: task.id.to_string(),
            fields: task.fields.into_iter().map(|(name, value)| (name, Text::of(value))).collect(),
            score: task.score,
            waits: task.waits,
            position: task.position,
            parents: task.parents.into_iter().map(EdgeForm::of).collect(),
            beside: task.beside.into_iter().map(|one| (one.name, ValueForm::of(one.value))).collect(),
        }
    }

    pub(super) fn carried(self) -> Result<Carried> {
        let field = |(name, value): (String, Text)| Ok((name, value.bytes()?));
        let beside = |(name, value): (String, ValueForm)| Ok(Beside { name, value: value.value()? });
        Ok(Carried::Task(Box::new(CarriedTask {
            id: id(&self.id)?,
            fields: self.fields.into_iter().map(field).collect::<Result<_>>()?,
            score: self.score,
            waits: self.waits,
            position: self.position,
            parents: self.parents.into_iter().map(EdgeForm::edge).collect::<Result<_>>()?,
            beside: self.beside.into_iter().map(beside).collect::<Result<_>>()?,
        })))
    }
}

impl EdgeForm {
    fn of(edge: Edge) -> EdgeForm {
        let (state, since) = match edge.state {
            EdgeState::Open(since) => (StateForm::Open, Some(since)),
            EdgeState::Held(since) => (StateForm::Held, Some(since)),
            EdgeState::Closed => (StateForm::Closed, None),
        };
        let Edge { parent, order, child_order, .. } = edge;
        EdgeForm { id: parent.to_string(), state, order, child_order, since }
    }

    fn edge(self) -> Result<Edge> {
        let since = self.since.unwrap_or_default();
        let state = match self.state {
            StateForm::Open => EdgeState::Open(since),
            StateForm::Held => EdgeState::Held(since),
            StateForm::Closed => EdgeState::Closed,
        };
        Ok(Edge { parent: id(&self.id)?, order: self.order, child_order: self.child_order, state })
    }
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

fn id(text: &str) -> Result<baton_core::TaskId> {
    text.parse().map_err(|_| anyhow!("{text:?} is no id of a task"))
}

fn shard(text: &str) -> Result<Shard> {
    let number = u32::from_str_radix(text, 16).ok().and_then(|number| Shard::new(number).ok());
    number.ok_or_else(|| anyhow!("{text:?} is no shard"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_were() {
        for bytes in [
            &b"12345678901234567890"[..],
            b"",
            b"{\"b\":1,\n\"a\":\0}",
            b"\xff\xfe\0x",
            "ü\u{2028}".as_bytes(),
        ] {
            let text = serde_json::to_string(&Text::of(bytes.to_vec())).unwrap();
            let back: Text = serde_json::from_str(&text).unwrap();
            assert_eq!(back.bytes().unwrap(), bytes, "{text}");
        }
    }

    #[test]
    fn other_lines_are_refused() {
        for line in [
            "",
            "{}",
            "[]",
            "{\"key\":{}}",
            "{\"what\":{}}",
            "{\"end\":{\"lines\":1,\"tasks\":0,\"shards\":[],\"more\":1}}",
            "{\"key\":{\"shard\":\"0\",\"name\":\"queues\",\"value\":{\"set\":[]}}}",
        ] {
            assert!(serde_json::from_str::<Line>(line).is_err(), "{line}");
        }
        let odd: Text = serde_json::from_str("{\"base64\":\"***\"}").unwrap();
        assert!(odd.bytes().is_err());
        assert!(shard("x").is_err() && shard("fffff").is_err() && id("1").is_err());
    }
}
