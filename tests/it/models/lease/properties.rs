//! What must hold in every state, whatever was lost, late or repeated.
use stateright::Property;

use super::model::Fleet;
use super::scripts::{ClaimAnswer, RenewAnswer};
use super::state::{BOOTS, HOLDERS, Holder, Phase, Status, TASKS, Trust, WORKERS};
use super::wire::Message;
use super::world::World;

pub(super) const EVERY: &str = "every promise holds";
pub(super) const ONE_PLACE: &str = "a task is in one place, and runs exactly if one holder holds it";
pub(super) const FENCES_RISE: &str = "fences only rise, and nobody knows one that was not issued";
pub(super) const STARTED_ONCE: &str = "a fence starts one handler, once";
pub(super) const NO_OVERLAP: &str = "no two believers of their lease run a task under one fence";
pub(super) const FENCED: &str = "no outcome from a fence that is not current";
pub(super) const ONE_END: &str = "a run ends once";
pub(super) const CRASHES: &str = "a task is taken from its holders at most max_crashes times";
pub(super) const POISON: &str = "only a crash suffered alone poisons";
pub(super) const RECONCILED: &str = "after a renewal and a claim that arrive, a holder knows what it holds";
pub(super) const NOT_ROBBED: &str = "who trusts its lease holds what it runs, unless it was cancelled";
pub(super) const NOT_BY_THE_DEAD: &str = "no late message of a dead incarnation takes over from a living one";
pub(super) const PAST_IS_PAST: &str = "a superseded incarnation is never current again";
pub(super) const LOST_IS_LOST: &str = "a lease marked as lost is never alive again for what it covered";

type Promise = (&'static str, fn(&Fleet, &World) -> bool);

const PROMISES: [Promise; 13] = [
    (ONE_PLACE, |_, world| (0..TASKS).all(|task| one_place(world, task))),
    (FENCES_RISE, |_, world| !world.shard.alarms.fence_fell && issued(world)),
    (STARTED_ONCE, |_, world| !world.shard.alarms.started_twice),
    (NO_OVERLAP, |_, world| no_overlap(world)),
    (FENCED, |_, world| !world.shard.alarms.stale_outcome),
    (ONE_END, |_, world| {
        world.shard.tasks.iter().all(|task| task.ends == u8::from(task.status.is_terminal()))
    }),
    (CRASHES, |fleet, world| {
        let max = fleet.bounds.max_crashes;
        world.shard.tasks.iter().all(|task| task.crashes <= max && task.losses <= max)
    }),
    (POISON, |_, world| !world.shard.alarms.poisoned_in_company),
    (RECONCILED, |fleet, world| Holder::everyone().all(|holder| reconciles(fleet, world, holder))),
    (NOT_ROBBED, |_, world| Holder::everyone().all(|holder| unrobbed(world, holder))),
    (NOT_BY_THE_DEAD, |_, world| !world.shard.alarms.robbed_by_the_dead),
    (PAST_IS_PAST, |_, world| !world.shard.alarms.past_returned),
    (LOST_IS_LOST, |_, world| lost_is_lost(world)),
];

/// All promises as one property: the checker looks up every property by name in every state.
pub(super) fn every() -> Property<Fleet> {
    Property::always(EVERY, |fleet, world| PROMISES.iter().all(|(_, holds)| holds(fleet, world)))
}

pub(super) fn one(name: &'static str) -> Option<Property<Fleet>> {
    let promise = PROMISES.iter().find(|promise| promise.0 == name)?;
    Some(Property::always(name, promise.1))
}

/// The promises that a state breaks.
pub(super) fn broken(fleet: &Fleet, world: &World) -> Vec<&'static str> {
    PROMISES.iter().filter(|(_, holds)| !holds(fleet, world)).map(|(name, _)| *name).collect()
}

fn one_place(world: &World, task: usize) -> bool {
    let row = &world.shard.tasks[task];
    let mut holders = 0;
    for index in 0..HOLDERS {
        let fence = world.shard.held[index][task];
        if fence != 0 {
            holders += 1;
            if fence != row.fence || row.worker as usize != index / BOOTS {
                return false;
            }
        }
    }
    holders == usize::from(row.status == Status::Running)
}

fn issued(world: &World) -> bool {
    world
        .processes
        .iter()
        .all(|process| (0..TASKS).all(|task| process.known[task] <= world.shard.tasks[task].fence))
}

fn no_overlap(world: &World) -> bool {
    for task in 0..TASKS {
        let mut seen = 0_u8;
        for process in world.processes.iter().filter(|process| process.is_running(task)) {
            let bit = 1 << process.known[task];
            if process.trust == Trust::Yes && seen & bit != 0 {
                return false;
            }
            seen |= bit;
        }
    }
    true
}

/// It is current, it looked at its clock, it runs the task: then the server agrees, or a cancel is on its way.
fn unrobbed(world: &World, holder: Holder) -> bool {
    let process = &world.processes[holder.index()];
    if process.trust != Trust::Yes || world.shard.current[holder.worker()] != holder.name() {
        return true;
    }
    (0..TASKS).filter(|task| process.phase[*task] == Phase::Running).all(|task| {
        let fence = process.known[task];
        world.shard.held[holder.index()][task] == fence || world.shard.tasks[task].cancelled & 1 << fence != 0
    })
}

fn lost_is_lost(world: &World) -> bool {
    (0..HOLDERS).all(|index| {
        world.shard.reaping & 1 << index != 0
            || (0..TASKS).all(|task| world.shard.held[index][task] == 0 || !world.shard.tasks[task].lost)
    })
}

/// From here on nothing of this holder is lost: everything on its way is gone, it renews, claims if it is told
/// of something unknown, and renews again. A holder that is superseded or loses its lease is told so.
fn reconciles(fleet: &Fleet, world: &World, holder: Holder) -> bool {
    let process = &world.processes[holder.index()];
    let current = world.shard.current[holder.worker()] == holder.name();
    if !process.is_alive() || !current || process.known == world.shard.held[holder.index()] {
        return true;
    }
    let mut world = world.clone();
    world.wire.rewrite(holder, |_| None);
    for _ in 0..2 {
        let answer = world.shard.renew(&fleet.rules, holder, world.listed(holder));
        let RenewAnswer::Renewed { gone, unknown } = answer else {
            return true;
        };
        let held = world.shard.held[holder.index()];
        let to = holder;
        let answer = Message::Renewed { to, gone, unknown, held, stale: false };
        world.deliver(&fleet.rules, answer);
        if unknown == [0; TASKS] {
            continue;
        }
        let request = (0, world.listed(holder), 0);
        let with = (&fleet.rules, &fleet.bounds);
        let answer = world.shard.claim(with, &world.processes, holder, request);
        let ClaimAnswer::Granted { granted, solo } = answer else {
            return true;
        };
        let answer = Message::Claimed { to, granted, solo, stale: false, abandoned: false };
        world.deliver(&fleet.rules, answer);
    }
    world.processes[holder.index()].known == world.shard.held[holder.index()]
}

impl Holder {
    fn everyone() -> impl Iterator<Item = Holder> {
        (0..WORKERS).flat_map(|worker| (0..BOOTS).map(move |boot| Holder::new(worker, boot)))
    }
}
