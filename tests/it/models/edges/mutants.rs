//! Each rule taken away alone, with the property that notices. The step lists are printed: they are the reason
//! why the rule exists.
use stateright::{Checker, Model};

use super::model::Shard;
use super::properties::{self, CLOSED_ONCE, GATED, NEVER_STUCK, PRUNABLE};
use super::rules::{Bounds, Graph, Missing, Parked, Rules};
use super::state::{C, P, Policy, Q};

const LOOSE: &[Graph] = &[&[]];
const PAIR: &[Graph] = &[&[(P, C)]];
const CHAIN: &[Graph] = &[&[(P, Q), (Q, C)]];
const FAN_IN: &[Graph] = &[&[(P, C), (Q, C)]];
const FAN_OUT: &[Graph] = &[&[(P, Q), (P, C)]];

const CALM: Bounds = Bounds::CALM;

/// Searches to `depth` (0: as deep as it takes), and cuts what it finds at the first state that is wrong.
fn search(shard: &Shard, depth: usize) -> Option<Vec<String>> {
    let checker = shard.clone().checker();
    let checker = if depth > 0 { checker.target_max_depth(depth) } else { checker };
    let path = checker.spawn_bfs().join().discovery(shard.watched)?;
    let holds = shard.property(shard.watched).condition;
    let right = path.into_vec().into_iter().take_while(|(world, _)| holds(shard, world));
    right.map(|(_, step)| step.map(|step| format!("{step:?}"))).collect()
}

/// The property must break; answers with a shortest way to break it.
fn broken_by(rules: Rules, bounds: Bounds, property: &'static str) -> String {
    let shard = Shard { rules, bounds, watched: property };
    let mut steps = search(&shard, 0).unwrap_or_default();
    assert!(!steps.is_empty(), "without the rule there is still no counterexample to: {property}");
    // The checker may report a longer way than the first; a path of n steps has n + 1 states.
    while let Some(shorter) = search(&shard, steps.len()) {
        steps = shorter;
    }
    // The rule is the reason, not the bounds.
    let sound = Shard { rules: Rules::ALL, ..shard };
    assert!(search(&sound, 0).is_none(), "with the rule there is a counterexample too: {property}");
    format!("edges at first: {:?}\nnot so: {property}\n  {}\n", bounds.graphs, steps.join("\n  "))
}

#[test]
fn the_index_is_believed() {
    let rules = Rules { gate_in_claim: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: PAIR, slips: 1, ..CALM }, GATED));
}

/// P completes, is rerun and completes again: C starts while Q is unfinished.
#[test]
fn a_completion_decrements_every_child() {
    let rules = Rules { ends_close_open_edges: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: FAN_IN, reruns: 1, ..CALM }, GATED));
}

#[test]
fn a_completion_heard_twice_decrements_every_child_twice() {
    let rules = Rules { ends_close_open_edges: false, repeat_touches_nothing: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: FAN_IN, ..CALM }, GATED));
}

/// What it closes is open by now because of another run.
#[test]
fn a_completion_heard_twice_closes_what_is_open() {
    let rules = Rules { repeat_touches_nothing: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: LOOSE, reruns: 1, links: 1, ..CALM }, GATED));
}

#[test]
fn a_cascade_by_cursor_counts_twice() {
    let rules = Rules { cascade_pops: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: FAN_OUT, unlinks: 1, ..CALM }, CLOSED_ONCE));
}

#[test]
fn a_cascade_by_cursor_never_counts() {
    let rules = Rules { cascade_pops: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: FAN_OUT, unlinks: 1, ..CALM }, NEVER_STUCK));
}

#[test]
fn a_cascade_skips_who_has_ended() {
    let rules = Rules { ended_child_counts: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: PAIR, cancels: 1, reruns: 1, ..CALM }, NEVER_STUCK));
}

#[test]
fn a_cascade_that_cancels_closes() {
    let rules = Rules { cancel_parks: false, ..Rules::ALL };
    let bounds = Bounds { graphs: PAIR, policies: &[Policy::Cancel], reruns: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, GATED));
}

#[test]
fn a_cascade_ends_with_the_first_generation() {
    let rules = Rules { cancelled_child_cascades: false, ..Rules::ALL };
    let bounds = Bounds { graphs: CHAIN, policies: &[Policy::Cancel], ..CALM };
    println!("{}", broken_by(rules, bounds, NEVER_STUCK));
}

