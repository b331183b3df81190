//! Directories of programs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use baton_worker::handlers::{Environment, exec_dir};
use baton_worker::{End, Handler};

use crate::support::run;

#[tokio::test]
async fn executable_files_with_a_kind_for_a_name_are_handlers() {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str, mode: u32| {
        let path = place.path().join(name);
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    file("report.build", 0o755);
    file("invoice:send", 0o700);
    file("README.md", 0o644);
    file("report build", 0o755);
    file(".hidden", 0o755);
    file("saved~", 0o755);
    fs::create_dir(place.path().join("directory")).unwrap();
    symlink("/bin/cat", place.path().join("a-link")).unwrap();
    symlink("/nowhere", place.path().join("broken")).unwrap();

    let found = exec_dir(place.path()).unwrap();
    let kinds: Vec<&str> = found.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["a-link", "invoice:send", "report.build"]);

    let cat = found[0].1.clone().environment(Environment::default());
    let End::Complete(document) = cat.run(run("[7]").0).await else { panic!("cat repeats its document") };
    assert!(str::from_utf8(&document).unwrap().contains(r#""payload":[7]"#));
    assert!(exec_dir(place.path().join("nowhere")).is_err());
}
