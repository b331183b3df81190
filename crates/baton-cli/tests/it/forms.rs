//! The forms in which data is printed: of one thing and of many, for people and for programs.

use serde_json::Value;

use crate::fleet::{of, run, typed};
use crate::pipes::unread;
use crate::stub::Stub;

const QUEUES: &str = r#"{"queues":[
    {"name":"mail","paused":true,"paused_at":"2026-11-22T09:30:00.250Z","tasks":{"pending":12,"failed":1},
     "oldest_pending_age_ms":90000,"workers":2,"unattended":false,"limits":{"concurrency":20,"fair":true}},
    {"name":"no","paused":false,"tasks":{},"workers":0,"unattended":true}]}"#;

const TASK: &str = r#"{"id":"01a1fc29-8a56-7000-ba14-c38b1cfc4000","status":"completed","kind":"mail.send","queue":"mail",
    "payload":{"b":1,"a":12345678901234567890,"x":1.10},"result":{"ok": true,"text":"a: b\n#c"},
    "created_at":"2026-11-22T09:30:00.250Z","updated_at":"2026-11-22T09:30:01Z","version":3,"priority":5,"attempt":0,
    "max_attempts":3,"crashes":0,"max_crashes":3,"timeout_ms":900000,"backoff_ms":1000,"backoff_cap_ms":300000,
    "parents":0,"children":0,"tags":["a","no"]}"#;

const ID: &str = "01a1fc29-8a56-7000-ba14-c38b1cfc4000";

fn stub() -> Stub {
    Stub::knows(&[
        ("GET /api/v1/queues", QUEUES),
        ("GET /api/v1/tasks/01a1fc29-8a56-7000-ba14-c38b1cfc4000", TASK),
    ])
}

fn fine(stub: &Stub, arguments: &[&str]) -> String {
    let ran = run(&[&["--url", &stub.url], arguments].concat());
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    ran.out
}

#[test]
fn yaml_is_one_document_for_one_thing_and_one_for_each_of_many() {
    let stub = stub();
    let task = fine(&stub, &["task", "get", ID, "-o", "yaml"]);
    for line in [
        "status: completed\n",
        "  a: 12345678901234567890\n",
        "  x: 1.10\n",
        "  text: \"a: b\\n#c\"\n",
        "  - \"no\"\n",
    ] {
        assert!(task.contains(line), "{line:?} in {task}");
    }
    assert!(task.starts_with("id: \"01a1fc29-"), "{task}");
    let json: Value = serde_json::from_str(&fine(&stub, &["task", "get", ID, "--json"])).unwrap();
    let yaml: Value = serde_saphyr::from_str(&task).unwrap();
    assert_eq!((&yaml["result"], &yaml["tags"]), (&json["result"], &json["tags"]));
    let queues = fine(&stub, &["queue", "ls", "-o", "yaml"]);
    let names: Vec<Value> = queues
        .split("---\n")
        .skip(1)
        .map(|document| serde_saphyr::from_str::<Value>(document).unwrap()["name"].clone())
        .collect();
    assert_eq!(names, ["mail", "no"]);
}

#[test]
fn fields_are_picked_in_every_form_for_data() {
    let stub = stub();
    let fields = |form: &[&str]| {
        fine(&stub, &[&["queue", "ls", "--fields", "name,limits.concurrency,workers"], form].concat())
    };
    assert_eq!(
        fields(&[]),
        "name  limits.concurrency  workers\nmail  20                  2\nno                        0\n"
    );
    let lines =
        "{\"name\":\"mail\",\"limits.concurrency\":20,\"workers\":2}\n{\"name\":\"no\",\"workers\":0}\n";
    assert_eq!(fields(&["--json"]), lines);
    assert_eq!(
        fields(&["-o", "yaml"]),
        "---\nname: mail\nlimits.concurrency: 20\nworkers: 2\n---\nname: \"no\"\nworkers: 0\n"
    );
    let one = fine(&stub, &["task", "get", ID, "--fields", "payload.a,status", "--json"]);
    assert_eq!(one, "{\n  \"payload.a\": 12345678901234567890,\n  \"status\": \"completed\"\n}\n");
}

#[test]
fn a_field_that_is_nowhere_is_told() {
    let stub = stub();
    let ran = run(&["--url", &stub.url, "queue", "ls", "--fields", "name,colour"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.starts_with("nothing here has colour; there is name, paused, "), "{ran:?}");
    for wrong in [&["--fields", "name", "-o", "name"][..], &["--fields", "name,,x"], &["-o", "xml"]] {
        let ran = run(&[&["--url", &stub.url, "queue", "ls"], wrong].concat());
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{wrong:?}");
    }
}

#[test]
fn times_are_told_as_they_are_asked_for() {
    let stub = stub();
    let paused = |flag: &str, zone: &str| {
        let mut command = typed(&["--url", &stub.url, "queue", "ls", flag]);
        let ran = of(&command.env("TZ", zone).output().unwrap());
        ran.out.lines().nth(1).unwrap().split("paused ").nth(1).unwrap().to_owned()
    };
    assert_eq!(paused("--utc", "Europe/Berlin"), "2026-11-22T09:30:00.250Z");
    assert_eq!(paused("--absolute", "Europe/Berlin"), "2026-11-22T10:30:00.250+01:00");
    assert_eq!(paused("--absolute", "Asia/Kolkata"), "2026-11-22T15:00:00.250+05:30");
    assert_eq!(paused("--absolute", "No/Such"), paused("--absolute", ""));
}

#[test]
fn off_a_terminal_nothing_is_painted_or_cut_unless_that_is_asked_for() {
    let stub = stub();
    let with = |variables: &[(&str, &str)]| {
        let mut command = typed(&["--url", &stub.url, "queue", "ls"]);
        of(&command.env("COLUMNS", "20").envs(variables.iter().copied()).output().unwrap()).out
    };
    assert!(!with(&[]).contains(['\u{1b}', '…']) && with(&[]).lines().any(|line| line.len() > 80));
    assert!(
        with(&[("CLICOLOR_FORCE", "1")]).contains("\u{1b}[1mQUEUE"),
        "{}",
        with(&[("CLICOLOR_FORCE", "1")])
    );
    assert!(!with(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));
}

#[test]
fn a_closed_pipe_is_the_end_in_every_form() {
    let stub = stub();
    for form in [&["-o", "table"][..], &["-o", "yaml"], &["--json"], &["-o", "name"], &["--fields", "name"]] {
        let ran = unread(&[&["--url", &stub.url, "queue", "ls"], form].concat());
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{form:?}");
    }
}
