//! One key, as a person wants to see it; and a bounded look at many. Nothing here changes anything.

use std::time::Duration;

use baton_core::{Move, Namespace, Status};
use deadpool_redis::redis::Value;

use crate::clock::monotonic;
use crate::error::Error;
use crate::examine::{Seen, Unseen, words};
use crate::families::{Family, Known, Lives, Of};
use crate::nodes::START;
use crate::store::Store;

/// Rows of a key that are read, and bytes of each.
const ROWS: usize = 50;
const BYTES: usize = 2_048;
/// Keys that a quick look looks at, and how long it goes on.
const KEYS: u64 = 1_000;
const PATIENCE: Duration = Duration::from_secs(3);
/// Faults that are told.
const FAULTS: usize = 100;

/// What stands beside a record and goes with it.
const OWNED: [&str; 4] = ["task:<id>:", "operation:<id>:", "flow:<id>:tasks", "schedule:<name>:payload"];

/// What a key is.
#[derive(Clone, Debug, Default)]
pub struct Look {
    pub family: Option<&'static Family>,
    /// `none` where it is not there.
    pub kind: String,
    pub ttl_ms: Option<u64>,
    /// Fields, members, entries or bytes.
    pub size: u64,
    /// What it costs, where the user may ask.
    pub memory: Option<u64>,
    /// Field and value, member and score, entry and words.
    pub rows: Vec<(String, String)>,
    /// There is more than was read.
    pub more: bool,
    /// What it holds is shown to nobody.
    pub masked: bool,
    /// Indexes that must name it, and whether they do.
    pub places: Vec<Place>,
    /// What may change it next.
    pub next: Vec<String>,
}

/// An index that must name a key; or a key that must be there because of this one, and then there is no member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub key: String,
    pub member: String,
    pub is_in: bool,
}

/// What a quick look found.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    pub looked: u64,
    /// Every key of the namespace was looked at. Never so at an address that is that of one node of a cluster.
    pub whole: bool,
    pub faults: Vec<KeyFault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFault {
    pub key: String,
    pub problem: String,
}

impl From<Unseen> for Error {
    fn from(unseen: Unseen) -> Error {
        match unseen {
            Unseen::Denied(what) => Error::fault(
                "this user of Redis",
                format!("it may not run {what}; `baton redis-acl` prints users that may"),
            ),
            Unseen::Away(_) => Error::Unavailable { reason: "no answer", source: None },
            Unseen::Odd(why) => Error::fault("Redis", why),
        }
    }
}

impl Store {
    pub fn namespace(&self) -> &Namespace {
        &self.inner.options.namespace
    }

    /// Looks at a key, whatever it is; `None` where it is none of this namespace.
    pub async fn look(&self, key: &str) -> Result<Option<Look>, Error> {
        if !key.strip_prefix(self.namespace().as_str()).is_some_and(|rest| rest.starts_with(':')) {
            return Ok(None);
        }
        let known = Family::of(self.namespace(), key);
        let kind: String = self.ask(&["TYPE", key]).await?;
        let ttl: i64 = self.ask(&["PTTL", key]).await?;
        let mut look = Look {
            family: known.map(|known| known.family),
            ttl_ms: u64::try_from(ttl).ok(),
            memory: self.ask::<Option<u64>>(&["MEMORY", "USAGE", key]).await.ok().flatten(),
            // What is of no family may be anything.
            masked: known.is_none_or(|known| known.family.of == Of::Logins),
            kind,
            ..Look::default()
        };
        look.size = self.size(key, &look.kind).await?;
        if !look.masked {
            (look.rows, look.more) = self.rows(key, &look.kind, look.size).await?;
        }
        if let Some(known) = known.filter(|known| look.kind == known.family.kind) {
            mask(known.family, &mut look.rows);
            look.places = self.places(known).await?;
            look.next = next(known.family, &look.rows);
        }
        Ok(Some(look))
    }

    async fn size(&self, key: &str, kind: &str) -> Seen<u64> {
        let command = match kind {
            "hash" => "HLEN",
            "zset" => "ZCARD",
            "stream" => "XLEN",
            "list" => "LLEN",
            "string" => "STRLEN",
            _ => return Ok(0),
        };
        self.ask(&[command, key]).await
    }

