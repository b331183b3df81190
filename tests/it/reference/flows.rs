//! Flows, told once more: what they count, what is done with the whole of one, and the cascades that do it.

use std::collections::BTreeMap;

use baton_core::{FlowId, Principal, Refusal, Status, TaskId, TaskRef};
use baton_store::calls::flow::{Begun, FlowAnswer, Work};
use baton_store::calls::task::{EdgeState, NewTask};

use super::edges::Edge;
use super::holders::refused;
use super::model::{Model, Task};

#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub name: Option<TaskRef>,
    pub created_ms: u64,
    pub finished_ms: Option<u64>,
    /// By position; those that are gone are not there any more.
    pub tasks: BTreeMap<u64, TaskId>,
    /// How many it ever had.
    pub size: u64,
    pub edges: u64,
    /// How many have not ended, as noted last.
    pub live: usize,
    pub doing: Option<Doing>,
}

#[derive(Clone, Debug)]
pub(super) struct Doing {
    pub work: Work,
    pub since_ms: u64,
    /// When a rerun came to its first task: what ended after that was not meant.
    pub from_ms: Option<u64>,
    /// How many tasks are left: it goes from the last to the first.
    pub left: usize,
    pub by: Option<Principal>,
    pub reason: String,
}

impl Flow {
    fn new(name: Option<&TaskRef>, now_ms: u64) -> Flow {
        Flow {
            name: name.cloned(),
            created_ms: now_ms,
            finished_ms: None,
            tasks: BTreeMap::new(),
            size: 0,
            edges: 0,
            live: 0,
            doing: None,
        }
    }

    fn add(&mut self, task: TaskId) {
        self.size += 1;
        self.tasks.insert(self.size, task);
    }
}

impl Model {
    pub(super) fn submit_flow(
        &mut self,
        id: FlowId,
        name: Option<&TaskRef>,
        tasks: &[NewTask],
        parents: &[Vec<u32>],
    ) -> FlowAnswer {
        self.flows.insert(id, Flow::new(name, self.now_ms));
        for ((spec, parents), position) in tasks.iter().zip(parents).zip(1..) {
            let spec = NewTask { id: id.task(position), flow: Some(id), ..spec.clone() };
            let task = spec.id;
            self.queues.entry(spec.queue.clone()).or_insert(self.now_ms);
            self.join_flow(&spec);
            self.tasks.insert(task, Task::new(spec, !parents.is_empty(), self.now_ms));
            for parent in parents {
                let places = (u64::from(*parent), u64::from(position));
                let edge = Edge { state: EdgeState::Open, places };
                self.edges.insert((id.task(*parent), task), edge);
                self.count_edge(id.task(*parent), task, 1);
            }
        }
        FlowAnswer::Created { flow: id }
    }

    pub(super) fn join_flow(&mut self, spec: &NewTask) {
        if let Some(flow) = spec.flow.and_then(|flow| self.flows.get_mut(&flow)) {
            flow.add(spec.id);
        }
    }

    /// Edges within a flow are counted by it.
    pub(super) fn count_edge(&mut self, parent: TaskId, child: TaskId, by: i64) {
        let flow_of = |id| self.tasks.get(&id).and_then(|task| task.spec.flow);
        let within = flow_of(child).filter(|flow| flow_of(parent) == Some(*flow));
        if let Some(flow) = within.and_then(|flow| self.flows.get_mut(&flow)) {
            flow.edges = flow.edges.saturating_add_signed(by);
        }
    }

    pub(super) fn count_of(&self, flow: FlowId, status: Status) -> usize {
        let of = self.tasks.values().filter(|task| task.spec.flow == Some(flow));
        of.filter(|task| task.status == status).count()
    }

    /// A flow ends with the last of it, and lives again with the first.
    pub(super) fn note_flows(&mut self) {
        let ids: Vec<FlowId> = self.flows.keys().copied().collect();
        for id in ids {
            let statuses = Status::ALL.iter().filter(|status| !status.is_terminal());
            let live = statuses.map(|status| self.count_of(id, *status)).sum();
            let Some(flow) = self.flows.get_mut(&id).filter(|flow| flow.live != live) else { continue };
            if live == 0 {
                flow.finished_ms = Some(self.now_ms);
            } else if flow.live == 0 {
                flow.finished_ms = None;
            }
            flow.live = live;
        }
    }

