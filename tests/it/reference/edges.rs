//! Edges, told once more: who waits for whom, and what the end of a parent means to those that wait for it.
//!
//! There is one record per edge, and who has open parents follows from them. Worlds are small enough for each end to be
//! passed on at once, in the call that brings it about or in the next cascade.

use baton_core::{OnParentFailure, Refusal, Status, TaskId, limits};
use baton_store::calls::task::{EdgeState, Linked, Unlinked};

use super::holders::refused;
use super::model::Model;

#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub state: EdgeState,
    /// Where the parent stands among the parents of the child, and the child among the children of the parent.
    pub places: (u64, u64),
}

impl Model {
    pub(super) fn parents(&self, child: TaskId) -> Vec<TaskId> {
        self.edges.keys().filter(|edge| edge.1 == child).map(|edge| edge.0).collect()
    }

    /// In the order in which an end comes to them.
    pub(super) fn children(&self, parent: TaskId) -> Vec<TaskId> {
        let mut children: Vec<(u64, TaskId)> = self
            .edges
            .iter()
            .filter(|(edge, _)| edge.0 == parent)
            .map(|(edge, record)| (record.places.1, edge.1))
            .collect();
        children.sort_unstable();
        children.into_iter().map(|(_, child)| child).collect()
    }

    pub(super) fn open_parents(&self, child: TaskId) -> usize {
        let of = self.edges.iter().filter(|(edge, _)| edge.1 == child);
        of.filter(|(_, record)| record.state != EdgeState::Closed).count()
    }

    pub(super) fn state_of(&self, parent: TaskId, child: TaskId) -> Option<EdgeState> {
        self.edges.get(&(parent, child)).map(|record| record.state)
    }

    /// To be called after every move that may be an end.
    pub(super) fn note_end(&mut self, id: TaskId) {
        let ended = self.tasks.get(&id).is_some_and(|task| task.status.is_terminal());
        if ended && !self.children(id).is_empty() {
            self.ended.push_back(id);
        }
    }

    /// Passes on all ends of this call, and those that they lead to; answers whether there were any.
    pub(super) fn pass_on(&mut self) -> bool {
        let any = !self.ended.is_empty();
        while let Some(parent) = self.ended.pop_front() {
            self.pass(parent);
        }
        any
    }

    pub(super) fn pass(&mut self, parent: TaskId) {
        let ended = self.tasks[&parent].status;
        for child in self.children(parent) {
            if self.state_of(parent, child) != Some(EdgeState::Open) {
                continue;
            }
            let policy = self.tasks[&child].spec.on_parent_failure;
            if policy.lets_go(ended) {
                self.set_state(parent, child, EdgeState::Closed);
                self.let_go(child);
                continue;
            }
            self.set_state(parent, child, EdgeState::Held);
            if policy == OnParentFailure::Cancel && !self.tasks[&child].status.is_terminal() {
                self.cancel_with(child, parent);
            }
        }
    }

    fn set_state(&mut self, parent: TaskId, child: TaskId, state: EdgeState) {
        if let Some(record) = self.edges.get_mut(&(parent, child)) {
            record.state = state;
        }
    }

    /// A child that waits for nothing any more goes on.
    fn let_go(&mut self, child: TaskId) {
        let (now_ms, is_open) = (self.now_ms, self.open_parents(child) > 0);
        let task = self.tasks.get_mut(&child).filter(|task| task.status == Status::Blocked && !is_open);
        if let Some(task) = task {
            task.unblock(now_ms);
        }
    }

    /// A child that ends because this parent did.
    pub(super) fn cancel_with(&mut self, child: TaskId, parent: TaskId) {
        let (now_ms, ended) = (self.now_ms, self.tasks[&parent].status);
        if let Some(task) = self.tasks.get_mut(&child) {
            task.cancel(&format!("parent={parent} ended {ended}"), now_ms);
        }
        self.note_end(child);
    }

    /// Records an edge between two tasks that are there, and answers how it begins.
    pub(super) fn connect(&mut self, parent: TaskId, child: TaskId) -> EdgeState {
        let ended = self.tasks[&parent].status;
        let state = match self.tasks[&child].spec.on_parent_failure {
            _ if !ended.is_terminal() => EdgeState::Open,
            policy if policy.lets_go(ended) => EdgeState::Closed,
            _ => EdgeState::Held,
        };
        self.edges.insert((parent, child), Edge { state, places: (self.now_ms, self.now_ms) });
        self.count_edge(parent, child, 1);
        state
    }

