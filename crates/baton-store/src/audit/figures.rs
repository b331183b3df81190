//! A10: what is written behind, against the stream from which it was written: series, groups of failures, kinds.
//!
//! Somebody writes on meanwhile. So the place up to which it is done is read before and after: what is there is no less than the
//! stream tells up to the one, and no more than it tells up to the other. What was trimmed from the stream is open, and so are
//! the buckets that it reached into.

use std::collections::BTreeMap;

use baton_core::audit::rule::{ENDED_DIFFER, FAILURES_DIFFER, KINDS_DIFFER};
use baton_core::audit::{Fields, Rule, number, word};
use baton_core::series::{Counter, Resolution};
use baton_core::{Shard, limits};

use super::Auditor;
use super::ask::{AT_ONCE, some};
use super::report::Finding;
use super::stream::{Entry, Stream};
use crate::behind::{Part, counter, is_failure};
use crate::error::Error;
use crate::event::StreamId;
use crate::keys::BehindKey;

/// So many kinds are told apart: names come from whoever submits.
const KINDS: usize = 10_000;

/// A bucket that goes soon may be gone.
pub(super) const NEAR_END_MS: u64 = 60_000;

/// Of all queues together, or of one with a series of its own.
pub(super) type Bucket = (Resolution, u64, Option<String>);

/// What is counted on the way, beside the stream.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// By shard and kind: tasks that have ended, and entries of their list.
    ended: BTreeMap<(Shard, String), [u64; 2]>,
    many: bool,
}

impl Figures {
    pub(super) fn ended(&mut self, shard: Shard, kind: &str) {
        if let Some([ended, _]) = self.of(shard, kind) {
            *ended += 1;
        }
    }

    /// A list that a scan names twice is as long as it was.
    fn listed(&mut self, shard: Shard, kind: &str, size: u64) {
        if let Some([_, listed]) = self.of(shard, kind) {
            *listed = size;
        }
    }

    fn of(&mut self, shard: Shard, kind: &str) -> Option<&mut [u64; 2]> {
        let name = (shard, kind.to_owned());
        if self.ended.len() < KINDS || self.ended.contains_key(&name) {
            return Some(self.ended.entry(name).or_default());
        }
        self.many = true;
        None
    }
}

/// Up to where a shard is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    entry: StreamId,
    part: Option<Part>,
    missed: bool,
}

/// What a stream tells.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) series: BTreeMap<Bucket, [u64; Counter::ALL.len()]>,
    failures: BTreeMap<String, u64>,
    /// When each kind was submitted last.
    kinds: BTreeMap<String, u64>,
    /// There is an entry that nobody counts, or there are too many kinds.
    odd: bool,
}

impl Sums {
    fn add(&mut self, id: StreamId, entry: &Entry<'_>, tasks: usize, queues: &[String]) {
        let Some(places) = entry.places() else {
            self.odd = true;
            return;
        };
        for (queue, kind) in places.into_iter().take(tasks) {
            if let Some(counter) = counter(entry.event) {
                self.count(id.ms, counter, queues.iter().find(|own| *own == queue));
            }
            if is_failure(entry.event) {
                *self.failures.entry(kind.to_owned()).or_default() += 1;
            }
            if entry.event == "submit" {
                self.kinds.insert(kind.to_owned(), id.ms);
            }
        }
        self.odd |= self.kinds.len() > KINDS;
    }

    fn count(&mut self, at_ms: u64, counter: Counter, queue: Option<&String>) {
        let mut one = |resolution: Resolution, of| {
            let bucket = (resolution, resolution.bucket_ms(at_ms), of);
            self.series.entry(bucket).or_default()[counter as usize] += 1;
        };
        Resolution::ALL.into_iter().for_each(|resolution| one(resolution, None));
        // Of queues hours alone, so that it is no more than memory holds.
        if let Some(queue) = queue {
            one(Resolution::Coarse, Some(queue.clone()));
        }
    }
}

