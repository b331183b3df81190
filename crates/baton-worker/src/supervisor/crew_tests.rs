use std::collections::BTreeMap;

use super::super::reports::Fault;
use super::*;

#[path = "crew_random_tests.rs"]
mod random;

/// Processes as a crew orders them, on a clock of their own.
struct World {
    crew: Crew,
    now_ms: u64,
    /// How often each was told to end.
    processes: BTreeMap<LifeId, u32>,
    starts: u64,
    names: BTreeMap<LifeId, (Option<String>, Option<String>)>,
}

impl World {
    fn new(rules: Rules) -> World {
        let (processes, names) = (BTreeMap::new(), BTreeMap::new());
        World { crew: Crew::new(rules), now_ms: 1_000, processes, starts: 0, names }
    }

    fn with(share: u64) -> World {
        let mut world = World::new(Rules::default());
        world.crew.follow(share);
        world.step();
        world
    }

    fn apply(&mut self, actions: impl IntoIterator<Item = Action>) {
        for action in actions {
            match action {
                Action::Start { life, from, after } => {
                    self.starts += 1;
                    let name = (from.map(|from| from.to_string()), after);
                    self.names.insert(life, name);
                    assert_eq!(self.processes.insert(life, 0), None, "a life begins once");
                }
                Action::Terminate(life) => *self.processes.get_mut(&life).expect("it lives") += 1,
                Action::Kill(life) => self.end(life, &Exit::Signal(9)),
            }
        }
    }

    fn step(&mut self) {
        let actions = self.crew.step(self.now_ms, true);
        self.apply(actions);
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        self.step();
    }

    fn end(&mut self, life: LifeId, exit: &Exit) {
        self.processes.remove(&life).expect("it lives");
        self.crew.ended(life, self.now_ms, exit, 0.5);
    }

    fn end_all(&mut self, exit: &Exit) {
        self.all().into_iter().for_each(|life| self.end(life, exit));
    }

    fn all(&self) -> Vec<LifeId> {
        self.processes.keys().copied().collect()
    }

    fn told(&self) -> Vec<LifeId> {
        self.processes.iter().filter(|(_, told)| **told > 0).map(|(life, _)| *life).collect()
    }

    fn say(&mut self, life: LifeId, report: Report) {
        let action = self.crew.hear(life, self.now_ms, report, true);
        self.apply(action);
    }

    fn ready(&mut self, life: LifeId, holds: u64) {
        let (worker, boot) = (Some(format!("worker-{life:03}-default")), Some(format!("b{life}")));
        self.say(life, Report { worker, boot, ready: true, holds, ..Report::default() });
    }

    fn all_ready(&mut self) {
        self.all().into_iter().for_each(|life| self.ready(life, 0));
    }
}

#[test]
fn a_share_is_filled_and_ready_workers_are_live() {
    let mut world = World::with(3);
    assert_eq!((world.processes.len(), world.crew.state()), (3, "converging"));
    world.all_ready();
    world.step();
    assert_eq!(world.crew.tally(), Tally { live: 3, ..Tally::default() });
    assert_eq!((world.crew.state(), world.starts), ("steady", 3));
}

#[test]
fn a_life_has_one_name() {
    let mut world = World::with(1);
    world.ready(1, 0);
    let (worker, boot) = (Some("worker-999-default".to_owned()), Some("b9".to_owned()));
    world.say(1, Report { worker, boot, ready: true, ..Report::default() });
    world.end(1, &Exit::Signal(9));
    world.pass(10_000);
    assert_eq!(world.names[&2].0.as_deref(), Some("worker-001-default:b1"));
}

#[test]
fn few_start_at_a_time() {
    let mut world = World::with(40);
    assert_eq!(world.processes.len(), 16);
    assert_eq!(world.crew.next_ms(world.now_ms, true), Some(31_000), "no busy wait for the others");
    for life in 1..=4 {
        world.ready(life, 0);
    }
    world.step();
    assert_eq!(world.processes.len(), 20);
}

