//! What an audit says.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use baton_core::audit::{Rule, Wrong};
use baton_core::{Namespace, Shard};

use crate::calls::shard::Mend;
use crate::families::{Family, line};

/// Findings that are kept; of more only the number is told.
const FINDINGS_MAX: usize = 10_000;

/// What is proved, part by part.
pub const AUDITS: [(&str, &str); 14] = [
    ("A1", "nothing is lost: each task is in its one place, and was submitted"),
    ("A2", "each running task has one holder, and that one a lease"),
    ("A3", "each history is a path of the lifecycle, without a gap"),
    ("A4", "fences rise, and reports carry those of their claims"),
    ("A5", "no two runs of a task overlap"),
    ("A6", "no task began before its parents let it go"),
    ("A7", "attempts and crashes stay within their limits"),
    ("A8", "sessions end when they are ended, and generations rise"),
    ("A9", "one live task per key, one task per time of a schedule"),
    ("A10", "counters equal what they count"),
    ("A11", "every key is of the table of keys and belongs to something"),
    ("A12", "one accepted effect per completed task"),
    ("A13", "workers of this host are processes"),
    ("A14", "what is due happens in time"),
];

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: Rule,
    /// The task, the session, the queue, or the key.
    pub subject: String,
    /// The keys that were read.
    pub keys: Vec<String>,
    pub expected: String,
    pub found: String,
    /// A line of `redis-cli` that shows it.
    pub line: String,
    /// What would mend it, where that takes no guess.
    pub mend: Option<(Shard, Mend)>,
    pub repaired: bool,
}

impl Finding {
    pub fn of(wrong: Wrong, subject: impl Into<String>, keys: Vec<String>) -> Finding {
        let Wrong { rule, expected, found } = wrong;
        let (subject, line, mend) = (subject.into(), String::new(), None);
        Finding { rule, subject, keys, expected, found, line, mend, repaired: false }
    }

    pub(super) fn mended_by(mut self, shard: Shard, mend: Mend) -> Finding {
        self.mend = Some((shard, mend));
        self
    }
}

/// How one part did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub id: &'static str,
    pub says: &'static str,
    /// How many things were looked at.
    pub looked: u64,
    pub found: u64,
    /// What of it was not looked at, and why.
    pub skipped: Vec<String>,
}

impl Part {
    /// `ok`, `violated` or `skipped`.
    pub fn state(&self) -> &'static str {
        match self {
            Part { found: 1.., .. } => "violated",
            Part { looked: 0, skipped, .. } if !skipped.is_empty() => "skipped",
            _ => "ok",
        }
    }
}

/// The whole of it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub findings: Vec<Finding>,
    /// Findings that are counted only.
    pub untold: u64,
    pub parts: Vec<Part>,
    pub tasks: u64,
    pub events: u64,
    pub keys: u64,
    pub took_ms: u64,
    /// Why mending was given up.
    pub repair_failed: Option<String>,
    known: HashSet<u64>,
}

impl Report {
    pub(super) fn new() -> Report {
        let part = |(id, says)| Part { id, says, ..Part::default() };
        Report { parts: AUDITS.into_iter().map(part).collect(), ..Report::default() }
    }

    pub fn part(&self, id: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.id == id)
    }

    fn part_mut(&mut self, id: &str) -> Option<&mut Part> {
        self.parts.iter_mut().find(|part| part.id == id)
    }

    /// Nothing is wrong that was not mended.
    pub fn is_clean(&self) -> bool {
        self.untold == 0
            && self.repair_failed.is_none()
            && self.findings.iter().all(|finding| finding.repaired)
    }

    pub fn look(&mut self, id: &str, things: u64) {
        if let Some(part) = self.part_mut(id) {
            part.looked += things;
        }
    }

    pub fn skip(&mut self, id: &str, why: impl Into<String>) {
        let why = why.into();
        if let Some(part) = self.part_mut(id).filter(|part| !part.skipped.contains(&why)) {
            part.skipped.push(why);
        }
    }

    /// So many more are not told one by one.
    pub(super) fn more(&mut self, rule: Rule, key: &str, count: u64, named: usize) {
        if count == 0 {
            return;
        }
        self.untold += count;
        let why = format!("{}: {named} of {} in {key} are named", rule.name, count + named as u64);
        if let Some(part) = self.part_mut(rule.id) {
            part.found += count;
            part.skipped.push(why);
        }
    }

    /// A key may be met twice, and what is wrong with it is told once.
    pub fn find(&mut self, namespace: &Namespace, mut finding: Finding) {
        let mut hasher = DefaultHasher::new();
        (finding.rule.name, &finding.subject, &finding.keys, &finding.expected).hash(&mut hasher);
        if self.known.contains(&hasher.finish()) {
            return;
        }
        if let Some(part) = self.part_mut(finding.rule.id) {
            part.found += 1;
        }
        if self.findings.len() >= FINDINGS_MAX {
            self.untold += 1;
            return;
        }
        self.known.insert(hasher.finish());
        if finding.line.is_empty() {
            finding.line = finding.keys.first().map_or(String::new(), |key| show(namespace, key));
        }
        self.findings.push(finding);
    }
}

fn show(namespace: &Namespace, key: &str) -> String {
    match Family::of(namespace, key) {
        Some(known) => known.family.line(key),
        None => line("", key),
    }
}
