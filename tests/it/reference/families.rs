//! Names who belongs together: flows, the two ends of an edge, the parents of a task to be.

use baton_core::{FlowId, OpId, Shard, TaskId, TaskRef};
use baton_store::calls::task::NewTask;

use super::model::Model;
use super::naming::{Naming, op_named};
use super::operation::{Draft, FlowDraft, Kin, Pick, Relative};
use super::request::Request;

impl Naming {
    pub(super) fn flow(&mut self, model: &Model, number: u8) -> FlowId {
        let known = model.flows.keys().nth(usize::from(number)).copied();
        known.unwrap_or_else(|| FlowId::draw(self.next_draw(), Shard::FIRST))
    }

    /// The parent and the child of an edge.
    pub(super) fn edge(&mut self, model: &Model, parent: &Kin, child: &Pick) -> (TaskId, TaskId) {
        let child = self.task(model, None, child);
        let of = |mut tasks: Vec<TaskId>, at: u8| {
            tasks.sort_unstable();
            tasks.get(usize::from(at) % tasks.len().max(1)).copied()
        };
        let any = Pick::Any(0);
        let (found, otherwise) = match parent {
            Kin::Any(pick) => (None, pick),
            Kin::Parent(at) => (of(model.parents(child), *at), &any),
            Kin::Descendant(at) => {
                let below = model.tasks.keys().filter(|task| model.leads_to(child, **task));
                (of(below.copied().collect(), *at), &any)
            }
            Kin::Foreign => {
                let elsewhere = Shard::new(1).expect("a shard");
                (Some(TaskId::draw(self.next_draw(), elsewhere)), &any)
            }
        };
        (found.unwrap_or_else(|| self.task(model, None, otherwise)), child)
    }

    pub(super) fn new_tasks(&mut self, model: &Model, drafts: &[Draft], op: Option<&OpId>) -> Vec<NewTask> {
        let mut tasks: Vec<NewTask> = Vec::new();
        for draft in drafts {
            let mut task = self.new_task(model, draft);
            for parent in &draft.parents {
                let parent = match parent {
                    Relative::There(pick) => self.task(model, None, pick),
                    Relative::Sibling(_) if tasks.is_empty() => continue,
                    Relative::Sibling(at) => tasks[usize::from(*at) % tasks.len()].id,
                };
                if !task.parents.contains(&parent) {
                    task.parents.push(parent);
                }
            }
            // A repeat may name another flow, which makes it no other request.
            let joins = draft.flow.filter(|_| op.is_none());
            task.flow = joins.map(|number| self.flow(model, number));
            tasks.push(task);
        }
        tasks
    }

    pub(super) fn new_flow(&mut self, model: &Model, draft: &FlowDraft) -> Request {
        let mut tasks: Vec<NewTask> = Vec::new();
        for draft in &draft.tasks {
            let mut task = self.new_task(model, &Draft { again: None, ..draft.clone() });
            // Whoever takes a flow has seen to it that no two of its tasks have the same key.
            task.key = task.key.filter(|key| !tasks.iter().any(|other| other.key.as_ref() == Some(key)));
            task.name = TaskRef::new(&format!("step-{}", tasks.len())).ok().filter(|_| draft.reject);
            tasks.push(task);
        }
        let before = |(at, mask): (usize, &u8)| {
            let positions = (0..at.min(8)).filter(|bit| mask & (1 << bit) != 0);
            positions.map(|bit| bit as u32 + 1).collect()
        };
        Request::Flow {
            flow: FlowId::draw(self.next_draw(), Shard::FIRST),
            name: TaskRef::new("nightly").ok().filter(|_| draft.named),
            parents: draft.parents.iter().take(tasks.len()).enumerate().map(before).collect(),
            tasks,
            op: draft.op.map(op_named),
        }
    }

    /// The edge that is put in by hand.
    pub(super) fn edge_by_hand(
        &mut self,
        model: &Model,
        parent: &Pick,
        child: &Pick,
    ) -> Option<(TaskId, TaskId)> {
        let (parent, child) = self.edge(model, &Kin::Any(parent.clone()), child);
        model.may_be_put_before(parent, child).then_some((parent, child))
    }
}
