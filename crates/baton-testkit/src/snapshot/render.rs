//! [`Snapshot`] to text: what a person would see who asked `redis-cli` for every key in turn.

use super::{Content, Entry, Snapshot, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

/// Longer values are cut here, but keep their length and a digest: a difference anywhere still shows.
const SHOWN_BYTES: usize = 200;

/// A part of a value: what names it (a field, a member, an index), and what it holds.
type Part = (String, String);

impl fmt::Display for Snapshot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, value) in &self.0 {
            writeln!(out, "> {}{}", value.question(key), if value.expires { "    # expires" } else { "" })?;
            for (name, held) in value.parts() {
                writeln!(out, "  {}", [name, held].join(" ").trim())?;
            }
        }
        Ok(())
    }
}

impl Snapshot {
    /// The whole snapshot as text; the same as `to_string`.
    pub fn render(&self) -> String {
        self.to_string()
    }

    /// What changed, one line for each key and field: `- baton:{0}:task:1 status "pending"`. Empty if nothing did.
    pub fn diff(before: &Self, after: &Self) -> String {
        let keys: BTreeSet<&String> = before.0.keys().chain(after.0.keys()).collect();
        keys.into_iter().map(|key| diff_key(key, before.0.get(key), after.0.get(key))).collect()
    }
}

fn diff_key(key: &str, before: Option<&Value>, after: Option<&Value>) -> String {
    let (before, after) = (lines(before), lines(after));
    let then: BTreeMap<&String, &String> = before.iter().map(|(name, held)| (name, held)).collect();
    let now: BTreeMap<&String, &String> = after.iter().map(|(name, held)| (name, held)).collect();
    let mut out = String::new();
    let mut line = |sign: char, name: &str, held: &str| {
        let words =
            [key, name, held].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{sign} {words}");
    };
    for (name, held) in &before {
        let replaced = now.get(name);
        if replaced != Some(&held) {
            line('-', name, held);
            replaced.into_iter().for_each(|held| line('+', name, held));
        }
    }
    for (name, held) in after.iter().filter(|(name, _)| !then.contains_key(name)) {
        line('+', name, held);
    }
    out
}

/// The parts of a value, after one that says what it is; nothing for a key that is not there.
fn lines(value: Option<&Value>) -> Vec<Part> {
    let Some(value) = value else { return Vec::new() };
    let kind = format!("({}{})", value.content.kind(), if value.expires { ", expires" } else { "" });
    [(kind, String::new())].into_iter().chain(value.parts()).collect()
}

impl Value {
    fn question(&self, key: &str) -> String {
        match self.content {
            Content::String(_) => format!("GET {key}"),
            Content::Hash(_) => format!("HGETALL {key}"),
            Content::Set(_) => format!("SMEMBERS {key}"),
            Content::List(_) => format!("LRANGE {key} 0 -1"),
            Content::SortedSet(_) => format!("ZRANGE {key} 0 -1 WITHSCORES"),
            Content::Stream(_) => format!("XRANGE {key} - +"),
        }
    }

    fn parts(&self) -> Vec<Part> {
        match &self.content {
            Content::String(bytes) => vec![(String::new(), quoted(bytes))],
            Content::Hash(fields) => fields.iter().map(|(field, held)| (word(field), quoted(held))).collect(),
            Content::Set(members) => members.iter().map(|member| (quoted(member), String::new())).collect(),
            Content::List(items) => {
                items.iter().enumerate().map(|(index, item)| (format!("{index})"), quoted(item))).collect()
            }
            Content::SortedSet(members) => {
                members.iter().map(|(member, score)| (quoted(member), score.clone())).collect()
            }
            Content::Stream(entries) => entries.iter().map(entry).collect(),
        }
    }
}

fn entry(entry: &Entry) -> Part {
    let fields = entry.fields.iter().map(|(field, held)| format!("{} {}", word(field), quoted(held)));
    (entry.id.clone(), fields.collect::<Vec<_>>().join(" "))
}

/// Bare, if it needs no quotes: a field's name mostly is one plain word.
fn word(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-:.{}".contains(byte);
    if !bytes.is_empty() && bytes.len() <= SHOWN_BYTES && bytes.iter().all(plain) {
        escape(bytes)
    } else {
        quoted(bytes)
    }
}

fn quoted(bytes: &[u8]) -> String {
    if bytes.len() <= SHOWN_BYTES {
        return format!("\"{}\"", escape(bytes));
    }
    let digest = sha1_smol::Sha1::from(bytes).digest().to_string();
    format!("\"{}\"… ({} bytes, sha1 {})", escape(&bytes[..40]), bytes.len(), &digest[..12])
}

/// Text as it is; quotes, backslashes, control characters and bytes that are not UTF-8 escaped.
pub(super) fn escape(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '"' | '\\' => out.extend(['\\', letter]),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                letter if letter.is_control() => {
                    letter.to_string().bytes().for_each(|byte| hex(&mut out, byte))
                }
                letter => out.push(letter),
            }
        }
        chunk.invalid().iter().for_each(|byte| hex(&mut out, *byte));
    }
    out
}

fn hex(out: &mut String, byte: u8) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\\x{byte:02x}");
}
