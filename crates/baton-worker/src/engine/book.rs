//! What a holder knows of one shard: what it runs, what it has to report, and until when it may believe in each.
//!
//! The rules that the model left for the worker are kept here:
//! - whether trust has lapsed is asked before any answer prolongs it;
//! - a grant is trusted from the send time of its own claim, and longer only by answers to requests that listed it;
//! - only pairs that a request listed are dropped on the word of its answer;
//! - everything that is not acknowledged as settled is listed, finished or not.

use std::collections::HashMap;
use std::sync::Arc;

use baton_core::{Fence, Status, TaskId, limits};
use baton_store::calls::task::{Grant, Outcome, Report};
use baton_store::calls::{Gone, Pair};
use tokio_util::sync::CancellationToken;

/// A task under one fence.
pub(crate) type Key = (TaskId, Fence);

/// Why a run was told to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Its lease may be over by now: nobody renewed it in time.
    Lapsed,
    /// Redis says that the lease is over, and hands the tasks on.
    LeaseLost,
    /// The worker ends.
    Drain,
    /// The run took too long.
    TimedOut,
    /// It is not held any more: there is nothing to report.
    Gone(String),
}

#[derive(Debug)]
enum Stage {
    Running,
    /// Told to end; its handler has not ended yet.
    Ending(Cause),
    /// To be reported.
    Ended(Outcome),
}

#[derive(Debug)]
struct Entry {
    grant: Arc<Grant>,
    trusted_until_ms: u64,
    cancel: CancellationToken,
    stage: Stage,
}

/// Whether anybody may run the task of a handler that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    /// The task has ended, as one that was cancelled: nobody starts it.
    Over,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    entries: HashMap<Key, Entry>,
    /// Handlers that have not ended, also of pairs that are gone.
    alive: HashMap<Key, Fate>,
}

impl Book {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many pairs are not acknowledged.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many handlers have not ended.
    pub(crate) fn alive(&self) -> usize {
        self.alive.len()
    }

    /// Does an earlier run of this task still live in this process?
    pub(crate) fn is_alive(&self, task: TaskId) -> bool {
        self.alive.keys().any(|(alive, _)| *alive == task)
    }

    pub(crate) fn knows(&self, key: &Key) -> bool {
        self.entries.contains_key(key)
    }

    /// A grant whose handler is about to start. Its token ends the run.
    pub(crate) fn start(&mut self, grant: &Arc<Grant>, trusted_until_ms: u64) -> CancellationToken {
        let key = (grant.task, grant.fence);
        let cancel = CancellationToken::new();
        let entry = Entry {
            grant: Arc::clone(grant),
            trusted_until_ms,
            cancel: cancel.clone(),
            stage: Stage::Running,
        };
        self.entries.insert(key, entry);
        self.alive.insert(key, Fate::Open);
        cancel
    }

    /// A grant that is not run here: it is reported at once.
    pub(crate) fn decline(&mut self, grant: &Arc<Grant>, outcome: Outcome, trusted_until_ms: u64) {
        let cancel = CancellationToken::new();
        let entry =
            Entry { grant: Arc::clone(grant), trusted_until_ms, cancel, stage: Stage::Ended(outcome) };
        self.entries.insert((grant.task, grant.fence), entry);
    }

    /// Everything that is not acknowledged, except what these reports say.
    pub(crate) fn holding(&self, reports: &[Report]) -> Vec<Pair> {
        let reported =
            |pair: &Pair| reports.iter().any(|report| (report.task, report.fence) == (pair.task, pair.fence));
        let pairs = self.running_first().into_iter().map(|entry| entry.grant.pair());
        let mut pairs: Vec<Pair> =
            if reports.is_empty() { pairs.collect() } else { pairs.filter(|pair| !reported(pair)).collect() };
        // A holder never holds more than this, so the bound is only met by pairs that are gone already.
        pairs.truncate(limits::HELD_TASKS_MAX as usize);
        pairs
    }

    fn running_first(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.entries.values().collect();
        if entries.len() > limits::HELD_TASKS_MAX as usize {
            entries.sort_by_key(|entry| matches!(entry.stage, Stage::Ended(_)));
        }
        entries
    }

    pub(crate) fn has_reports(&self) -> bool {
        self.entries.values().any(|entry| matches!(entry.stage, Stage::Ended(_)))
    }

    /// As many reports as fit into one call. They stay in the book until they are acknowledged.
    pub(crate) fn reports(&self) -> Vec<Report> {
        let (mut reports, mut bytes) = (Vec::new(), 0);
        for ((task, fence), entry) in &self.entries {
            let Stage::Ended(outcome) = &entry.stage else { continue };
            bytes += size_of_body(outcome) as u64;
            if reports.len() as u64 == limits::SETTLE_TASKS_MAX
                || (bytes > limits::CALL_BYTES_MAX && !reports.is_empty())
            {
                break;
            }
            reports.push(Report { task: *task, fence: *fence, outcome: outcome.clone() });
        }
        reports
    }

