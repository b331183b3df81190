//! A6: the graph agrees on both of its sides, every open edge is counted once, and no claim came before its parents.

use std::collections::{BTreeMap, BTreeSet};

use baton_core::gate::Gate;
use baton_core::{OnParentFailure, Status, TaskId};

use super::Violation;
use super::picture::{Fields, Picture, number, status};

pub(super) fn check(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let edges = Graph::of(picture);
    let both = || picture.tasks.iter().chain(&picture.drafts);
    for (id, task) in both() {
        edges.check_sides(id, found);
        edges.check_counts(id, task, found);
    }
    // A draft's edges are written side by side, and are whole only when it is.
    for (id, task) in &picture.tasks {
        edges.check_ends(id, task, found);
    }
    check_cascades(picture, found);
    if !picture.trimmed {
        check_order(picture, &edges, found);
    }
}

type Side = BTreeMap<String, BTreeSet<String>>;

/// The four lists of every task.
struct Graph {
    parents: Side,
    children: Side,
    waiting: Side,
    parked: Side,
    drafts: BTreeSet<String>,
    /// Ends that are still being passed on.
    passing: BTreeSet<String>,
}

fn of<'a>(side: &'a Side, id: &str) -> impl Iterator<Item = &'a String> {
    side.get(id).into_iter().flatten()
}

fn size(side: &Side, id: &str) -> u64 {
    side.get(id).map_or(0, |list| list.len() as u64)
}

fn has(side: &Side, id: &str, other: &str) -> bool {
    side.get(id).is_some_and(|list| list.contains(other))
}

impl Graph {
    fn of(picture: &Picture<'_>) -> Graph {
        let side = |name: &str| {
            let end = format!(":{name}");
            let keys = picture.keys_with("task:").filter_map(|key| {
                let id = key.strip_prefix("task:")?.strip_suffix(&end)?;
                let list = picture.sorted(key).into_iter().map(|(other, _)| other).collect();
                Some((id.to_owned(), list))
            });
            keys.collect()
        };
        let drafts = picture.drafts.keys().cloned().collect();
        Graph {
            parents: side("parents"),
            children: side("children"),
            waiting: side("waiting"),
            parked: side("parked"),
            drafts,
            passing: picture.sorted("cascades").into_iter().map(|(name, _)| name).collect(),
        }
    }

    fn check_sides(&self, id: &str, found: &mut Vec<Violation>) {
        let mut wrong = |problem: String| found.push(Violation::new("A6", format!("task {id}: {problem}")));
        if !self.drafts.contains(id) {
            for child in of(&self.children, id).filter(|child| !has(&self.parents, child, id)) {
                wrong(format!("it has the child {child}, which does not have it as a parent"));
            }
            for parent in of(&self.parents, id).filter(|parent| !has(&self.children, parent, id)) {
                wrong(format!("it has the parent {parent}, which does not have it as a child"));
            }
        }
        for child in of(&self.waiting, id).chain(of(&self.parked, id)) {
            if !has(&self.children, id, child) {
                wrong(format!("{child} waits for it, and is not its child"));
            }
        }
        for child in of(&self.waiting, id).filter(|child| has(&self.parked, id, child)) {
            wrong(format!("{child} waits for it, and is parked by it"));
        }
    }

    fn check_counts(&self, id: &str, task: &Fields, found: &mut Vec<Violation>) {
        let open = |parent: &&String| has(&self.waiting, parent, id) || has(&self.parked, parent, id);
        let counted = [
            ("parents", size(&self.parents, id)),
            ("children", size(&self.children, id)),
            ("open_parents", of(&self.parents, id).filter(open).count() as u64),
        ];
        for (field, counted) in counted {
            if number(task, field).unwrap_or_default() != counted && !self.drafts.contains(id) {
                let said = task.get(field);
                found.push(Violation::new(
                    "A6",
                    format!("task {id} says {field} {said:?}, there are {counted}"),
                ));
            }
        }
    }

    /// Nobody waits for a task that has ended, unless its end is still being passed on; and only such a task parks.
    fn check_ends(&self, id: &str, task: &Fields, found: &mut Vec<Violation>) {
        if is_terminal(task) && size(&self.waiting, id) > 0 && !self.passing.contains(id) {
            found.push(Violation::new("A6", format!("task {id} has ended, and is waited for without end")));
        }
        if size(&self.parked, id) > 0 && (!is_terminal(task) || status(task) == "completed") {
            found.push(Violation::new("A6", format!("task {id} is {} and parks children", status(task))));
        }
    }
}

fn is_terminal(task: &Fields) -> bool {
    status(task).parse::<Status>().is_ok_and(Status::is_terminal)
}

/// What stands on the list of what is to be passed on has ended, or is a flow with which something is being done.
fn check_cascades(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    for (name, _) in picture.sorted("cascades") {
        let ended = picture.tasks.get(&name).is_some_and(is_terminal);
        let flow = picture.hash(&format!("flow:{name}"));
        if !ended && !flow.contains_key("doing") {
            found.push(Violation::new(
                "A6",
                format!("{name} is to be passed on, and is neither an end nor a flow"),
            ));
        }
    }
}

/// By the events alone: every claim came after its parents.
fn check_order(picture: &Picture<'_>, graph: &Graph, found: &mut Vec<Violation>) {
    let mut gate = Gate::new();
    let id = |text: &str| text.parse::<TaskId>();
    for (name, task) in &picture.tasks {
        let policy = task.get("on_parent_failure").and_then(|word| word.parse::<OnParentFailure>().ok());
        let parents: Vec<TaskId> = of(&graph.parents, name).filter_map(|parent| id(parent).ok()).collect();
        if let Ok(child) = id(name) {
            gate.task(child, policy.unwrap_or_default(), parents);
        }
    }
    for (at, told) in picture.events.iter().enumerate() {
        if let Ok(task) = id(&told.task) {
            gate.event(at, task, &told.event, &told.why);
        }
    }
    for early in gate.finish().out_of_order {
        let claim = &picture.events[early.claim].entry;
        let problem =
            format!("task {} was claimed at {claim}, before its parent {}", early.child, early.parent);
        found.push(Violation::new("A6", problem));
    }
}
