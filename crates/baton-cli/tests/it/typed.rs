//! The whole of the command line against a fleet: what is typed, what is printed, how it ends.

use crate::fleet::{Fleet, Ran};
use crate::schedules::words;

fn id(text: &str) -> String {
    text.trim().to_owned()
}

#[test]
fn tasks_are_submitted_seen_and_moved() {
    let fleet = Fleet::start(&[]);
    a_payload_passes_byte_for_byte(&fleet);
    exit_codes_tell_what_happened(&fleet);
    a_task_that_waits_can_be_moved(&fleet);
    lists_are_lines_and_filters_work(&fleet);
    queues_and_workers_are_directed(&fleet);
    a_log_is_followed_to_its_end(&fleet);
    events_come_as_they_happen(&fleet);
    the_gateway_says_how_it_does(&fleet);
}

fn a_payload_passes_byte_for_byte(fleet: &Fleet) {
    let payload = r#"{"b":1,  "a":12345678901234567890}"#;
    let shown = fleet.fine(&["task", "submit", "echo", "--payload", payload, "--wait"]);
    assert!(shown.contains("status    completed\n"), "{shown}");
    assert!(shown.contains(&format!("result    {payload}\n")), "{shown}");
    let task = id(&fleet.fine(&["task", "submit", "echo", "--payload", payload, "--wait", "-o", "name"]));
    assert_eq!(fleet.fine(&["task", "result", &task]), payload);
    let json = fleet.fine(&["task", "get", &task, "--json"]);
    assert!(json.contains(&format!("\"payload\": {payload}")), "{json}");
    let history = fleet.fine(&["task", "history", &task]);
    let events: Vec<&str> = history.lines().skip(1).filter_map(|line| line.split("  ").nth(1)).collect();
    assert_eq!(
        events.iter().map(|event| event.trim()).collect::<Vec<_>>(),
        ["submit", "claim", "complete"],
        "{history}"
    );
}

