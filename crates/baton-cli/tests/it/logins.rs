//! Logins against real gateways: the open one of `baton dev`, and one that `baton init` has closed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use baton_testkit::{PrivateRedis, Process};

use crate::fleet::{BATON, Fleet, Ran, of, typed};

/// Somebody with a home of his own.
struct Person {
    home: tempfile::TempDir,
    url: String,
}

impl Person {
    fn at(url: &str) -> Person {
        Person { home: tempfile::tempdir().unwrap(), url: url.to_owned() }
    }

    fn typed(&self, arguments: &[&str]) -> Command {
        let mut command = typed(&[&["--url", &self.url], arguments].concat());
        command.env("XDG_CONFIG_HOME", self.home.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        of(&self.typed(arguments).output().unwrap())
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.typed(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        of(&child.wait_with_output().unwrap())
    }

    fn fine(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran.out
    }

    fn log_in(&self, username: &str, password: &str) -> Ran {
        self.run_with(&["login", "--username", username, "--password-stdin"], password)
    }
}

#[test]
fn dev_takes_any_name_and_needs_none() {
    let fleet = Fleet::start(&["--workers", "1"]);
    let alice = Person::at(&fleet.url);
    alice.fine(&["task", "submit", "noop", "--wait"]);
    assert_eq!(alice.log_in("alice", "whatever").code, Some(0));
    assert_eq!(alice.fine(&["whoami", "-o", "name"]), "user_alice\n");
    assert_eq!(alice.fine(&["session", "ls", "-o", "name"]).lines().count(), 1);
    alice.fine(&["task", "submit", "noop", "--wait"]);
    alice.fine(&["logout"]);
    assert_eq!(alice.run(&["whoami"]).code, Some(4));
    alice.fine(&["task", "submit", "noop", "--wait"]);
}

/// A gateway that was set up as `baton init` says.
struct Closed {
    _gateway: Process,
    _redis: PrivateRedis,
    _dir: tempfile::TempDir,
    url: String,
    password: String,
}

impl Closed {
    async fn start() -> Closed {
        let redis = PrivateRedis::start().await;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let made = of(&typed(&["init", "--dir", path, "--issuer", "http://baton.test", "-o", "name"])
            .output()
            .unwrap());
        assert_eq!(made.code, Some(0), "{made:?}");
        let mut gateway = baton_testkit::process::command(BATON);
        gateway.args(["gateway", "--config", &format!("{path}/baton.toml"), "--listen", "127.0.0.1:0"]);
        gateway.args(["--redis-url", &redis.url(), "--print-address"]).stdout(Stdio::piped());
        let mut gateway = Process::spawn(gateway).unwrap();
        let mut address = String::new();
        BufReader::new(gateway.child().stdout.take().unwrap()).read_line(&mut address).unwrap();
        let url = format!("http://{}", address.trim());
        let password = made.out.trim().to_owned();
        Closed { _gateway: gateway, _redis: redis, _dir: dir, url, password }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn init_makes_a_gateway_that_lets_nobody_in_but_the_administrator() {
    let closed = Closed::start().await;
    let nobody = Person::at(&closed.url);
    for command in [&["task", "ls"][..], &["whoami"], &["user", "ls"], &["task", "submit", "noop"]] {
        let ran = nobody.run(command);
        assert_eq!(ran.code, Some(4), "{command:?}: {ran:?}");
        assert!(ran.err.contains("baton login"), "{ran:?}");
    }
    // Under a name of its own: after a failure the next try with a name has to wait.
    assert_eq!(nobody.log_in("nobody", "wrong").code, Some(4));
    let admin = Person::at(&closed.url);
    assert_eq!(admin.log_in("admin", &closed.password).code, Some(0));
    assert_eq!(admin.fine(&["whoami", "-o", "name"]), "user_admin\n");
    a_key_does_what_it_may(&closed, &admin);
    a_user_lives_and_ends(&closed, &admin);
    sessions_end(&closed, &admin);
}

fn a_key_does_what_it_may(closed: &Closed, admin: &Person) {
    let scopes = ["--scope", "tasks:write@mail", "--scope", "tasks:read@mail"];
    let secret = admin.fine(&[&["key", "create", "mailer"][..], &scopes, &["-o", "name"]].concat());
    let program = Person::at(&closed.url);
    let run = |arguments: &[&str]| {
        let mut command = program.typed(arguments);
        of(&command.env("BATON_API_KEY", secret.trim()).output().unwrap())
    };
    assert_eq!(run(&["task", "submit", "noop", "--queue", "mail"]).code, Some(0));
    let other = run(&["task", "submit", "noop", "--queue", "media"]);
    assert_eq!(other.code, Some(4), "{other:?}");
    assert!(other.err.contains("tasks:write"), "{other:?}");
    assert_eq!(run(&["key", "create", "more", "--scope", "admin"]).code, Some(4));
    // Its id stands in its secret; beside it there is the first one, which `init` made.
    let id = &secret[4..16];
    let listed = admin.fine(&["key", "ls", "-o", "name"]);
    assert!(listed.lines().count() == 2 && listed.contains(id), "{listed}");
    let second = admin.fine(&["key", "rotate", id, "-o", "name"]);
    assert_ne!(second, secret);
    assert_eq!(run(&["whoami"]).code, Some(0), "the first one is good until it is ended");
    admin.fine(&["key", "revoke", id]);
    crate::fleet::until("the end of the key", || run(&["whoami"]).code == Some(4));
}

fn a_user_lives_and_ends(closed: &Closed, admin: &Person) {
    admin.fine(&["user", "create", "bob", "--role", "viewer"]);
    let code = admin.fine(&["user", "reset-code", "bob", "-o", "name"]);
    let bob = Person::at(&closed.url);
    let with_code = ["user", "set-password", "--with-code", "--password-stdin"];
    let typed = format!("{}\ncorrect horse battery\n", code.trim());
    assert_eq!(bob.run_with(&with_code, &typed).code, Some(0));
    assert_eq!(bob.run_with(&with_code, &typed).code, Some(4), "a code is for one use");
    assert_eq!(bob.log_in("bob", "correct horse battery").code, Some(0));
    bob.fine(&["task", "ls"]);
    assert_eq!(bob.run(&["task", "submit", "noop"]).code, Some(4));
    let own = ["user", "set-password", "--password-stdin"];
    let changed = bob.run_with(&own, "correct horse battery\nanother horse battery\n");
    assert_eq!(changed.code, Some(0), "{changed:?}");
    bob.fine(&["whoami"]);
    admin.fine(&["user", "disable", "bob"]);
    crate::fleet::until("the end of his token", || bob.run(&["whoami"]).code == Some(4));
    assert_eq!(bob.log_in("bob", "another horse battery").code, Some(4));
    admin.fine(&["user", "delete", "bob"]);
}

fn sessions_end(closed: &Closed, admin: &Person) {
    let elsewhere = Person::at(&closed.url);
    assert_eq!(elsewhere.log_in("admin", &closed.password).code, Some(0));
    let mine = admin.fine(&["session", "ls", "--json"]);
    assert_eq!(mine.lines().count(), 2, "{mine}");
    let other = mine.lines().find(|line| line.contains("\"current\":false")).unwrap();
    let id = other.split("\"session_id\":\"").nth(1).unwrap().split('"').next().unwrap();
    admin.fine(&["session", "revoke", id]);
    crate::fleet::until("the end of the session", || elsewhere.run(&["whoami"]).code == Some(4));
    admin.fine(&["signing-key", "ls"]);
    let token = admin.fine(&["worker", "join-token", "-o", "name"]);
    assert!(token.starts_with("btj_"), "{token}");
    admin.fine(&["logout", "--all"]);
    assert_eq!(admin.run(&["whoami"]).code, Some(4));
}
