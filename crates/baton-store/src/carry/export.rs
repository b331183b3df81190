//! Reads a namespace, a bounded piece at a time.

use std::collections::HashSet;

use baton_core::{Shard, TaskId};
use deadpool_redis::redis::{self, Cmd, FromRedisValue};

use super::{
    CARRIED, CARRIED_LAST, Carried, CarriedKey, CarriedTask, Entry, OWN_OF_META, Origin, Pairs, Value,
};
use crate::audit::time;
use crate::boot::judge_schema;
use crate::calls::shard::export::ReadTask;
use crate::error::Error;
use crate::event::StreamId;
use crate::families::{Family, Known, Of};
use crate::keys::{ShardKeys, namespace_meta};
use crate::store::Store;

/// Keys that are named by one step of a scan, about.
const SCAN_KEYS: &str = "1000";
/// Tasks that are asked for at once, and members of a large key that one line has.
const TASKS: usize = 100;
const MEMBERS: usize = 1_000;

/// What was read of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardSum {
    pub shard: Shard,
    pub tasks: u64,
    pub keys: u64,
    /// Tasks that were left out, because nobody could read them.
    pub broken: u64,
    /// Nothing happened to any task meanwhile, and none was left out: the export is the shard at one moment, its stream included.
    /// Otherwise each task is as it was at one moment, and the stream is left out, because it would tell of others.
    pub still: bool,
}

/// A task that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub id: TaskId,
    pub why: String,
}

impl Store {
    /// What there is to export; it is refused where an import is not whole.
    pub async fn origin(&self) -> Result<Origin, Error> {
        self.must_see_all().await?;
        let key = namespace_meta(self.namespace());
        let found: Vec<Option<String>> =
            self.question(&["HMGET", &key, "schema", "shards", "store_id"]).await?;
        let [Some(schema), Some(shards), Some(store_id)] = &found[..] else {
            return Err(Error::invalid(
                "this namespace",
                format!("{key} is not there: nobody has begun here"),
            ));
        };
        let schema = schema.parse().map_err(|_| Error::fault(&key, "its schema is no number"))?;
        if let Some(unfit) = judge_schema(schema) {
            return Err(Error::invalid("this namespace", unfit.to_string()));
        }
        if shards.parse() != Ok(self.shards().get()) {
            let problem = format!("it has {shards} shards, and redis.shards says {}", self.shards().get());
            return Err(Error::invalid("this namespace", problem));
        }
        Ok(Origin {
            namespace: self.namespace().to_string(),
            schema,
            shards: self.shards().get(),
            store_id: store_id.clone(),
            exported_ms: self.server_ms().await?,
        })
    }

    /// How many tasks there are, about: for somebody who waits.
    pub async fn export_size(&self) -> u64 {
        self.question::<u64>(&["DBSIZE"]).await.unwrap_or_default()
    }

    /// Hands on everything, in the order in which it is to be put together again, and names the tasks that an import would refuse.
    /// Nothing is held but a piece.
    pub async fn export<E: From<Error>>(
        &self,
        mut take: impl FnMut(Carried) -> Result<(), E>,
        mut name: impl FnMut(Broken),
    ) -> Result<Vec<ShardSum>, E> {
        let mut sums = Vec::new();
        for shard in self.shards().all() {
            let keys = self.keys(shard)?;
            let walk = Walk { store: self, keys, shard, since_ms: self.clock_beside(&keys.meta()).await? };
            sums.push(walk.walk(&mut take, &mut name).await?);
        }
        Ok(sums)
    }

    /// A command that only reads, repeated while Redis is away for a moment.
    pub(crate) async fn question<T: FromRedisValue>(&self, words: &[impl AsRef<[u8]>]) -> Result<T, Error> {
        let mut command = Cmd::new();
        words.iter().for_each(|word| {
            command.arg(word.as_ref());
        });
        let name = words.first().map(|word| String::from_utf8_lossy(word.as_ref()).into_owned());
        let value = self.send(&command, None).await?;
        T::from_redis_value(value).map_err(|error| Error::fault(name.unwrap_or_default(), error.to_string()))
    }

    /// The clock of the server.
    pub async fn server_ms(&self) -> Result<u64, Error> {
        let (s, us): (u64, u64) = self.question(&["TIME"]).await?;
        Ok(s * 1_000 + us / 1_000)
    }

    /// A step of a scan over everything that begins so: where it goes on, and what it named.
    pub(crate) async fn scan(&self, cursor: &str, start: &str) -> Result<(String, Vec<Vec<u8>>), Error> {
        self.scan_step(cursor, &format!("{start}*"), SCAN_KEYS).await
    }
}

struct Walk<'a> {
    store: &'a Store,
    keys: &'a ShardKeys,
    shard: Shard,
    /// What came later, by the clock of the shard, is not told of: it could be told of in part only. No earlier than the last
    /// entry of the stream, because a clock may have gone back.
    since_ms: u64,
}

