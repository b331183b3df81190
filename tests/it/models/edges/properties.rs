//! What must hold in every state, whatever was rerun, linked, unlinked, cancelled or pruned meanwhile.
use stateright::Property;

use super::model::Shard;
use super::state::{Policy, Set, Status, Task, World};

pub(super) const EVERY: &str = "every promise holds";
pub(super) const GATED: &str = "no task starts while an edge to it is due";
pub(super) const COUNTED: &str = "open_parents is the number of open edges";
pub(super) const NEVER_STUCK: &str = "who is blocked waits for what moves by itself, or is held by a bad end";
pub(super) const CANCELLED: &str = "a bad end cancels, in the end, who asked for it and was not rerun since";
pub(super) const CLOSED_ONCE: &str = "an opened edge is closed at most once";
pub(super) const CLOSED_WHEN_MET: &str = "an edge is closed exactly when it is met, at most a cascade later";
pub(super) const FREE: &str = "nothing that runs or could be claimed has an open edge to it";
pub(super) const FILED: &str = "only the living and the cascading are waited for, only a bad end parks";
pub(super) const BOTH_ENDS: &str = "an edge has both its ends";
pub(super) const RESULTS: &str = "who has not ended finds every parent that it may ask for a result";
pub(super) const PRUNABLE: &str = "who has ended and has no children left may be pruned";

type Promise = (&'static str, fn(&Shard, &World) -> bool);

const PROMISES: [Promise; 11] = [
    (GATED, |_, world| !world.alarms.started_early),
    (COUNTED, |_, world| Task::ALL.into_iter().all(|child| is_counted(world, child))),
    (NEVER_STUCK, |_, world| Task::ALL.into_iter().all(|task| has_hope(world, task))),
    (CANCELLED, |_, world| pairs().all(|(parent, child)| has_cancelled(world, parent, child))),
    (CLOSED_ONCE, |_, world| !world.alarms.closed_twice),
    (CLOSED_WHEN_MET, |_, world| pairs().all(|(parent, child)| is_closed_when_met(world, parent, child))),
    (FREE, |_, world| Task::ALL.into_iter().all(|task| is_free(world, task))),
    (FILED, |_, world| Task::ALL.into_iter().all(|task| is_filed(world, task))),
    (BOTH_ENDS, |_, world| pairs().all(|(parent, child)| has_both_ends(world, parent, child))),
    (RESULTS, |_, world| !world.alarms.lost_a_parent),
    (PRUNABLE, |shard, world| Task::ALL.into_iter().all(|task| may_go(shard, world, task))),
];

/// All promises as one property: the checker looks up every property by name in every state.
pub(super) fn every() -> Property<Shard> {
    Property::always(EVERY, |shard, world| PROMISES.iter().all(|(_, holds)| holds(shard, world)))
}

pub(super) fn one(name: &'static str) -> Option<Property<Shard>> {
    let promise = PROMISES.iter().find(|promise| promise.0 == name)?;
    Some(Property::always(name, promise.1))
}

/// The promises that a state breaks.
pub(super) fn broken(shard: &Shard, world: &World) -> Vec<&'static str> {
    PROMISES.iter().filter(|(_, holds)| !holds(shard, world)).map(|(name, _)| *name).collect()
}

fn pairs() -> impl Iterator<Item = (Task, Task)> {
    Task::ALL.into_iter().flat_map(|parent| Task::ALL.map(|child| (parent, child)))
}

fn is_open(world: &World, parent: Task, child: Task) -> bool {
    world.rows[parent.index()].open_edges().has(child)
}

fn is_counted(world: &World, child: Task) -> bool {
    let open = Task::ALL.into_iter().filter(|parent| is_open(world, *parent, child)).count();
    let in_both = world.rows.iter().any(|row| row.waiting.both(row.parked).has(child));
    world.rows[child.index()].open as usize == open && !in_both
}

/// Up from a blocked task, over open edges, there is a parent that moves by itself, or one whose bad end parks
/// the edge, which is shown, and which a rerun helps. With a cycle there would be neither.
fn has_hope(world: &World, task: Task) -> bool {
    let (mut seen, mut todo) = (Set::EMPTY, vec![task]);
    while let Some(child) = todo.pop() {
        if seen.has(child) {
            continue;
        }
        seen.put(child);
        for parent in Task::ALL.into_iter().filter(|parent| is_open(world, *parent, child)) {
            let row = &world.rows[parent.index()];
            let held = row.parked.has(child) && row.status.is_bad_end();
            if held || row.cascading || matches!(row.status, Status::Pending | Status::Running) {
                return true;
            }
            if row.status == Status::Blocked {
                todo.push(parent);
            }
        }
    }
    world.status(task) != Status::Blocked
}

fn has_cancelled(world: &World, parent: Task, child: Task) -> bool {
    let (row, other) = (&world.rows[parent.index()], &world.rows[child.index()]);
    let applies = row.status.is_bad_end() && !row.cascading && row.open_edges().has(child);
    let asked = other.policy == Policy::Cancel && !world.truth[parent.index()].excused.has(child);
    !applies || !asked || other.status.is_terminal() || other.status == Status::Absent
}

fn is_closed_when_met(world: &World, parent: Task, child: Task) -> bool {
    let (row, truth) = (&world.rows[parent.index()], &world.truth[parent.index()]);
    if row.open_edges().has(child) { !truth.met.has(child) || row.cascading } else { !truth.due.has(child) }
}

/// A slip puts a blocked task where it could be claimed; the claim finds out.
fn is_free(world: &World, task: Task) -> bool {
    let status = world.status(task);
    let free = status == Status::Running || (status == Status::Pending && world.spent.slips == 0);
    !free || !Task::ALL.into_iter().any(|parent| is_open(world, parent, task))
}

fn is_filed(world: &World, parent: Task) -> bool {
    let row = &world.rows[parent.index()];
    let ended = row.status.is_terminal();
    (row.waiting.is_empty() || !ended || row.cascading)
        && (row.parked.is_empty() || row.status.is_bad_end())
        && row.open_edges().without(row.children).is_empty()
}

fn has_both_ends(world: &World, parent: Task, child: Task) -> bool {
    let row = &world.rows[parent.index()];
    let either = row.children.has(child) || row.open_edges().has(child);
    !either || (row.status != Status::Absent && world.status(child) != Status::Absent)
}

/// Whatever has ended all the way down can go: the leaves first.
fn may_go(shard: &Shard, world: &World, task: Task) -> bool {
    let row = &world.rows[task.index()];
    !row.status.is_terminal() || !row.children.is_empty() || world.may_prune(&shard.rules, task)
}
