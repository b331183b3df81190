//! `baton config show`.

use crate::fleet::{Ran, of, run, typed};

fn show(text: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("b.toml");
    std::fs::write(&file, text).unwrap();
    let mut command = typed(&[&["config", "show", "--config", file.to_str().unwrap()], arguments].concat());
    of(&command.envs(variables.iter().copied()).output().unwrap())
}

#[test]
fn every_value_has_its_origin_and_no_secret() {
    let text = "[redis]\nurl = \"redis://baton:hunter2@redis:6379\"\n[worker]\nslots = 8\n";
    let ran = show(text, &["--origin"], &[("BATON_WORKER_LEASE", "40s")]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let line = |key: &str| {
        let line = ran.out.lines().find(|line| line.starts_with(&format!("{key} "))).unwrap();
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert!(
        line("redis.url").starts_with("redis://…@redis:6379 ")
            && line("redis.url").ends_with("b.toml line 2")
    );
    assert!(line("worker.slots").starts_with("8 ") && line("worker.slots").ends_with("b.toml line 4"));
    assert_eq!(line("worker.lease"), "40s BATON_WORKER_LEASE");
    assert_eq!(line("gateway.listen"), "127.0.0.1:8000 default");
    assert_eq!(line("worker.exec_dir"), "\"\" default");
    assert!(!format!("{ran:?}").contains("hunter2"));
    for hidden in ["redis:u:hunter2@h", "u:hunter2@h:6379", "redis://h?password=hunter2"] {
        for variable in ["BATON_REDIS_URL", "BATON_LISTEN"] {
            let ran = show("", &[], &[(variable, hidden)]);
            assert!(!format!("{ran:?}").contains("hunter2"), "{variable}: {ran:?}");
        }
    }
}

#[test]
fn some_keys_in_other_forms() {
    let json = show("", &["worker.slots", "--origin", "--json"], &[]).out;
    assert!(
        json.starts_with(
            r#"{"key":"worker.slots","value":"4","origin":"default","environment":"BATON_WORKER_SLOTS""#
        ),
        "{json}"
    );
    let names = show("", &["log.", "-o", "name"], &[]).out;
    assert_eq!(names, "log.filter\nlog.format\n");
    assert_eq!(run(&["config", "show", "nosuch"]).code, Some(3));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let ran = show("[worker]\nslots = 0\nslotz = 1\n", &[], &[("BATON_LOGG", "x")]);
    assert_eq!(ran.code, Some(78), "{ran:?}");
    for said in ["worker.slots", "did you mean worker.slots?", "BATON_LOGG"] {
        assert!(ran.err.contains(said), "{said}: {ran:?}");
    }
    assert!(ran.out.contains("gateway.listen"), "what can be shown is shown: {ran:?}");
    assert_eq!(run(&["config", "show", "--config", "/nonexistent.toml"]).code, Some(78));
}