impl Walk<'_> {
    async fn walk<E: From<Error>>(
        mut self,
        take: &mut impl FnMut(Carried) -> Result<(), E>,
        name: &mut impl FnMut(Broken),
    ) -> Result<ShardSum, E> {
        let before = self.last_entry().await?;
        self.since_ms = self.since_ms.max(before.map_or(0, |last| last.ms));
        let drafts: Vec<String> = self.store.question(&["ZRANGE", &self.keys.drafts(), "0", "-1"]).await?;
        let drafts: HashSet<String> = drafts.into_iter().collect();
        let mut sum = ShardSum { shard: self.shard, tasks: 0, keys: 0, broken: 0, still: false };
        sum.keys += self.keys_like(CARRIED, take).await?;
        let left_out = |one: Broken| {
            sum.broken += 1;
            name(one);
        };
        sum.tasks = self.tasks(&drafts, take, left_out).await?;
        let last: Vec<Carried> = self.read_last().await?;
        sum.still = sum.broken == 0 && self.last_entry().await? == before;
        for carried in last {
            sum.keys += 1;
            take(carried)?;
        }
        if let (true, Some(last)) = (sum.still, before) {
            sum.keys += 1;
            self.events(last, take).await?;
        }
        Ok(sum)
    }

    async fn last_entry(&self) -> Result<Option<StreamId>, Error> {
        Ok(self.store.stream_ends(self.shard).await?.last)
    }

    /// Every key that goes along as it is; answers how many there are.
    async fn keys_like<E: From<Error>>(
        &self,
        patterns: &[&str],
        take: &mut impl FnMut(Carried) -> Result<(), E>,
    ) -> Result<u64, E> {
        let (mut cursor, mut count) = ("0".to_owned(), 0);
        loop {
            let (next, names) = self.store.scan(&cursor, self.keys.prefix()).await?;
            for key in names.iter().filter_map(|name| std::str::from_utf8(name).ok()) {
                let known = Family::of(self.store.namespace(), key);
                let wanted = |known: &Known<'_>| {
                    known.family.of == Of::Shard && patterns.contains(&known.family.pattern)
                };
                if let Some(known) = known.filter(wanted) {
                    count += 1;
                    self.key(key, &known, take).await?;
                }
            }
            cursor = next;
            if cursor == "0" {
                return Ok(count);
            }
        }
    }

    /// One that is gone meanwhile is left out.
    async fn key<E: From<Error>>(
        &self,
        key: &str,
        known: &Known<'_>,
        take: &mut impl FnMut(Carried) -> Result<(), E>,
    ) -> Result<(), E> {
        let answers = self.store.ask_all([vec!["PTTL", key], vec!["TIME"]]).await?;
        let [left, now] = <[redis::Value; 2]>::try_from(answers).unwrap_or_default();
        let left_ms = i64::from_redis_value(left).unwrap_or(-2);
        if left_ms == -2 {
            return Ok(());
        }
        let now_ms = time(now)?;
        let expires_ms = u64::try_from(left_ms).ok().map(|left_ms| now_ms + left_ms);
        let mut cursor = "0".to_owned();
        loop {
            let (next, value) = self.piece(key, known.family.kind, &cursor).await?;
            let is_draft = known.family.pattern == "flow:<id>" && has(&value, b"draft");
            if !is_draft && !is_empty(&value) {
                let name = known.name.to_owned();
                take(Carried::Key(CarriedKey { shard: self.shard, name, value, expires_ms }))?;
            }
            match next {
                Some(next) => cursor = next,
                None => return Ok(()),
            }
        }
    }

    /// A piece of a value, and where the next one begins. Small ones come whole, as they are at one moment.
    async fn piece(&self, key: &str, kind: &str, cursor: &str) -> Result<(Option<String>, Value), Error> {
        let most = MEMBERS.to_string();
        let size = match kind {
            "hash" => self.store.question::<usize>(&["HLEN", key]).await?,
            "zset" => self.store.question::<usize>(&["ZCARD", key]).await?,
            _ => 0,
        };
        let is_small = cursor == "0" && size <= MEMBERS;
        let goes_on = |next: String| (next != "0").then_some(next);
        Ok(match kind {
            "hash" if is_small => (None, Value::Hash(self.store.question(&["HGETALL", key]).await?)),
            "hash" => {
                let (next, fields): (String, Pairs) =
                    self.store.question(&["HSCAN", key, cursor, "COUNT", &most]).await?;
                (goes_on(next), Value::Hash(fields))
            }
            "zset" if is_small => {
                (None, Value::Sorted(self.store.question(&["ZRANGE", key, "0", "-1", "WITHSCORES"]).await?))
            }
            "zset" => {
                let (next, members): (String, Vec<(Vec<u8>, String)>) =
                    self.store.question(&["ZSCAN", key, cursor, "COUNT", &most]).await?;
                (goes_on(next), Value::Sorted(members))
            }
            "stream" => self.entries(key, cursor, "+").await?,
            _ => {
                let text: Option<Vec<u8>> = self.store.question(&["GET", key]).await?;
                // One that is gone meanwhile is nothing at all.
                (None, text.map_or(Value::Hash(Vec::new()), Value::Text))
            }
        })
    }

    /// Entries behind this one, and the last of them if there may be more.
    async fn entries(&self, key: &str, after: &str, to: &str) -> Result<(Option<String>, Value), Error> {
        let from = if after == "0" { "-".to_owned() } else { format!("({after}") };
        let words = ["XRANGE", key, &from, to, "COUNT", "500"];
        let entries: Vec<Entry> = self.store.question(&words).await?;
        let next = entries.last().filter(|_| entries.len() == 500).map(|(id, _)| id.clone());
        Ok((next, Value::Stream(entries)))
    }

    async fn events<E: From<Error>>(
        &self,
        last: StreamId,
        take: &mut impl FnMut(Carried) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after = "0".to_owned();
        loop {
            let (next, value) = self.entries(&self.keys.events(), &after, &last.to_string()).await?;
            if !is_empty(&value) {
                take(Carried::Key(self.named("events", value)))?;
            }
            match next {
                Some(next) => after = next,
                None => return Ok(()),
            }
        }
    }

    fn named(&self, name: &str, value: Value) -> CarriedKey {
        CarriedKey { shard: self.shard, name: name.to_owned(), value, expires_ms: None }
    }

    /// What goes along at the end, but for the stream: small, and read before it is known whether anything has happened.
    async fn read_last(&self) -> Result<Vec<Carried>, Error> {
        let mut found = Vec::new();
        let store = self.store;
        let cascades = store.question(&["ZRANGE", &self.keys.cascades(), "0", "-1", "WITHSCORES"]).await?;
        let meta: Pairs = store.question(&["HGETALL", &self.keys.meta()]).await?;
        let own = |name: &[u8]| OWN_OF_META.iter().any(|own| own.as_bytes() == name);
        let meta = meta.into_iter().filter(|(name, _)| !own(name)).collect();
        let marks = store.question(&["ZRANGE", &self.keys.event_marks(), "0", "-1", "WITHSCORES"]).await?;
        let values = [Value::Sorted(cascades), Value::Hash(meta), Value::Sorted(marks)];
        for (name, value) in CARRIED_LAST.iter().zip(values) {
            if !is_empty(&value) {
                found.push(Carried::Key(self.named(name, value)));
            }
        }
        Ok(found)
    }

    async fn tasks<E: From<Error>>(
        &self,
        drafts: &HashSet<String>,
        take: &mut impl FnMut(Carried) -> Result<(), E>,
        mut name: impl FnMut(Broken),
    ) -> Result<u64, E> {
        let start = format!("{}task:", self.keys.prefix());
        let (mut cursor, mut count) = ("0".to_owned(), 0);
        loop {
            let (next, names) = self.store.scan(&cursor, &start).await?;
            let id =
                |name: &Vec<u8>| std::str::from_utf8(name.strip_prefix(start.as_bytes())?).ok()?.parse().ok();
            let ids: Vec<TaskId> = names.iter().filter_map(id).collect();
            for some in ids.chunks(TASKS) {
                count += self.some_tasks(some, drafts, take, &mut name).await?;
            }
            cursor = next;
            if cursor == "0" {
                return Ok(count);
            }
        }
    }

    async fn some_tasks<E: From<Error>>(
        &self,
        mut ids: &[TaskId],
        drafts: &HashSet<String>,
        take: &mut impl FnMut(Carried) -> Result<(), E>,
        name: &mut impl FnMut(Broken),
    ) -> Result<u64, E> {
        let mut count = 0;
        while !ids.is_empty() {
            let (looked, tasks) = self.store.export_tasks(self.shard, ids).await?;
            ids = ids.get(looked.max(1)..).unwrap_or_default();
            for task in tasks {
                let task = match self.sound(task) {
                    Ok(task) => task,
                    Err(broken) => {
                        name(broken);
                        continue;
                    }
                };
                let word = |name: &str| {
                    let field = task.fields.iter().find(|(field, _)| field == name);
                    field.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
                };
                let is_later = word("created_ms")
                    .and_then(|ms| ms.parse().ok())
                    .is_some_and(|ms: u64| ms > self.since_ms);
                let of_draft = word("flow").is_some_and(|flow| drafts.contains(&flow));
                if !is_later && !of_draft {
                    count += 1;
                    take(Carried::Task(Box::new(task)))?;
                }
            }
        }
        Ok(count)
    }
}

impl Walk<'_> {
    /// An import looks at each task in the same way.
    fn sound(&self, task: ReadTask) -> Result<CarriedTask, Broken> {
        let task = task.map_err(|id| Broken { id, why: "its keys cannot be read".to_owned() })?;
        match task.check(self.store.shards()) {
            Ok(()) => Ok(task),
            Err(error) => Err(Broken { id: task.id, why: error.to_string() }),
        }
    }
}

fn has(value: &Value, field: &[u8]) -> bool {
    matches!(value, Value::Hash(pairs) if pairs.iter().any(|(name, _)| name == field))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Text(_) => false,
        Value::Hash(pairs) => pairs.is_empty(),
        Value::Sorted(members) => members.is_empty(),
        Value::Stream(entries) => entries.is_empty(),
    }
}
