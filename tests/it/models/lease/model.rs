//! The steps that may happen next, as stateright wants to hear them.
use stateright::{Model, Property};

use super::properties;
use super::rules::{Bounds, Rules};
use super::state::{BOOTS, Holder, Life, Outcome, Phase, TASKS, Trust, WORKERS};
use super::wire::Message;
use super::world::World;

#[derive(Clone, Debug)]
pub(super) struct Fleet {
    pub(super) rules: Rules,
    pub(super) bounds: Bounds,
    /// The one promise looked at, or `EVERY`.
    pub(super) watched: &'static str,
}

/// One step. A counterexample is a list of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A new process of this worker id.
    Start(Holder),
    Kill(Holder),
    Send(Message),
    /// It gives up waiting for the answer to its claim.
    Abandon(Holder),
    /// The handler ended, or a stopped one is given back; the report is on its way.
    Report(Holder, usize, Outcome),
    /// Its own clock tells it to stop.
    Lapse(Holder),
    /// Its lease is over, or being reaped: this task is taken. A living holder that trusted its lease sleeps.
    Reap(Holder, usize),
    Cancel(usize),
    Rerun(usize),
    Execute(Message),
    /// Executes it, and a copy is still on its way.
    ExecuteAndRepeat(Message),
    Deliver(Message),
    Lose(Message),
}

impl Fleet {
    fn holders(&self) -> impl Iterator<Item = Holder> + use<> {
        let boots = self.bounds.boots;
        (0..WORKERS).flat_map(move |worker| {
            (0..BOOTS.min(boots[worker] as usize)).map(move |boot| Holder::new(worker, boot))
        })
    }

    fn may_start(&self, world: &World, holder: Holder) -> bool {
        let unborn = world.processes[holder.index()].life == Life::Unborn;
        unborn
            && (0..holder.boot()).all(|boot| {
                let elder = &world.processes[Holder::new(holder.worker(), boot).index()];
                elder.life == Life::Dead || (elder.life == Life::Alive && self.bounds.twins)
            })
    }

    fn living_steps(&self, world: &World, holder: Holder, steps: &mut Vec<Step>) {
        let process = &world.processes[holder.index()];
        steps.push(Step::Kill(holder));
        if world.is_claiming(holder) && world.spent.abandons < self.bounds.abandons {
            steps.push(Step::Abandon(holder));
        }
        if process.trust != Trust::No {
            steps.push(Step::Lapse(holder));
        }
        if world.wire.len() >= self.bounds.in_flight {
            return;
        }
        let mut send = |message: Message| {
            if !world.wire.contains(message) {
                steps.push(Step::Send(message));
            }
        };
        let (expects, listed) = (world.expects(&self.rules, holder), world.listed(holder));
        let current = world.shard.current[holder.worker()] == holder.name();
        if !current && world.shard.past & holder.bit() == 0 {
            send(Message::Register { from: holder, expects });
        } else {
            send(Message::Renew { from: holder, listed });
        }
        if !world.is_claiming(holder) || !self.rules.one_claim_at_a_time {
            send(Message::Claim { from: holder, expects, holding: listed, abandoned: false });
        }
        for task in 0..TASKS {
            let fence = process.known[task];
            let mut report = |outcome| {
                let message = Message::Settle { from: holder, task: task as u8, fence, outcome };
                if !world.wire.contains(message) {
                    steps.push(Step::Report(holder, task, outcome));
                }
            };
            match process.phase[task] {
                Phase::Unknown => {}
                Phase::Running => report(Outcome::Completed),
                Phase::Stopped => report(Outcome::Released),
                Phase::Finished => {
                    report(Outcome::Completed);
                    // A drain that runs out of time gives back what it could not report.
                    if process.trust == Trust::No {
                        report(Outcome::Released);
                    }
                }
            }
        }
    }

    /// A worker stops before its lease can be seen as expired, unless it sleeps through it.
    fn reap_steps(&self, world: &World, holder: Holder, steps: &mut Vec<Step>) {
        let index = holder.index();
        let asleep = world.spent.pauses < self.bounds.pauses;
        if world.processes[index].trust != Trust::Yes || asleep {
            let held = (0..TASKS).filter(|task| world.shard.held[index][*task] != 0);
            steps.extend(held.map(|task| Step::Reap(holder, task)));
        }
    }

    fn operator_steps(&self, world: &World, steps: &mut Vec<Step>) {
        for task in 0..self.bounds.tasks as usize {
            if world.shard.tasks[task].status.is_terminal() {
                if world.spent.reruns < self.bounds.reruns {
                    steps.push(Step::Rerun(task));
                }
            } else if world.spent.cancels < self.bounds.cancels {
                steps.push(Step::Cancel(task));
            }
        }
    }

    fn wire_steps(&self, world: &World, steps: &mut Vec<Step>) {
        let room = world.wire.len() < self.bounds.in_flight;
        for message in world.wire.iter() {
            steps.push(Step::Lose(message));
            if !message.is_request() {
                steps.push(Step::Deliver(message));
                continue;
            }
            steps.push(Step::Execute(message));
            if room && world.spent.repeats < self.bounds.repeats {
                steps.push(Step::ExecuteAndRepeat(message));
            }
        }
    }
}

impl Model for Fleet {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(&self.bounds)]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        for holder in self.holders() {
            if self.may_start(world, holder) {
                steps.push(Step::Start(holder));
            }
            if world.processes[holder.index()].is_alive() {
                self.living_steps(world, holder, steps);
            }
            self.reap_steps(world, holder, steps);
        }
        self.operator_steps(world, steps);
        self.wire_steps(world, steps);
    }

    fn next_state(&self, last: &World, step: Step) -> Option<World> {
        let mut world = last.clone();
        match step {
            Step::Start(holder) => world.start(holder),
            Step::Kill(holder) => world.die(holder),
            Step::Send(message) => world.wire.put(message),
            Step::Abandon(holder) => {
                world.spent.abandons += 1;
                world.abandon(&self.rules, holder);
            }
            Step::Report(holder, task, outcome) => world.report(&self.rules, holder, task, outcome),
            Step::Lapse(holder) => world.lapse(holder),
            Step::Reap(holder, task) => world.reap(&self.bounds, holder, task),
            Step::Cancel(task) => {
                world.spent.cancels += 1;
                world.shard.cancel(task);
            }
            Step::Rerun(task) => {
                world.spent.reruns += 1;
                world.shard.rerun(&self.rules, task);
            }
            Step::Execute(message) => {
                world.wire.take(message);
                if !world.execute(&self.rules, &self.bounds, message) {
                    return None;
                }
            }
            Step::ExecuteAndRepeat(message) => {
                world.spent.repeats += 1;
                if !world.execute(&self.rules, &self.bounds, message) {
                    return None;
                }
            }
            Step::Deliver(message) => {
                world.wire.take(message);
                world.deliver(&self.rules, message);
            }
            Step::Lose(message) => world.wire.take(message),
        }
        world.tidy(&self.rules);
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![properties::one(self.watched).unwrap_or_else(properties::every)]
    }
}