    /// A report has its answer: the pair is not held any more. Answers what was granted.
    pub(crate) fn acknowledge(&mut self, key: &Key) -> Option<Arc<Grant>> {
        self.entries.remove(key).map(|entry| entry.grant)
    }

    /// The handler of a run has ended. `outcome` is what it says, in the words of a report; `None` if it was dropped.
    pub(crate) fn end(&mut self, key: &Key, outcome: Option<Outcome>) {
        self.alive.remove(key);
        let Some(entry) = self.entries.get_mut(key) else { return };
        let outcome = match (&entry.stage, outcome) {
            // What is done is done, whatever it was told meanwhile; the fence decides whether it counts.
            (_, Some(done @ Outcome::Complete { .. })) | (Stage::Running, Some(done)) => done,
            (Stage::Ending(cause), _) => outcome_of(cause),
            (_, said) => said.unwrap_or_else(|| outcome_of(&Cause::Drain)),
        };
        entry.stage = Stage::Ended(outcome);
    }

    /// Is this run ours or nobody's, though it was told to end? Where it may be somebody else's there is no time to lose.
    pub(crate) fn keeps(&self, key: &Key) -> bool {
        let stage = self.entries.get(key).map(|entry| &entry.stage);
        let ours = matches!(stage, Some(Stage::Running | Stage::Ending(Cause::Drain | Cause::TimedOut)));
        ours || self.alive.get(key) == Some(&Fate::Over)
    }

    /// Tells one run to end.
    pub(crate) fn cancel(&mut self, key: &Key, cause: Cause) {
        if let Some(entry) = self.entries.get_mut(key) {
            tell(entry, &cause);
        }
    }

    /// Tells every run to end.
    pub(crate) fn cancel_all(&mut self, cause: &Cause) {
        self.entries.values_mut().for_each(|entry| tell(entry, cause));
    }

    /// Tells those to end whose lease may be over. Asked before any answer prolongs one. Answers how many.
    pub(crate) fn lapse(&mut self, now_ms: u64) -> usize {
        let lapsed =
            |entry: &&mut Entry| matches!(entry.stage, Stage::Running) && entry.trusted_until_ms <= now_ms;
        self.entries.values_mut().filter(lapsed).map(|entry| tell(entry, &Cause::Lapsed)).count()
    }

    /// When the next run lapses unless it is renewed.
    pub(crate) fn lapses_at_ms(&self) -> Option<u64> {
        let running = self.entries.values().filter(|entry| matches!(entry.stage, Stage::Running));
        running.map(|entry| entry.trusted_until_ms).min()
    }

    /// An answer says that these pairs, which its request listed, are held until then.
    pub(crate) fn trust(&mut self, listed: &[Pair], until_ms: u64) {
        for pair in listed {
            if let Some(entry) = self.entries.get_mut(&(pair.task, pair.fence)) {
                entry.trusted_until_ms = entry.trusted_until_ms.max(until_ms);
            }
        }
    }

    /// An answer says that these pairs are not held. What has ended stays, so that its report gets an answer of its own.
    pub(crate) fn drop_gone(&mut self, gone: &[Gone]) {
        for gone in gone {
            self.forget(&(gone.task, gone.fence), &gone.why);
        }
    }

    pub(crate) fn forget(&mut self, key: &Key, why: &str) {
        if let Some(entry) = self.entries.get_mut(key)
            && !matches!(entry.stage, Stage::Ended(_))
        {
            tell(entry, &Cause::Gone(why.to_owned()));
            self.entries.remove(key);
            if let Some(fate) = self.alive.get_mut(key) {
                let over = why.parse::<Status>().is_ok_and(Status::is_terminal);
                *fate = if over { Fate::Over } else { Fate::Open };
            }
        }
    }
}

fn tell(entry: &mut Entry, cause: &Cause) {
    if matches!(entry.stage, Stage::Running) {
        entry.stage = Stage::Ending(cause.clone());
    }
    entry.cancel.cancel();
}

/// What is reported of a run that was told to end and did not complete.
fn outcome_of(cause: &Cause) -> Outcome {
    let release = |reason: &str| Outcome::Release { reason: reason.to_owned(), delay_ms: None };
    match cause {
        Cause::Lapsed => release("the lease ran out"),
        Cause::LeaseLost => release("the lease was lost"),
        Cause::Drain => release("the worker ends"),
        Cause::Gone(why) => release(why),
        Cause::TimedOut => Outcome::TimeOut { error: b"the run took longer than its timeout".to_vec() },
    }
}

fn size_of_body(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Complete { result } => result.len(),
        Outcome::Fail { error, .. } | Outcome::FailForGood { error, .. } | Outcome::TimeOut { error } => {
            error.len()
        }
        Outcome::Release { .. } => 0,
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
