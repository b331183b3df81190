//! The event streams, an entry at a time. What cannot be read is told, and passed over.

use baton_core::audit::life::Told;
use baton_core::{Shard, TaskId, limits};
use deadpool_redis::redis::Value;

use super::ask::{lossy, read, some, time};
use crate::error::Error;
use crate::event::StreamId;
use crate::store::Store;

/// Entries of one trip: each has a hundred events at most.
const AT_ONCE: &str = "200";

/// A stream whose oldest entries may go while it is read is not whole.
const NEAR_TRIM_MS: u64 = 3_600_000;

/// The stream of a shard as it was when the audit began.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) shard: Shard,
    pub(super) key: String,
    /// When the audit began, by the clock of the shard.
    pub(super) began_ms: u64,
    /// Nothing was ever taken from it, and nothing will be meanwhile.
    pub(super) whole: bool,
    /// Something happened in the shard, and there is no stream at all: one that was trimmed is there, and empty.
    pub(super) lost: bool,
    pub(super) first: StreamId,
    pub(super) last: StreamId,
    /// It tells that something was said of a kind.
    pub(super) kinds_said: bool,
    /// How many events of tasks it has, about.
    pub(super) events: u64,
}

impl Stream {
    pub(super) async fn of(store: &Store, shard: Shard) -> Result<Stream, Error> {
        let keys = store.keys(shard)?;
        let (key, meta) = (keys.events(), keys.meta());
        // The number first: of what comes in between the stream has more than was counted, never less.
        let answers = store
            .ask_all([
                vec!["HMGET", &meta, "events", "imported_ms"],
                vec!["XINFO", "STREAM", &key],
                vec!["TIME"],
            ])
            .await?;
        let [said, info, now] = <[Value; 3]>::try_from(answers).unwrap_or_default();
        let said: Vec<Option<String>> = some(lossy(said)).unwrap_or_default();
        let number = |at: usize| said.get(at).and_then(|one| one.as_ref()?.parse::<u64>().ok());
        let events = number(0).unwrap_or_default();
        let mut stream = Stream {
            shard,
            key,
            began_ms: time(now)?,
            whole: events == 0,
            lost: events > 0 && number(1).is_none() && pairs(info.clone()).is_none(),
            first: StreamId::default(),
            last: StreamId::default(),
            kinds_said: false,
            events: events.min(limits::EVENTS_MAX + limits::EVENTS_MAX / 4),
        };
        stream.take_info(info)?;
        // An import writes a stream anew, or none: what was taken from it before shows by what was counted alone.
        let (count, kinds_said) = stream.count(store).await?;
        (stream.whole, stream.kinds_said) = (stream.whole && count >= events, kinds_said);
        Ok(stream)
    }

    /// Events it has, as the shard counts them: an entry has one of each task. And whether any is of a kind.
    async fn count(&self, store: &Store) -> Result<(u64, bool), Error> {
        let (mut from, to, mut count, mut kinds_said) = ("-".to_owned(), self.last.to_string(), 0, false);
        loop {
            let page: Vec<(String, Vec<Vec<u8>>)> = store
                .ask_one::<Option<_>>(vec!["XRANGE", &self.key, &from, &to, "COUNT", AT_ONCE])
                .await?
                .unwrap_or_default();
            let Some((last, _)) = page.last() else { return Ok((count, kinds_said)) };
            from = format!("({last}");
            for (_, words) in &page {
                let actor = |word: &[u8]| matches!(word, b"event" | b"worker" | b"boot" | b"by");
                let told = words.chunks_exact(2).filter(|pair| !actor(&pair[0])).count();
                count += told.max(1) as u64;
                kinds_said |= words.chunks_exact(2).any(|pair| pair[0] == b"kind");
            }
        }
    }

    /// Takes notice of what has been trimmed since.
    pub(super) async fn look_again(&mut self, store: &Store) -> Result<(), Error> {
        let oldest: Option<Vec<(String, Value)>> =
            store.ask_one(vec!["XRANGE", &self.key, "-", "+", "COUNT", "1"]).await?;
        let first = match oldest.unwrap_or_default().first() {
            Some((id, _)) => id.parse()?,
            None => self.last,
        };
        if first > self.first && self.first > StreamId::default() {
            (self.first, self.whole) = (first, false);
        }
        Ok(())
    }

    fn take_info(&mut self, info: Value) -> Result<(), Error> {
        let Some(pairs) = pairs(info) else { return Ok(()) };
        let (mut length, mut added) = (0_u64, u64::MAX);
        for (name, value) in pairs {
            match name.as_str() {
                "length" => length = read(value)?,
                "entries-added" => added = read(value)?,
                "last-generated-id" => self.last = read::<String>(value)?.parse()?,
                "first-entry" => {
                    if let Some((id, _)) = some::<(String, Value)>(value) {
                        self.first = id.parse()?;
                    }
                }
                _ => {}
            }
        }
        let oldest_ms = (self.began_ms + NEAR_TRIM_MS).saturating_sub(limits::EVENTS_RETENTION_MS);
        let is_young =
            self.first.ms > oldest_ms && self.events < limits::EVENTS_MAX - limits::EVENTS_MAX / 10;
        self.whole = length == added && (is_young || length == 0);
        Ok(())
    }