    async fn rows(&self, key: &str, kind: &str, size: u64) -> Seen<(Vec<(String, String)>, bool)> {
        let last = (ROWS - 1).to_string();
        let more = size > ROWS as u64;
        let pairs: Vec<(Value, Value)> = match kind {
            // A scan answers about as many as are asked for, a small hash whole.
            "hash" => {
                self.ask::<(String, Vec<(Value, Value)>)>(&["HSCAN", key, "0", "COUNT", &last]).await?.1
            }
            "zset" => self.ask(&["ZRANGE", key, "0", &last, "WITHSCORES"]).await?,
            "stream" => self.ask(&["XREVRANGE", key, "+", "-", "COUNT", "10"]).await?,
            "list" => {
                let members: Vec<Value> = self.ask(&["LRANGE", key, "0", &last]).await?;
                members.into_iter().enumerate().map(|(at, member)| (Value::Int(at as i64), member)).collect()
            }
            "string" => {
                let end = (BYTES - 1).to_string();
                let text: Value = self.ask(&["GETRANGE", key, "0", &end]).await?;
                return Ok((vec![("value".to_owned(), words(&text))], size > BYTES as u64));
            }
            _ => Vec::new(),
        };
        let shown = if kind == "stream" { 10 } else { ROWS as u64 };
        let rows =
            pairs.iter().take(shown as usize).map(|(name, value)| (cut(&words(name)), cut(&text(value))));
        let mut rows: Vec<_> = rows.collect();
        if kind == "hash" {
            rows.sort();
        }
        Ok((rows, more || size > shown))
    }

    /// Where it must stand. What a draft makes is in no index until the draft is whole.
    async fn places(&self, known: Known<'_>) -> Seen<Vec<Place>> {
        let Known { family, prefix, name } = known;
        let part = family.part(name).unwrap_or_default();
        let at = |index: &str| (format!("{prefix}{index}"), part.to_owned());
        let wanted = match family.pattern {
            "task:<id>" => return self.place_of_task(prefix, part).await,
            "held:<worker>:<boot>" => {
                (format!("{prefix}leases"), name.strip_prefix("held:").unwrap_or(name).to_owned())
            }
            "worker:<id>" => at("workers"),
            "queue:<name>" => at("queues"),
            "pool:<name>" => at("pools"),
            "gateway:<id>" => at("gateways"),
            "schedule:<name>" => at("schedules"),
            "kind:<name>" => at("kinds:declared"),
            "operation:<id>" => at("operations"),
            "webhook:<name>" => at("webhooks"),
            "flow:<id>" => {
                let flows = self.stands_in(&format!("{prefix}flows"), part).await?;
                return match flows.is_in {
                    true => Ok(vec![flows]),
                    false => Ok(vec![self.stands_in(&format!("{prefix}drafts"), part).await?]),
                };
            }
            beside => {
                return match OWNED.iter().any(|owner| beside.starts_with(owner)) {
                    true => {
                        let owner = known_owner(prefix, name);
                        let is_in: u64 = self.ask(&["EXISTS", &owner]).await?;
                        Ok(vec![Place { key: owner, member: String::new(), is_in: is_in > 0 }])
                    }
                    false => Ok(Vec::new()),
                };
            }
        };
        Ok(vec![self.stands_in(&wanted.0, &wanted.1).await?])
    }

    async fn place_of_task(&self, prefix: &str, id: &str) -> Seen<Vec<Place>> {
        let record = format!("{prefix}task:{id}");
        let said: Vec<Option<String>> =
            self.ask(&["HMGET", &record, "status", "queue", "worker", "boot", "draft"]).await?;
        let word = |at: usize| said.get(at).cloned().flatten().unwrap_or_default();
        if !word(4).is_empty() {
            return Ok(Vec::new());
        }
        // What equals the usual is left out of a record.
        let queue = if word(1).is_empty() { "default".to_owned() } else { word(1) };
        let index = match word(0).as_str() {
            "running" => format!("{prefix}held:{}:{}", word(2), word(3)),
            "scheduled" => format!("{prefix}scheduled"),
            status => format!("{prefix}queue:{queue}:{status}"),
        };
        let place = self.stands_in(&index, id).await?;
        if place.is_in || word(0) != "pending" {
            return Ok(vec![place]);
        }
        // One whose group has no place waits beside the index, under a longer name.
        let waiting = format!("{prefix}queue:{queue}:waiting");
        let waits: u64 = self.ask(&["ZCARD", &waiting]).await?;
        Ok(if waits > 0 { Vec::new() } else { vec![place] })
    }

    async fn stands_in(&self, key: &str, member: &str) -> Seen<Place> {
        let score = match self.ask::<Option<String>>(&["ZSCORE", key, member]).await {
            // What is no index at all names nothing.
            Err(Unseen::Odd(_)) => None,
            score => score?,
        };
        Ok(Place { key: key.to_owned(), member: member.to_owned(), is_in: score.is_some() })
    }

