//! Many tasks at once, whole queues, and the trail, as they are typed and printed.

use std::process::Stdio;

use serde_json::Value;

use crate::accounts::{read_until, terminal};
use crate::fleet::{Fleet, run, typed};
use crate::stub::{Stub, answer};

#[test]
fn many_tasks_are_acted_on_and_it_is_told() {
    let fleet = Fleet::start(&[]);
    fleet.fine(&["queue", "pause", "mail", "--create"]);
    for _ in 0..3 {
        fleet.fine(&["task", "submit", "echo", "--queue", "mail", "--payload", "1"]);
    }
    one_is_tried_first_and_done_then(&fleet);
    mistakes_say_what_is_wrong(&fleet);
    the_guide_works_as_it_stands(&fleet);
    a_queue_is_purged_only_by_its_name(&fleet);
}

fn one_is_tried_first_and_done_then(fleet: &Fleet) {
    let dry = fleet.fine(&["bulk", "cancel", "--queue", "mail", "--dry-run"]);
    assert!(dry.starts_with("would cancel 3 tasks\nTASK"), "{dry}");
    let dry = fleet.fine(&["bulk", "cancel", "--query", "kind:echo queue:mail -tag:keep", "--dry-run"]);
    assert!(dry.starts_with("would cancel 3 tasks\nTASK"), "{dry}");
    let done = fleet.fine(&["bulk", "reprioritise", "--queue", "mail", "--priority", "9", "--wait"]);
    for line in ["action    reprioritise\n", "state     ended\n", "priority  9\n", "done      3\n"] {
        assert!(done.contains(line), "{line:?} in {done}");
    }
    let listed = fleet.fine(&["operation", "ls", "--json"]);
    let first: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let id = first["id"].as_str().unwrap();
    assert_eq!(fleet.fine(&["operation", "get", id, "-o", "name"]).trim_end(), id);
    assert!(fleet.fine(&["operation", "wait", id]).contains("state     ended\n"));
    let trail = fleet.fine(&["trail"]);
    assert!(trail.contains("act_on_tasks") && trail.contains("pause_queue"), "{trail}");
}

fn mistakes_say_what_is_wrong(fleet: &Fleet) {
    for (words, code, said) in [
        (&["bulk", "cancel"][..], 2, "\"all\": true"),
        (&["bulk", "cancel", "--query", "colour:red"][..], 2, "there is no term"),
        (&["bulk", "delete", "--all"][..], 2, "cancel, rerun, promote and reprioritise"),
        (&["bulk", "rerun", "--all", "--status", "running"][..], 2, "not for running ones"),
        (
            &[
                "bulk",
                "cancel",
                "--id",
                "01a1fc29-8a56-7000-ba14-c38b1cfc4000",
                "--created-before",
                "2026-11-01T00:00:00Z",
            ][..],
            2,
            "cannot be used with",
        ),
        (&["operation", "get", "nothing"][..], 3, "no such operation"),
    ] {
        let ran = fleet.run(words);
        assert_eq!(ran.code, Some(code), "{words:?}: {ran:?}");
        assert!(ran.err.contains(said) && ran.out.is_empty(), "{words:?}: {ran:?}");
    }
}

fn the_guide_works_as_it_stands(fleet: &Fleet) {
    let guide = include_str!("../../../../docs/guide.md");
    let (_, section) = guide.split_once("## Many tasks at once\n").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let lines: Vec<&str> = block.split_once("```").unwrap().0.lines().collect();
    assert_eq!(lines.len(), 8);
    for line in lines {
        let line = line.split_once(" #").map_or(line, |(line, _)| line);
        let (plain, quoted) = line.split_once('\'').unwrap_or((line, "'"));
        let (quoted, rest) = quoted.split_once('\'').unwrap_or_default();
        let mut words: Vec<&str> = plain.split_whitespace().skip(1).collect();
        words.extend((!quoted.is_empty()).then_some(quoted));
        words.extend(rest.split_whitespace());
        fleet.fine(&words);
    }
}

fn a_queue_is_purged_only_by_its_name(fleet: &Fleet) {
    fleet.fine(&["queue", "pause", "mail"]);
    fleet.fine(&["task", "submit", "echo", "--queue", "mail", "--payload", "1"]);
    let ran = fleet.run(&["queue", "purge", "mail"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("this cancels 1 tasks of mail: say --confirm mail"), "{ran:?}");
    assert!(fleet.fine(&["queue", "purge", "mail", "--confirm", "mail"]).contains("done      1\n"));
    let drained = fleet.fine(&["queue", "drain", "mail"]);
    assert_eq!(drained, "mail is paused, and nothing of it runs; 0 wait until it is resumed\n");
}

#[test]
fn a_drain_that_a_colleague_undoes_is_not_done_again() {
    let drained = r#"{"queue":"mail","drained":false,"running":1,"pending":0}"#;
    let queue = |paused: bool, running: u64| {
        let body = format!(
            r#"{{"name":"mail","paused":{paused},"tasks":{{"running":{running}}},"workers":1,"unattended":false}}"#
        );
        answer("200 OK", "", &body)
    };
    for (last, code, said) in [(queue(false, 1), 1, "was resumed"), (queue(true, 0), 0, "nothing of it runs")]
    {
        let stub = Stub::serve(vec![answer("200 OK", "", drained), queue(true, 1), last]);
        let ran = run(&["--url", &stub.url, "queue", "drain", "mail", "--wait"]);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(format!("{}{}", ran.out, ran.err).contains(said), "{ran:?}");
        let asked = stub.asked();
        let drains = asked.iter().filter(|request| request.starts_with("POST")).count();
        assert_eq!((asked.len(), drains), (3, 1));
    }
}

#[test]
fn a_person_at_a_terminal_sees_how_far_it_is_and_a_program_does_not() {
    let running = r#"{"id":"01a201bb-f6a3-7000-818f-353011bc1000","state":"running","action":"rerun","done":6,"refused":{},
        "matched":12,"left":6,"created_at":"2026-11-22T05:30:25Z","changed_at":"2026-11-22T05:30:26Z"}"#;
    let route = "GET /api/v1/operations/01a201bb-f6a3-7000-818f-353011bc1000";
    let stub = Stub::knows(&[(route, running)]);
    let (mut screen, program) = terminal();
    let id = "01a201bb-f6a3-7000-818f-353011bc1000";
    let mut wait = typed(&["--url", &stub.url, "operation", "wait", id]);
    wait.env("TERM", "xterm").stdout(Stdio::null()).stderr(program.try_clone().unwrap());
    let mut child = wait.spawn().unwrap();
    let shown = read_until(&mut screen, " of 12 tasks");
    assert!(shown.ends_with("\r\u{1b}[2K████████████░░░░░░░░░░░░  50 %  6 of 12 tasks"), "{shown:?}");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .unwrap();
    // It is taken away before anything else is said.
    let rest = read_until(&mut screen, "stopped watching");
    assert!(rest.ends_with("\r\u{1b}[2Kerror: stopped watching"), "{rest:?}");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let ran = run(&["--url", &stub.url, "operation", "wait", id, "--wait-timeout", "1500ms"]);
    assert_eq!((ran.code, ran.err.contains('█')), (Some(124), false), "{ran:?}");
}
