//! The steps that may happen next, as stateright wants to hear them.
use stateright::{Model, Property};

use super::properties;
use super::rules::{Bounds, Graph, Rules};
use super::state::{Alarms, Policy, Row, Spent, Status, TASKS, Task, Truth, World};

#[derive(Clone, Debug)]
pub(super) struct Shard {
    pub(super) rules: Rules,
    pub(super) bounds: Bounds,
    /// The one promise looked at, or `EVERY`.
    pub(super) watched: &'static str,
}

/// One step. A counterexample is a list of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Claim(Task),
    Complete(Task),
    /// The report of a completion arrives once more: its answer was lost.
    CompleteAgain(Task),
    Fail(Task),
    /// Its holder gives it back or has crashed, or a retry has become due.
    Release(Task),
    Cancel(Task),
    Rerun(Task),
    /// Parent, child.
    Link(Task, Task),
    Unlink(Task, Task),
    Prune(Task),
    /// The chore takes the next edge of a cascade: parent, child.
    Cascade(Task, Task),
    /// The chore finds that a cascade has nothing left.
    CascadeEnds(Task),
    /// Some fault puts a blocked task into the index of the pending ones.
    Slip(Task),
}

impl Shard {
    fn first(&self, graph: Graph, policies: [Policy; TASKS]) -> World {
        let mut world = World {
            rows: policies.map(|policy| Row { status: Status::Pending, policy, ..Row::ABSENT }),
            truth: [Truth::NOTHING; TASKS],
            alarms: Alarms::default(),
            spent: Spent::default(),
        };
        for (parent, child) in graph {
            world.link(&self.rules, *parent, *child);
        }
        world
    }

    /// A task that can have no parents need not choose.
    fn choices(&self, graph: Graph, task: Task) -> &'static [Policy] {
        let has_parents = graph.iter().any(|(_, child)| *child == task);
        if has_parents || self.bounds.links > 0 { self.bounds.policies } else { &[Policy::Hold] }
    }

    fn task_steps(&self, world: &World, task: Task, steps: &mut Vec<Step>) {
        let (spent, bounds) = (&world.spent, &self.bounds);
        let status = world.status(task);
        match status {
            Status::Absent => return,
            Status::Blocked if spent.slips < bounds.slips => steps.push(Step::Slip(task)),
            Status::Pending => steps.push(Step::Claim(task)),
            Status::Running => {
                steps.extend([Step::Complete(task), Step::Fail(task), Step::Release(task)]);
            }
            _ => {}
        }
        if world.truth[task.index()].reported {
            steps.push(Step::CompleteAgain(task));
        }
        if status.is_terminal() {
            if spent.reruns < bounds.reruns {
                steps.push(Step::Rerun(task));
            }
            if spent.prunes < bounds.prunes && world.may_prune(&self.rules, task) {
                steps.push(Step::Prune(task));
            }
        } else if spent.cancels < bounds.cancels {
            steps.push(Step::Cancel(task));
        }
    }

    fn edge_steps(&self, world: &World, parent: Task, steps: &mut Vec<Step>) {
        for child in Task::ALL {
            let room = world.spent.links < self.bounds.links;
            if room && world.may_link(&self.rules, parent, child) {
                steps.push(Step::Link(parent, child));
            }
            if world.spent.unlinks < self.bounds.unlinks && world.is_linked(parent, child) {
                steps.push(Step::Unlink(parent, child));
            }
        }
        if world.rows[parent.index()].cascading {
            let next = world.next_edges(&self.rules, parent);
            steps.extend(next.iter().map(|child| Step::Cascade(parent, child)));
            if next.is_empty() {
                steps.push(Step::CascadeEnds(parent));
            }
        }
    }
}

impl Model for Shard {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        let mut worlds = Vec::new();
        for graph in self.bounds.graphs {
            let [p, q, c] = Task::ALL.map(|task| self.choices(graph, task));
            for p in p {
                for q in q {
                    worlds.extend(c.iter().map(|c| self.first(graph, [*p, *q, *c])));
                }
            }
        }
        worlds
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        for task in Task::ALL {
            self.task_steps(world, task, steps);
            self.edge_steps(world, task, steps);
        }
    }

    fn next_state(&self, last: &World, step: Step) -> Option<World> {
        let mut world = last.clone();
        let rules = &self.rules;
        match step {
            Step::Claim(task) => world.claim(rules, task),
            Step::Complete(task) => world.end(rules, task, Status::Completed),
            Step::CompleteAgain(task) => world.report_again(rules, task),
            Step::Fail(task) => world.end(rules, task, Status::Failed),
            Step::Release(task) => world.row(task).status = Status::Pending,
            Step::Cancel(task) => {
                world.spent.cancels += 1;
                world.end(rules, task, Status::Cancelled);
            }
            Step::Rerun(task) => {
                world.spent.reruns += 1;
                world.rerun(rules, task);
            }
            Step::Link(parent, child) => {
                world.spent.links += 1;
                world.link(rules, parent, child);
            }
            Step::Unlink(parent, child) => {
                world.spent.unlinks += 1;
                world.unlink(rules, parent, child);
            }
            Step::Prune(task) => {
                world.spent.prunes += 1;
                world.prune(rules, task);
            }
            Step::Cascade(parent, child) => world.cascade(rules, parent, child),
            Step::CascadeEnds(parent) => world.cascade_ends(parent),
            Step::Slip(task) => {
                world.spent.slips += 1;
                world.row(task).status = Status::Pending;
            }
        }
        world.tidy(rules);
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![properties::one(self.watched).unwrap_or_else(properties::every)]
    }
}
