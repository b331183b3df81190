//! What holds of a crew whatever happens to it, in any order.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Event {
    Follow(u64),
    Pass(u64),
    Ready(usize),
    Settle(usize),
    End(usize, Exit),
    Weigh(usize, u64),
    Anew,
    Forget,
}

fn event() -> impl Strategy<Value = Event> {
    let exit = prop_oneof![
        Just(Exit::Code(0)),
        Just(Exit::Code(1)),
        Just(Exit::Code(78)),
        Just(Exit::Signal(9)),
        Just(Exit::CannotStart("it is not there".to_owned())),
    ];
    prop_oneof![
        2 => (0..12_u64).prop_map(Event::Follow),
        4 => (0..40_000_u64).prop_map(Event::Pass),
        4 => (0..12_usize).prop_map(Event::Ready),
        2 => (0..12_usize).prop_map(Event::Settle),
        4 => ((0..12_usize), exit).prop_map(|(at, exit)| Event::End(at, exit)),
        1 => ((0..12_usize), 0..5_000_u64).prop_map(|(at, rss)| Event::Weigh(at, rss)),
        1 => Just(Event::Anew),
        1 => Just(Event::Forget),
    ]
}

impl World {
    fn happen(&mut self, event: &Event) {
        let pick = |at: usize| self.processes.keys().nth(at % self.processes.len().max(1)).copied();
        match event {
            Event::Follow(share) => self.crew.follow(*share),
            Event::Pass(ms) => self.now_ms += ms,
            Event::Ready(at) => {
                let _ = pick(*at).map(|life| self.ready(life, 1));
            }
            Event::Settle(at) => {
                let report = Report { ready: true, done: 1, ..Report::default() };
                let _ = pick(*at).map(|life| self.say(life, report));
            }
            Event::End(at, exit) => {
                let _ = pick(*at).map(|life| self.end(life, exit));
            }
            Event::Weigh(at, rss) => {
                if let Some(life) = pick(*at) {
                    let action = self.crew.weigh(life, self.now_ms, *rss);
                    self.apply(action);
                }
            }
            Event::Anew => self.crew.begin_anew(self.now_ms),
            Event::Forget => self.crew.forget(),
        }
    }

    /// What holds at every moment.
    fn check(&self) {
        let tally = self.crew.tally();
        let bound = self.crew.share.min(self.crew.most());
        let to_stay = self.processes.values().filter(|told| **told == 0).count() as u64;
        assert!(to_stay <= bound, "{to_stay} processes of {bound}: {tally:?}");
        assert!(self.processes.len() as u64 <= bound + tally.draining, "{tally:?}");
        assert_eq!(self.crew.willing(), bound, "as many seats as there are to be");
        assert!(tally.gave_up == 0 || self.crew.reason().is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn there_are_never_more_workers_than_the_share_and_those_that_end(
        events in prop::collection::vec(event(), 1..120)
    ) {
        let mut world = World::new(Rules { max_rss_bytes: 2_000, max_restarts: 3, ..Rules::default() });
        for event in &events {
            world.happen(event);
            world.step();
            world.check();
        }
    }

    #[test]
    fn whatever_happened_it_converges(
        events in prop::collection::vec(event(), 0..60), shares in prop::collection::vec(0..20_u64, 1..6)
    ) {
        let mut world = World::new(Rules::default());
        for event in &events {
            world.happen(event);
            world.step();
        }
        for share in &shares {
            world.crew.follow(*share);
            world.step();
        }
        world.crew.begin_anew(world.now_ms);
        world.step();
        // From here on workers are well behaved: they get ready, and end when told to.
        for _ in 0..40 {
            world.told().into_iter().for_each(|life| world.end(life, &Exit::Code(0)));
            world.all_ready();
            world.pass(1_000);
        }
        let share = *shares.last().expect("one");
        prop_assert_eq!(world.crew.tally(), Tally { live: share, ..Tally::default() });
        prop_assert_eq!(world.crew.state(), "steady");
    }

    #[test]
    fn a_crash_loop_makes_no_more_starts_than_it_may(
        seats in 1..6_u64, max in 1..8_u64, gaps in prop::collection::vec(0..20_000_u64, 1..200)
    ) {
        let mut world = World::new(Rules { max_restarts: max, ..Rules::default() });
        world.crew.follow(seats);
        for gap in gaps {
            world.pass(gap);
            world.end_all(&Exit::Signal(6));
        }
        prop_assert!(world.starts <= seats * max, "{} starts", world.starts);
    }
}
