//! A directory that looks like a checkout in which the programs are built, on a host of its own: every port is free there, and
//! nothing that is typed reaches anything else. Where the machine does not let us, its own port 8000 must be free.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use baton_testkit::{Process, process};
use tempfile::TempDir;

use crate::page::Block;
use crate::shown;

/// Far more seconds than any page takes; reached only where something waits for ever. Then everything is told to end.
const BASH: [&str; 4] = ["timeout", "--kill-after=30", "240", "bash"];

const PRELUDE: &str = r#"set -euo pipefail
export PATH="$PWD/.bin:$PATH" HOME="$PWD" XDG_CONFIG_HOME="$PWD"
trap 'kill $(jobs -p) 2>/dev/null || :; wait' EXIT
"#;

/// What stands for cargo: what it would build first was built with this test.
const CARGO: &str = r#"#!/bin/sh
case "$*" in
  "run -q -p baton --example "*) exec "$EXAMPLES/$6" ;;
  *) echo "cargo $* stands on no list of what is done here" >&2; exit 101 ;;
esac
"#;

/// What is typed, what must come, and where it comes.
struct Step {
    typed: String,
    shown: Option<String>,
    came: PathBuf,
}

pub(crate) struct Room {
    place: TempDir,
    script: String,
    steps: Vec<Step>,
}

impl Room {
    pub(crate) fn new() -> Room {
        let place = TempDir::new().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::create_dir_all(at("target/demo")).unwrap();
        fs::create_dir(at(".bin")).unwrap();
        fs::write(at(".bin/cargo"), CARGO).unwrap();
        fs::set_permissions(at(".bin/cargo"), fs::Permissions::from_mode(0o755)).unwrap();
        for program in ["baton", "baton-gateway", "baton-worker"] {
            let built = built().join(program);
            assert!(built.exists(), "build it first: cargo build --workspace --bins");
            symlink(built, at("target/demo").join(program)).unwrap();
        }
        for directory in ["docs", "deploy"] {
            symlink(fs::canonicalize(crate::path(directory)).unwrap(), at(directory)).unwrap();
        }
        Room { place, script: PRELUDE.to_owned(), steps: Vec::new() }
    }

    pub(crate) fn add(&mut self, block: &Block) {
        match block {
            Block::File { name, text } => fs::write(self.place.path().join(name), text).unwrap(),
            Block::Typed(typed) => self.step(typed, None),
            Block::Terminal(command) => self.terminal(command),
            Block::Shown(commands) => {
                commands.iter().for_each(|(typed, shown)| self.step(typed, Some(shown.clone())));
            }
        }
    }

    /// In the one shell of the page, so that what it changes stays.
    fn step(&mut self, typed: &str, shown: Option<String>) {
        let came = self.came(typed, shown);
        self.script.push_str(&format!("{{ {}\n}} > {came} 2>&1\n", typed.trim_end()));
    }

    fn terminal(&mut self, command: &str) {
        assert_eq!(command.lines().count(), 1, "a terminal runs one command: {command}");
        let came = self.came(command, None);
        let (words, environment) = assignments(command);
        self.script.push_str(&format!("(exec env {environment} {words}) > {came} 2>&1 &\n"));
        if command.contains("baton dev") {
            self.script.push_str("until curl -fs 127.0.0.1:8000/ready > /dev/null; do sleep 0.05; done\n");
        }
    }

    fn came(&mut self, typed: &str, shown: Option<String>) -> String {
        let came = self.place.path().join(format!(".step-{}", self.steps.len()));
        let name = came.display().to_string();
        self.steps.push(Step { typed: typed.to_owned(), shown, came });
        name
    }

    /// Types everything, and fails with what came where that is not what is shown.
    pub(crate) fn run(self) {
        let script = self.place.path().join(".script");
        fs::write(&script, &self.script).unwrap();
        let mut command = shell();
        command.arg(&script);
        command.current_dir(self.place.path()).env("EXAMPLES", built().join("examples"));
        for variable in ["BATON_URL", "BATON_CONFIG", "BATON_API_KEY", "BATON_TOKEN", "BATON_REDIS_URL"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut shell = Process::spawn(command).expect("unshare of util-linux, and bash");
        let well = shell.child().wait().unwrap().success();
        let story = self.story();
        assert!(well, "something that is typed fails, or does not end:\n{story}");
        for step in &self.steps {
            let came = fs::read_to_string(&step.came).unwrap_or_default();
            let fits = step.shown.as_ref().is_none_or(|shown| shown::fits(shown, &came));
            assert!(
                fits,
                "$ {}\nshown:\n{}\ncame:\n{came}",
                step.typed,
                step.shown.clone().unwrap_or_default()
            );
        }
    }

    fn story(&self) -> String {
        let tell = |step: &Step| {
            let came = fs::read_to_string(&step.came).unwrap_or_else(|_| "(not reached)\n".to_owned());
            format!("$ {}\n{came}", step.typed)
        };
        self.steps.iter().map(tell).collect()
    }
}

/// Words of the form NAME=value at the beginning are for `env`, because `exec` does not take them.
fn assignments(command: &str) -> (String, String) {
    let is_assignment =
        |word: &&str| word.split_once('=').is_some_and(|(name, _)| !name.contains(['/', '-']));
    let count = command.split(' ').take_while(is_assignment).count();
    let words: Vec<&str> = command.split(' ').collect();
    (words[count..].join(" "), words[..count].join(" "))
}

/// Where cargo puts programs, beside the directory of this test.
fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().to_owned()
}

/// A host of one's own: as anybody, or else as root.
const HOSTS: [&[&str]; 2] = [&["--user", "--map-root-user", "--net"], &["--net"]];

/// A shell on a host of its own, if that can be had.
fn shell() -> Command {
    let can = |host: &&&[&str]| {
        let output = Command::new("unshare").args(**host).args(["ip", "link", "set", "lo", "up"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let Some(host) = HOSTS.iter().find(can) else {
        TcpListener::bind("127.0.0.1:8000").expect("without network namespaces, port 8000 must be free");
        let mut command = process::command(BASH[0]);
        command.args(&BASH[1..]);
        return command;
    };
    let mut command = process::command("unshare");
    command.args(*host).args([
        "--kill-child",
        "--",
        "sh",
        "-c",
        r#"ip link set lo up && exec bash "$1""#,
        "sh",
    ]);
    command
}
