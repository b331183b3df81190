//! The scripts of one task, each one atomic step: claim, end, rerun, prune.
use super::rules::{Parked, Rules};
use super::state::{Row, Set, Status, Task, World};

impl World {
    pub(super) fn claim(&mut self, rules: &Rules, task: Task) {
        let row = self.row(task);
        if row.open > 0 && rules.gate_in_claim {
            row.status = Status::Blocked;
            return;
        }
        row.status = Status::Running;
        self.note_start(task);
    }

    /// Completed, failed or cancelled, whoever did it. None of its edges is propagated in this script: one that
    /// propagates some is this and then steps of the cascade with nothing in between.
    pub(super) fn end(&mut self, rules: &Rules, task: Task, end: Status) {
        self.note_end(task, end);
        let row = self.row(task);
        row.status = end;
        if end == Status::Completed {
            if !rules.ends_close_open_edges {
                row.waiting = row.children;
            }
            if rules.parked == Parked::StaysUntilCompleted {
                row.waiting = row.open_edges();
                row.parked = Set::EMPTY;
            }
        }
        row.cascading = !row.waiting.is_empty();
    }

    /// The holder has not heard that its report was recorded, and sends it again.
    pub(super) fn report_again(&mut self, rules: &Rules, task: Task) {
        if rules.repeat_touches_nothing {
            return;
        }
        let row = self.rows[task.index()];
        let closed = if rules.ends_close_open_edges { row.waiting } else { row.children };
        for child in closed.iter() {
            self.row(task).waiting.take(child);
            self.close(rules, task, child);
        }
    }

    pub(super) fn rerun(&mut self, rules: &Rules, task: Task) {
        let row = self.row(task);
        if row.cascading && rules.rerun_waits_for_cascade {
            return;
        }
        if rules.parked == Parked::WaitsAgain {
            row.waiting = row.open_edges();
            row.parked = Set::EMPTY;
        }
        row.status = if row.open > 0 { Status::Blocked } else { Status::Pending };
        self.note_rerun(task);
    }

    pub(super) fn may_prune(&self, rules: &Rules, task: Task) -> bool {
        let row = &self.rows[task.index()];
        let waited_for = !row.open_edges().is_empty() && rules.waited_for_is_kept;
        let living = row.children.iter().any(|child| !self.status(child).is_terminal());
        let waits = row.open > 0 && !rules.ended_waiter_may_go;
        let needed = waited_for || (living && rules.parents_of_living_are_kept) || waits;
        row.status.is_terminal() && !needed
    }

    pub(super) fn prune(&mut self, rules: &Rules, task: Task) {
        let has_parents = self.rows.iter().any(|row| row.children.has(task));
        if has_parents && !rules.pruned_in_one_step {
            self.leave_parents(rules, task);
            return;
        }
        self.note_prune(task);
        *self.row(task) = Row::ABSENT;
        for parent in Task::ALL {
            let row = self.row(parent);
            row.children.take(task);
            if rules.pruned_leaves_its_parents {
                row.waiting.take(task);
                row.parked.take(task);
            }
        }
    }

    /// The first piece of a prune that (against the rules) comes in pieces. The task itself is still there.
    fn leave_parents(&mut self, rules: &Rules, task: Task) {
        for parent in Task::ALL {
            let row = self.row(parent);
            row.children.take(task);
            let waited = row.waiting.take(task);
            if row.parked.take(task) || waited {
                self.close(rules, parent, task);
            }
        }
    }
}