    /// A quick look at so many keys as a short time allows: types, ends, keys that belong to nothing, indexes against records.
    pub async fn check_keys(&self) -> Result<Checked, Error> {
        let (begun, pattern) = (monotonic(), format!("{}:*", self.namespace()));
        let (mut checked, mut cursor) = (Checked::default(), START.to_owned());
        let sees_all = self.must_see_all().await.is_ok();
        loop {
            let (next, keys) = self.scan_step(&cursor, &pattern, "200").await?;
            for key in &keys {
                checked.looked += 1;
                self.check_key(key, &mut checked.faults).await?;
            }
            cursor = next;
            let is_end = cursor == START;
            checked.whole = is_end && sees_all;
            let late = monotonic().saturating_duration_since(begun) > PATIENCE;
            if is_end || late || checked.looked >= KEYS || checked.faults.len() >= FAULTS {
                return Ok(checked);
            }
        }
    }

    async fn check_key(&self, key: &[u8], faults: &mut Vec<KeyFault>) -> Seen<()> {
        let Some(known) = std::str::from_utf8(key).ok().and_then(|key| Family::of(self.namespace(), key))
        else {
            faults.push(fault(key, "it belongs to nothing that Baton keeps"));
            return Ok(());
        };
        let kind: String = self.ask(&[&b"TYPE"[..], key]).await?;
        let ttl: i64 = self.ask(&[&b"PTTL"[..], key]).await?;
        if kind == "none" {
            return Ok(());
        }
        let family = known.family;
        if kind != family.kind {
            faults.push(fault(key, &format!("it is a {kind}, not a {}", family.kind)));
            return Ok(());
        }
        match (family.lives, family.of) {
            (_, Of::Logins) | (Lives::Either, _) => {}
            (Lives::Lasts, _) if ttl >= 0 => faults.push(fault(key, "it expires, and must not")),
            (Lives::Expires, _) if ttl == -1 => faults.push(fault(key, "it never expires, and should")),
            _ => {}
        }
        for place in self.misplaced(known).await? {
            let problem = match place.member.is_empty() {
                true => format!("{} is not there", place.key),
                false => format!("it is not in {}", place.key),
            };
            faults.push(fault(key, &problem));
        }
        Ok(())
    }

    /// Looked at again where something is missing: it may have moved meanwhile. An empty set of a holder is none.
    pub(crate) async fn misplaced(&self, known: Known<'_>) -> Seen<Vec<Place>> {
        let missing =
            |places: Vec<Place>| places.into_iter().filter(|place| !place.is_in).collect::<Vec<_>>();
        if missing(self.places(known).await?).is_empty() {
            return Ok(Vec::new());
        }
        let again = missing(self.places(known).await?);
        let there: u64 = self.ask(&["EXISTS", &format!("{}{}", known.prefix, known.name)]).await?;
        Ok(if there > 0 { again } else { Vec::new() })
    }
}

fn fault(key: &[u8], problem: &str) -> KeyFault {
    KeyFault { key: String::from_utf8_lossy(key).into_owned(), problem: problem.to_owned() }
}

/// The record that a key beside it belongs to.
fn known_owner(prefix: &str, name: &str) -> String {
    format!("{prefix}{}", name.rsplit_once(':').map_or(name, |(owner, _)| owner))
}

/// Of webhooks, what their secrets are derived from.
fn mask(family: &Family, rows: &mut [(String, String)]) {
    let secret = |name: &str| ["secret", "root", "token", "password"].iter().any(|word| name.contains(word));
    if family.pattern.starts_with("webhook") {
        for (_, value) in rows.iter_mut().filter(|(name, _)| secret(name)) {
            *value = "(not shown)".to_owned();
        }
    }
}

fn next(family: &Family, rows: &[(String, String)]) -> Vec<String> {
    let status =
        rows.iter().find(|(name, _)| name == "status").and_then(|(_, value)| value.parse::<Status>().ok());
    match status.filter(|_| family.pattern == "task:<id>") {
        Some(status) => {
            let moves = Move::ALL.iter().filter(|step| !step.after(status).is_empty());
            let to = |step: &Move| {
                step.after(status).iter().map(|to| to.as_str()).collect::<Vec<_>>().join(" or ")
            };
            moves.map(|step| format!("{}: {}", step.as_str(), to(step))).collect()
        }
        None => vec![family.script.to_owned()],
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Array(parts) => parts.iter().map(words).collect::<Vec<_>>().join(" "),
        Value::Map(pairs) => pairs
            .iter()
            .map(|(name, value)| format!("{} {}", words(name), words(value)))
            .collect::<Vec<_>>()
            .join(" "),
        value => words(value),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(BYTES) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
