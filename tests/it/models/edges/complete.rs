//! With all rules in place no state within the bounds breaks a promise.
//!
//! One exploration with everything at once would take too long. Each of these turns on what can meet in one story,
//! starts from every graph of three tasks with every choice of policies, and is exhaustive: it ends because there
//! is no further state, not because a limit cuts it. Together they have 1,103,941 states.
use stateright::{Checker, Model};

use super::model::Shard;
use super::properties::{self, EVERY};
use super::rules::{Bounds, Graph, Rules};
use super::state::{C, P, Policy, Q};

/// Every graph of three tasks, but for the names.
const GRAPHS: &[Graph] =
    &[&[], &[(P, C)], &[(P, Q), (Q, C)], &[(P, C), (Q, C)], &[(P, Q), (P, C)], &[(P, Q), (P, C), (Q, C)]];

const POLICIES: &[Policy] = &[Policy::Hold, Policy::Cancel, Policy::Run];

const EVERYTHING: Bounds = Bounds { graphs: GRAPHS, policies: POLICIES, ..Bounds::CALM };

const EXPLORATIONS: [(&str, Bounds); 5] = [
    ("cancelled and rerun", Bounds { reruns: 3, cancels: 2, ..EVERYTHING }),
    ("linked and unlinked", Bounds { links: 2, unlinks: 1, reruns: 1, ..EVERYTHING }),
    ("unlinked", Bounds { unlinks: 2, reruns: 2, cancels: 1, ..EVERYTHING }),
    ("pruned", Bounds { links: 1, reruns: 1, cancels: 1, prunes: 3, ..EVERYTHING }),
    ("slipped", Bounds { slips: 1, links: 1, unlinks: 1, cancels: 1, ..EVERYTHING }),
];

#[test]
fn every_promise_holds() {
    let mut states = 0;
    for (name, bounds) in EXPLORATIONS {
        let shard = Shard { rules: Rules::ALL, bounds, watched: EVERY };
        let checker = shard.clone().checker().threads(2).spawn_bfs().join();
        if let Some(path) = checker.discovery(EVERY) {
            let broken = properties::broken(&shard, path.last_state());
            let last = path.last_state().clone();
            panic!("{name}: {broken:?} broken by\n{:?}\nwhich leads to\n{last:?}", path.into_actions());
        }
        assert!(checker.is_done(), "{name}: did not come to an end");
        println!("{name}: {} states, {} steps", checker.unique_state_count(), checker.state_count());
        states += checker.unique_state_count();
    }
    println!("{states} states in all");
    assert!(states >= 1_000_000, "the bounds have become too narrow to prove much: {states} states");
}
