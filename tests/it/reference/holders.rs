//! Holders, told once more: who may act for a worker, its lease, its claims, what a heartbeat answers.

use baton_core::{Boot, LeaseLength, Refusal, TaskId, Version, limits};
use baton_store::calls::worker::{Deregistered, Registered, Renewal, Renewed};
use baton_store::calls::{Gone, Pair, Refused};
use baton_testkit::Life;

use super::model::{Model, Worker, key_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Current,
    New,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lease {
    Open,
    Absent,
    Reaped,
}

pub(super) fn refused(refusal: Refusal, detail: Option<String>) -> Refused {
    Refused { refusal, detail }
}

impl Model {
    pub(super) fn standing(&self, life: &Life, expects: Option<&Boot>) -> Result<Standing, Refused> {
        let record = self.workers.get(&life.worker);
        let current = record.and_then(|record| record.boot.as_ref());
        if current == Some(&life.boot) {
            return Ok(Standing::Current);
        }
        if record.is_some_and(|record| record.past.iter().any(|(boot, _)| *boot == life.boot)) {
            return Err(refused(Refusal::Superseded, None));
        }
        if current != expects {
            return Err(refused(Refusal::Conflict, current.map(ToString::to_string)));
        }
        Ok(Standing::New)
    }

    pub(super) fn lease(&self, life: &Life) -> Lease {
        match self.leases.get(&key_of(life)) {
            None => Lease::Absent,
            Some(0) if !self.held(life).is_empty() => Lease::Reaped,
            Some(0) => Lease::Absent,
            Some(_) => Lease::Open,
        }
    }

    pub(super) fn lease_length(&self, life: &Life, wanted: LeaseLength, standing: Standing) -> LeaseLength {
        match (standing, self.workers.get(&life.worker)) {
            (Standing::Current, Some(record)) => record.lease,
            _ => wanted,
        }
    }

    pub(super) fn extend(&mut self, life: &Life, length: LeaseLength) {
        let until = self.now_ms + length.ms();
        let deadline = self.leases.entry(key_of(life)).or_default();
        *deadline = until.max(*deadline);
    }

    pub(super) fn leave(&mut self, life: &Life) {
        let now_ms = self.now_ms;
        if let Some(record) = self.workers.get_mut(&life.worker) {
            record.boot = None;
            record.remember(&life.boot, now_ms);
        }
        self.leases.remove(&key_of(life));
    }

    /// Makes the boot the current one; answers how many tasks it took over.
    pub(super) fn adopt(&mut self, life: &Life, lease: LeaseLength) -> u64 {
        let now_ms = self.now_ms;
        let old = self.current_boot(&life.worker).cloned();
        let mut taken_over = 0;
        if let Some(boot) = old {
            let old = Life { worker: life.worker.clone(), boot };
            for id in self.held_ids(&old) {
                let task = self.tasks.get_mut(&id);
                taken_over += u64::from(task.is_some_and(|task| task.take_over(&life.boot, now_ms)));
                self.note_end(id);
            }
            self.leave(&old);
            self.leave_ends();
        }
        let record = self.workers.entry(life.worker.clone()).or_insert(Worker {
            boot: None,
            lease,
            past: Vec::new(),
            registered_ms: now_ms,
            seen_ms: None,
        });
        record.boot = Some(life.boot.clone());
        record.lease = lease;
        record.registered_ms = now_ms;
        taken_over
    }

    pub(super) fn register(&mut self, life: &Life, expects: Option<&Boot>, lease: LeaseLength) -> Registered {
        let standing = match self.standing(life, expects) {
            Ok(standing) => standing,
            Err(refused) => return Registered::Refused(refused),
        };
        if self.lease(life) == Lease::Reaped {
            return Registered::Refused(refused(Refusal::LeaseLost, None));
        }
        let lease = self.lease_length(life, lease, standing);
        let taken_over = match standing {
            Standing::New => self.adopt(life, lease),
            Standing::Current => 0,
        };
        self.extend(life, lease);
        let tick_ms = self.tick_ms;
        Registered::Current { lease, taken_over, tick_ms }
    }

    pub(super) fn deregister(&mut self, life: &Life) -> Deregistered {
        let no = |refusal, detail| Deregistered::Refused(refused(refusal, detail));
        if !self.workers.contains_key(&life.worker) {
            return no(Refusal::UnknownWorker, None);
        }
        match self.standing(life, None) {
            Ok(Standing::Current) => {}
            Ok(Standing::New) => return no(Refusal::Conflict, None),
            Err(refused) => return Deregistered::Refused(refused),
        }
        let held = self.held(life).len();
        if held > 0 {
            return no(Refusal::Conflict, Some(held.to_string()));
        }
        self.leave(life);
        let now_ms = self.now_ms;
        if let Some(record) = self.workers.get_mut(&life.worker) {
            record.seen_ms = Some(now_ms);
        }
        Deregistered::Left
    }

    pub(super) fn renew(&mut self, life: &Life, holding: &[Pair], alone: bool) -> Renewed {
        let no = |refusal, detail| Renewed::Refused(refused(refusal, detail));
        let Some(record) = self.workers.get(&life.worker) else {
            return no(Refusal::UnknownWorker, None);
        };
        let lease = record.lease;
        match self.standing(life, None) {
            Ok(Standing::Current) => {}
            Ok(Standing::New) => return no(Refusal::Conflict, None),
            Err(refused) => return Renewed::Refused(refused),
        }
        if self.lease(life) != Lease::Open {
            return no(Refusal::LeaseLost, None);
        }
        let unknown = self.unknown(life, holding);
        if alone && !unknown.is_empty() {
            return no(Refusal::Conflict, None);
        }
        let gone = self.gone(life, holding);
        self.extend(life, lease);
        Renewed::Until(Renewal { lease, tick_ms: self.tick_ms, directive: None, gone, unknown })
    }

    /// The pairs listed that are not held.
    pub(super) fn gone(&self, life: &Life, listed: &[Pair]) -> Vec<Gone> {
        listed.iter().filter_map(|pair| self.why_gone(life, pair)).collect()
    }

    fn why_gone(&self, life: &Life, pair: &Pair) -> Option<Gone> {
        let why = match self.tasks.get(&pair.task) {
            None => Refusal::UnknownTask.code(),
            Some(task) if !task.was_run_by(&life.worker, pair.fence) => Refusal::Fenced.code(),
            Some(task) if task.is_held_by(life) => return None,
            Some(task) => task.status.as_str(),
        };
        Some(Gone { task: pair.task, fence: pair.fence, why: why.to_owned() })
    }

    pub(super) fn held_ids(&self, life: &Life) -> Vec<TaskId> {
        self.held(life).into_iter().map(|task| task.id).collect()
    }

    pub(super) fn is_being_reaped(&self, life: &Life) -> bool {
        self.lease(life) == Lease::Reaped
    }

    pub(super) fn version_of(&self, id: TaskId) -> Version {
        self.tasks[&id].version()
    }
}

impl Worker {
    /// The latest past boots, none older than a worker's record is kept.
    fn remember(&mut self, boot: &Boot, now_ms: u64) {
        let oldest = now_ms.saturating_sub(limits::WORKER_RETENTION_MS);
        self.past.retain(|(known, at_ms)| known != boot && *at_ms >= oldest);
        self.past.insert(0, (boot.clone(), now_ms));
        self.past.truncate(limits::PAST_BOOTS_MAX as usize);
    }
}