#[test]
fn a_dead_worker_is_replaced_under_its_name_with_its_end_told() {
    let mut world = World::with(1);
    world.ready(1, 0);
    world.end(1, &Exit::Signal(9));
    world.step();
    assert_eq!(world.starts, 1, "not before its wait is over");
    world.pass(10_000);
    let name = (Some("worker-001-default:b1".to_owned()), Some("signal 9".to_owned()));
    assert_eq!((world.starts, &world.names[&2]), (2, &name));
    assert_eq!(world.crew.restarts(), 1);
    // One that took leave has no tasks to be taken over, and its record is closed.
    world.ready(2, 0);
    world.end(2, &Exit::Code(0));
    world.pass(10_000);
    assert_eq!((&world.names[&3], world.crew.restarts()), (&(None, None), 1));
    // One whose name was taken does not take it back.
    world.ready(3, 0);
    let fault = Some(Fault::new("superseded").superseded(true));
    world.say(3, Report { fault, ..Report::default() });
    world.end(3, &Exit::Code(1));
    world.pass(10_000);
    assert_eq!(world.names[&4], (None, None));
}

#[test]
fn what_is_left_of_a_dead_worker_holds_its_replacement_up_for_a_while() {
    let mut world = World::with(1);
    world.end(1, &Exit::Signal(9));
    world.now_ms += 2_999;
    assert_eq!(world.crew.step(world.now_ms, false), []);
    assert_eq!(world.crew.next_ms(world.now_ms, false), Some(world.now_ms + 1));
    world.now_ms += 1;
    assert_eq!(world.crew.step(world.now_ms, false).len(), 1);
}

#[test]
fn a_crash_loop_ends() {
    let mut world = World::with(2);
    for _ in 0..100 {
        world.end_all(&Exit::Code(1));
        world.pass(10_000);
    }
    assert_eq!((world.starts, world.crew.state(), world.crew.most()), (20, "degraded", 0));
    assert_eq!(world.crew.reason(), Some("exit 1"));
    assert_eq!(world.crew.next_ms(world.now_ms, true), None, "nothing to wake up for");
    // The share follows what it offers, and it stays degraded.
    world.crew.follow(0);
    world.pass(1_000);
    assert_eq!((world.starts, world.crew.state()), (20, "degraded"));
    world.crew.begin_anew(world.now_ms);
    world.crew.follow(2);
    world.pass(1);
    assert_eq!((world.starts, world.crew.state(), world.processes.len()), (22, "converging", 2));
}

#[test]
fn the_waits_of_a_crash_loop_grow() {
    let mut world = World::with(1);
    let mut waits = Vec::new();
    while world.crew.state() != "degraded" {
        world.end_all(&Exit::Code(1));
        waits.extend(world.crew.next_ms(world.now_ms, true).map(|next| next - world.now_ms));
        world.pass(10_000);
    }
    assert_eq!(waits, [300, 600, 1_200, 2_400, 4_800, 7_500, 7_500, 7_500, 7_500]);
}

#[test]
fn one_seat_that_gave_up_takes_nothing_from_the_others() {
    let mut world = World::with(3);
    world.ready(1, 0);
    world.ready(2, 0);
    while world.crew.tally().gave_up == 0 {
        let last = *world.processes.keys().next_back().expect("the third");
        world.end(last, &Exit::Signal(11));
        world.pass(10_000);
        // What they report keeps them from being taken for silent.
        world.ready(1, 0);
        world.ready(2, 0);
    }
    assert_eq!((world.crew.most(), world.crew.state(), world.processes.len()), (2, "degraded", 2));
    world.crew.follow(1);
    world.pass(1);
    assert_eq!(world.told().len(), 1);
    world.crew.follow(5);
    world.pass(1);
    let tally = world.crew.tally();
    assert_eq!((tally.live + tally.starting, tally.gave_up), (2, 1), "no more than it offers");
    // Who wants no workers at all does not want to hear of it.
    world.crew.follow(0);
    world.crew.forget();
    world.pass(1);
    world.end_all(&Exit::Code(0));
    assert_eq!((world.crew.state(), world.crew.most()), ("steady", 1_000));
}

