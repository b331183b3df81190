//! `baton new`: what it makes runs as it stands.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::fleet::{Fleet, run};

#[test]
fn new_handlers_run_as_they_stand() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path().join("handlers");
    let dir = dir.to_str().unwrap();
    for (lang, kind) in [("shell", "greet"), ("python", "mail.send")] {
        let ran = run(&["new", "--lang", lang, kind, "--dir", dir]);
        assert_eq!((ran.code, ran.out), (Some(0), format!("{dir}/{kind}\n")));
        assert!(ran.err.contains(&format!("baton task submit {kind} ")), "{}", ran.err);
    }
    let fleet = Fleet::start(&["--workers", "1", "--exec-dir", dir]);
    for (kind, place) in [("greet", "/got/payload/name"), ("mail.send", "/got/name")] {
        let id =
            fleet.fine(&["task", "submit", kind, "--payload", "{\"name\":\"you\"}", "--wait", "-o", "name"]);
        let result: serde_json::Value =
            serde_json::from_str(&fleet.fine(&["task", "result", id.trim()])).unwrap();
        assert_eq!(result.pointer(place), Some(&"you".into()), "{kind}");
        assert!(fleet.fine(&["task", "logs", id.trim()]).contains("got "), "{kind}");
    }
}

/// The crate that it makes is one of which the compiler approves, as it stands and with its test.
#[test]
fn a_new_crate_compiles_as_it_stands() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path().to_str().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let ran = run(&["new", "--lang", "rust", "mail.send", "--dir", dir, "--baton", root.to_str().unwrap()]);
    assert_eq!((ran.code, ran.out), (Some(0), format!("{dir}/mail.send\n")), "{}", ran.err);
    assert!(
        ran.err.starts_with(&format!("it uses the library in {}/crates/baton,", root.display())),
        "{}",
        ran.err
    );
    let mut cargo = Command::new(env!("CARGO"));
    // What is compiled there stays for the next time.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    cargo.args(["check", "--offline", "--quiet", "--all-targets"]).env("CARGO_TARGET_DIR", target);
    // With the settings of our workspace, so that what is compiled for it serves here, too.
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    let checked = cargo.current_dir(directory.path().join("mail.send")).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let again = run(&["new", "--lang", "rust", "mail.send", "--dir", dir, "--baton", root.to_str().unwrap()]);
    assert_eq!(again.code, Some(5), "{again:?}");
    let nowhere = run(&["new", "--lang", "rust", "x", "--dir", dir, "--baton", "/proc"]);
    assert!(nowhere.code == Some(2) && nowhere.err.contains("no checkout of Baton"), "{nowhere:?}");
    assert_eq!(run(&["new", "x", "--dir", dir, "--baton", "."]).code, Some(2));
}

#[test]
fn what_is_there_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("greet");
    std::fs::write(&path, "mine").unwrap();
    let ran = run(&["new", "greet", "--dir", directory.path().to_str().unwrap()]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(5), ""), "{ran:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o111, 0);
    for wrong in [&["new", "../greet"][..], &["new", "a b"], &["new", "x", "--lang", "cobol"], &["new"]] {
        assert_eq!(run(wrong).code, Some(2), "{wrong:?}");
    }
    assert_eq!(run(&["new", "greet", "--dir", "/proc/nowhere"]).code, Some(1));
}