fn exit_codes_tell_what_happened(fleet: &Fleet) {
    let check = |arguments: &[&str], code: i32, said: &str| {
        let Ran { code: ended, out, err } = fleet.run(arguments);
        assert_eq!((ended, out.is_empty()), (Some(code), code != 6), "{arguments:?}: {out}{err}");
        assert!(err.contains(said) || out.contains(said), "{arguments:?}: {out}{err}");
    };
    let nobody = "01a1fc29-8a56-7000-ba14-c38b1cfc4000";
    check(&["task", "get", nobody], 3, "unknown_task");
    check(&["task", "get", "nonsense"], 2, "not a UUID");
    check(&["task", "submit", "no kind"], 2, "kind");
    check(&["task", "submit", "echo", "--payload", "{"], 2, "the payload is JSON");
    check(&["task", "submit", "echo", "--priority", "12"], 2, "0..=9");
    check(&["task", "submit", "fail", "--payload", r#"{"permanent":true}"#, "--wait"], 6, "failed");
    check(&["task", "submit", "sleep", "--delay", "1h", "--wait", "--wait-timeout", "20ms"], 124, "goes on");
    let task = id(&fleet.fine(&["task", "submit", "noop", "--wait", "-o", "name"]));
    check(&["task", "cancel", &task], 5, "already_finished");
    check(&["queue", "get", "never-seen"], 3, "unknown_queue");
    check(&["worker", "get", "worker-999-none"], 3, "unknown_worker");
}

fn a_task_that_waits_can_be_moved(fleet: &Fleet) {
    let later =
        ["task", "submit", "echo", "--payload", "1", "--delay", "1h", "--key", "only-one", "-o", "name"];
    let task = id(&fleet.fine(&later));
    assert_eq!(id(&fleet.fine(&later)), task, "one task of a key");
    let rejected = fleet.run(&[&later[..], &["--reject-duplicates"]].concat());
    assert_eq!(rejected.code, Some(5), "{rejected:?}");
    assert!(fleet.fine(&["task", "explain", &task]).starts_with("scheduled: "));
    assert!(fleet.fine(&["task", "reprioritise", &task, "9"]).contains("priority  9\n"));
    fleet.fine(&["task", "promote", &task]);
    assert!(fleet.fine(&["task", "wait", &task, "--timeout", "30s"]).contains("completed"));
    assert!(fleet.fine(&["task", "rerun", &task, "--reason", "once more"]).contains(&task));
    let cancelled = id(&fleet.fine(&["task", "submit", "echo", "--delay", "1h", "-o", "name"]));
    assert!(fleet.fine(&["task", "cancel", &cancelled]).contains("cancelled"));
    assert_eq!(fleet.run(&["task", "wait", &cancelled]).code, Some(6));
}

fn lists_are_lines_and_filters_work(fleet: &Fleet) {
    for _ in 0..3 {
        fleet.fine(&["task", "submit", "echo", "--tag", "listed", "--delay", "1h"]);
    }
    let lines = fleet.fine(&["task", "ls", "--tag", "listed", "--status", "scheduled", "--json"]);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(lines.lines().all(|line| line.starts_with('{') && line.ends_with('}')), "{lines}");
    assert_eq!(
        fleet.fine(&["task", "ls", "--tag", "listed", "--limit", "2", "-o", "name"]).lines().count(),
        2
    );
    let found = fleet.fine(&["task", "ls", "tag:listed -kind:noop", "status:scheduled", "--json"]);
    assert_eq!(found.lines().count(), 3, "{found}");
    let (_, section) = include_str!("../../../../docs/guide.md").split_once("## Finding tasks\n").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    for line in block.split_once("```").unwrap().0.lines() {
        let words = words(line);
        assert_eq!(words[..3], ["baton", "task", "ls"]);
        fleet.fine(&words[1..].iter().map(String::as_str).collect::<Vec<_>>());
    }
    let wrong = fleet.run(&["task", "ls", "statsu:failed"]);
    assert!(wrong.code != Some(0) && wrong.err.contains("statsu"), "{wrong:?}");
    for form in ["json", "table", "name"] {
        let ran = crate::pipes::unread(&["--url", &fleet.url, "task", "ls", "-o", form]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{form}");
    }
    let table = fleet.fine(&["task", "ls", "--status", "scheduled", "-o", "wide"]);
    assert!(table.starts_with("ID  ") && !table.contains('\x1b') && !table.contains('…'), "{table}");
    let nothing = fleet.run(&["task", "ls", "--tag", "never-used"]);
    assert_eq!((nothing.out.as_str(), nothing.code), ("", Some(0)));
    assert!(nothing.err.contains("baton task submit"), "{nothing:?}");
}

fn queues_and_workers_are_directed(fleet: &Fleet) {
    assert!(fleet.fine(&["queue", "pause", "default"]).contains("paused"));
    let held = id(&fleet.fine(&["task", "submit", "noop", "-o", "name"]));
    assert!(fleet.fine(&["task", "explain", &held]).contains("paused"));
    assert!(!fleet.fine(&["queue", "resume", "default"]).contains("paused"));
    fleet.fine(&["task", "wait", &held]);
    let workers = fleet.fine(&["worker", "ls", "-o", "name"]);
    assert_eq!(workers.lines().count(), 2, "{workers}");
    let worker = workers.lines().next().unwrap();
    fleet.fine(&["worker", "quiet", worker]);
    fleet.fine(&["worker", "resume", worker]);
    assert!(fleet.fine(&["worker", "get", worker, "--json"]).contains("\"pid\""));
}

fn a_log_is_followed_to_its_end(fleet: &Fleet) {
    let task = id(&fleet.fine(&["task", "submit", "sleep", "--payload", r#"{"ms":300}"#, "-o", "name"]));
    assert_eq!(fleet.fine(&["task", "logs", &task, "--follow"]), "");
    assert!(fleet.fine(&["task", "get", &task]).contains("completed"));
}

fn events_come_as_they_happen(fleet: &Fleet) {
    let mut events =
        crate::fleet::typed(&["--url", &fleet.url, "events", "--topic", "tasks", "--limit", "1", "--json"]);
    let mut events = events.stdout(std::process::Stdio::piped()).spawn().unwrap();
    // The feed begins when it is connected, so there must be something for it whenever that is.
    crate::fleet::until("an event", || {
        fleet.fine(&["task", "submit", "noop"]);
        events.try_wait().unwrap().is_some()
    });
    let line = crate::fleet::rest(events.stdout.take().unwrap());
    assert!(
        line.starts_with('{') && line.contains("\"topic\":\"task\"") && line.lines().count() == 1,
        "{line}"
    );
}

fn the_gateway_says_how_it_does(fleet: &Fleet) {
    assert!(fleet.fine(&["healthcheck"]).starts_with("healthy"));
    let ready = fleet.fine(&["healthcheck", "--ready", "--json"]);
    assert!(ready.contains("\"ready\":true"), "{ready}");
}
