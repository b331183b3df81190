use super::*;
use crate::id::{Draw, Shard};

pub(super) fn id(name: &str) -> TaskId {
    let random = name.bytes().fold(0, |sum, byte| (sum << 8) | u64::from(byte));
    TaskId::draw(Draw { now_ms: 1, counter: 0, random: random << 20 }, Shard::FIRST)
}

/// Tells a gate of tasks, `c run: a b` being a task c with policy `run` and the parents a and b, and of events,
/// `claim c` or `link c parent=a`, whose positions are their indexes.
fn judge(tasks: &[&str], events: &[&str]) -> Judgement<usize> {
    let mut gate = Gate::new();
    for task in tasks {
        let (child, parents) = task.split_once(':').unwrap();
        let (name, policy) = child.split_once(' ').unwrap_or((child, "hold"));
        gate.task(id(name), policy.parse().unwrap(), parents.split_whitespace().map(id));
    }
    for (position, event) in events.iter().enumerate() {
        let mut words = event.split(' ');
        let (word, task) = (words.next().unwrap(), words.next().unwrap());
        let why: Vec<String> = words
            .map(|part| match part.split_once('=') {
                Some((word @ ("parent" | "unlinked"), name)) => format!("{word}={}", id(name)),
                _ => part.to_owned(),
            })
            .collect();
        gate.event(position, id(task), word, &why.join(" "));
    }
    gate.finish()
}

/// So many edges were met in order, and none out of order.
fn check(tasks: &[&str], events: &[&str], in_order: u64) {
    assert_eq!(judge(tasks, events), Judgement { out_of_order: vec![], in_order, unknown: 0 }, "{events:?}");
}

/// The claims at these positions came before these parents of c.
fn check_broken(tasks: &[&str], events: &[&str], expected: &[(usize, &str)]) {
    let found: Vec<(usize, TaskId)> = judge(tasks, events)
        .out_of_order
        .into_iter()
        .map(|found| {
            assert_eq!(found.child, id("c"));
            (found.claim, found.parent)
        })
        .collect();
    let expected: Vec<(usize, TaskId)> =
        expected.iter().map(|(claim, parent)| (*claim, id(parent))).collect();
    assert_eq!(found, expected, "{events:?}");
}

const BOTH: &[&str] = &["a:", "b:", "c: a b"];
const ONE: &[&str] = &["a:", "c: a"];

#[test]
fn a_child_that_waited_is_in_order() {
    let events = [
        "submit c",
        "submit b",
        "submit a",
        "claim b",
        "claim a",
        "complete b",
        "complete a",
        "unblock c parent=a",
    ];
    check(BOTH, &[&events[..], &["claim c", "complete c"]].concat(), 2);
    check(BOTH, &events, 0);
}

#[test]
fn a_claim_before_a_completion_is_not() {
    check_broken(
        BOTH,
        &["submit a", "submit b", "submit c", "complete a", "claim c", "complete b"],
        &[(4, "b")],
    );
    check_broken(BOTH, &["submit a", "submit b", "submit c", "claim c"], &[(3, "a"), (3, "b")]);
    // Children of a flow are laid out before their parents.
    check_broken(ONE, &["submit c", "claim c", "submit a", "complete a"], &[(1, "a")]);
}

#[test]
fn of_several_claims_under_one_edge_the_first_is_told() {
    let events =
        ["submit a", "submit c", "claim c", "release c", "claim c", "reclaim c", "complete a", "claim c"];
    check_broken(ONE, &events, &[(2, "a")]);
}

#[test]
fn what_is_no_completion_lets_nobody_go_but_with_policy_run() {
    for end in ["fail a poison", "time_out a", "cancel a running"] {
        let events = ["submit a", "submit c", end, "claim c"];
        check_broken(ONE, &events, &[(3, "a")]);
        check_broken(&["a:", "c cancel: a"], &events, &[(3, "a")]);
        check(&["a:", "c run: a"], &events, 1);
        check_broken(&["a:", "c run: a"], &["submit a", "submit c", "claim c", end], &[(2, "a")]);
    }
    for other in ["retry a", "release a", "reclaim a", "takeover a", "progress a", "mature a"] {
        check_broken(&["a:", "c run: a"], &["submit a", "submit c", other, "claim c"], &[(3, "a")]);
    }
}

#[test]
fn a_held_child_goes_on_when_its_parent_is_rerun_and_completes() {
    let events = ["submit a", "submit c", "fail a", "rerun a", "claim a", "complete a", "claim c"];
    check(ONE, &events, 1);
    check_broken(ONE, &["submit a", "submit c", "fail a", "rerun a", "claim c"], &[(4, "a")]);
}

#[test]
fn an_edge_once_closed_stays_closed() {
    let again = ["rerun a", "claim c", "fail a", "rerun c", "claim c"];
    check(ONE, &[&["submit a", "submit c", "complete a"][..], &again].concat(), 1);
    check(&["a:", "c run: a"], &[&["submit a", "submit c", "time_out a"][..], &again].concat(), 1);
}

