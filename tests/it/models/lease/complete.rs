//! With all rules in place no state within the bounds breaks a promise.
//!
//! One exploration with everything at once would not end. Each of these turns on what can meet in one story, and is
//! exhaustive: it ends because there is no further state, not because a limit cuts it.
use stateright::{Checker, Model};

use super::model::Fleet;
use super::properties::{self, EVERY};
use super::rules::{Bounds, Rules};

/// Two workers, two tasks, and only what the network and `kill` can do.
const PLAIN: Bounds = Bounds { tasks: 2, boots: [1, 1], in_flight: 1, max_crashes: 1, ..Bounds::CALM };

const EXPLORATIONS: [(&str, Bounds); 7] = [
    ("two workers, two tasks, crashes", PLAIN),
    (
        "three messages in flight, claims given up, cancel and rerun",
        Bounds {
            tasks: 1,
            boots: [1, 0],
            in_flight: 3,
            max_crashes: 2,
            abandons: 1,
            cancels: 1,
            reruns: 1,
            ..PLAIN
        },
    ),
    (
        "three incarnations in a row, three fences, late messages and repeated ones",
        Bounds { tasks: 1, boots: [3, 0], fences: 3, in_flight: 2, max_crashes: 3, repeats: 1, ..PLAIN },
    ),
    (
        "two incarnations alive at once",
        Bounds { tasks: 1, boots: [2, 0], in_flight: 2, max_crashes: 2, twins: true, ..PLAIN },
    ),
    ("takeover of two tasks from a sleeper", Bounds { boots: [2, 0], max_crashes: 2, pauses: 1, ..PLAIN }),
    (
        "a sleeper is reaped by halves, three fences",
        Bounds { boots: [1, 0], fences: 3, max_crashes: 2, pauses: 1, ..PLAIN },
    ),
    (
        "last lives beside what was cancelled and granted late",
        Bounds { boots: [1, 0], fences: 1, in_flight: 2, claim: 1, cancels: 1, abandons: 1, ..PLAIN },
    ),
];

#[test]
fn every_promise_holds() {
    let mut states = 0;
    for (name, bounds) in EXPLORATIONS {
        let fleet = Fleet { rules: Rules::ALL, bounds, watched: EVERY };
        let checker = fleet.clone().checker().threads(2).spawn_bfs().join();
        if let Some(path) = checker.discovery(EVERY) {
            let broken = properties::broken(&fleet, path.last_state());
            panic!("{name}: {broken:?} broken by\n{:#?}", path.into_actions());
        }
        assert!(checker.is_done(), "{name}: did not come to an end");
        println!("{name}: {} states, {} steps", checker.unique_state_count(), checker.state_count());
        states += checker.unique_state_count();
    }
    println!("{states} states in all");
    assert!(states >= 500_000, "the bounds have become too narrow to prove much: {states} states");
}