#[test]
fn an_unusable_configuration_is_not_tried_twice() {
    for code in [78, 2] {
        let mut world = World::with(1);
        let fault = Some(Fault::new("worker.lease: too short"));
        world.say(1, Report { fault, ..Report::default() });
        world.end(1, &Exit::Code(code));
        world.pass(60_000);
        assert_eq!((world.starts, world.crew.state()), (1, "degraded"));
        let reason = format!("exit {code}: worker.lease: too short");
        assert_eq!(world.crew.reason(), Some(reason.as_str()));
    }
}

#[test]
fn without_restarts_the_first_failure_counts_and_good_ends_do_not() {
    let mut world = World::new(Rules { restart_on_failure: false, ..Rules::default() });
    world.crew.follow(1);
    world.step();
    world.end_all(&Exit::Code(0));
    world.pass(10_000);
    assert_eq!(world.starts, 2);
    world.end_all(&Exit::Code(1));
    world.pass(10_000);
    assert_eq!((world.starts, world.crew.state()), (2, "degraded"));
}

#[test]
fn a_life_that_settles_a_task_or_is_ready_for_long_proves_itself() {
    for proof in ["task", "time"] {
        let mut world = World::with(1);
        for _ in 0..50 {
            let life = world.all()[0];
            world.ready(life, 0);
            if proof == "task" {
                world.say(life, Report { failed: 1, ..Report::default() });
            } else {
                world.pass(29_999);
                world.ready(life, 0);
                world.pass(1);
            }
            world.end(life, &Exit::Signal(9));
            world.pass(200);
        }
        assert_eq!((world.starts, world.crew.tally().gave_up), (51, 0), "{proof}");
    }
}

#[test]
fn silence_is_ended_by_force_and_replaced() {
    let mut world = World::with(1);
    world.ready(1, 0);
    world.pass(29_999);
    assert_eq!(world.processes.len(), 1);
    world.pass(1);
    world.pass(10_000);
    assert_eq!((world.starts, world.names[&2].1.as_deref()), (2, Some("silent")));
    // One that never says a word, too.
    world.pass(30_000);
    world.pass(10_000);
    assert_eq!(world.starts, 3);
}

#[test]
fn a_worker_that_is_alone_in_not_hearing_redis_is_replaced() {
    let mut world = World::with(1);
    let report = || Report { ready: true, answered_ms: Some(330_000), ..Report::default() };
    assert_eq!(world.crew.hear(1, world.now_ms, report(), false), None, "nobody hears Redis");
    world.say(1, report());
    world.pass(10_000);
    assert_eq!((world.starts, world.crew.restarts()), (2, 1));
}

#[test]
fn ends_are_asked_for_twice_and_then_made() {
    let mut world = World::with(1);
    world.ready(1, 1);
    world.crew.stop();
    world.step();
    assert_eq!((world.processes[&1], world.crew.state()), (1, "draining"));
    // It needs not report while it ends.
    world.pass(34_999);
    assert_eq!(world.processes[&1], 1);
    world.pass(1);
    assert_eq!(world.processes[&1], 2);
    world.pass(4_999);
    assert_eq!(world.processes.len(), 1);
    world.pass(1);
    assert!(world.processes.is_empty() && world.crew.is_empty());
    world.pass(100_000);
    assert_eq!(world.starts, 1);
}