#[test]
fn a_parent_is_rerun_during_its_cascade() {
    let rules = Rules { rerun_waits_for_cascade: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: PAIR, reruns: 1, ..CALM }, NEVER_STUCK));
}

#[test]
fn parked_edges_stay_parked() {
    let rules = Rules { parked: Parked::Stays, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: PAIR, reruns: 1, ..CALM }, NEVER_STUCK));
}

/// Nobody is stuck then. But a second bad end passes by those who were rerun before it.
#[test]
fn parked_edges_wait_only_for_a_completion() {
    let rules = Rules { parked: Parked::StaysUntilCompleted, ..Rules::ALL };
    let bounds = Bounds { graphs: PAIR, policies: &[Policy::Cancel], reruns: 2, ..CALM };
    println!("{}", broken_by(rules, bounds, properties::CANCELLED));
    assert!(search(&Shard { rules, bounds, watched: NEVER_STUCK }, 0).is_none());
}

#[test]
fn a_missing_parent_is_waited_for() {
    let rules = Rules { missing_parent: Missing::Waits, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: LOOSE, links: 1, prunes: 1, ..CALM }, NEVER_STUCK));
}

#[test]
fn a_missing_parent_counts_as_completed() {
    let rules = Rules { missing_parent: Missing::CountsAsCompleted, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: LOOSE, links: 1, prunes: 1, ..CALM }, GATED));
}

#[test]
fn a_link_sent_again_opens_again() {
    let rules = Rules { link_again_is_nothing: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: LOOSE, links: 2, ..CALM }, NEVER_STUCK));
}

#[test]
fn a_running_child_is_linked() {
    let rules = Rules { running_child_refused: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: LOOSE, links: 1, ..CALM }, properties::FREE));
}

#[test]
fn a_cycle_is_linked() {
    let rules = Rules { cycle_refused: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: PAIR, links: 1, ..CALM }, NEVER_STUCK));
}

#[test]
fn a_completed_parent_is_waited_for() {
    let rules = Rules { completed_opens_nothing: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: LOOSE, links: 1, ..CALM }, NEVER_STUCK));
}

#[test]
fn a_failed_parent_is_waited_for() {
    let rules = Rules { bad_end_applies_at_once: false, ..Rules::ALL };
    let bounds = Bounds { graphs: LOOSE, policies: &[Policy::Run], links: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, NEVER_STUCK));
}

#[test]
fn an_unlink_always_decrements() {
    let rules = Rules { unlink_closes_if_open: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: FAN_IN, unlinks: 1, ..CALM }, GATED));
}

/// The child has ended, so the other rule would let its parent go; it is rerun and waits for nobody.
#[test]
fn who_is_parked_is_forgotten() {
    let rules = Rules { waited_for_is_kept: false, ..Rules::ALL };
    let bounds = Bounds { graphs: PAIR, policies: &[Policy::Cancel], prunes: 1, reruns: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, NEVER_STUCK));
}

#[test]
fn a_parent_is_deleted() {
    let rules = Rules { waited_for_is_kept: false, parents_of_living_are_kept: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: PAIR, prunes: 1, ..CALM }, NEVER_STUCK));
}

/// Its edges are closed: nobody waits. But the child is yet to ask for its result.
#[test]
fn a_result_is_pruned_too_early() {
    let rules = Rules { parents_of_living_are_kept: false, ..Rules::ALL };
    println!("{}", broken_by(rules, Bounds { graphs: PAIR, prunes: 1, ..CALM }, properties::RESULTS));
}

/// P failed, which cancelled C. If the edge between them kept them both, they would stay for ever.
#[test]
fn an_edge_keeps_both_its_ends() {
    let rules = Rules { ended_waiter_may_go: false, ..Rules::ALL };
    let bounds = Bounds { graphs: PAIR, policies: &[Policy::Cancel], prunes: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, PRUNABLE));
}

#[test]
fn a_pruned_child_stays_with_its_parent() {
    let rules = Rules { pruned_leaves_its_parents: false, ..Rules::ALL };
    let bounds = Bounds { graphs: PAIR, policies: &[Policy::Cancel], prunes: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, PRUNABLE));
}

/// Its open edges are forgotten, it is rerun, and starts although P failed.
#[test]
fn a_child_is_pruned_in_pieces() {
    let rules = Rules { pruned_in_one_step: false, ..Rules::ALL };
    let bounds = Bounds { graphs: PAIR, policies: &[Policy::Cancel], prunes: 1, reruns: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, GATED));
}