#[test]
fn a_parent_that_completed_before_the_child_was_submitted_has_let_it_go() {
    check(ONE, &["submit a", "complete a", "submit c", "claim c"], 1);
    check_broken(ONE, &["submit a", "complete a", "rerun a", "submit c", "claim c"], &[(4, "a")]);
    check(ONE, &["submit a", "complete a", "rerun a", "submit c", "complete a", "claim c"], 1);
    check_broken(ONE, &["submit a", "fail a", "submit c", "claim c"], &[(3, "a")]);
    check(&["a:", "c run: a"], &["submit a", "fail a", "submit c", "claim c"], 1);
}

#[test]
fn claims_before_a_link_are_no_matter() {
    let first = ["submit a", "submit c", "claim c", "complete c", "rerun c"];
    check(ONE, &[&first[..], &["block c parent=a", "complete a", "claim c"]].concat(), 1);
    check(ONE, &[&first[..], &["link c parent=a"]].concat(), 0);
    check_broken(ONE, &[&first[..], &["block c parent=a", "claim c"]].concat(), &[(6, "a")]);
}

#[test]
fn a_link_waits_for_what_its_parent_does_from_then_on() {
    check(ONE, &["submit a", "submit c", "complete a", "link c parent=a", "claim c"], 1);
    let rerun = ["submit a", "submit c", "complete a", "rerun a", "block c parent=a"];
    check_broken(ONE, &[&rerun[..], &["claim c"]].concat(), &[(5, "a")]);
    check(ONE, &[&rerun[..], &["complete a", "claim c"]].concat(), 1);
    check_broken(ONE, &["submit a", "submit c", "fail a", "block c parent=a", "claim c"], &[(4, "a")]);
    check(&["a:", "c run: a"], &["submit a", "submit c", "cancel a", "link c parent=a", "claim c"], 1);
}

#[test]
fn an_edge_that_was_unlinked_holds_nobody() {
    let none = &["a:", "b:", "c:"];
    check(none, &["submit a", "submit c parents=1", "unblock c unlinked=a", "claim c"], 0);
    check(none, &["submit a", "submit c parents=1", "unlink c parent=a", "claim c"], 0);
    check(ONE, &["submit a", "submit c parents=1", "unlink c unlinked=a", "claim c"], 0);
    check(none, &["submit a", "submit c", "block c parent=a", "unblock c unlinked=a", "claim c"], 0);
    let linked_again =
        ["submit a", "submit c", "unblock c unlinked=a", "claim c", "release c", "block c parent=a"];
    check(ONE, &linked_again, 0);
    check_broken(ONE, &[&linked_again[..], &["claim c"]].concat(), &[(6, "a")]);
}

#[test]
fn what_an_edge_saw_before_it_was_unlinked_stands() {
    let none = &["a:", "c:"];
    check_broken(none, &["submit a", "submit c", "claim c", "complete a", "unlink c parent=a"], &[(2, "a")]);
    check_broken(none, &["submit a", "submit c", "claim c", "unlink c parent=a"], &[(2, "a")]);
    check(none, &["submit a", "submit c", "complete a", "rerun a", "claim c", "unlink c parent=a"], 1);
    let linked = ["submit a", "submit c", "block c parent=a", "claim c", "unlink c parent=a"];
    check_broken(none, &linked, &[(3, "a")]);
    let twice = ["block c parent=a", "claim c"];
    check_broken(ONE, &[&linked[..], &twice].concat(), &[(3, "a"), (6, "a")]);
}

#[test]
fn an_unblock_by_a_parent_unlinks_nothing() {
    check_broken(
        BOTH,
        &["submit a", "submit b", "submit c", "unblock c parent=a", "claim c"],
        &[(4, "a"), (4, "b")],
    );
}

#[test]
fn a_parent_whose_beginning_is_not_told_is_unknown() {
    let unknown = |events| judge(&["c: a"], events);
    let nothing = |in_order, unknown| Judgement { out_of_order: vec![], in_order, unknown };
    assert_eq!(unknown(&["submit c", "claim c"]), nothing(0, 1));
    assert_eq!(unknown(&["submit c", "claim c", "complete a"]), nothing(0, 1));
    assert_eq!(unknown(&["complete a", "submit c", "claim c"]), nothing(1, 0));
    // The parent is gone, but the stream still tells of its whole life.
    assert_eq!(unknown(&["submit a", "complete a", "submit c", "claim c", "prune a"]), nothing(1, 0));
}

#[test]
fn a_child_that_is_gone_is_judged_as_far_as_it_can_be() {
    let events = ["submit a", "submit c", "block c parent=a", "fail a", "claim c"];
    let judgement = judge(&["a:"], &events);
    assert_eq!((judgement.out_of_order.len(), judgement.unknown), (0, 1));
}

#[test]
fn a_child_whose_beginning_is_not_told_is_judged_by_its_claims() {
    check_broken(ONE, &["submit a", "claim c"], &[(1, "a")]);
    check(ONE, &["submit a", "complete a", "claim c"], 1);
}

#[test]
fn violations_come_in_the_order_of_the_claims() {
    let events = ["submit a", "submit d", "submit c", "claim d", "claim c"];
    let judgement = judge(&["a:", "c: a", "d: a"], &events);
    let claims: Vec<usize> = judgement.out_of_order.iter().map(|found| found.claim).collect();
    assert_eq!(claims, [3, 4]);
}
