//! Each rule taken away alone, with the property that notices. The step lists are printed: they are the reason
//! why the rule exists.
use stateright::{Checker, Model};

use super::model::Fleet;
use super::properties;
use super::rules::{Bounds, Rules};

const CALM: Bounds = Bounds::CALM;

/// Searches to `depth` (0: as deep as it takes), and cuts what it finds at the first state that is wrong.
fn search(fleet: &Fleet, depth: usize) -> Option<Vec<String>> {
    let checker = fleet.clone().checker();
    let checker = if depth > 0 { checker.target_max_depth(depth) } else { checker };
    let path = checker.spawn_bfs().join().discovery(fleet.watched)?;
    let holds = fleet.property(fleet.watched).condition;
    let right = path.into_vec().into_iter().take_while(|(world, _)| holds(fleet, world));
    right.map(|(_, step)| step.map(|step| format!("{step:?}"))).collect()
}

/// The property must break; answers with a shortest way to break it.
fn broken_by(rules: Rules, bounds: Bounds, property: &'static str) -> String {
    let fleet = Fleet { rules, bounds, watched: property };
    let mut steps = search(&fleet, 0).unwrap_or_default();
    assert!(!steps.is_empty(), "without the rule there is still no counterexample to: {property}");
    // The checker may report a longer way than the first; a path of n steps has n + 1 states.
    while let Some(shorter) = search(&fleet, steps.len()) {
        steps = shorter;
    }
    format!("not so: {property}\n  {}\n", steps.join("\n  "))
}

#[test]
fn any_new_boot_takes_over() {
    let rules = Rules { new_boot_compares: false, ..Rules::ALL };
    let bounds = Bounds { boots: [2, 0], ..CALM };
    println!("{}", broken_by(rules, bounds, properties::NOT_BY_THE_DEAD));
}

#[test]
fn a_renewal_compares_counts() {
    let rules = Rules { renewal_compares_members: false, ..Rules::ALL };
    let bounds = Bounds { tasks: 2, cancels: 1, claim: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, properties::RECONCILED));
}

#[test]
fn a_renewal_compares_ids() {
    let rules = Rules { pair_includes_fence: false, ..Rules::ALL };
    let bounds = Bounds { cancels: 1, reruns: 1, abandons: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, properties::RECONCILED));
}

#[test]
fn unknown_tasks_are_released() {
    let rules = Rules { unknown_waits_for_claim: false, ..Rules::ALL };
    println!("{}", broken_by(rules, CALM, properties::NOT_ROBBED));
}

#[test]
fn everything_not_listed_is_dropped() {
    let rules = Rules { drops_only_listed: false, ..Rules::ALL };
    println!("{}", broken_by(rules, CALM, properties::STARTED_ONCE));
}

/// The two halves of a set would part: one crashed, the other alive under the same lease. No handler is hurt here,
/// because `lapse_before_answer` has stopped them all; for a client that only listens to answers `lease_lost` is the
/// one sign, since a claim's answer does not say what is gone.
#[test]
fn a_claim_revives_a_lease_being_reaped() {
    let rules = Rules { reaping_is_final: false, ..Rules::ALL };
    let bounds = Bounds { tasks: 2, ..CALM };
    println!("{}", broken_by(rules, bounds, properties::LOST_IS_LOST));
}

#[test]
fn takeover_is_no_crash() {
    let rules = Rules { takeover_is_crash: false, ..Rules::ALL };
    let bounds = Bounds { boots: [3, 0], fences: 3, max_crashes: 2, in_flight: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, properties::CRASHES));
}

#[test]
fn two_claims_in_flight() {
    let rules = Rules { one_claim_at_a_time: false, ..Rules::ALL };
    let bounds = Bounds { in_flight: 3, ..CALM };
    println!("{}", broken_by(rules, bounds, properties::STARTED_ONCE));
}

#[test]
fn an_abandoned_answer_is_used() {
    let rules = Rules { abandoned_answer_unused: false, ..Rules::ALL };
    let bounds = Bounds { abandons: 1, in_flight: 3, ..CALM };
    println!("{}", broken_by(rules, bounds, properties::STARTED_ONCE));
}

#[test]
fn reports_are_not_fenced() {
    let rules = Rules { fence_check: false, ..Rules::ALL };
    println!("{}", broken_by(rules, CALM, properties::FENCED));
}

#[test]
fn a_new_boot_shares_the_fence() {
    let rules = Rules { takeover_new_fences: false, ..Rules::ALL };
    let bounds = Bounds { boots: [2, 0], ..CALM };
    println!("{}", broken_by(rules, bounds, properties::STARTED_ONCE));
}

#[test]
fn past_boots_still_write() {
    let rules = Rules { past_boots_write_nothing: false, ..Rules::ALL };
    let bounds = Bounds { boots: [2, 0], twins: true, ..CALM };
    println!("{}", broken_by(rules, bounds, properties::PAST_IS_PAST));
}

#[test]
fn holding_lists_only_what_runs() {
    let rules = Rules { holding_until_acknowledged: false, ..Rules::ALL };
    println!("{}", broken_by(rules, CALM, properties::STARTED_ONCE));
}

#[test]
fn the_last_life_is_granted_in_company() {
    let rules = Rules { last_life_granted_alone: false, ..Rules::ALL };
    let bounds = Bounds { tasks: 2, max_crashes: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, properties::POISON));
}

#[test]
fn the_last_life_is_started_in_company() {
    let rules = Rules { last_life_started_alone: false, ..Rules::ALL };
    let bounds = Bounds { tasks: 2, max_crashes: 1, cancels: 1, abandons: 1, claim: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, properties::POISON));
}

#[test]
fn an_answer_hides_a_lapse() {
    let rules = Rules { lapse_before_answer: false, ..Rules::ALL };
    let bounds = Bounds { pauses: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, properties::NOT_ROBBED));
}

#[test]
fn a_late_grant_borrows_newer_trust() {
    let rules = Rules { grant_has_own_send_time: false, ..Rules::ALL };
    println!("{}", broken_by(rules, CALM, properties::NOT_ROBBED));
}

#[test]
fn a_rerun_keeps_its_crashes() {
    let rules = Rules { rerun_clears_crashes: false, ..Rules::ALL };
    let bounds = Bounds { tasks: 1, fences: 3, max_crashes: 1, reruns: 1, ..CALM };
    println!("{}", broken_by(rules, bounds, properties::CRASHES));
}
