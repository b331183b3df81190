//! What is really due, kept beside the counters and without looking at them.
use super::state::{Policy, Set, Status, Task, Truth, World};

impl World {
    fn truth(&mut self, parent: Task) -> &mut Truth {
        &mut self.truth[parent.index()]
    }

    /// Whether an end of this kind lets this child go.
    pub(super) fn satisfies(&self, end: Status, child: Task) -> bool {
        let runs_anyway = self.rows[child.index()].policy == Policy::Run;
        end == Status::Completed || (end.is_bad_end() && runs_anyway)
    }

    pub(super) fn note_link(&mut self, parent: Task, child: Task) {
        let met = self.satisfies(self.status(parent), child);
        let truth = self.truth(parent);
        if met { truth.met.put(child) } else { truth.due.put(child) }
    }

    pub(super) fn note_unlink(&mut self, parent: Task, child: Task) {
        let truth = self.truth(parent);
        truth.due.take(child);
        truth.met.take(child);
        truth.excused.take(child);
    }

    pub(super) fn note_end(&mut self, parent: Task, end: Status) {
        let due = self.truth(parent).due;
        for child in due.iter() {
            if self.satisfies(end, child) {
                self.truth(parent).due.take(child);
                self.truth(parent).met.put(child);
            }
        }
        let truth = self.truth(parent);
        truth.excused = Set::EMPTY;
        truth.reported |= end == Status::Completed;
    }

    /// Somebody wants this task although parents of it have ended badly.
    pub(super) fn note_rerun(&mut self, task: Task) {
        self.truth(task).excused = Set::EMPTY;
        for parent in Task::ALL {
            let bad = self.status(parent).is_bad_end();
            if bad && self.truth(parent).due.has(task) {
                self.truth(parent).excused.put(task);
            }
        }
    }

    pub(super) fn note_start(&mut self, task: Task) {
        self.alarms.started_early |= self.truth.iter().any(|truth| truth.due.has(task));
    }

    /// What was due from it stays due for ever. What was done is done, and what it waited for itself is nobody's.
    pub(super) fn note_prune(&mut self, task: Task) {
        let children = self.rows[task.index()].children;
        let met = self.truth(task).met;
        self.alarms.lost_a_parent |= children.both(met).iter().any(|child| !self.status(child).is_terminal());
        let truth = self.truth(task);
        *truth = Truth { due: truth.due, counted: truth.counted, ..Truth::NOTHING };
        for parent in Task::ALL {
            self.note_unlink(parent, task);
            self.truth(parent).counted.take(task);
        }
    }

    pub(super) fn note_counted(&mut self, parent: Task, child: Task) {
        self.truth(parent).counted.put(child);
    }

    pub(super) fn note_closed(&mut self, parent: Task, child: Task) {
        self.alarms.closed_twice |= !self.truth(parent).counted.take(child);
    }
}