impl Auditor<'_> {
    pub(super) async fn figures(&mut self, still: &[super::Mark]) -> Result<(), Error> {
        for (at, stream) in self.streams.clone().into_iter().enumerate() {
            let place = self.place(&stream).await?;
            if place.missed {
                let why =
                    "events were trimmed away, or left behind by an import, before figures were made of them";
                self.report.skip("A10", why);
                continue;
            }
            self.figures_of(&stream, place).await?;
            let last = stream.end(self.store).await?;
            let is_still = still.get(at) == Some(&self.mark(stream.shard).await?) && place.entry == last;
            self.kind_lists(stream.shard, is_still)?;
        }
        Ok(())
    }

    async fn place(&self, stream: &Stream) -> Result<Place, Error> {
        let meta = self.store.keys(stream.shard)?.meta();
        let said: Vec<Option<String>> =
            self.store.ask_text(vec!["HMGET", &meta, "behind", "behind_part", "behind_missed"]).await?;
        let text = |at: usize| said.get(at).and_then(|one| one.as_deref());
        Ok(Place {
            entry: text(0).map_or(Ok(StreamId::default()), str::parse)?,
            part: text(1).map(str::parse).transpose()?,
            missed: text(2).is_some_and(|missed| missed != "0"),
        })
    }

    async fn sums(&self, stream: &Stream, place: Place, queues: &[String]) -> Result<Sums, Error> {
        let (mut sums, progress) = (Sums::default(), self.progress);
        let mut last = place.entry;
        if let Some(part) = place.part {
            last = last.max(part.entry);
        }
        stream
            .read(self.store, StreamId::default(), last, &mut |id, entry| {
                progress("counts figures", 1);
                let Ok(entry) = entry else {
                    sums.odd = true;
                    return;
                };
                let part = place.part.filter(|part| part.entry == id && id > place.entry);
                if id <= place.entry || part.is_some() {
                    let tasks = part.map_or(usize::MAX, |part| part.tasks as usize);
                    sums.add(id, &entry, tasks, queues);
                }
            })
            .await?;
        Ok(sums)
    }

    async fn figures_of(&mut self, stream: &Stream, place: Place) -> Result<(), Error> {
        let queues = self.own_queues(stream.shard).await?;
        let least = self.sums(stream, place, &queues).await?;
        let series = self.said_of_series(stream, &least).await?;
        let failures = self.said_of_failures(stream.shard).await?;
        let kinds = self.said_of_kinds(stream.shard).await?;
        let after = self.place(stream).await?;
        let more = match after == place {
            true => None,
            false => Some(self.sums(stream, after, &queues).await?),
        };
        let most = more.as_ref().unwrap_or(&least);
        // What was trimmed meanwhile is not held against what was counted.
        let mut stream = stream.clone();
        stream.look_again(self.store).await?;
        if least.odd || most.odd || after.missed {
            self.report.skip(
                "A10",
                "a stream with entries that cannot be read, or with too many kinds, is not counted",
            );
            return Ok(());
        }
        self.judge_series(&stream, &least, most, &series)?;
        if stream.whole {
            self.judge_failures(&stream, &least.failures, &most.failures, failures)?;
        } else {
            self.report.skip("A10", "groups of failures are older than the stream, and not counted anew");
        }
        self.judge_kinds(&stream, &least.kinds, &most.kinds, &kinds)
    }

    /// Queues with series of their own. Of more than there may be, it cannot be told since when.
    async fn own_queues(&mut self, shard: Shard) -> Result<Vec<String>, Error> {
        let list = self.store.keys(shard)?.queues();
        let queues: Vec<String> =
            self.store.ask_text::<Option<_>>(vec!["ZRANGE", &list, "0", "-1"]).await?.unwrap_or_default();
        if queues.len() as u64 <= limits::SERIES_QUEUES_MAX {
            return Ok(queues);
        }
        self.report.skip("A10", "of so many queues some share a series, and none of theirs is counted anew");
        Ok(Vec::new())
    }

    async fn said_of_series(
        &self,
        stream: &Stream,
        sums: &Sums,
    ) -> Result<BTreeMap<Bucket, [u64; Counter::ALL.len()]>, Error> {
        let mut wanted: Vec<Bucket> = sums.series.keys().cloned().collect();
        // Hours in which nothing happened, too.
        let hour = Resolution::Coarse;
        let (mut at, last) = (hour.bucket_ms(stream.first.ms), hour.bucket_ms(stream.last.ms));
        while stream.first.ms > 0 && at <= last {
            let bucket = (hour, at, None);
            if !sums.series.contains_key(&bucket) {
                wanted.push(bucket);
            }
            at += hour.step_ms();
        }
        let mut said = BTreeMap::new();
        for some_of in wanted.chunks(AT_ONCE) {
            let keys: Vec<String> = some_of
                .iter()
                .map(|bucket| self.series_key(stream.shard, bucket))
                .collect::<Result<_, _>>()?;
            let fields = Counter::ALL.iter().map(|counter| counter.as_str());
            let questions = keys.iter().map(|key| ["HMGET", key].into_iter().chain(fields.clone()).collect());
            for (bucket, answer) in some_of.iter().zip(self.store.ask_all(questions).await?) {
                let values: Vec<Option<u64>> = some(answer).unwrap_or_default();
                let mut counts = [0; Counter::ALL.len()];
                counts.iter_mut().zip(values).for_each(|(count, value)| *count = value.unwrap_or_default());
                said.insert(bucket.clone(), counts);
            }
        }
        Ok(said)
    }

    pub(super) fn series_key(&self, shard: Shard, bucket: &Bucket) -> Result<String, Error> {
        let (resolution, at_ms, queue) = bucket;
        let series = format!("{}series:{resolution}:{at_ms}", self.store.keys(shard)?.prefix());
        Ok(queue.as_ref().map_or(series.clone(), |queue| format!("{series}:{queue}")))
    }

    /// By kind, how many failures its groups count; `None` where groups may have given way to others.
    async fn said_of_failures(&self, shard: Shard) -> Result<Option<BTreeMap<String, u64>>, Error> {
        let keys = self.store.keys(shard)?.clone();
        let groups: Vec<String> = self
            .store
            .ask_text::<Option<_>>(vec!["ZRANGE", &keys.errors(), "0", "-1"])
            .await?
            .unwrap_or_default();
        if groups.len() as u64 >= limits::ERROR_GROUPS_MAX {
            return Ok(None);
        }
        let mut said: BTreeMap<String, u64> = BTreeMap::new();
        for group in groups {
            let key = format!("{}error:{group}", keys.prefix());
            let fields: Fields =
                self.store.ask_text::<Option<_>>(vec!["HGETALL", &key]).await?.unwrap_or_default();
            let counts = fields.keys().filter(|name| name.starts_with("count:"));
            let sum: u64 = counts.filter_map(|name| number(&fields, name)).sum();
            *said.entry(word(&fields, "kind").to_owned()).or_default() += sum;
        }
        Ok(Some(said))
    }

    async fn said_of_kinds(&self, shard: Shard) -> Result<BTreeMap<String, f64>, Error> {
        let key = self.store.keys(shard)?.behind(&BehindKey::kinds());
        let question = vec!["ZRANGE", &key, "0", "-1", "WITHSCORES"];
        let said: Vec<(String, f64)> = self.store.ask_text::<Option<_>>(question).await?.unwrap_or_default();
        Ok(said.into_iter().collect())
    }

    fn judge_failures(
        &mut self,
        stream: &Stream,
        least: &BTreeMap<String, u64>,
        most: &BTreeMap<String, u64>,
        said: Option<BTreeMap<String, u64>>,
    ) -> Result<(), Error> {
        let Some(said) = said else {
            self.report.skip("A10", "of so many groups of failures some gave way, and none is counted anew");
            return Ok(());
        };
        let key = self.store.keys(stream.shard)?.errors();
        let of = |sums: &BTreeMap<String, u64>, kind: &str| sums.get(kind).copied().unwrap_or_default();
        let kinds: std::collections::BTreeSet<&String> = said.keys().chain(least.keys()).collect();
        self.report.look("A10", kinds.len() as u64);
        for kind in kinds {
            let bounds = (of(least, kind), of(most, kind));
            self.between(FAILURES_DIFFER, &format!("failures of {kind}"), bounds, of(&said, kind), &key);
        }
        Ok(())
    }

    fn judge_kinds(
        &mut self,
        stream: &Stream,
        least: &BTreeMap<String, u64>,
        most: &BTreeMap<String, u64>,
        said: &BTreeMap<String, f64>,
    ) -> Result<(), Error> {
        let key = self.store.keys(stream.shard)?.behind(&BehindKey::kinds());
        let is_full = said.len() as u64 >= limits::INDEX_KINDS_MAX;
        self.report.look("A10", least.len() as u64);
        for (kind, at_ms) in least {
            let until_ms = most.get(kind).copied().unwrap_or(*at_ms);
            match said.get(kind) {
                None if is_full => {}
                said => {
                    let said = said.copied().unwrap_or_default() as u64;
                    let what = format!("the last {kind}, in ms");
                    self.between(KINDS_DIFFER, &what, (*at_ms, until_ms), said, &key);
                }
            }
        }
        // Of what came before the stream nothing is known.
        let strangers = said
            .iter()
            .filter(|(kind, at_ms)| !most.contains_key(*kind) && stream.has_all_since(**at_ms as u64));
        for (kind, at_ms) in strangers {
            self.between(KINDS_DIFFER, &format!("the last {kind}, in ms"), (0, 0), *at_ms as u64, &key);
        }
        Ok(())
    }

    pub(super) fn between(
        &mut self,
        rule: Rule,
        what: &str,
        (least, most): (u64, u64),
        said: u64,
        key: &str,
    ) {
        if (least..=most).contains(&said) {
            return;
        }
        let span = if least == most { least.to_string() } else { format!("{least} to {most}") };
        self.find(Finding::of(
            rule.broken(format!("{what}: {span}"), said.to_string()),
            what,
            vec![key.to_owned()],
        ));
    }

    /// The list of a kind, as it is met.
    pub(super) async fn kind_list(&mut self, shard: Shard, key: &str, name: &str) -> Result<(), Error> {
        let size: Option<u64> = self.store.ask_one(vec!["ZCARD", key]).await?;
        let kind = name.strip_prefix("index:kind:").unwrap_or(name);
        self.figures.listed(shard, kind, size.unwrap_or_default());
        Ok(())
    }

    /// As many have ended as are listed: comparable only where nothing happened since the first was counted.
    fn kind_lists(&mut self, shard: Shard, is_still: bool) -> Result<(), Error> {
        let sound =
            ["A1", "A2", "A3"].iter().all(|id| self.report.part(id).is_some_and(|part| part.found == 0));
        if !is_still || !sound || self.crooked.contains(&shard) || self.figures.many {
            let why = "lists of ended tasks by kind are compared where tasks stand still and are where they should be";
            self.report.skip("A10", why);
            return Ok(());
        }
        let prefix = self.store.keys(shard)?.prefix().to_owned();
        let counted: Vec<(String, [u64; 2])> = self
            .figures
            .ended
            .iter()
            .filter(|((of, _), _)| *of == shard)
            .map(|((_, kind), counts)| (kind.clone(), *counts))
            .collect();
        self.report.look("A10", counted.len() as u64);
        for (kind, [ended, listed]) in counted {
            let what = format!("ended tasks of {kind}");
            self.between(ENDED_DIFFER, &what, (ended, ended), listed, &format!("{prefix}index:kind:{kind}"));
        }
        Ok(())
    }
}