#[test]
fn who_is_in_a_hurry_asks_everyone_at_once() {
    let mut world = World::with(3);
    world.crew.stop();
    world.step();
    let actions = world.crew.hurry(world.now_ms);
    world.apply(actions);
    assert!(world.processes.values().all(|told| *told == 2));
    assert_eq!(world.crew.hurry(world.now_ms), []);
    world.pass(5_000);
    assert!(world.processes.is_empty());
}

#[test]
fn surplus_goes_in_the_order_of_what_is_lost() {
    let mut world = World::with(6);
    // 1 and 2 are busy, 3 and 4 idle, 5 not ready, 6 is dead.
    world.ready(1, 1);
    world.ready(2, 1);
    world.ready(3, 0);
    world.ready(4, 0);
    world.end(6, &Exit::Signal(9));
    for (share, told) in [(5, vec![]), (4, vec![5]), (3, vec![4, 5]), (1, vec![2, 3, 4, 5])] {
        world.crew.follow(share);
        world.step();
        assert_eq!(world.told(), told, "{share}");
    }
    // More are wanted again while they end: others begin.
    world.crew.follow(2);
    world.step();
    assert_eq!((world.starts, world.processes.len()), (7, 6));
}

#[test]
fn a_surplus_worker_that_dies_is_not_replaced() {
    let mut world = World::with(2);
    world.all_ready();
    world.crew.follow(1);
    world.step();
    let told = world.told();
    world.end(told[0], &Exit::Signal(9));
    world.pass(60_000);
    assert_eq!(world.crew.restarts(), 1, "the other one was silent meanwhile");
    assert_eq!(world.processes.len(), 0);
    world.pass(10_000);
    assert_eq!((world.starts, world.processes.len()), (3, 1));
}

#[test]
fn workers_are_recycled_a_few_at_a_time_under_their_names() {
    let mut world = World::new(Rules { recycle_after_tasks: 10, ..Rules::default() });
    world.crew.follow(8);
    world.step();
    world.all_ready();
    for life in 1..=8 {
        world.say(life, Report { ready: true, done: 9, failed: 1, ..Report::default() });
    }
    world.step();
    assert_eq!(world.told(), [1, 2]);
    world.step();
    assert_eq!(world.told().len(), 2);
    world.end(1, &Exit::Code(0));
    world.step();
    assert_eq!(world.names[&9], (Some("worker-001-default:b1".to_owned()), None), "at once");
    assert_eq!((world.told(), world.crew.restarts()), (vec![2, 3], 0));
}

#[test]
fn workers_that_grow_too_large_are_replaced_and_never_for_ever() {
    let mut world = World::new(Rules { max_rss_bytes: 1_000, max_restarts: 3, ..Rules::default() });
    world.crew.follow(1);
    world.step();
    world.ready(1, 0);
    world.say(1, Report { done: 1, ..Report::default() });
    assert_eq!(world.crew.weigh(1, world.now_ms, 1_000), None);
    let action = world.crew.weigh(1, world.now_ms, 1_001);
    assert_eq!(action, Some(Action::Terminate(1)));
    // It drains, and grows on.
    let action = world.crew.weigh(1, world.now_ms, 2_001);
    assert_eq!(action, Some(Action::Kill(1)));
    world.apply(action);
    assert_eq!(world.crew.restarts(), 0);
    world.step();
    // Lives that are too large from the beginning say that the limit is too small.
    while world.crew.state() != "degraded" {
        let life = world.all()[0];
        let action = world.crew.weigh(life, world.now_ms, 5_000);
        world.apply(action);
        world.pass(10_000);
    }
    assert_eq!((world.starts, world.crew.reason()), (4, Some("memory")));
}

#[test]
fn news_of_lives_that_are_over_changes_nothing() {
    let mut world = World::with(1);
    world.end(1, &Exit::Signal(9));
    assert_eq!(world.crew.hear(1, 0, Report::default(), true), None);
    assert_eq!(world.crew.weigh(1, 0, u64::MAX), None);
    assert_eq!(world.crew.ended(1, 0, &Exit::Code(0), 0.0), None);
}
