//! Claims, told once more: what a holder gets again, what it is granted, and in which order.

use baton_core::{Boot, Fence, LeaseLength, Refusal, Status, TaskId, limits};
use baton_store::calls::task::{Claimed, Grant, Grants};
use baton_testkit::Life;

use super::holders::{Lease, Standing, refused};
use super::model::Model;
use super::request::Wish;

impl Model {
    pub(super) fn claim(
        &mut self,
        life: &Life,
        wish: &Wish,
        only: Option<TaskId>,
        expects: Option<&Boot>,
        lease: LeaseLength,
    ) -> Claimed {
        let standing = match self.standing(life, expects) {
            Ok(standing) => standing,
            Err(refused) => return Claimed::Refused(refused),
        };
        if self.lease(life) == Lease::Reaped {
            return Claimed::Refused(refused(Refusal::LeaseLost, None));
        }
        if let Some(refusal) = only.and_then(|task| self.refusal_of_one(life, task)) {
            let task = only.and_then(|task| self.tasks.get(&task));
            return Claimed::Refused(refused(refusal, task.map(|task| task.status.to_string())));
        }
        let lease = self.lease_length(life, lease, standing);
        if standing == Standing::New {
            self.adopt(life, lease);
        }
        self.extend(life, lease);
        Claimed::Tasks(self.grants(life, wish, only, lease, &[]))
    }

    /// The claim that rides along with reports of `settled` tasks.
    pub(super) fn claim_next(&mut self, life: &Life, wish: &Wish, settled: &[TaskId], lost: bool) -> Claimed {
        let no = |refusal| Claimed::Refused(refused(refusal, None));
        let Some(record) = self.workers.get(&life.worker) else {
            return no(Refusal::UnknownWorker);
        };
        let lease = record.lease;
        match self.standing(life, None) {
            Ok(Standing::Current) => {}
            Ok(Standing::New) => return no(Refusal::Conflict),
            Err(refused) => return Claimed::Refused(refused),
        }
        if lost {
            return no(Refusal::LeaseLost);
        }
        self.extend(life, lease);
        Claimed::Tasks(self.grants(life, wish, None, lease, settled))
    }

    fn refusal_of_one(&mut self, life: &Life, id: TaskId) -> Option<Refusal> {
        let (now_ms, is_open) = (self.now_ms, self.open_parents(id) > 0);
        let Some(task) = self.tasks.get_mut(&id) else {
            return Some(Refusal::UnknownTask);
        };
        match task.status {
            Status::Running if task.is_held_by(life) => None,
            Status::Running => Some(Refusal::Conflict),
            Status::Blocked => Some(Refusal::ParentsOpen),
            Status::Pending if is_open => {
                task.block(now_ms);
                Some(Refusal::ParentsOpen)
            }
            Status::Scheduled if is_open => Some(Refusal::ParentsOpen),
            Status::Scheduled => Some(Refusal::Conflict),
            Status::Pending => self.paused.contains_key(&task.spec.queue).then_some(Refusal::QueuePaused),
            _ => Some(Refusal::AlreadyFinished),
        }
    }

    fn grants(
        &mut self,
        life: &Life,
        wish: &Wish,
        only: Option<TaskId>,
        lease: LeaseLength,
        settled: &[TaskId],
    ) -> Grants {
        let mut unknown = self.unknown(life, &wish.holding);
        if wish.max > 0 {
            unknown.truncate(wish.max as usize);
        }
        let gone = self.gone(life, &wish.holding);
        let mut tasks: Vec<Grant> = unknown.iter().map(|id| self.grant(*id, true)).collect();
        let mut room = wish.max.saturating_sub(tasks.len() as u64);
        let held = self.held(life);
        let alone = held.len() == 1 && held[0].is_last_life();
        let mut holds = held.len() as u64;
        let mut solo_waiting = false;
        for id in self.candidates(wish, only, settled) {
            if room == 0 || alone || holds >= limits::HELD_TASKS_MAX {
                break;
            }
            let (now_ms, is_open) = (self.now_ms, self.open_parents(id) > 0);
            let Some(task) = self.tasks.get_mut(&id) else { continue };
            let last_life = task.is_last_life();
            if is_open {
                task.block(now_ms);
            } else if last_life && holds > 0 {
                solo_waiting = true;
            } else {
                task.claim(life, now_ms);
                tasks.push(self.grant(id, false));
                holds += 1;
                room = if last_life { 0 } else { room - 1 };
            }
        }
        Grants { lease, tick_ms: self.tick_ms, tasks, gone, solo_waiting, again_in_ms: None }
    }

    /// Strictly by priority, then by age. What this very call made pending waits for the next one.
    fn candidates(&self, wish: &Wish, only: Option<TaskId>, settled: &[TaskId]) -> Vec<TaskId> {
        let wanted = |queue, id| match only {
            Some(only) => only == id,
            None => wish.queues.contains(queue) && !self.paused.contains_key(queue),
        };
        let mut found: Vec<(u64, TaskId)> = self
            .tasks
            .values()
            .filter(|task| task.status == Status::Pending && !settled.contains(&task.id))
            .filter(|task| wanted(&task.spec.queue, task.id))
            .map(|task| (task.pending_score(), task.id))
            .collect();
        found.sort();
        found.into_iter().map(|(_, id)| id).collect()
    }

    fn grant(&self, id: TaskId, redelivered: bool) -> Grant {
        let task = &self.tasks[&id];
        Grant {
            task: id,
            fence: Fence(task.fence),
            queue: task.spec.queue.clone(),
            kind: task.spec.kind.clone(),
            attempt: task.attempt,
            max_attempts: task.spec.max_attempts,
            crashes: task.crashes,
            timeout_ms: task.spec.timeout_ms,
            priority: task.spec.priority,
            traceparent: None,
            payload: task.spec.payload.clone(),
            parents: self.parents(id).len() as u64,
            solo: task.is_last_life(),
            redelivered,
        }
    }
}
