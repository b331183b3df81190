//! The scripts, each one atomic step: claim, renew, settle, cancel, rerun, reap.
use super::rules::{Bounds, Rules};
use super::shard::{Seat, Shard};
use super::state::{HOLDERS, Holder, Incarnation, Outcome, Pairs, Status, TASKS};

#[derive(Clone, Copy, Debug)]
pub(super) enum ClaimAnswer {
    Granted { granted: Pairs, solo: u8 },
    LeaseLost,
    Seat(Seat),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum RenewAnswer {
    Renewed { gone: Pairs, unknown: Pairs },
    LeaseLost,
    Seat(Seat),
}

impl Shard {
    pub(super) fn claim(
        &mut self,
        with: (&Rules, &Bounds),
        processes: &[Incarnation; HOLDERS],
        holder: Holder,
        (expects, holding, max): (u8, Pairs, u8),
    ) -> ClaimAnswer {
        let (rules, bounds) = with;
        let seat = self.register(with, processes, holder, expects);
        if seat != Seat::Taken {
            return ClaimAnswer::Seat(seat);
        }
        if self.reaping & holder.bit() != 0 && rules.reaping_is_final {
            return ClaimAnswer::LeaseLost;
        }
        self.reaping &= !holder.bit();
        let held = self.held[holder.index()];
        let mut granted = [0; TASKS];
        for task in 0..TASKS {
            if held[task] != 0 && !knows(rules, holding[task], held[task]) {
                granted[task] = held[task];
            }
        }
        for task in 0..TASKS {
            let count = granted.iter().filter(|fence| **fence != 0).count();
            let row = &self.tasks[task];
            let free = row.status == Status::Pending && row.fence < bounds.fences && count < max as usize;
            if free && self.may_join(with, holder, task) {
                self.issue(task, holder);
                self.tasks[task].status = Status::Running;
                granted[task] = self.tasks[task].fence;
                self.held[holder.index()][task] = granted[task];
            }
        }
        self.note_company(holder);
        let solo = (0..TASKS).filter(|task| granted[*task] != 0 && self.is_last_life(*task, bounds));
        ClaimAnswer::Granted { granted, solo: solo.fold(0, |bits, task| bits | 1 << task) }
    }

    /// The last life is lived alone, as far as the server can see. What was cancelled may still be running over
    /// there, and an abandoned claim may be granted late: `last_life_started_alone` is the other half.
    fn may_join(&self, (rules, bounds): (&Rules, &Bounds), holder: Holder, task: usize) -> bool {
        let held = self.held[holder.index()];
        if !rules.last_life_granted_alone {
            return true;
        }
        if (0..TASKS).any(|other| held[other] != 0 && self.is_last_life(other, bounds)) {
            return false;
        }
        let alone = (0..TASKS).all(|other| other == task || held[other] == 0);
        alone || !self.is_last_life(task, bounds)
    }

    pub(super) fn renew(&mut self, rules: &Rules, holder: Holder, listed: Pairs) -> RenewAnswer {
        if self.current[holder.worker()] != holder.name() {
            let past = self.past & holder.bit() != 0;
            return RenewAnswer::Seat(if past { Seat::Superseded } else { Seat::Refused });
        }
        if self.reaping & holder.bit() != 0 && rules.reaping_is_final {
            return RenewAnswer::LeaseLost;
        }
        self.reaping &= !holder.bit();
        let held = self.held[holder.index()];
        let (mut gone, mut unknown) = ([0; TASKS], [0; TASKS]);
        let size = |pairs: Pairs| pairs.iter().filter(|fence| **fence != 0).count();
        if !rules.renewal_compares_members && size(listed) == size(held) {
            return RenewAnswer::Renewed { gone, unknown };
        }
        for task in 0..TASKS {
            if !knows(rules, held[task], listed[task]) {
                gone[task] = listed[task];
            }
            if !knows(rules, listed[task], held[task]) {
                unknown[task] = held[task];
            }
        }
        RenewAnswer::Renewed { gone, unknown }
    }

    /// A report is accepted from whoever shows the worker and the fence of a running task.
    pub(super) fn settle(&mut self, rules: &Rules, by: Holder, task: usize, fence: u8, outcome: Outcome) {
        let row = &mut self.tasks[task];
        let owner = row.fence == fence && row.worker as usize == by.worker();
        if row.status != Status::Running || (!owner && rules.fence_check) {
            return;
        }
        self.alarms.stale_outcome |= !owner;
        row.status = match outcome {
            Outcome::Completed => Status::Completed,
            Outcome::Released => Status::Pending,
        };
        row.ends += u8::from(row.status.is_terminal());
        self.drop_from_held(task);
    }

    pub(super) fn cancel(&mut self, task: usize) {
        let row = &mut self.tasks[task];
        if row.status == Status::Running {
            row.cancelled |= 1 << row.fence;
        }
        row.status = Status::Cancelled;
        row.ends += 1;
        self.drop_from_held(task);
    }

    pub(super) fn rerun(&mut self, rules: &Rules, task: usize) {
        let row = &mut self.tasks[task];
        row.status = Status::Pending;
        row.losses = 0;
        row.ends = 0;
        if rules.rerun_clears_crashes {
            row.crashes = 0;
        }
    }

    /// A batch of one: larger ones are several of these with nothing in between.
    pub(super) fn reap(&mut self, bounds: &Bounds, holder: Holder, task: usize) {
        let index = holder.index();
        self.reaping |= holder.bit();
        for other in (0..TASKS).filter(|other| self.held[index][*other] != 0) {
            self.tasks[other].lost = true;
        }
        self.crash(task, bounds);
        self.drop_from_held(task);
    }
}

/// Whether a list that has `known` for a task covers the pair with fence `fence` (0: nothing to cover).
fn knows(rules: &Rules, known: u8, fence: u8) -> bool {
    fence == 0 || known == fence || (known != 0 && !rules.pair_includes_fence)
}
