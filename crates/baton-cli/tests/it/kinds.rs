//! Kinds, as they are typed and printed.

use serde_json::Value;

use crate::fleet::Fleet;
use crate::schedules::words;

#[test]
fn kinds_are_said_shown_and_forgotten() {
    let fleet = Fleet::start(&[]);
    the_guide_works_as_it_stands(&fleet);
    one_is_shown_in_every_form(&fleet);
    results_are_used_again_and_go(&fleet);
}

fn the_guide_works_as_it_stands(fleet: &Fleet) {
    let guide = include_str!("../../../../docs/guide.md");
    let (_, section) = guide.split_once("## Kinds\n").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let lines: Vec<&str> = block.split_once("```").unwrap().0.lines().collect();
    assert_eq!(lines.len(), 5);
    for line in lines {
        let words = words(line);
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        fleet.fine(&arguments);
    }
    assert_eq!(fleet.fine(&["kind", "ls", "-o", "name"]), "");
}

fn one_is_shown_in_every_form(fleet: &Fleet) {
    let set = ["--timeout", "90s", "--backoff", "500ms", "--backoff-cap", "1m", "--backoff-factor", "3"];
    let reasons = ["--non-retryable", "bad_input", "--non-retryable", "http 4*"];
    let shown = fleet.fine(&[&["kind", "set", "mail.send"][..], &set, &reasons].concat());
    for line in [
        "kind      mail.send\n",
        "timeout   90 s\n",
        "backoff   500 ms … 1 m × 3\n",
        "hopeless  bad_input, http 4*\n",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(!shown.contains("attempts"), "{shown}");
    let table = fleet.fine(&["kind", "ls"]);
    assert!(table.lines().next().unwrap().starts_with("KIND"), "{table}");
    let line: Value = serde_json::from_str(&fleet.fine(&["kind", "ls", "--json"])).unwrap();
    assert_eq!((&line["kind"], &line["timeout_ms"]), (&"mail.send".into(), &90_000.into()));
    assert_eq!(fleet.fine(&["kind", "get", "mail.send", "-o", "name"]), "mail.send\n");
    assert_eq!(fleet.run(&["kind", "get", "other"]).code, Some(3));
    assert_eq!(fleet.run(&["kind", "set", "mail.send", "--non-retryable", "a*b"]).code, Some(2));
    fleet.fine(&["kind", "rm", "mail.send"]);
    assert_eq!(fleet.run(&["kind", "rm", "mail.send"]).code, Some(3));
}

fn results_are_used_again_and_go(fleet: &Fleet) {
    let submit = ["task", "submit", "echo", "--payload", "{\"page\":7}", "--cache", "1h", "--wait", "--json"];
    let ask = || serde_json::from_str::<Value>(&fleet.fine(&submit)).unwrap();
    let (first, again) = (ask(), ask());
    assert_eq!((&first["id"], &first["result"]), (&again["id"], &again["result"]));
    let at_once = fleet.fine(&submit[..7]);
    assert!(at_once.contains("cached    it had completed with the same words\n"), "{at_once}");
    let kept = ["task", "submit", "echo", "--result-ttl", "1h", "--wait"];
    assert!(fleet.fine(&kept).contains("expires   in "));
}