    /// Tasks from one to another, each a parent of the next.
    pub(super) fn is_way(&self, tasks: &[TaskId]) -> bool {
        tasks.windows(2).all(|pair| self.edges.contains_key(&(pair[0], pair[1])))
    }

    pub(super) fn leads_to(&self, from: TaskId, to: TaskId) -> bool {
        let (mut stack, mut seen) = (vec![from], vec![from]);
        while let Some(task) = stack.pop() {
            if task == to {
                return true;
            }
            let next: Vec<TaskId> =
                self.children(task).into_iter().filter(|child| !seen.contains(child)).collect();
            seen.extend(&next);
            stack.extend(&next);
        }
        false
    }

    pub(super) fn link(&mut self, parent: TaskId, child: TaskId) -> Linked {
        let no = |refusal, detail| Linked::Refused(refused(refusal, detail));
        if parent.shard() != child.shard() {
            return no(Refusal::CrossShardLink, None);
        }
        let Some(task) = self.tasks.get(&child) else {
            return no(Refusal::UnknownTask, None);
        };
        let (before, policy) = (task.status, task.spec.on_parent_failure);
        if !self.tasks.contains_key(&parent) {
            return no(Refusal::DependencyMissing, None);
        }
        if before == Status::Running || before.is_terminal() {
            return no(Refusal::Conflict, Some(before.to_string()));
        }
        if let Some(state) = self.state_of(parent, child) {
            return self.linked(state, child);
        }
        if self.leads_to(child, parent) {
            // Which way the shard names is its own affair: whoever compares sees to it that it is one.
            return no(Refusal::DependencyCycle, None);
        }
        let state = self.connect(parent, child);
        let now_ms = self.now_ms;
        if let Some(task) = self.tasks.get_mut(&child) {
            if state == EdgeState::Closed || before == Status::Blocked {
                task.version += 1;
            } else {
                task.block(now_ms);
            }
        }
        if state == EdgeState::Held && policy == OnParentFailure::Cancel {
            self.cancel_with(child, parent);
            self.pass_on();
        }
        self.linked(state, child)
    }

    fn linked(&self, state: EdgeState, child: TaskId) -> Linked {
        let (status, version) = (self.tasks[&child].status, self.version_of(child));
        Linked::Edge { state, status, version, replayed: false }
    }

    pub(super) fn unlink(&mut self, parent: TaskId, child: TaskId) -> Unlinked {
        if !self.tasks.contains_key(&child) {
            return Unlinked::Refused(refused(Refusal::UnknownTask, None));
        }
        let gone = self.edges.remove(&(parent, child));
        if let Some(edge) = gone {
            self.count_edge(parent, child, -1);
            let before = self.version_of(child);
            if edge.state != EdgeState::Closed {
                self.let_go(child);
            }
            let told = self.version_of(child) != before;
            if let Some(task) = self.tasks.get_mut(&child).filter(|_| !told) {
                task.version += 1;
            }
        }
        let (status, version) = (self.tasks[&child].status, self.version_of(child));
        Unlinked::Edge { was_there: gone.is_some(), status, version, replayed: false }
    }

    /// By hand, an edge that has moved nobody yet: the child stays where it is, and the gate must hold it all the same.
    /// Not behind a claim, which nobody could have known to be too early.
    pub(super) fn may_be_put_before(&self, parent: TaskId, child: TaskId) -> bool {
        let waits = |status| matches!(status, Status::Pending | Status::Scheduled);
        let (Some(above), Some(below)) = (self.tasks.get(&parent), self.tasks.get(&child)) else {
            return false;
        };
        let is_new = !self.edges.contains_key(&(parent, child)) && !self.leads_to(child, parent);
        is_new && !above.status.is_terminal() && waits(below.status) && below.fence == 0
    }

    /// Whoever passes ends on is asked again only after he has been silent for so long.
    pub(super) fn is_somebody_passing(&self) -> bool {
        let silence = self.cascaded_ms.and_then(|since_ms| self.now_ms.checked_sub(since_ms));
        silence.is_some_and(|silence| silence < limits::CASCADE_SILENCE_MS)
    }

    /// The ends of a call that passes none on are left to a cascade, which is wanted at once.
    pub(super) fn leave_ends(&mut self) {
        let left: Vec<TaskId> = self.ended.drain(..).collect();
        if !left.is_empty() && !self.is_somebody_passing() {
            self.tick_ms = Some(self.now_ms);
        }
        self.cascades.extend(left.into_iter().map(|parent| (parent, self.now_ms)));
    }
}
