//! Contexts: which gateway is asked, with what, and what is asked first where it is production.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use tempfile::TempDir;

use crate::accounts::{read_until, terminal};
use crate::fleet::{Ran, of, typed};
use crate::schedules::words;
use crate::stub::Stub;

const QUEUES: &str = r#"{"queues":[]}"#;
const QUEUE: &str =
    r#"{"name":"mail","paused":false,"tasks":{"pending":12,"completed":9},"workers":0,"unattended":true}"#;

fn stub() -> Stub {
    Stub::knows(&[("GET /api/v1/queues", QUEUES), ("GET /api/v1/queues/mail", QUEUE)])
}

struct Person(TempDir);

impl Person {
    fn new() -> Person {
        Person(tempfile::tempdir().unwrap())
    }

    fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = typed(arguments);
        of(&command.env("XDG_CONFIG_HOME", self.0.path()).envs(variables.iter().copied()).output().unwrap())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[])
    }

    fn fine(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran.out
    }
}

#[test]
fn contexts_are_made_used_and_forgotten() {
    let (person, one, other) = (Person::new(), stub(), stub());
    person.fine(&["context", "add", "one", "--url", &one.url, "--colour", "cyan"]);
    person.fine(&["context", "add", "other", "--url", &other.url, "--production"]);
    assert!(person.run(&["context", "show"]).out.contains("because of default\n"));
    person.fine(&["context", "use", "one"]);
    person.fine(&["queue", "ls"]);
    assert_eq!((one.asked().len(), other.asked().len()), (1, 0));
    person.fine(&["queue", "ls", "--context", "other"]);
    assert_eq!(person.run_with(&["queue", "ls"], &[("BATON_CONTEXT", "other")]).code, Some(0));
    assert_eq!((one.asked().len(), other.asked().len()), (1, 2));
    // A flag comes before the environment, and an address in the environment before the context in use.
    let asked = [("BATON_URL", other.url.as_str())];
    assert_eq!(person.run_with(&["queue", "ls", "--context", "one"], &asked).code, Some(0));
    assert_eq!(person.run_with(&["queue", "ls"], &asked).code, Some(0));
    assert_eq!((one.asked().len(), other.asked().len()), (2, 3));
    let listed = person.fine(&["context", "ls"]);
    assert!(
        listed.contains("login       in use\n") && listed.contains("login       production\n"),
        "{listed}"
    );
    assert_eq!(person.fine(&["context", "ls", "-o", "name"]), "one\nother\n");
    assert!(person.fine(&["context", "show", "--json"]).contains("\"origin\": \"the context in use\""));
    person.fine(&["context", "rm", "one"]);
    assert!(person.run(&["context", "show"]).out.contains("because of default\n"));
    let file = person.0.path().join("baton/contexts.toml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_context_says_with_what_to_ask() {
    let (person, gateway) = (Person::new(), stub());
    let key = person.0.path().join("key");
    fs::write(&key, "btk_of_the_context\n").unwrap();
    let key = key.to_str().unwrap();
    person.fine(&["context", "add", "ci", "--url", &gateway.url, "--token-file", key]);
    person.fine(&["queue", "ls", "--context", "ci"]);
    assert_eq!(gateway.last().1.as_deref(), Some("Bearer btk_of_the_context"));
    // The same address without the context asks as nobody; what the environment says comes before the context.
    person.fine(&["queue", "ls", "--url", &gateway.url]);
    assert_eq!(gateway.last().1, None);
    person.run_with(&["queue", "ls", "--context", "ci"], &[("BATON_TOKEN", "of-the-environment")]);
    assert_eq!(gateway.last().1.as_deref(), Some("Bearer of-the-environment"));
}

#[test]
fn mistakes_say_what_is_wrong() {
    let person = Person::new();
    person.fine(&["context", "add", "prod", "--url", "https://baton.example"]);
    let check = |arguments: &[&str], code: i32, said: &str| {
        let ran = person.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(said), "{arguments:?}: {ran:?}");
    };
    check(&["context", "add", "prod", "--url", "https://other.example"], 5, "--replace");
    check(&["context", "add", "x"], 2, "--url https://baton.example");
    check(&["context", "add", "x", "--url", "localhost:8000"], 2, "localhost:8000");
    check(&["context", "add", "x", "--url", "https://me:secret@host"], 2, "credential");
    check(&["context", "add", "../x", "--url", "https://a"], 2, "letters, digits");
    check(&["context", "use", "nosuch"], 3, "baton context ls");
    check(&["context", "use"], 2, "NAME");
    check(&["context", "rm", "nosuch"], 3, "nosuch");
    check(&["queue", "ls", "--context", "nosuch"], 3, "nosuch");
    check(&["queue", "ls", "--context", "prod", "--url", "https://a"], 2, "cannot be used with");
    let file = person.0.path().join("baton/contexts.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    check(&["queue", "ls"], 78, "chmod 600");
    // What asks no gateway does not mind.
    assert_eq!(person.run(&["help", "exit-codes"]).code, Some(0));
}

#[test]
fn a_password_in_an_address_is_refused_and_not_repeated() {
    let person = Person::new();
    for address in ["http://u:SECRET@127.0.0.1:1", "http://SECRET@h", "http://u:SECRET@h:99999", "u:SECRET@h"]
    {
        for words in [
            &["queue", "ls"][..],
            &["context", "show"],
            &["logout"],
            &["task", "cancel", "01a1fc29-8a56-7000-ba14-c38b1cfc4000"],
            &["context", "add", "x", "--url", address],
        ] {
            let ran = person.run_with(words, &[("BATON_URL", address)]);
            assert_eq!(ran.code, Some(2), "{words:?}: {ran:?}");
            assert!(!format!("{ran:?}").contains("SECRET"), "{words:?}: {ran:?}");
        }
    }
    assert!(!person.0.path().join("baton/contexts.toml").exists());
}

#[test]
fn production_asks_and_without_a_person_names_the_flag() {
    let (person, gateway) = (Person::new(), stub());
    person.fine(&["context", "add", "prod", "--url", &gateway.url, "--production"]);
    let purge = ["queue", "purge", "mail", "--confirm", "mail"];
    // By its name or by its address: production is production.
    let elsewise = gateway.url.replace("127.0.0.1", "LOCALHOST") + "//";
    for by in [["--context", "prod"], ["--url", &gateway.url], ["--url", &elsewise]] {
        let ran = person.run(&[&by[..], &purge].concat());
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(
            ran.err.contains("this would cancel 12 tasks of mail at prod (") && ran.err.contains("--yes"),
            "{ran:?}"
        );
    }
    assert!(gateway.asked().iter().all(|asked| asked.starts_with("GET ")), "{:?}", gateway.asked());
    // The stub knows no purge: that it was asked for is what counts.
    let yes = person.run(&[&["--context", "prod", "--yes"][..], &purge].concat());
    assert!(gateway.last().0.starts_with("POST ") && yes.code == Some(3), "{yes:?}");
}

#[test]
fn every_verb_that_destroys_asks() {
    let (person, gateway) = (Person::new(), stub());
    person.fine(&["context", "add", "prod", "--url", &gateway.url, "--production"]);
    person.fine(&["context", "use", "prod"]);
    let id = "01a1fc29-8a56-7000-ba14-c38b1cfc4000";
    for typed in [
        &["task", "cancel", id][..],
        &["schedule", "rm", "nightly"],
        &["webhook", "rm", "ops"],
        &["kind", "rm", "mail"],
        &["pool", "rm", "media"],
        &["pool", "stop", "media"],
        &["worker", "stop", "worker-001-default"],
        &["user", "disable", "alice"],
        &["user", "delete", "alice"],
        &["key", "revoke", "abc"],
        &["session", "revoke", "abc"],
        &["signing-key", "revoke", "abc"],
        &["pool", "scale", "media", "0"],
        &["queue", "set", "mail", "--keep", "1s"],
        &["queue", "set", "mail", "--keep-failed", "1s"],
        &["queue", "pause", "mail"],
        &["queue", "drain", "mail"],
        &["task", "rerun", id],
        &["flow", "rerun", "01a1fc29-8a56-7000-ba14-c38b1c000000"],
        &["error", "rerun", "8f3a1c0b9d2e4f67"],
        &["webhook", "rotate", "ops"],
        &["signing-key", "rotate"],
        &["key", "rotate", "abc", "--finish"],
        &["user", "roles", "alice", "viewer"],
        &["user", "set-password", "alice"],
        &["user", "set-password"],
        &["logout", "--all"],
        &["context", "rm", "prod"],
    ] {
        let ran = person.run(typed);
        assert_eq!(ran.code, Some(2), "{typed:?}: {ran:?}");
        assert!(
            ran.err.starts_with("error: production: this would ") && ran.err.contains("--yes"),
            "{ran:?}"
        );
    }
    assert_eq!(gateway.asked(), Vec::<String>::new());
}

#[test]
fn at_a_terminal_the_name_of_the_context_is_the_answer() {
    let (person, gateway) = (Person::new(), stub());
    person.fine(&["context", "add", "prod", "--url", &gateway.url, "--production"]);
    for (answer, asked) in [("yes\n", 0), ("prod\n", 1)] {
        let (mut screen, program) = terminal();
        let mut command = typed(&["--context", "prod", "schedule", "rm", "nightly"]);
        command.env("XDG_CONFIG_HOME", person.0.path()).env("NO_COLOR", "1").stdout(Stdio::null());
        command.stdin(program.try_clone().unwrap()).stderr(program.try_clone().unwrap());
        let mut child = command.spawn().unwrap();
        let shown = read_until(&mut screen, "type prod to go on: ");
        assert!(shown.contains("forget the schedule nightly at prod (http://"), "{shown}");
        screen.write_all(answer.as_bytes()).unwrap();
        child.wait().unwrap();
        assert_eq!(gateway.asked().len(), asked, "{answer:?}");
    }
}

#[test]
fn the_guide_works_as_it_stands() {
    let (person, gateway) = (Person::new(), stub());
    let guide = include_str!("../../../../docs/guide.md");
    let (_, section) = guide.split_once("## The command line\n").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let lines: Vec<Vec<String>> = block.split_once("```").unwrap().0.lines().map(words).collect();
    assert_eq!(lines.len(), 9);
    for line in lines {
        assert_eq!(line[0], "baton");
        let typed: Vec<&str> = line[1..].iter().map(String::as_str).collect();
        let ran = person.run_with(&typed, &[("BATON_URL", &gateway.url)]);
        assert_eq!(ran.code, Some(0), "{typed:?}: {ran:?}");
    }
    assert_eq!(person.fine(&["context", "ls", "-o", "name"]), "here\nprod\n");
}
