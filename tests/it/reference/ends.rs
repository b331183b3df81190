//! What comes after an end: a rerun, or that the task is removed when its time is over.

use baton_core::{FlowId, Refusal, TaskId, limits};
use baton_store::calls::task::EdgeState;

use super::model::{Model, Task};

impl Model {
    /// An end must have come to all children before another one can.
    pub(super) fn no_rerun(&self, task: &Task) -> Option<Refusal> {
        if !task.status.is_terminal() || self.cascades.contains_key(&task.id) {
            return Some(Refusal::Conflict);
        }
        self.live_like(&task.spec).map(|_| Refusal::DuplicateKey)
    }

    /// Those whom its end holds wait for it again.
    pub(super) fn rerun(&mut self, id: TaskId) {
        let held =
            self.edges.iter_mut().filter(|(edge, record)| edge.0 == id && record.state == EdgeState::Held);
        held.for_each(|(_, record)| record.state = EdgeState::Open);
        let (now_ms, is_blocked) = (self.now_ms, self.open_parents(id) > 0);
        if let Some(task) = self.tasks.get_mut(&id) {
            task.rerun(is_blocked, now_ms);
        }
    }

    pub(super) fn prune(&mut self) -> u64 {
        let cutoff = self.now_ms - limits::RETENTION_MS;
        let old = self.ended_by(cutoff);
        old.into_iter().filter(|id| self.prune_one(*id, cutoff)).count() as u64
    }

    /// In the order in which they are looked at: one that goes may be the last that another one stays for.
    fn ended_by(&self, cutoff: u64) -> Vec<TaskId> {
        let ended =
            self.tasks.values().filter(|task| task.status.is_terminal() && task.finished_ms <= cutoff);
        let mut old: Vec<&Task> = ended.collect();
        old.sort_by_key(|task| {
            let queue = &task.spec.queue;
            (self.queues.get(queue), queue.clone(), task.status, task.finished_ms, task.id)
        });
        old.into_iter().map(|task| task.id).collect()
    }

    fn prune_one(&mut self, id: TaskId, cutoff: u64) -> bool {
        let flow = self.tasks[&id].spec.flow;
        if flow.is_some_and(|flow| !self.may_go(flow, cutoff)) {
            return false;
        }
        let children = self.children(id);
        let is_open = |child: &TaskId| self.state_of(id, *child) != Some(EdgeState::Closed);
        if children.iter().any(is_open) {
            return false;
        }
        // Children that ended are forgotten on the way to the first that has not.
        for child in children {
            if !self.tasks[&child].status.is_terminal() {
                return false;
            }
            self.edges.remove(&(id, child));
        }
        self.edges.retain(|edge, _| edge.1 != id);
        self.tasks.remove(&id);
        // Nobody is left to whom its end could still come.
        self.cascades.remove(&id);
        if let Some(flow) = flow {
            self.leave_flow(flow, id);
        }
        true
    }

    /// A flow goes when all of it has ended, its time counted from its end.
    fn may_go(&self, id: FlowId, cutoff: u64) -> bool {
        let Some(flow) = self.flows.get(&id) else { return true };
        let old = flow.finished_ms.is_some_and(|finished_ms| finished_ms <= cutoff);
        flow.live == 0 && flow.doing.is_none() && old
    }

    fn leave_flow(&mut self, id: FlowId, task: TaskId) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        flow.tasks.retain(|_, of| *of != task);
        if flow.tasks.is_empty() {
            self.flows.remove(&id);
        }
    }
}
