//! The demonstrations, from beginning to end.

use crate::fleet::run;

#[test]
fn a_dozen_tasks_end_well() {
    let ran = run(&["dev", "--demo", "--once", "--port", "18200"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("12 completed: 0 lost, 0 doubled, 0 overlapping, 0 out of order"),
        "{}",
        ran.out
    );
    let verdict = ran.out.lines().last().unwrap();
    assert!(verdict.starts_with("audit: clean; 12 tasks, "), "{}", ran.out);
    let flaky = ran.out.lines().find(|line| line.contains("  fail ")).unwrap();
    assert!(flaky.contains("completed  3 "), "{flaky}");
    assert_eq!(ran.out.lines().filter(|line| line.contains("report.build")).count(), 2);
}

#[test]
fn a_killed_worker_and_a_killed_gateway_cost_nothing_but_time() {
    let ran = run(&["dev", "--demo", "--kill", "--port", "18400"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("40 completed: 0 lost, 0 doubled, 0 overlapping, 0 out of order"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("killed worker-") && ran.out.contains("killed the gateway at http://127.0.0.1:")
    );
    assert!(ran.out.lines().last().unwrap().starts_with("audit: clean; 40 tasks, "), "{}", ran.out);
    let taken_over = ran.out.lines().skip_while(|line| !line.contains("TAKEN OVER BY")).skip(1);
    let taken_over: Vec<&str> = taken_over.take_while(|line| !line.is_empty()).collect();
    assert!(taken_over.len() >= 3, "{}", ran.out);
    assert!(taken_over.iter().all(|line| !line.contains("nobody")), "{}", ran.out);
    assert!(taken_over.iter().any(|line| line.contains("its replacement")), "{}", ran.out);
    assert!(ran.out.contains("the supervisor has replaced it by the process "), "{}", ran.out);
}
