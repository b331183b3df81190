//! As whom commands ask: logins, credentials and where they come from, against a gateway that plays its part.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::fleet::{Ran, of, rest, run, typed};
use crate::stub::{Stub, answer, problem};

/// Somebody's home: where his logins are.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    fn credentials(&self) -> PathBuf {
        self.0.path().join("baton/credentials.json")
    }

    fn typed(&self, stub: &Stub, arguments: &[&str]) -> Command {
        let mut command = typed(&[&["--url", &stub.url], arguments].concat());
        command.env("XDG_CONFIG_HOME", self.0.path());
        command
    }

    fn run(&self, stub: &Stub, arguments: &[&str]) -> Ran {
        of(&self.typed(stub, arguments).output().unwrap())
    }

    fn run_with(&self, stub: &Stub, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.typed(stub, arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        of(&child.wait_with_output().unwrap())
    }

    fn log_in(&self, stub: &Stub) {
        let ran = self.run_with(stub, &["login", "--username", "alice", "--password-stdin"], "hunter2\n");
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
}

fn pair() -> String {
    let body = r#"{"access_token":"at-1","refresh_token":"btr_1","token_type":"bearer","expires_in":900,
                   "scope":"admin","session_id":"sid"}"#;
    answer("200 OK", "", body)
}

fn whoami() -> String {
    let body =
        r#"{"valid":true,"user_id":"user_alice","username":"alice","scope":"admin","session_id":"sid"}"#;
    answer("200 OK", "", body)
}

fn key(more: &str) -> String {
    let body = format!(
        r#"{{"id":"abcDEF012345","name":"ci","owner":"user_alice","scopes":["tasks:write@a"],
           "created_at":"2026-11-21T09:30:00.000Z","disabled":false,"rotating":false{more}}}"#
    );
    answer("201 Created", "", &body)
}

