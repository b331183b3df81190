//! `baton flow` and the edges of `baton task` against a fleet.

use std::io::Write;
use std::process::Stdio;

use crate::fleet::{Fleet, Ran, of, typed};

const DIAMOND: &str = "\
# Who cooks when.
name: dinner
tasks:
  - ref: shop
    kind: echo
    payload: { number: 12345678901234567890, price: 1.10 }
  - ref: cook
    kind: echo
    parents: [shop]
  - ref: lay
    kind: noop
    parents: [shop]
  - ref: eat
    kind: sleep
    payload: { ms: 50 }
    parents: [cook, lay]
";

/// The first cannot succeed, so the second is held.
const DOOMED: &str = r#"{"name": "doomed", "tasks": [
  {"ref": "first", "kind": "fail", "payload": {"message": "no such thing", "permanent": true}},
  {"ref": "second", "kind": "noop", "parents": ["first"]}
]}"#;

fn piped(fleet: &Fleet, arguments: &[&str], input: &str) -> Ran {
    let mut command = typed(&[&["--url", &fleet.url], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    of(&child.wait_with_output().unwrap())
}

fn submitted(fleet: &Fleet, flow: &str) -> String {
    let ran = piped(fleet, &["flow", "submit", "-", "-o", "name"], flow);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out.trim().to_owned()
}

/// The id of a task of a flow.
fn task(fleet: &Fleet, flow: &str, name: &str) -> String {
    let lines = fleet.fine(&["task", "ls", "--flow", flow, "--json"]);
    let line = lines.lines().find(|line| line.contains(&format!("\"ref\":\"{name}\""))).unwrap();
    line.split('"').nth(3).unwrap().to_owned()
}

#[test]
fn flows_are_submitted_seen_and_moved() {
    let fleet = Fleet::start(&[]);
    there_is_no_last_flow_yet(&fleet);
    a_file_is_a_flow(&fleet);
    a_flow_can_come_from_a_program(&fleet);
    mistakes_are_told_together_by_line_and_ref(&fleet);
    what_holds_a_flow_is_shown(&fleet);
    a_flow_is_followed_as_lines(&fleet);
    edges_are_made_and_taken_back(&fleet);
    a_task_joins_a_flow(&fleet);
    what_is_refused_has_its_code(&fleet);
    the_guide_says_how_it_is(&fleet);
}

fn there_is_no_last_flow_yet(fleet: &Fleet) {
    let ran = fleet.run(&["flow", "get", "last"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.err.contains("baton flow submit"), "{ran:?}");
    let none = fleet.run(&["flow", "ls"]);
    assert_eq!((none.code, none.out.as_str()), (Some(0), ""), "{none:?}");
}

fn a_file_is_a_flow(fleet: &Fleet) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dinner.yaml");
    std::fs::write(&file, DIAMOND).unwrap();
    let file = file.to_str().unwrap();
    let shown = fleet.fine(&["flow", "submit", file, "--wait", "--idempotency-key", "dinner-1"]);
    assert!(shown.contains("name      dinner\n") && shown.contains("state     completed\n"), "{shown}");
    assert!(shown.contains("tasks     4, with 4 edges\n") && shown.contains("completed 4\n"), "{shown}");
    let again = fleet.fine(&["flow", "submit", file, "--idempotency-key", "dinner-1", "-o", "name"]);
    let flow = again.trim();
    assert!(shown.contains(flow), "one flow of a key: {shown}{again}");
    let listed = fleet.fine(&["flow", "ls", "-o", "name"]);
    assert_eq!(listed.trim(), flow);
    assert!(fleet.fine(&["flow", "ls"]).contains("completed  dinner"), "{}", fleet.fine(&["flow", "ls"]));
    let drawn = fleet.fine(&["flow", "graph", "last"]);
    assert!(
        drawn.contains("✓ shop ─┤") && drawn.contains("├─ ✓ eat") && drawn.contains("✓ completed"),
        "{drawn}"
    );
    assert!(fleet.fine(&["flow", "graph", flow, "--json"]).contains("\"layer\": 2"));
    let table = fleet.fine(&["flow", "graph", flow, "-o", "wide"]);
    assert_eq!(table.lines().count(), 5, "{table}");
    // The number is one that no double can hold, and 1.10 is not 1.1.
    let shop = task(fleet, flow, "shop");
    assert_eq!(fleet.fine(&["task", "result", &shop]), r#"{"number":12345678901234567890,"price":1.10}"#);
    let eat = fleet.fine(&["task", "get", &task(fleet, flow, "eat")]);
    assert!(eat.contains("ref       eat\n") && eat.contains("parents   2\n"), "{eat}");
    assert!(eat.contains(&format!("flow      {flow}\n")), "{eat}");
}

fn a_flow_can_come_from_a_program(fleet: &Fleet) {
    let json = r#"{"tasks": [{"ref": "a", "kind": "echo", "payload": {"b":1,  "a":2}}, {"kind": "noop", "parents": ["a"]}]}"#;
    let ran = piped(fleet, &["flow", "submit", "-", "--name", "piped", "--json"], json);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("\"name\": \"piped\"") && ran.out.contains("\"refs\": {\n    \"a\": "),
        "{ran:?}"
    );
    fleet.fine(&["flow", "trace", "last"]);
    let a = task(fleet, fleet.fine(&["flow", "get", "last", "-o", "name"]).trim(), "a");
    assert_eq!(fleet.fine(&["task", "result", &a]), r#"{"b":1,  "a":2}"#, "byte for byte");
}

fn mistakes_are_told_together_by_line_and_ref(fleet: &Fleet) {
    let wrong = "\
tasks:
  - ref: extract
    kind: echo
    priority: 12
  - ref: load
    kind: echo
    parents:
      - extract
      - exract
  - ref: load
    kind: echo
  - ref: own
    kind: echo
    parents: [own]
";
    let before = fleet.fine(&["flow", "ls", "-o", "name"]);
    let ran = piped(fleet, &["flow", "submit", "-"], wrong);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    let said = |line: &str, words: &[&str]| {
        let found = ran.err.lines().find(|said| said.trim_start().starts_with(line)).unwrap_or_default();
        assert!(words.iter().all(|word| found.contains(word)), "{line} {words:?}: {}", ran.err);
    };
    assert!(ran.err.starts_with("error: standard input cannot be submitted as a flow ("), "{}", ran.err);
    said("line 4 ", &["extract: ", "(/tasks/0/priority)"]);
    said("line 9 ", &["load: ", "exract", "(/tasks/1/parents/1)"]);
    said("line 10 ", &["load: ", "(/tasks/2/ref)"]);
    said("line 14 ", &["own: ", "(/tasks/3/parents/0)"]);
    assert_eq!(fleet.fine(&["flow", "ls", "-o", "name"]), before, "nothing of it is there");
    let unreadable = piped(fleet, &["flow", "submit", "-"], "tasks: [\n");
    assert_eq!(unreadable.code, Some(2), "{unreadable:?}");
    assert!(unreadable.err.contains("line 1") && unreadable.err.contains("no YAML"), "{unreadable:?}");
    let missing = fleet.run(&["flow", "submit", "/nowhere/flow.yaml"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
}

fn what_holds_a_flow_is_shown(fleet: &Fleet) {
    let ran = piped(fleet, &["flow", "submit", "-", "--wait"], DOOMED);
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(ran.out.contains("state     held\n") && ran.err.contains("baton flow graph"), "{ran:?}");
    let drawn = fleet.fine(&["flow", "graph", "last"]);
    assert!(drawn.contains("✗ first ─── ⊟ second"), "{drawn}");
    assert!(drawn.contains("second is held by first, which ended failed"), "{drawn}");
    assert!(fleet.fine(&["flow", "graph", "last", "-o", "wide"]).contains("first (held)"));
    let id = fleet.fine(&["flow", "get", "last", "-o", "name"]);
    let second = task(fleet, id.trim(), "second");
    assert!(fleet.fine(&["task", "get", &second]).contains("parents   1, waits for 1\n"));
    fleet.fine(&["flow", "rerun", "last", "--reason", "once more"]);
    assert_eq!(fleet.run(&["flow", "trace", "last"]).code, Some(6));
    let history = fleet.fine(&["task", "history", &task(fleet, id.trim(), "first")]);
    assert!(history.contains("rerun") && history.contains("once more"), "{history}");
    fleet.fine(&["flow", "cancel", id.trim(), "--reason", "enough"]);
    let ran = fleet.run(&["flow", "trace", "last"]);
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(fleet.fine(&["flow", "get", "last"]).contains("state     failed\n"));
    assert!(fleet.fine(&["task", "get", &second]).contains("cancelled"));
}

fn a_flow_is_followed_as_lines(fleet: &Fleet) {
    let flow = submitted(fleet, DIAMOND);
    let traced = fleet.fine(&["flow", "trace", &flow]);
    let ends: Vec<usize> = ["shop", "cook", "lay", "eat"]
        .iter()
        .map(|name| traced.lines().position(|line| line.contains(&format!("completed  {name}"))).unwrap())
        .collect();
    assert!(ends[0] < ends[1] && ends[0] < ends[2] && ends[1] < ends[3] && ends[2] < ends[3], "{traced}");
    assert!(traced.lines().last().unwrap().starts_with("completed in "), "{traced}");
    let json = fleet.fine(&["flow", "trace", &flow, "--json"]);
    assert!(
        json.lines().all(|line| line.starts_with("{\"task\":{") || line.starts_with("{\"flow\":{")),
        "{json}"
    );
    let scheduled = submitted(fleet, r#"{"tasks": [{"kind": "noop", "delay_ms": 3600000}]}"#);
    assert_eq!(fleet.run(&["flow", "trace", &scheduled, "--timeout", "50ms"]).code, Some(124));
    fleet.fine(&["flow", "cancel", &scheduled]);
}

fn edges_are_made_and_taken_back(fleet: &Fleet) {
    let later =
        |kind: &str| fleet.fine(&["task", "submit", kind, "--delay", "1h", "-o", "name"]).trim().to_owned();
    let (parent, other, child) = (later("echo"), later("echo"), later("noop"));
    let linked = fleet.fine(&["task", "link", &child, &parent, &other]);
    assert!(linked.contains("blocked") && linked.contains("parents   2, waits for 2\n"), "{linked}");
    assert!(fleet.fine(&["task", "get", &parent]).contains("children  1\n"));
    let circle = fleet.run(&["task", "link", &parent, &child]);
    assert_eq!(circle.code, Some(2), "{circle:?}");
    assert!(circle.err.contains("dependency_cycle"), "{circle:?}");
    let unlinked = fleet.fine(&["task", "unlink", &child, &parent]);
    assert!(unlinked.contains("blocked") && unlinked.contains("parents   1, waits for 1\n"), "{unlinked}");
    assert!(fleet.fine(&["task", "unlink", &child, &other]).contains("scheduled"));
    let unknown = fleet.run(&["task", "link", &child, "01a1fc29-8a56-7000-ba14-c38b1cfc4000"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.err.contains("dependency_missing"), "{unknown:?}");
}

fn a_task_joins_a_flow(fleet: &Fleet) {
    let flow = submitted(fleet, DOOMED);
    fleet.run(&["flow", "trace", &flow]);
    let first = task(fleet, &flow, "first");
    let joins = ["task", "submit", "echo", "--payload", "7", "--after", &first, "--flow", &flow];
    let runs = fleet.fine(&[&joins[..], &["--on-parent-failure", "run", "--wait", "-o", "name"]].concat());
    assert_eq!(fleet.fine(&["task", "result", runs.trim()]), "7");
    assert!(fleet.fine(&["task", "ls", "--flow", &flow, "-o", "name"]).contains(runs.trim()));
    let cancelled = fleet.run(&[&joins[..], &["--on-parent-failure", "cancel", "--wait"]].concat());
    assert_eq!(cancelled.code, Some(6), "{cancelled:?}");
    assert!(cancelled.out.contains("cancelled"), "{cancelled:?}");
    let wrong = fleet.run(&[&joins[..], &["--on-parent-failure", "stop"]].concat());
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.err.contains("hold, cancel, run"), "{wrong:?}");
}

fn what_is_refused_has_its_code(fleet: &Fleet) {
    let check = |arguments: &[&str], code: i32, said: &str| {
        let ran = fleet.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(said), "{arguments:?}: {ran:?}");
    };
    let nobody = "01a1fc29-8a56-7000-ba14-c38b1c000000";
    for verb in ["get", "graph", "trace", "cancel", "rerun"] {
        check(&["flow", verb, nobody], 3, "unknown_flow");
        check(&["flow", verb, "nonsense"], 2, "`last`");
    }
    check(&["task", "submit", "echo", "--flow", nobody], 3, "unknown_flow");
    check(&["flow", "ls", "--limit", "0"], 2, "at least 1");
    check(&["task", "ls", "--limit", "0"], 2, "at least 1");
    check(&["queue", "pause", "nosuch"], 3, "unknown_queue");
    check(&["queue", "get", "nosuch"], 3, "unknown_queue");
}

fn the_guide_says_how_it_is(fleet: &Fleet) {
    let guide = include_str!("../../../../docs/guide.md");
    let (_, section) = guide.split_once("## Flows\n").unwrap();
    let block = |language: &str| {
        let (_, rest) = section.split_once(&format!("```{language}\n")).unwrap();
        rest.split_once("```").unwrap().0
    };
    let ran = piped(fleet, &["flow", "submit", "-", "--wait"], block("yaml nightly.yaml"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(fleet.fine(&["flow", "graph", "last"]), block("text"));
}
