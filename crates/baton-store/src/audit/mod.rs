//! `baton audit`: proves from the keys and the event streams of a namespace that nothing was lost, doubled or done out of order.
//! It only reads, unless it is asked to repair.
//!
//! Memory does not grow with the number of tasks. All keys are met by SCAN, indexes by ZSCAN, streams by pages. What needs all
//! events of a task is done for a share of all tasks at a time ([`lives`]), what needs all events of its parents for so many
//! edges at a time ([`order`]).
//!
//! A fleet may work meanwhile. What is said of a task is seen by one script at one moment, and judged by that; what takes several
//! looks is judged only if nothing changed between them.

mod ask;
mod counters;
mod edges;
mod figures;
mod files;
mod flows;
mod indexes;
mod keys;
mod late;
mod lives;
mod logins;
mod order;
mod registries;
mod report;
mod retries;
mod scan;
mod series;
mod stream;
mod tasks;
mod unread;
mod unrun;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use baton_core::audit::rule::{
    ELSEWHERE, HELD_BY_ANOTHER, NO_LEASE, NOT_HELD, NOT_IN_ITS_INDEX, STREAM_LOST, UNKNOWN_STATUS, WRONG_TYPE,
};
use baton_core::audit::{Rule, Wrong};
use baton_core::{Principal, Shard, ShardCount, TaskId};

use crate::boot::judge_schema;
use crate::calls::shard::Repaired;
use crate::clock::monotonic;
use crate::error::Error;
use crate::families::Family;
use crate::keys::namespace_meta;
use crate::store::{Options, Store};
pub(crate) use ask::time;
use figures::Figures;
pub use files::{Effect, Source};
use lives::{EVENTS_OF_PART, Lives, Share};
use order::Edges;
pub use report::{AUDITS, Finding, Part, Report};
use stream::Stream;

/// What is to be looked at, and how.
pub struct Audit {
    /// What is late by less than this is not late.
    pub settle_ms: u64,
    /// Tasks whose submission was acknowledged.
    pub ledger: Option<Source<TaskId>>,
    /// What a sink took in or refused.
    pub effects: Option<Source<Effect>>,
    /// Mend what takes no guess, in this name.
    pub repair: Option<Principal>,
    /// Events of so many are kept at a time.
    pub events_of_part: u64,
    /// Edges of so many.
    pub edges_of_part: usize,
}

impl Default for Audit {
    fn default() -> Self {
        Audit {
            settle_ms: 60_000,
            ledger: None,
            effects: None,
            repair: None,
            events_of_part: EVENTS_OF_PART,
            edges_of_part: order::EDGES_OF_PART,
        }
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Audit").field("settle_ms", &self.settle_ms).finish_non_exhaustive()
    }
}

/// Where one of these is broken, counting anew would count what is not so.
const CROOKED: [Rule; 7] =
    [NOT_IN_ITS_INDEX, NOT_HELD, ELSEWHERE, HELD_BY_ANOTHER, UNKNOWN_STATUS, NO_LEASE, WRONG_TYPE];

/// What leaves no trace behind, and is proved by models and tests alone.
const UNSEEN: &[(&str, &str)] = &[
    (
        "A8",
        "that a token has one successor leaves no trace: it is computed, so that a repeat gets the same bytes",
    ),
    ("A8", "how many sessions were ever opened is not written down, only which live and which ended of late"),
    ("A9", "one task per idempotency key: the answer that is kept under a key is one, whatever was made"),
    ("A10", "lists of ended tasks by tag and by worker, and histograms of series, are not counted anew"),
];

/// Where a shard is.
type Mark = Vec<Option<String>>;