#[test]
fn a_login_is_kept_for_later_commands_and_ended() {
    let out = answer("200 OK", "", r#"{"message":"Logged out successfully"}"#);
    let stub = Stub::serve(vec![pair(), whoami(), out, problem("401 Unauthorized", "unauthenticated")]);
    let home = Home::new();
    let login = ["login", "--username", "alice", "--password-stdin", "--device", "desk", "--json"];
    let ran = home.run_with(&stub, &login, "hunter2\n");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("\"session_id\": \"sid\""), "{ran:?}");
    for secret in ["hunter2", "btr_", "at-1"] {
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{secret}: {ran:?}");
    }
    let asked = r#"{"username":"alice","password":"hunter2","device_name":"desk"}"#;
    assert_eq!(stub.last(), ("POST /auth/login".to_owned(), None, asked.to_owned()));
    let mode = fs::metadata(home.credentials()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let ran = home.run(&stub, &["whoami"]);
    assert!(ran.out.starts_with("user     user_alice\nmay      admin\n"), "{ran:?}");
    assert_eq!(stub.last().1.as_deref(), Some("Bearer at-1"));

    assert_eq!(home.run(&stub, &["logout"]).code, Some(0));
    assert_eq!(
        stub.last(),
        ("POST /auth/logout".to_owned(), None, r#"{"refresh_token":"btr_1"}"#.to_owned())
    );
    assert!(!fs::read_to_string(home.credentials()).unwrap().contains("btr_1"));
    let ran = home.run(&stub, &["task", "ls"]);
    assert_eq!((ran.code, stub.last().1), (Some(4), None), "{ran:?}");
    assert!(ran.err.contains("`baton login`"), "{ran:?}");
}

#[test]
fn what_is_named_goes_before_what_is_kept() {
    let home = Home::new();
    let stub = Stub::serve(vec![pair(), whoami(), whoami(), whoami()]);
    home.log_in(&stub);
    let file = home.0.path().join("key");
    fs::write(&file, "btk_file\n").unwrap();
    let with = |name: &str, value: &str, arguments: &[&str]| {
        let ran = of(&home.typed(&stub, arguments).env(name, value).output().unwrap());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        stub.last().1.unwrap()
    };
    assert_eq!(with("BATON_TOKEN", "at-env", &["whoami"]), "Bearer at-env");
    assert_eq!(with("BATON_API_KEY", "btk_env", &["whoami"]), "Bearer btk_env");
    let named = ["whoami", "--token-file", file.to_str().unwrap()];
    assert_eq!(with("BATON_API_KEY", "btk_env", &named), "Bearer btk_file");
    let both = of(&home
        .typed(&stub, &["whoami"])
        .env("BATON_TOKEN", "a")
        .env("BATON_API_KEY", "b")
        .output()
        .unwrap());
    assert_eq!(both.code, Some(2), "{both:?}");
    fs::write(&file, "").unwrap();
    for missing in [file.to_str().unwrap(), "/nonexistent/key"] {
        let ran = home.run(&stub, &["whoami", "--token-file", missing]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(4), ""), "{ran:?}");
    }
}

#[test]
fn credentials_that_others_can_read_are_not_used() {
    let home = Home::new();
    let stub = Stub::serve(vec![pair()]);
    home.log_in(&stub);
    fs::set_permissions(home.credentials(), Permissions::from_mode(0o644)).unwrap();
    let ran = home.run(&stub, &["task", "ls"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.err.contains("chmod 600") && !ran.err.contains("btr_"), "{ran:?}");
    assert_eq!(stub.asked().len(), 1, "nothing was sent");
}

#[test]
fn a_refusal_says_what_would_help() {
    let lacks = "www-authenticate: Bearer error=\"insufficient_scope\", scope=\"admin:keys\"\r\n";
    let body = r#"{"type":"t","title":"t","status":403,"detail":"d","instance":"/","code":"insufficient_scope","request_id":"r"}"#;
    let wrong = problem("401 Unauthorized", "invalid_credentials");
    let stub = Stub::serve(vec![answer("403 Forbidden", lacks, body), wrong]);
    let home = Home::new();
    let ran = home.run(&stub, &["key", "ls"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.err.contains("admin:keys") && ran.err.contains("baton whoami"), "{ran:?}");
    let ran = home.run_with(&stub, &["login", "--username", "alice", "--password-stdin"], "wrong");
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(!ran.err.contains("`baton login`") && !home.credentials().exists(), "{ran:?}");
    let nobody = home.run(&stub, &["login", "--username", "alice"]);
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.err.contains("--password-stdin"), "{nobody:?}");
}

#[test]
fn a_new_key_is_printed_once_and_alone_for_programs() {
    let with_secret = || key(r#","secret":"btk_abcDEF012345_s""#);
    let stub = Stub::serve(vec![with_secret(), with_secret(), key(""), with_secret(), key("")]);
    let home = Home::new();
    let create =
        ["key", "create", "ci", "--scope", "tasks:write@a", "--expires", "1d", "--cidr", "10.0.0.0/8"];
    let ran = home.run(&stub, &[&create[..], &["-o", "name"]].concat());
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "btk_abcDEF012345_s\n", ""));
    let asked = r#"{"name":"ci","scopes":["tasks:write@a"],"cidrs":["10.0.0.0/8"],"expires_in":86400}"#;
    assert_eq!((stub.last().0.as_str(), stub.last().2.as_str()), ("POST /auth/keys", asked));
    let ran = home.run(&stub, &create);
    assert!(ran.out.contains("secret   btk_abcDEF012345_s\n") && !ran.err.contains("btk_"), "{ran:?}");
    let ran = home.run(&stub, &["key", "show", "abcDEF012345"]);
    assert!(
        ran.out.starts_with("key      abcDEF012345\nname     ci\n") && !ran.out.contains("btk_"),
        "{ran:?}"
    );
    let ran = home.run(&stub, &["key", "rotate", "abcDEF012345", "-o", "name"]);
    assert_eq!(ran.out, "btk_abcDEF012345_s\n");
    assert_eq!(stub.last().2, r#"{"rotate":"begin"}"#);
    home.run(&stub, &["key", "rotate", "abcDEF012345", "--finish"]);
    assert_eq!(stub.last().2, r#"{"rotate":"finish"}"#);
}

#[test]
fn users_are_named_as_they_log_in() {
    let user = r#"{"id":"user_a/b","username":"a/b","kind":"person","roles":["viewer"],"disabled":false,
                   "has_password":false,"epoch":1}"#;
    let gone = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned();
    let code = answer("201 Created", "", r#"{"code":"btp_once","expires_in":600}"#);
    let stub = Stub::serve(vec![answer("201 Created", "", user), answer("200 OK", "", user), code, gone]);
    let home = Home::new();
    let ran = home.run(&stub, &["user", "create", "a/b", "--role", "viewer"]);
    assert!(ran.out.contains("has no password") && ran.err.contains("baton user reset-code a/b"), "{ran:?}");
    assert_eq!(stub.last().2, r#"{"username":"a/b","roles":["viewer"],"disabled":false}"#);
    home.run_with(&stub, &["user", "set-password", "a/b", "--password-stdin"], "correct horse\n");
    let (path, _, body) = stub.last();
    assert_eq!(
        (path.as_str(), body.as_str()),
        ("PATCH /auth/users/user_a%2Fb", r#"{"password":"correct horse"}"#)
    );
    assert_eq!(home.run(&stub, &["user", "reset-code", "a/b", "-o", "name"]).out, "btp_once\n");
    let ran = home.run(&stub, &["user", "delete", "user_a/b"]);
    assert_eq!((ran.code, stub.last().0.as_str()), (Some(0), "DELETE /auth/users/user_a%2Fb"), "{ran:?}");
}

#[test]
fn a_password_that_is_typed_is_not_shown() {
    let stub = Stub::serve(vec![pair()]);
    let home = Home::new();
    let (mut screen, terminal) = terminal();
    let mut login = home.typed(&stub, &["login", "--username", "alice"]);
    login.stdin(terminal.try_clone().unwrap()).stderr(terminal.try_clone().unwrap()).stdout(Stdio::piped());
    let mut child = login.spawn().unwrap();
    let mut shown = read_until(&mut screen, "alice at ");
    shown.push_str(&read_until(&mut screen, ": "));
    screen.write_all(b"hunter3\x7f2\n").unwrap();
    shown.push_str(&read_until(&mut screen, "logged in as alice"));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!shown.contains("hunter"), "{shown}");
    assert!(stub.last().2.contains(r#""password":"hunter2""#));
    let modes = rustix::termios::tcgetattr(&terminal).unwrap().local_modes;
    assert!(modes.contains(rustix::termios::LocalModes::ECHO | rustix::termios::LocalModes::ISIG));
    assert_eq!(rest(child.stdout.take().unwrap()), "");
}

/// A terminal: what a person sees of it, and types, and what a program has.
pub(crate) fn terminal() -> (File, File) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let program = File::options().read(true).write(true).open(Path::new(name.to_str().unwrap())).unwrap();
    (File::from(controller), program)
}

pub(crate) fn read_until(screen: &mut File, text: &str) -> String {
    let mut shown = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&shown).contains(text) {
        screen.read_exact(&mut byte).unwrap();
        shown.push(byte[0]);
    }
    String::from_utf8(shown).unwrap()
}

#[test]
fn from_dev_to_logins_in_one_command() {
    let home = Home::new();
    let dir = home.0.path().join("fleet");
    let dir = dir.to_str().unwrap();
    let ran = run(&["init", "--dir", dir, "--issuer", "https://baton.example", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let text = |name: &str| fs::read_to_string(Path::new(dir).join(name)).unwrap();
    let made: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert!(text("baton.bootstrap").starts_with("admin admin $argon2id$"));
    for secret in ["password", "api_key"] {
        let secret = made[secret].as_str().unwrap();
        assert!(secret.len() > 20 && !ran.err.contains(secret));
        for file in ["baton.toml", "baton.bootstrap", "baton.secrets"] {
            assert!(!text(file).contains(secret), "{file}");
        }
    }
    assert!(text("baton.toml").contains("issuer = \"https://baton.example\"\n"));
    let again = run(&["init", "--dir", dir]);
    assert_eq!((again.code, again.out.as_str()), (Some(5), ""), "{again:?}");
    assert!(again.err.contains("--force"), "{again:?}");
    assert_eq!(run(&["init", "--dir", dir, "--issuer", "https://baton.example/"]).code, Some(2));
    let forced = run(&["init", "--dir", dir, "--force"]);
    assert!(
        forced.out.contains("administrator  admin\n") && forced.err.contains("baton gateway --config"),
        "{forced:?}"
    );
}

#[test]
fn the_users_of_redis_are_a_file() {
    let ran = run(&["redis-acl"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let names: Vec<&str> = ran.out.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(names, ["default", "baton-gateway", "baton-worker"]);
    let password = ran.err.split("password ").nth(1).unwrap().split(',').next().unwrap();
    assert!(password.len() == 29 && !ran.out.contains(password), "{ran:?}");
    let json = run(&["redis-acl", "--users", "worker", "--namespace", "staging", "--json"]);
    assert!(json.out.starts_with(r#"{"name":"baton-worker","line":"user baton-worker on #"#), "{json:?}");
    assert!(json.out.contains("~staging:") && json.out.lines().count() == 1, "{json:?}");
    assert_eq!(run(&["redis-acl", "--users", "nobody"]).code, Some(2));
}
