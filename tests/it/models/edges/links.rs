//! The scripts of one edge: link and unlink.
use super::rules::{Missing, Rules};
use super::state::{Policy, Status, Task, World};

impl World {
    pub(super) fn may_link(&self, rules: &Rules, parent: Task, child: Task) -> bool {
        let status = self.status(child);
        let busy = status == Status::Running && rules.running_child_refused;
        let missing = self.status(parent) == Status::Absent && rules.missing_parent == Missing::Refused;
        let again = self.is_linked(parent, child) && rules.link_again_is_nothing;
        let cycle = parent == child || (self.leads(child, parent) && rules.cycle_refused);
        status != Status::Absent && !status.is_terminal() && !busy && !missing && !again && !cycle
    }

    pub(super) fn link(&mut self, rules: &Rules, parent: Task, child: Task) {
        if !self.is_linked(parent, child) {
            self.note_link(parent, child);
        }
        self.row(parent).children.put(child);
        let end = self.status(parent);
        let counts_as_completed = end == Status::Absent && rules.missing_parent == Missing::CountsAsCompleted;
        let bad_end = end.is_bad_end() && rules.bad_end_applies_at_once;
        if bad_end && self.satisfies(end, child)
            || end == Status::Completed && rules.completed_opens_nothing
            || counts_as_completed
        {
            return;
        }
        self.open(parent, child, bad_end);
        if bad_end && self.row(child).policy == Policy::Cancel {
            self.end(rules, child, Status::Cancelled);
        }
    }

    fn open(&mut self, parent: Task, child: Task, parked: bool) {
        let row = self.row(parent);
        if parked {
            row.parked.put(child)
        } else {
            row.waiting.put(child)
        }
        let row = self.row(child);
        row.open += 1;
        if row.status == Status::Pending {
            row.status = Status::Blocked;
        }
        self.note_counted(parent, child);
    }

    pub(super) fn unlink(&mut self, rules: &Rules, parent: Task, child: Task) {
        let row = self.row(parent);
        row.children.take(child);
        let waited = row.waiting.take(child);
        let was_open = row.parked.take(child) || waited;
        self.note_unlink(parent, child);
        if was_open || !rules.unlink_closes_if_open {
            self.close(rules, parent, child);
        }
    }
}
