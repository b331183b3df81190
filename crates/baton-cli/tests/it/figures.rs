//! `baton stats` and `baton error`, against a fleet that has something to tell.

use serde_json::Value;

use crate::fleet::{Fleet, until};
use crate::schedules::words;

#[test]
fn a_fleet_says_how_it_does() {
    let fleet = Fleet::start(&[]);
    for number in ["7", "8"] {
        let payload = format!("{{\"message\":\"mailbox {number} is full\",\"permanent\":true}}");
        let task = fleet.fine(&["task", "submit", "fail", "--payload", &payload, "-o", "name"]);
        assert_eq!(fleet.run(&["task", "wait", task.trim()]).code, Some(6));
    }
    fleet.fine(&["task", "submit", "echo", "--payload", "1", "--wait"]);
    failures_come_in_groups(&fleet);
    figures_are_shown_in_every_form(&fleet);
    the_guide_works_as_it_stands(&fleet);
    mistakes_say_what_is_wrong(&fleet);
    a_group_is_silenced_for_a_while(&fleet);
    a_group_is_run_once_more(&fleet);
}

fn a_group_is_silenced_for_a_while(fleet: &Fleet) {
    let name = fleet.fine(&["error", "ls", "-o", "name"]);
    let name = name.trim();
    let shown = fleet.fine(&["error", "silence", name, "--for", "7d", "--reason", "the relay moves"]);
    assert!(shown.contains("silenced  ends in ") && shown.contains(": the relay moves\n"), "{shown}");
    assert_eq!(fleet.fine(&["error", "ls", "--silenced", "-o", "name"]).trim(), name);
    assert_eq!(fleet.fine(&["error", "ls", "--silenced=false", "-o", "name"]), "");
    assert!(fleet.fine(&["error", "ls"]).contains("(silenced) mailbox <n> is full"));
    fleet.fine(&["error", "unsilence", name]);
    assert_eq!(fleet.fine(&["error", "ls", "--silenced", "-o", "name"]), "");
}

fn failures_come_in_groups(fleet: &Fleet) {
    let count = || -> Option<u64> {
        let listed = fleet.fine(&["error", "ls", "--json"]);
        serde_json::from_str::<Value>(listed.lines().next()?).unwrap()["count"].as_u64()
    };
    until("both failures are written down", || count() == Some(2));
    let table = fleet.fine(&["error", "ls"]);
    let heads: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(heads, ["FINGERPRINT", "COUNT", "LAST", "FIRST", "KIND", "QUEUES", "REASON", "MESSAGE"]);
    assert!(table.contains("default  asked_to_fail  mailbox <n> is full"), "{table}");
    let name = fleet.fine(&["error", "ls", "--queue", "default", "-o", "name"]);
    let shown = fleet.fine(&["error", "get", name.trim()]);
    for line in ["kind      fail\n", "message   mailbox <n> is full\n", "queues    default 2\n"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert_eq!(shown.matches("failed").count(), 2, "{shown}");
    let found = fleet.fine(&["task", "ls", &format!("error:{}", name.trim()), "-o", "name"]);
    assert_eq!(found.lines().count(), 2, "{found}");
}

/// They fail once more, in the same way.
fn a_group_is_run_once_more(fleet: &Fleet) {
    let name = fleet.fine(&["error", "ls", "-o", "name"]);
    let name = name.trim();
    let dry = fleet.fine(&["error", "rerun", name, "--dry-run"]);
    assert!(dry.starts_with("would rerun 2 tasks\nTASK"), "{dry}");
    let done = fleet.fine(&["error", "rerun", name, "--reason", "larger now", "--wait"]);
    for line in ["action    rerun\n", "state     ended\n", "done      2\n"] {
        assert!(done.contains(line), "{line:?} in {done}");
    }
}

fn figures_are_shown_in_every_form(fleet: &Fleet) {
    let stats = || -> Value { serde_json::from_str(&fleet.fine(&["stats", "--json"])).unwrap() };
    until("all ends are written down", || stats()["recent"]["counts"]["completed"].as_u64() >= Some(1));
    let shown = fleet.fine(&["stats", "--queue", "default", "-o", "wide"]);
    assert!(shown.starts_with("QUEUE ") && shown.contains("\nfailed     2 "), "{shown}");
    for part in ["\nDEPTH ", "\npending ", "\nsuccess ", "\nwait ", " on average; half within ", "\nWORKER "]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let of_one: Value =
        serde_json::from_str(&fleet.fine(&["stats", "--queue", "default", "--json"])).unwrap();
    assert_eq!(of_one["depth"].as_array().map(Vec::len), Some(4), "{of_one}");
    assert_eq!(stats()["depth"], Value::Null);
    assert_eq!(fleet.fine(&["stats", "-o", "name"]), "default\n");
}

fn the_guide_works_as_it_stands(fleet: &Fleet) {
    let guide = include_str!("../../../../docs/guide.md");
    let (_, section) = guide.split_once("## How it is doing\n").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let lines: Vec<&str> = block.split_once("```").unwrap().0.lines().collect();
    assert_eq!(lines.len(), 4);
    for line in lines {
        let words = words(line);
        assert_eq!(words[0], "baton");
        fleet.fine(&words[1..].iter().map(String::as_str).collect::<Vec<_>>());
    }
}

fn mistakes_say_what_is_wrong(fleet: &Fleet) {
    let check = |arguments: &[&str], code: i32, said: &str| {
        let ran = fleet.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(said), "{arguments:?}: {ran:?}");
    };
    check(&["stats", "--last", "100d"], 2, "it is not between 10s and 90d");
    check(&["stats", "--queue", "nosuch"], 3, "unknown_queue");
    check(&["error", "get", "nosuch"], 2, "16 hex digits");
    check(&["error", "get", "0000000000000000"], 3, "unknown_error_group");
    check(&["error", "rerun", "0000000000000000"], 3, "unknown_error_group");
    check(&["error", "ls", "--limit", "0"], 2, "0 is not in 1..");
    check(&["error", "silence", "0000000000000000"], 3, "unknown_error_group");
    check(&["error", "silence", "0000000000000000", "--for", "soon"], 2, "--for");
}
