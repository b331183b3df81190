//! Schedules, as they are typed, printed and seen to.

use serde_json::Value;

use crate::fleet::{Fleet, run, until};
use crate::stub::{Stub, answer};

#[test]
fn schedules_are_made_seen_to_and_changed() {
    let fleet = Fleet::start(&[]);
    the_guide_works_as_it_stands(&fleet);
    one_is_shown_in_every_form(&fleet);
    a_change_names_only_what_is_otherwise(&fleet);
    its_tasks_run(&fleet);
    mistakes_say_what_is_wrong(&fleet);
}

/// As a shell takes a line apart, as far as the page needs it.
pub(crate) fn words(line: &str) -> Vec<String> {
    let (line, _) = line.split_once(" #").unwrap_or((line, ""));
    let mut words = vec![String::new()];
    for (at, part) in line.split('\'').enumerate() {
        match at % 2 {
            0 => {
                let mut some = part.split(' ');
                words.last_mut().unwrap().push_str(some.next().unwrap_or_default());
                words.extend(some.map(str::to_owned));
            }
            _ => words.last_mut().unwrap().push_str(part),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn the_guide_works_as_it_stands(fleet: &Fleet) {
    let guide = include_str!("../../../../docs/guide.md");
    let (_, section) = guide.split_once("## Schedules\n").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let lines: Vec<&str> = block.split_once("```").unwrap().0.lines().collect();
    assert_eq!(lines.len(), 5);
    for line in lines {
        let words = words(line);
        assert_eq!(words[..2], ["baton", "schedule"]);
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        fleet.fine(&arguments);
    }
}

fn one_is_shown_in_every_form(fleet: &Fleet) {
    let shown = fleet.fine(&["schedule", "get", "nightly"]);
    for line in [
        "schedule  nightly\n",
        "state     active\n",
        "times     0 3 * * *\n",
        "zone      Europe/Berlin\n",
        "kind      echo\n",
        "payload   {\"report\":\"nightly\"}\n",
        "missed    once\n",
        "made      1\n",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert_eq!(shown.matches("T03:00:00+0").count(), 5, "{shown}");
    assert_eq!(fleet.fine(&["schedule", "ls", "-o", "name"]), "nightly\npulse\n");
    let table = fleet.fine(&["schedule", "ls"]);
    let heads: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        heads,
        ["SCHEDULE", "TIMES", "ZONE", "KIND", "QUEUE", "OWNER", "NEXT", "LAST", "MADE", "NOTE"]
    );
    assert!(table.contains("every 5 m"), "{table}");
    let wide = fleet.fine(&["schedule", "ls", "-o", "wide"]);
    assert!(wide.lines().next().unwrap().contains("OVERLAP"), "{wide}");
    let lines = fleet.fine(&["schedule", "ls", "--json"]);
    let names: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["name"].clone()).collect();
    assert_eq!(names, ["nightly", "pulse"]);
    let when = fleet.fine(&["schedule", "add", "x", "--cron", "@daily", "--kind", "k", "--dry-run"]);
    assert_eq!(when.matches("T00:00:00+00:00\n").count(), 5, "{when}");
    assert_eq!(fleet.run(&["schedule", "get", "x"]).code, Some(3));
}

fn a_change_names_only_what_is_otherwise(fleet: &Fleet) {
    let set = fleet.fine(&["schedule", "set", "nightly", "--cron", "30 4 * * 1-5", "--overlap", "skip"]);
    assert!(set.contains("times     30 4 * * 1-5\n") && set.contains("overlap   skip\n"), "{set}");
    assert!(set.contains("zone      Europe/Berlin\n") && set.contains("nightly\"}\n"), "{set}");
    assert!(fleet.fine(&["schedule", "pause", "nightly"]).contains("state     paused\n"));
    assert!(fleet.fine(&["schedule", "ls"]).contains("paused"));
    assert!(fleet.fine(&["schedule", "resume", "nightly"]).contains("state     active\n"));
    assert_eq!(fleet.fine(&["schedule", "rm", "pulse"]), "");
    assert_eq!(fleet.run(&["schedule", "rm", "pulse"]).code, Some(3));
}

fn its_tasks_run(fleet: &Fleet) {
    fleet.fine(&["schedule", "add", "tick", "--every", "1s", "--kind", "noop"]);
    let shown =
        || -> Value { serde_json::from_str(&fleet.fine(&["schedule", "get", "tick", "--json"])).unwrap() };
    until("two tasks are made", || shown()["fired"].as_u64() >= Some(2));
    let last = shown()["last_task"].as_str().unwrap().to_owned();
    assert!(fleet.fine(&["task", "wait", &last]).contains("completed"));
    fleet.fine(&["schedule", "rm", "tick"]);
    let task = fleet.fine(&["schedule", "trigger", "nightly"]);
    assert!(fleet.fine(&["task", "wait", task.trim()]).contains("result    {\"report\":\"nightly\"}\n"));
}

fn mistakes_say_what_is_wrong(fleet: &Fleet) {
    let check = |arguments: &[&str], code: i32, said: &str| {
        let ran = fleet.run(&[&["schedule"], arguments].concat());
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(said), "{arguments:?}: {ran:?}");
    };
    check(&["add", "a", "--cron", "61 * * * *", "--kind", "k"], 2, "minute 61: it is between 0 and 59");
    check(&["add", "a", "--cron", "* * * * *", "--zone", "Utopia", "--kind", "k"], 2, "time zone \"Utopia\"");
    check(&["add", "a", "--kind", "k"], 2, "error: Say when: `cron`");
    check(&["add", "a", "--cron", "* * * * *", "--every", "5m", "--kind", "k"], 2, "cannot be used with");
    check(&["add", "a b", "--every", "5m", "--kind", "k"], 2, "schedule name");
    check(&["add", "nightly", "--every", "5m", "--kind", "k"], 5, "Another schedule has this name");
    check(&["set", "nightly"], 2, "Say what is to be otherwise");
    for verb in ["get", "rm", "pause", "resume", "trigger"] {
        check(&[verb, "nosuch"], 3, "unknown_schedule");
    }
}

#[test]
fn an_owner_and_why_he_may_not_are_shown() {
    let schedule = serde_json::json!({
        "name": "nightly", "state": "active", "every_ms": 60_000, "missed": "once", "overlap": "allow", "kind": "k",
        "queue": "mail", "payload": null, "priority": 5, "timeout_ms": 1, "max_attempts": 1, "max_crashes": 1,
        "backoff_ms": 1, "backoff_cap_ms": 1, "next": [], "fired": 3, "skipped": 2, "denied": "owner_disabled",
        "denied_at": "2026-11-21T00:00:00Z", "owner": "user_ada", "owner_key": "abcdefghijkl",
        "created_at": "2026-11-20T00:00:00Z", "version": 1,
    });
    let list = serde_json::json!({ "schedules": [schedule] });
    let answers = [&list, &schedule].map(|body| answer("200 OK", "", &body.to_string()));
    let stub = Stub::serve(answers.to_vec());
    let listed = run(&["--url", &stub.url, "schedule", "ls"]);
    assert!(listed.out.contains("user_ada key abcdefghijkl"), "{listed:?}");
    assert!(listed.out.trim_end().ends_with("skipped: owner_disabled"), "{listed:?}");
    let one = run(&["--url", &stub.url, "schedule", "get", "nightly"]);
    for line in ["owner     user_ada key abcdefghijkl\n", "note      skipped: owner_disabled\n"] {
        assert!(one.out.contains(line), "{line}: {one:?}");
    }
}
