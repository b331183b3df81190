//! Everything under a prefix, printed: what a script touched shows up, asked for or not.

mod read;
mod render;

use std::collections::{BTreeMap, BTreeSet};

/// Bytes as Redis holds them; they need not be text.
pub type Bytes = Vec<u8>;

/// Every key under a prefix with its whole value, at one moment in which nobody else writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot(pub BTreeMap<String, Value>);

/// One key's value. The time to live itself passes by itself; whether there is one does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub content: Content,
    pub expires: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    String(Bytes),
    Hash(BTreeMap<Bytes, Bytes>),
    Set(BTreeSet<Bytes>),
    List(Vec<Bytes>),
    /// In order of rank. Scores as Redis prints them: a float would round what we compare.
    SortedSet(Vec<(Bytes, String)>),
    Stream(Vec<Entry>),
}

impl Content {
    /// The word of Redis for its type.
    pub fn kind(&self) -> &'static str {
        match self {
            Content::String(_) => "string",
            Content::Hash(_) => "hash",
            Content::Set(_) => "set",
            Content::List(_) => "list",
            Content::SortedSet(_) => "zset",
            Content::Stream(_) => "stream",
        }
    }
}

/// One entry of a stream, its fields in the order in which they were added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: String,
    pub fields: Vec<(Bytes, Bytes)>,
}

#[cfg(test)]
mod tests;