/// Told now and then: what is done, and how many things of it were just done.
pub type Progress<'a> = &'a (dyn Fn(&'static str, u64) + Send + Sync);

/// An audit under way.
struct Auditor<'a> {
    store: &'a Store,
    audit: &'a Audit,
    progress: Progress<'a>,
    report: Report,
    streams: Vec<Stream>,
    /// Of each shard: the queues of it have rules for groups.
    ruled: HashMap<Shard, bool>,
    edges: Edges,
    /// By shard and queue: how many tasks run and are scheduled, as they were met.
    sums: BTreeMap<(Shard, String), [u64; 2]>,
    figures: Figures,
    /// Shards of which a task and an index do not agree.
    crooked: HashSet<Shard>,
}

impl Store {
    /// The namespace as it is, with as many shards as it was founded with. Nothing is written.
    pub async fn for_audit(mut options: Options) -> Result<Store, Error> {
        let store = Store::unopened(options.clone())?;
        store.must_see_all().await?;
        let meta = namespace_meta(store.namespace());
        let schema: Option<String> = store.ask_text(vec!["HGET", &meta, "schema"]).await?;
        let schema = schema.and_then(|schema| schema.parse().ok()).unwrap_or_default();
        if let Some(unfit) = judge_schema(schema) {
            return Err(Error::invalid("the namespace", unfit.to_string()));
        }
        let said: Option<u32> = store.ask_one(vec!["HGET", &meta, "shards"]).await?;
        let Some(said) = said else {
            return Err(Error::invalid(
                "the namespace",
                format!("there is no {meta}: nothing was founded here"),
            ));
        };
        let shards = ShardCount::new(said).map_err(|error| Error::fault(meta, error.to_string()))?;
        if shards == options.shards {
            return Ok(store);
        }
        options.shards = shards;
        Store::unopened(options)
    }

    /// Proves what can be proved.
    pub async fn audit(&self, audit: &Audit, progress: Progress<'_>) -> Result<Report, Error> {
        let began = monotonic();
        let mut auditor = Auditor::new(self, audit, progress).await?;
        auditor.run().await?;
        let mut report = auditor.report;
        report.took_ms = monotonic().saturating_duration_since(began).as_millis() as u64;
        Ok(report)
    }
}

impl<'a> Auditor<'a> {
    async fn new(store: &'a Store, audit: &'a Audit, progress: Progress<'a>) -> Result<Auditor<'a>, Error> {
        let (mut streams, mut ruled) = (Vec::new(), HashMap::new());
        for shard in store.shards().all() {
            streams.push(Stream::of(store, shard).await?);
            let is: Option<String> = store.ask_one(vec!["HGET", &store.keys(shard)?.meta(), "ruled"]).await?;
            ruled.insert(shard, is.is_some());
        }
        Ok(Auditor {
            store,
            audit,
            progress,
            report: Report::new(),
            streams,
            ruled,
            edges: Edges::new(audit.edges_of_part),
            sums: BTreeMap::new(),
            figures: Figures::default(),
            crooked: HashSet::new(),
        })
    }

    async fn run(&mut self) -> Result<(), Error> {
        let events: u64 = self.streams.iter().map(|stream| stream.events).sum();
        let parts = events.div_ceil(self.audit.events_of_part).max(1);
        self.say_what_is_missing();
        self.shards().await?;
        let still = self.marks().await?;
        for part in 0..parts {
            let (share, mut lives) = (Share { part, parts }, Lives::default());
            for stream in self.streams.clone() {
                self.walk(share, &mut lives, &stream, Default::default(), stream.last).await?;
            }
            self.scan(share, &mut lives).await?;
            self.settle_lives(share, &mut lives).await?;
            let walked = lives.of.values().filter(|life| life.walk.version() > 0).count() as u64;
            for id in ["A3", "A4", "A5", "A7"] {
                self.report.look(id, walked);
            }
            self.compare_files(share, &lives).await?;
        }
        let done = self.judge_order().await;
        self.or_skip("A6", done)?;
        let done = self.schedules().await;
        self.or_skip("A9", done)?;
        let done = self.counters(&still).await;
        self.or_skip("A10", done)?;
        let done = self.figures(&still).await;
        self.or_skip("A10", done)?;
        let done = self.late().await;
        self.or_skip("A14", done)?;
        let done = self.logins().await;
        self.or_skip("A8", done)?;
        // What was found stands, whatever becomes of mending it.
        if let Err(error) = self.repair().await {
            self.report.repair_failed = Some(error.to_string());
        }
        Ok(())
    }

    fn say_what_is_missing(&mut self) {
        if self.streams.iter().any(|stream| !stream.whole) {
            let why = "the stream does not go back to the beginning: what happened before it is not judged";
            for id in ["A1", "A3", "A4", "A5", "A6", "A7", "A9"] {
                self.report.skip(id, why);
            }
        }
        for stream in self.streams.clone().into_iter().filter(|stream| stream.lost) {
            let wrong = STREAM_LOST.broken("the event stream", "it is not there, though events were counted");
            self.find(Finding::of(wrong, stream.key.clone(), vec![stream.key]));
        }
        if self.audit.ledger.is_none() {
            self.report.skip("A1", "without --ledger no acknowledged submit was looked for");
        }
        if self.audit.effects.is_none() {
            self.report.skip("A12", "without --effects there is nothing to compare");
        }
        for (id, why) in UNSEEN {
            self.report.skip(id, *why);
        }
    }

    /// How many events each shard has counted, and up to where they are written down: where that stays as it is, nothing happened.
    async fn marks(&self) -> Result<Vec<Mark>, Error> {
        let mut marks = Vec::new();
        for shard in self.store.shards().all() {
            marks.push(self.mark(shard).await?);
        }
        Ok(marks)
    }

    async fn mark(&self, shard: Shard) -> Result<Mark, Error> {
        let meta = self.store.keys(shard)?.meta();
        self.store.ask_text(vec!["HMGET", &meta, "events", "behind", "behind_part"]).await
    }

    fn stream_of(&self, task: TaskId) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.shard == task.shard())
    }

    fn find(&mut self, finding: Finding) {
        if CROOKED.contains(&finding.rule) {
            let known = finding.keys.first().and_then(|key| Family::of(self.store.namespace(), key));
            let known = known.filter(|known| !known.family.pattern.starts_with("schedule:"));
            self.crooked.extend(known.and_then(|known| keys::shard_of(self.store, known.prefix)));
        }
        self.report.find(self.store.namespace(), finding);
    }

    /// What is wrong with a task.
    fn tell_task(&mut self, task: TaskId, wrong: Vec<Wrong>) {
        let Ok(keys) = self.store.keys(task.shard()) else { return };
        let key = keys.task(task);
        for one in wrong {
            self.find(Finding::of(one, task.to_string(), vec![key.clone()]));
        }
    }

    /// Which of these are not there.
    async fn missing(&self, tasks: &[TaskId]) -> Result<Vec<TaskId>, Error> {
        let mut missing = Vec::new();
        for some in tasks.chunks(ask::AT_ONCE) {
            let there =
                some.iter().filter_map(|task| Some((*task, self.store.keys(task.shard()).ok()?.task(*task))));
            let (known, keys): (Vec<TaskId>, Vec<String>) = there.unzip();
            let answers = self.store.ask_all(keys.iter().map(|key| vec!["EXISTS", key])).await?;
            missing.extend(some.iter().filter(|task| !known.contains(task)));
            for (task, answer) in known.into_iter().zip(answers) {
                if ask::read::<u64>(answer)? == 0 {
                    missing.push(task);
                }
            }
        }
        Ok(missing)
    }

    /// Mends what takes no guess, and says of each whether it did.
    async fn repair(&mut self) -> Result<(), Error> {
        let Some(by) = &self.audit.repair else { return Ok(()) };
        let wanted: Vec<_> = self.report.findings.iter().filter_map(|finding| finding.mend.clone()).collect();
        let (mut done, mut failed) = (HashMap::new(), None);
        for (shard, mend) in wanted {
            if !done.contains_key(&(shard, mend.clone())) {
                match self.store.repair(shard, by, &mend, counters::COUNT_MAX).await {
                    Ok(repaired) => done.insert((shard, mend), matches!(repaired, Repaired::Done)),
                    // What cannot be read keeps nothing else from being mended.
                    Err(error) => {
                        let is_of_data = unread::is_of_data(&error);
                        failed = Some(error);
                        if is_of_data {
                            continue;
                        }
                        break;
                    }
                };
            }
        }
        for finding in &mut self.report.findings {
            let is_done = finding.mend.as_ref().and_then(|mend| done.get(mend));
            finding.repaired = is_done.copied().unwrap_or_default();
        }
        failed.map_or(Ok(()), Err)
    }
}
