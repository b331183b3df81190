//! A1, A12: what others wrote down, against what is there. Read once for each share of the tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use baton_core::TaskId;
use baton_core::audit::rule::{EFFECT_MISSING, EFFECT_STALE, EFFECT_TWICE, SUBMIT_LOST, TOO_MANY_RUNS};

use super::Auditor;
use super::lives::{Lives, Share};
use crate::error::Error;

type Each<'a, T> = &'a mut dyn FnMut(T);
type Read<T> = dyn Fn(Each<'_, T>) -> Result<(), String> + Send + Sync;

/// Something that can be read from its beginning again and again; each time it hands all of it over, or says why not.
pub struct Source<T>(Box<Read<T>>);

impl<T> Source<T> {
    pub fn new(read: impl Fn(Each<'_, T>) -> Result<(), String> + Send + Sync + 'static) -> Source<T> {
        Source(Box::new(read))
    }

    /// Hands all of it over, or says why not.
    pub fn each(&self, each: &mut dyn FnMut(T)) -> Result<(), String> {
        (self.0)(each)
    }

    fn read(&self, each: Each<'_, T>) -> Result<(), Error> {
        self.each(each).map_err(|problem| Error::invalid("a file of this audit", problem))
    }
}

impl<T> fmt::Debug for Source<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Source")
    }
}

/// What a sink saw: a run that wanted to have an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    pub task: TaskId,
    pub fence: u64,
    pub accepted: bool,
}

#[derive(Debug, Default)]
struct Effects {
    fences: BTreeSet<u64>,
    accepted: Vec<u64>,
}

impl Auditor<'_> {
    pub(super) async fn compare_files(&mut self, share: Share, lives: &Lives) -> Result<(), Error> {
        self.compare_ledger(share, lives).await?;
        self.compare_effects(share, lives)
    }

    async fn compare_ledger(&mut self, share: Share, lives: &Lives) -> Result<(), Error> {
        let Some(ledger) = &self.audit.ledger else { return Ok(()) };
        let (mut looked, mut unheard) = (0, Vec::new());
        ledger.read(&mut |task| {
            if share.has(task) {
                looked += 1;
                if !lives.of.contains_key(&task) {
                    unheard.push(task);
                }
            }
        })?;
        self.report.look("A1", looked);
        for task in self.missing(&unheard).await? {
            let told = self.stream_of(task).is_none_or(|stream| stream.has_all_since(task.drawn_ms()));
            if told {
                let wrong = SUBMIT_LOST.broken("the task, or that it was pruned", "neither");
                self.tell_lost(task, wrong);
            } else {
                let why = "tasks of the ledger that are gone and older than the stream may have been pruned";
                self.report.skip("A1", why);
            }
        }
        Ok(())
    }

    fn tell_lost(&mut self, task: TaskId, wrong: baton_core::audit::Wrong) {
        match self.store.keys(task.shard()) {
            Ok(_) => self.tell_task(task, vec![wrong]),
            Err(_) => self.find(super::Finding::of(wrong, task.to_string(), Vec::new())),
        }
    }

    fn compare_effects(&mut self, share: Share, lives: &Lives) -> Result<(), Error> {
        let Some(source) = &self.audit.effects else { return Ok(()) };
        let mut seen: BTreeMap<TaskId, Effects> = BTreeMap::new();
        source.read(&mut |effect| {
            if share.has(effect.task) {
                let effects = seen.entry(effect.task).or_default();
                effects.fences.insert(effect.fence);
                effects.accepted.extend(effect.accepted.then_some(effect.fence));
            }
        })?;
        let silent = |(task, life): &(&TaskId, &super::lives::Life)| {
            life.walk.completions() > 0 && !seen.contains_key(task)
        };
        let unseen = lives.of.iter().filter(silent).count();
        if unseen > 0 {
            let why =
                "completed tasks of which the file of effects says nothing may have none, and are not judged";
            self.report.skip("A12", why);
        }
        for (task, effects) in seen {
            let Some(life) = lives.of.get(&task).filter(|life| life.walk.is_whole()) else {
                self.report
                    .skip("A12", "lives that the stream does not tell from the beginning are not judged");
                continue;
            };
            self.report.look("A12", 1);
            let (runs, completions) = (u64::from(life.walk.runs()), u64::from(life.walk.completions()));
            let accepted = effects.accepted.len() as u64;
            let mut wrong = Vec::new();
            if accepted > completions.max(1) {
                wrong.push(
                    EFFECT_TWICE.broken(format!("{} accepted", completions.max(1)), accepted.to_string()),
                );
            }
            if accepted < completions {
                wrong.push(EFFECT_MISSING.broken(format!("{completions} accepted"), accepted.to_string()));
            }
            if effects.accepted.windows(2).any(|pair| pair[1] <= pair[0]) {
                let fences = format!("{:?}", effects.accepted);
                wrong.push(EFFECT_STALE.broken("accepted fences that rise", fences));
            }
            if effects.fences.len() as u64 > runs {
                wrong.push(TOO_MANY_RUNS.broken(format!("{runs} runs"), effects.fences.len().to_string()));
            }
            self.tell_task(task, wrong);
        }
        Ok(())
    }
}
