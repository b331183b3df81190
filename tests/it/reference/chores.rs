//! What a tick does: stall grace, mature, reap, time out, prune, forget.

use baton_core::lease::{Stall, effective_deadline_ms};
use baton_core::{Boot, LeaseLength, Status, TaskId, WorkerId, limits};
use baton_store::calls::shard::{Tick, Ticked};
use baton_testkit::Life;

use super::model::{Last, Model};
use super::moves::Next;

impl Model {
    pub(super) fn tick(&mut self, tick: &Tick) -> Ticked {
        let now_ms = self.now_ms;
        if let Some(tick_ms) = self.tick_ms
            && tick_ms > now_ms
            && tick_ms <= now_ms + limits::TICK_EVERY_MS
        {
            return Ticked::Early { now_ms, tick_ms };
        }
        self.note_stall(tick.expected_ms.unwrap_or(now_ms - tick.trying_ms));
        let matured = self.mature();
        let mut reaped = 0;
        if tick.ticks >= limits::TICKS_BEFORE_REAP {
            let expired = self.expired();
            for (worker, boot) in &expired {
                reaped += self.reap(worker, boot);
            }
            self.sweep();
            for holder in &expired {
                self.leases.remove(holder);
            }
        }
        let pruned = self.prune();
        self.leave_ends();
        // One who has neither ticked before nor tried for long cannot tell a stall; those who can still have to.
        self.blind_tick = tick.expected_ms.is_none()
            && tick.trying_ms < limits::STALL_MS_MIN
            && self.last_tick_ms.is_some();
        if !self.blind_tick {
            self.last_tick_ms = Some(now_ms);
        }
        Ticked::Worked {
            now_ms,
            // Known once the waits of this tick's retries are.
            tick_ms: 0,
            reaped,
            matured,
            pruned,
            cascades: !self.is_somebody_passing() && !self.cascades.is_empty(),
            schedules: false,
        }
    }

    fn note_stall(&mut self, expected_ms: u64) {
        let Some(last) = self.last_tick_ms else { return };
        let from = last.max(expected_ms);
        let length = self.now_ms.saturating_sub(from);
        if length < limits::STALL_MS_MIN {
            return;
        }
        // Grace that is left is not lost.
        let left = self.stall.map_or(0, |stall| (stall.until_ms + stall.length_ms).saturating_sub(from));
        self.stall = Some(Stall { until_ms: self.now_ms, length_ms: length + left });
    }

    fn mature(&mut self) -> u64 {
        let now_ms = self.now_ms;
        let due = self
            .tasks
            .values_mut()
            .filter(|task| task.status == Status::Scheduled && task.run_at_ms <= now_ms);
        due.map(|task| task.mature(now_ms)).count() as u64
    }

    fn lease_of(&self, worker: &WorkerId) -> LeaseLength {
        self.workers.get(worker).map_or(LeaseLength::default(), |record| record.lease)
    }

    fn expired(&self) -> Vec<(WorkerId, Boot)> {
        let ended = |worker: &WorkerId, deadline: u64| {
            deadline == 0 || effective_deadline_ms(deadline, self.lease_of(worker), self.stall) <= self.now_ms
        };
        let holders = self.leases.iter();
        holders
            .filter(|((worker, _), deadline)| ended(worker, **deadline))
            .map(|(holder, _)| holder.clone())
            .collect()
    }

    fn reap(&mut self, worker: &WorkerId, boot: &Boot) -> u64 {
        let now_ms = self.now_ms;
        let life = Life { worker: worker.clone(), boot: boot.clone() };
        if let Some(record) = self.workers.get_mut(worker) {
            record.seen_ms = Some(now_ms);
        }
        let held = self.held_ids(&life);
        for id in &held {
            if let Some(task) = self.tasks.get_mut(id) {
                task.crash(now_ms);
            }
            self.note_end(*id);
        }
        held.len() as u64
    }

    /// Overdue runs, holders without a lease, workers to forget.
    fn sweep(&mut self) {
        let workers: Vec<(WorkerId, Option<Boot>)> =
            self.workers.iter().map(|(worker, record)| (worker.clone(), record.boot.clone())).collect();
        for (worker, boot) in workers {
            let life = boot.map(|boot| Life { worker: worker.clone(), boot });
            let holder = life.as_ref().map(|life| (life.worker.clone(), life.boot.clone()));
            match (&life, &holder) {
                (Some(life), Some(holder)) if self.leases.contains_key(holder) => self.time_out(life),
                (Some(life), Some(holder)) if !self.held(life).is_empty() => {
                    self.leases.insert(holder.clone(), 0);
                }
                _ => self.forget(&worker),
            }
        }
    }

    fn time_out(&mut self, life: &Life) {
        let lease_ms = self.lease_of(&life.worker).ms();
        // After a stall the worker's own report comes first, as always.
        let in_grace = |stall: Stall| self.now_ms < stall.until_ms + lease_ms.min(stall.length_ms);
        if self.stall.is_some_and(in_grace) {
            return;
        }
        let lease_us = lease_ms * 1_000;
        let overdue: Vec<TaskId> = self
            .held(life)
            .into_iter()
            .filter(|task| task.run_deadline_us() + lease_us <= self.now_ms * 1_000)
            .map(|task| task.id)
            .collect();
        for id in overdue {
            let now_ms = self.now_ms;
            let Some(task) = self.tasks.get_mut(&id) else { continue };
            task.last = Last::Done;
            if let Next::Retries = task.fail(b"", "timeout", Status::Timeout, false, now_ms) {
                self.retry(id, None);
            }
            self.note_end(id);
        }
    }

    fn forget(&mut self, worker: &WorkerId) {
        let now_ms = self.now_ms;
        let silent = |seen_ms: u64| seen_ms + limits::WORKER_RETENTION_MS < now_ms;
        if self
            .workers
            .get(worker)
            .is_some_and(|record| silent(record.seen_ms.unwrap_or(record.registered_ms)))
        {
            self.workers.remove(worker);
        }
    }
}
