//! What a credential that does not read every queue sees of a flow: the tasks that it reads, counted as if there were no others.

use std::collections::BTreeMap;

use baton_auth::Action;
use baton_core::{FlowState, Status, limits};
use baton_store::Task;
use baton_store::record::flow::Flow;

use crate::app::App;
use crate::auth::Grant;
use crate::problem::Fail;

/// Tasks that can be read, and the edges that lead to them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Part {
    tasks: u64,
    edges: u64,
    counts: BTreeMap<Status, u64>,
}

impl Part {
    fn add(&mut self, task: &Task) {
        self.tasks += 1;
        self.edges += task.family.parents;
        *self.counts.entry(task.status()).or_default() += 1;
    }

    fn of(self, flow: Flow) -> Flow {
        let Part { tasks, edges, counts } = self;
        let count = |status| counts.get(&status).copied().unwrap_or_default();
        // What goes on in the rest of it may still reach tasks that are blocked here.
        let goes_on =
            flow.state == FlowState::Running && (flow.doing.is_some() || count(Status::Blocked) > 0);
        Flow { state: FlowState::of(count, goes_on), tasks, edges: edges.min(flow.edges), counts, ..flow }
    }
}

/// The flow as the grant sees it; `None` if it reads no task of it.
pub(super) async fn of(app: &App, grant: &Grant, flow: Flow) -> Result<Option<Flow>, Fail> {
    if grant.reaches_all(Action::TasksRead) {
        return Ok(Some(flow));
    }
    let mut part = Part::default();
    for first in (0..limits::FLOW_TASKS_MAX).step_by(limits::PAGE_MAX as usize) {
        let page = app.store.flow_tasks(flow.id, first, limits::PAGE_MAX, 0).await?;
        page.tasks.iter().filter(|read| grant.reads(&read.task.queue)).for_each(|read| part.add(&read.task));
        if first + limits::PAGE_MAX >= page.total {
            break;
        }
    }
    Ok((part.tasks > 0).then(|| part.of(flow)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_in_a_state_of_its_own() {
        let flow = |state, doing| Flow {
            id: "01a1fc29-8a56-7000-8a14-c38b1cfc4000".parse().unwrap(),
            name: None,
            state,
            tasks: 9,
            edges: 3,
            counts: BTreeMap::from([(Status::Pending, 5), (Status::Completed, 4)]),
            created_ms: 1,
            finished_ms: None,
            submitted_by: None,
            doing,
        };
        let part = |status| Part { tasks: 2, edges: 8, counts: BTreeMap::from([(status, 2)]) };
        let seen = part(Status::Completed).of(flow(FlowState::Running, None));
        assert_eq!((seen.state, seen.tasks, seen.edges), (FlowState::Completed, 2, 3));
        assert_eq!(seen.counts, BTreeMap::from([(Status::Completed, 2)]));
        let state = |status, state| part(status).of(flow(state, None)).state;
        assert_eq!(state(Status::Blocked, FlowState::Running), FlowState::Running);
        assert_eq!(state(Status::Blocked, FlowState::Held), FlowState::Held);
        assert_eq!(state(Status::Failed, FlowState::Running), FlowState::Failed);
    }
}
