//! The judge against a model of the rules that keeps its edges itself: whoever obeys the gate is never accused, and of
//! whoever ignores it every claim that was too early is found.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::tests::id;
use super::*;

const TASKS: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Step {
    Claim,
    Complete,
    Fail,
    Rerun,
    Link(usize),
    Unlink(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Waiting,
    Running,
    Completed,
    Failed,
}

#[derive(Clone, Copy)]
struct Open {
    open: bool,
    /// The claim that was too early.
    broken: Option<usize>,
}

struct Model {
    gated: bool,
    policies: [OnParentFailure; TASKS],
    at: [At; TASKS],
    /// By child and parent.
    edges: BTreeMap<(usize, usize), Open>,
    events: Vec<(usize, &'static str, String)>,
    broken: Vec<(usize, usize, usize)>,
}

impl Model {
    fn tell(&mut self, task: usize, event: &'static str, why: String) {
        self.events.push((task, event, why));
    }

    fn lets_go(&self, parent: usize, child: usize) -> bool {
        match self.at[parent] {
            At::Completed => true,
            At::Failed => self.policies[child] == OnParentFailure::Run,
            At::Waiting | At::Running => false,
        }
    }

    fn step(&mut self, task: usize, step: Step) {
        match (step, self.at[task]) {
            (Step::Claim, At::Waiting) => self.claim(task),
            (Step::Complete, At::Running) => self.end(task, At::Completed, "complete"),
            (Step::Fail, At::Running) => self.end(task, At::Failed, "fail"),
            (Step::Rerun, At::Completed | At::Failed) => {
                self.at[task] = At::Waiting;
                self.tell(task, "rerun", String::new());
            }
            (Step::Link(parent), At::Waiting) if parent < task => self.link(task, parent),
            (Step::Unlink(parent), _) => self.unlink(task, parent),
            // What the rules refuse is not told.
            _ => {}
        }
    }

    fn claim(&mut self, task: usize) {
        let now = self.events.len();
        let of_task = |edge: &(&(usize, usize), &mut Open)| edge.0.0 == task && edge.1.open;
        for (_, edge) in self.edges.iter_mut().filter(of_task) {
            if self.gated {
                return;
            }
            edge.broken.get_or_insert(now);
        }
        self.at[task] = At::Running;
        self.tell(task, "claim", String::new());
    }

    fn end(&mut self, task: usize, end: At, event: &'static str) {
        self.at[task] = end;
        self.tell(task, event, String::new());
        for child in task + 1..TASKS {
            if self.lets_go(task, child)
                && let Some(edge) = self.edges.get_mut(&(child, task))
            {
                edge.open = false;
            }
        }
    }

    fn link(&mut self, child: usize, parent: usize) {
        if !self.edges.contains_key(&(child, parent)) {
            let open = !self.lets_go(parent, child);
            self.edges.insert((child, parent), Open { open, broken: None });
            let event = if open { "block" } else { "link" };
            self.tell(child, event, format!("parent={}", name(parent)));
        }
    }

    fn unlink(&mut self, child: usize, parent: usize) {
        let Some(edge) = self.edges.remove(&(child, parent)) else { return };
        self.broken.extend(edge.broken.map(|claim| (claim, parent, child)));
        let (event, word) = if edge.open { ("unblock", "unlinked") } else { ("unlink", "parent") };
        self.tell(child, event, format!("{word}={}", name(parent)));
    }
}

fn name(task: usize) -> TaskId {
    id(&task.to_string())
}

/// Lives through the steps, has the gate judge what was told of them, and compares.
fn check(gated: bool, policies: [OnParentFailure; TASKS], first: &[(usize, usize)], steps: &[(usize, Step)]) {
    let edge = Open { open: true, broken: None };
    let edges = first.iter().filter(|(child, parent)| parent < child).map(|pair| (*pair, edge)).collect();
    let (events, broken) = (Vec::new(), Vec::new());
    let mut model = Model { gated, policies, at: [At::Waiting; TASKS], edges, events, broken };
    for task in (0..TASKS).rev() {
        model.tell(task, "submit", String::new());
    }
    for (task, step) in steps {
        model.step(*task, *step);
    }
    let mut gate = Gate::new();
    for (task, policy) in policies.into_iter().enumerate() {
        let parents = model.edges.keys().filter(|(child, _)| *child == task);
        gate.task(name(task), policy, parents.map(|(_, parent)| name(*parent)));
    }
    for (position, (task, event, why)) in model.events.iter().enumerate() {
        gate.event(position, name(*task), event, why);
    }
    let left = model.edges.iter().filter_map(|((child, parent), edge)| Some((edge.broken?, *parent, *child)));
    model.broken.extend(left);
    model.broken.sort_unstable();
    let expected: Vec<OutOfOrder<usize>> = model
        .broken
        .iter()
        .map(|(claim, parent, child)| OutOfOrder {
            child: name(*child),
            parent: name(*parent),
            claim: *claim,
        })
        .collect();
    let judgement = gate.finish();
    assert_eq!((judgement.out_of_order, judgement.unknown), (expected, 0), "{:?}", model.events);
    assert!(!gated || model.broken.is_empty());
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        4 => Just(Step::Claim),
        3 => Just(Step::Complete),
        1 => Just(Step::Fail),
        1 => Just(Step::Rerun),
        1 => (0..TASKS).prop_map(Step::Link),
        1 => (0..TASKS).prop_map(Step::Unlink),
    ];
    prop::collection::vec((0..TASKS, step), 0..60)
}

proptest! {
    #[test]
    fn the_judge_finds_every_early_claim_and_no_other(
        gated: bool,
        policies in prop::array::uniform4(prop::sample::select(OnParentFailure::ALL)),
        first in prop::collection::vec((0..TASKS, 0..TASKS), 0..8),
        steps in steps(),
    ) {
        check(gated, policies, &first, &steps);
    }
}