    /// Would the beginning of something made then be in the stream?
    pub(super) fn has_all_since(&self, ms: u64) -> bool {
        self.whole || (self.first.ms > 0 && ms > self.first.ms + 1_000)
    }

    /// Reads from behind `after` up to `until`, which it answers.
    pub(super) async fn read(
        &self,
        store: &Store,
        after: StreamId,
        until: StreamId,
        each: &mut dyn FnMut(StreamId, Result<Entry<'_>, String>),
    ) -> Result<(), Error> {
        let (mut from, to) = (format!("({after}"), until.to_string());
        if after == StreamId::default() {
            from = "-".to_owned();
        }
        loop {
            let page: Vec<(String, Vec<Vec<u8>>)> = store
                .ask_one::<Option<_>>(vec!["XRANGE", &self.key, &from, &to, "COUNT", AT_ONCE])
                .await?
                .unwrap_or_default();
            let Some((last, _)) = page.last() else { return Ok(()) };
            from = format!("({last}");
            for (id, words) in &page {
                each(id.parse()?, Entry::read(words));
            }
        }
    }

    /// The newest entry there is now.
    pub(super) async fn end(&self, store: &Store) -> Result<StreamId, Error> {
        let newest: Option<Vec<(String, Value)>> =
            store.ask_one(vec!["XREVRANGE", &self.key, "+", "-", "COUNT", "1"]).await?;
        match newest.unwrap_or_default().first() {
            Some((id, _)) => Ok(id.parse::<StreamId>()?.max(self.last)),
            None => Ok(self.last),
        }
    }
}

fn pairs(info: Value) -> Option<Vec<(String, Value)>> {
    match info {
        Value::Map(pairs) => pairs.into_iter().map(|(name, value)| Some((some(name)?, value))).collect(),
        Value::Array(words) => {
            let mut words = words.into_iter();
            let mut pairs = Vec::new();
            while let (Some(name), Some(value)) = (words.next(), words.next()) {
                pairs.push((some(name)?, value));
            }
            Some(pairs)
        }
        _ => None,
    }
}

/// One entry: what one call did under one name.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) event: &'a str,
    worker: &'a str,
    /// Of a schedule: its name, the queue of its tasks, and what there is to say.
    pub(super) schedule: &'a str,
    tasks: Vec<(&'a str, &'a str)>,
}

impl<'a> Entry<'a> {
    fn read(words: &'a [Vec<u8>]) -> Result<Entry<'a>, String> {
        let text = |bytes: &'a Vec<u8>| {
            std::str::from_utf8(bytes).map_err(|_| String::from_utf8_lossy(bytes).into_owned())
        };
        let mut entry = Entry { event: "", worker: "", schedule: "", tasks: Vec::new() };
        for pair in words.chunks_exact(2) {
            let (field, value) = (text(&pair[0])?, text(&pair[1])?);
            match field {
                "event" => entry.event = value,
                "worker" => entry.worker = value,
                "schedule" => entry.schedule = value,
                "boot" | "by" | "queue" | "stall" | "repair" | "pool" | "kind" | "webhook" => {}
                task => entry.tasks.push((task, value)),
            }
        }
        Ok(entry)
    }

    /// Queue and kind of each task, in their order; `None` where one of them cannot be read, as then nobody counts the entry.
    pub(super) fn places(&self) -> Option<Vec<(&'a str, &'a str)>> {
        let place = |text: &'a str| {
            let mut words = text.split(' ').skip(3);
            Some((words.next()?, words.next()?))
        };
        self.tasks.iter().map(|(_, text)| place(text)).collect()
    }

    /// What it tells of each task, and why; or the words that tell nothing.
    pub(super) fn told(&self) -> impl Iterator<Item = Result<(TaskId, Told<'a>, &'a str), String>> {
        self.tasks.iter().map(|(task, text)| {
            let unread = || format!("{task} {text}");
            let mut words = text.splitn(6, ' ');
            let mut next = || words.next().and_then(|word| word.parse::<u64>().ok());
            let (Some(version), Some(fence), Some(attempt)) = (next(), next(), next()) else {
                return Err(unread());
            };
            let told = Told { event: self.event, worker: self.worker, version, fence, attempt };
            // Behind queue and kind.
            Ok((task.parse().map_err(|_| unread())?, told, words.nth(2).unwrap_or_default()))
        })
    }
}