    pub(super) fn begin(&mut self, id: FlowId, work: Work, by: Option<&Principal>, reason: &str) -> Begun {
        let no = |refusal, detail: Option<&str>| Begun::Refused(refused(refusal, detail.map(str::to_owned)));
        let completed = self.count_of(id, Status::Completed);
        let Some(flow) = self.flows.get_mut(&id) else {
            return no(Refusal::UnknownFlow, None);
        };
        // A cancel overtakes a rerun.
        let doing = flow.doing.as_ref().map(|doing| doing.work);
        if let Some(doing) = doing.filter(|doing| (*doing, work) != (Work::Rerun, Work::Cancel)) {
            return no(Refusal::Conflict, Some(doing.as_str()));
        }
        let size = flow.tasks.len();
        let concerned = match work {
            Work::Cancel => flow.live,
            _ => size - flow.live - completed,
        };
        if concerned > 0 || doing.is_some() {
            let (by, reason) = (by.cloned(), reason.to_owned());
            flow.doing = Some(Doing { work, since_ms: self.now_ms, from_ms: None, left: size, by, reason });
            self.cascades.insert(id.task(0), self.now_ms);
            self.tick_ms = Some(self.now_ms);
        }
        Begun::Tasks { concerned: concerned as u64, replayed: false }
    }

    /// Passes on what is left of ends and flows; answers whether any of it still is.
    pub(super) fn cascade(&mut self) -> bool {
        self.cascaded_ms = Some(self.now_ms);
        let mut entries: Vec<(u64, TaskId)> =
            self.cascades.iter().map(|(name, since_ms)| (*since_ms, *name)).collect();
        entries.sort_unstable();
        for (_, name) in entries {
            if self.pass_entry(name) {
                self.cascades.remove(&name);
            } else {
                // It waits for the entries behind it.
                self.cascades.insert(name, self.now_ms);
            }
            self.pass_on();
            self.note_flows();
        }
        if self.cascades.is_empty() {
            self.cascaded_ms = None;
        }
        !self.cascades.is_empty()
    }

    fn pass_entry(&mut self, name: TaskId) -> bool {
        if self.tasks.contains_key(&name) {
            self.pass(name);
            return true;
        }
        let Some((id, flow)) = self.flows.iter().find(|(id, _)| id.task(0) == name) else {
            return true;
        };
        let (id, tasks): (FlowId, Vec<TaskId>) = (*id, flow.tasks.values().copied().collect());
        let (left, from_ms) = match flow.doing.clone() {
            Some(doing) if doing.work == Work::Cancel => (self.cancel_each(&tasks, &doing), doing.from_ms),
            Some(doing) if doing.from_ms.is_none() && self.follows_ends(&doing) => (doing.left, None),
            Some(doing) => {
                let from_ms = doing.from_ms.unwrap_or(self.now_ms);
                (self.rerun_each(&tasks, &doing, from_ms), Some(from_ms))
            }
            None => (0, None),
        };
        if let Some(flow) = self.flows.get_mut(&id) {
            flow.doing = flow.doing.take().filter(|_| left > 0).map(|doing| Doing { left, from_ms, ..doing });
        }
        left == 0
    }

    /// Children end before their parents. Answers how many tasks are left, as does a rerun.
    fn cancel_each(&mut self, tasks: &[TaskId], doing: &Doing) -> usize {
        let now_ms = self.now_ms;
        for id in tasks[..doing.left].iter().rev() {
            let task = self.tasks.get_mut(id).filter(|task| !task.status.is_terminal());
            if let Some(task) = task {
                task.cancel(&doing.reason, now_ms);
                task.finished_by = doing.by.clone();
                self.note_end(*id);
            }
        }
        0
    }

    /// Children wait again before their parents run, but not before all ends from before it have come to them, nor past
    /// one whose own end is still to come to others. A clock that went back cannot tell what was before.
    fn follows_ends(&self, doing: &Doing) -> bool {
        let mut ends = self.cascades.iter().filter(|(other, _)| self.tasks.contains_key(*other));
        self.now_ms >= doing.since_ms && ends.any(|(_, since_ms)| *since_ms <= doing.since_ms)
    }

    fn rerun_each(&mut self, tasks: &[TaskId], doing: &Doing, from_ms: u64) -> usize {
        for (at, id) in tasks[..doing.left].iter().enumerate().rev() {
            let task = &self.tasks[id];
            if !task.status.is_terminal() || task.status == Status::Completed {
                continue;
            }
            if task.finished_ms > from_ms {
                continue;
            }
            if self.cascades.contains_key(id) {
                return at + 1;
            }
            if self.no_rerun(task).is_none() {
                self.rerun(*id);
            }
        }
        0
    }
}
