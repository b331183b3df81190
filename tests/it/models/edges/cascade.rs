//! The chore that propagates ends, one edge a step so that everything else may happen in between.
use super::rules::Rules;
use super::state::{Policy, Set, Status, Task, World};

impl World {
    /// The edges that the next step of this cascade may take.
    pub(super) fn next_edges(&self, rules: &Rules, parent: Task) -> Set {
        let row = &self.rows[parent.index()];
        let mut next = Set::EMPTY;
        if rules.cascade_pops {
            next = row.waiting;
        } else if let Some(child) = row.waiting.iter().nth(row.cursor as usize) {
            next.put(child);
        }
        next
    }

    pub(super) fn cascade(&mut self, rules: &Rules, parent: Task, child: Task) {
        let row = self.row(parent);
        if rules.cascade_pops {
            row.waiting.take(child);
            row.cascading = !row.waiting.is_empty();
        } else {
            row.cursor += 1;
        }
        if self.status(child) == Status::Absent {
            return;
        }
        let policy = self.row(child).policy;
        if self.status(parent) == Status::Completed || policy == Policy::Run {
            self.close(rules, parent, child);
            return;
        }
        if policy == Policy::Cancel && !rules.cancel_parks {
            self.close(rules, parent, child);
        } else {
            self.row(parent).parked.put(child);
        }
        if policy != Policy::Cancel || self.status(child).is_terminal() {
            return;
        }
        self.end(rules, child, Status::Cancelled);
        self.row(child).cascading &= rules.cancelled_child_cascades;
    }

    /// Nothing is left: an unlink took the last edge, or the cursor has come to the end.
    pub(super) fn cascade_ends(&mut self, parent: Task) {
        let row = self.row(parent);
        (row.waiting, row.cascading, row.cursor) = (Set::EMPTY, false, 0);
    }

    /// One parent less to wait for.
    pub(super) fn close(&mut self, rules: &Rules, parent: Task, child: Task) {
        let row = self.row(child);
        if row.status.is_terminal() && !rules.ended_child_counts {
            return;
        }
        row.open = row.open.saturating_sub(1);
        if row.open == 0 && row.status == Status::Blocked {
            row.status = Status::Pending;
        }
        self.note_closed(parent, child);
    }
}
