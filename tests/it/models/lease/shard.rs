//! The server: one method for each script, each an atomic step.
use super::rules::{Bounds, Rules};
use super::state::{Alarms, HOLDERS, Holder, Incarnation, Life, Pairs, Status, TASKS, Task, WORKERS};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shard {
    pub(super) tasks: [Task; TASKS],
    /// The worker's record: its current boot, or 0.
    pub(super) current: [u8; WORKERS],
    /// Past boots, as bits.
    pub(super) past: u8,
    /// Leases with score 0, as bits. Any other holder that holds something has a lease; whether its deadline has
    /// passed shows only when somebody reaps it.
    pub(super) reaping: u8,
    pub(super) held: [Pairs; HOLDERS],
    pub(super) alarms: Alarms,
}

/// Whether a caller may act as its worker's current boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Seat {
    Taken,
    Superseded,
    /// Not current, and its compare-and-set failed.
    Refused,
    /// The takeover would leave the bounds of this exploration.
    Beyond,
}

impl Shard {
    pub(super) fn new(bounds: &Bounds) -> Shard {
        let task = |index: usize| Task {
            status: if index < bounds.tasks as usize { Status::Pending } else { Status::Absent },
            fence: 0,
            crashes: 0,
            worker: 0,
            started: 0,
            cancelled: 0,
            losses: 0,
            ends: 0,
            company: false,
            lost: false,
        };
        Shard {
            tasks: [task(0), task(1)],
            current: [0; WORKERS],
            past: 0,
            reaping: 0,
            held: [[0; TASKS]; HOLDERS],
            alarms: Alarms::default(),
        }
    }

    /// A script names the boot of its caller, and every script that acts for a boot begins here.
    pub(super) fn register(
        &mut self,
        with: (&Rules, &Bounds),
        processes: &[Incarnation; HOLDERS],
        boot: Holder,
        expects: u8,
    ) -> Seat {
        let current = self.current[boot.worker()];
        if current == boot.name() {
            return Seat::Taken;
        }
        if self.past & boot.bit() != 0 && with.0.past_boots_write_nothing {
            return Seat::Superseded;
        }
        if current != expects && with.0.new_boot_compares {
            return Seat::Refused;
        }
        if current != 0 {
            let old = Holder::new(boot.worker(), current as usize - 1);
            if !self.take_over(with, processes, old, boot) {
                return Seat::Beyond;
            }
        }
        self.current[boot.worker()] = boot.name();
        self.alarms.past_returned |= self.past & boot.bit() != 0;
        self.past &= !boot.bit();
        Seat::Taken
    }

    /// The new boot takes what the old one held, under new fences: the old process may still be running.
    fn take_over(
        &mut self,
        (rules, bounds): (&Rules, &Bounds),
        processes: &[Incarnation; HOLDERS],
        old: Holder,
        new: Holder,
    ) -> bool {
        let held = self.held[old.index()];
        if (0..TASKS).any(|task| held[task] != 0 && self.tasks[task].fence >= bounds.fences) {
            return false;
        }
        let (robbed, robber) = (&processes[old.index()], &processes[new.index()]);
        let dead_before = robber.life == Life::Dead && robbed.elders & new.bit() != 0;
        self.alarms.robbed_by_the_dead |= robbed.is_alive() && dead_before;
        for task in (0..TASKS).filter(|task| held[*task] != 0) {
            self.held[old.index()][task] = 0;
            if rules.takeover_is_crash {
                self.crash(task, bounds);
                // The last life is lived alone, so it is not taken along; the queue hands it out.
                if self.tasks[task].status.is_terminal() || self.is_last_life(task, bounds) {
                    continue;
                }
            } else {
                self.tasks[task].losses += 1;
            }
            if rules.takeover_new_fences {
                self.issue(task, new);
            }
            self.tasks[task].status = Status::Running;
            self.tasks[task].worker = new.worker() as u8;
            self.held[new.index()][task] = self.tasks[task].fence;
        }
        self.past |= old.bit();
        self.note_company(new);
        self.reaping &= !old.bit();
        true
    }

    /// Counts a life that was not given back. The task is left pending, or poisoned.
    pub(super) fn crash(&mut self, task: usize, bounds: &Bounds) {
        let row = &mut self.tasks[task];
        row.losses += 1;
        row.crashes += 1;
        row.status = Status::Pending;
        row.worker = 0;
        if row.crashes >= bounds.max_crashes {
            row.status = Status::Poisoned;
            row.ends += 1;
            self.alarms.poisoned_in_company |= row.company;
        }
        (row.company, row.lost) = (false, false);
    }

    /// What is lost together is not lost alone, whether or not each of them was started.
    pub(super) fn note_company(&mut self, holder: Holder) {
        let held = self.held[holder.index()];
        if held.iter().all(|fence| *fence != 0) {
            self.tasks.iter_mut().for_each(|task| task.company = true);
        }
    }

    pub(super) fn is_last_life(&self, task: usize, bounds: &Bounds) -> bool {
        self.tasks[task].crashes + 1 >= bounds.max_crashes
    }

    /// A new fence for a new life.
    pub(super) fn issue(&mut self, task: usize, holder: Holder) {
        let row = &mut self.tasks[task];
        row.fence += 1;
        row.worker = holder.worker() as u8;
        row.company = false;
        row.lost = false;
        self.alarms.fence_fell |= row.started >> row.fence != 0;
    }

    pub(super) fn drop_from_held(&mut self, task: usize) {
        let row = &mut self.tasks[task];
        (row.company, row.lost, row.worker) = (false, false, 0);
        for index in 0..HOLDERS {
            self.held[index][task] = 0;
            if self.held[index] == [0; TASKS] {
                self.reaping &= !(1 << index);
            }
        }
    }
}
