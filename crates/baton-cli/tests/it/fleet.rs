//! A `baton dev` of one's own, and commands typed at it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use baton_testkit::Process;
use baton_testkit::process::{Signal, command};

/// The program under test.
pub(crate) const BATON: &str = env!("CARGO_BIN_EXE_baton");

/// What of the environment of the tests could change an answer, beside all that begins with `BATON_`.
const VARIABLES: [&str; 7] =
    ["REDIS_URL", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TZ", "CI", "XDG_CONFIG_HOME"];

/// A fleet, ended with its handle.
pub(crate) struct Fleet {
    pub(crate) process: Process,
    pub(crate) url: String,
    /// Where its Redis and its logs are.
    pub(crate) directory: PathBuf,
}

impl Fleet {
    pub(crate) fn start(arguments: &[&str]) -> Fleet {
        let mut dev = command(BATON);
        clear(&mut dev);
        dev.args(["dev", "--port", &free_port().to_string()]).args(arguments).stdout(Stdio::piped());
        let mut process = Process::spawn(dev).unwrap();
        let mut lines = BufReader::new(process.child().stdout.take().unwrap()).lines();
        let mut shown = String::new();
        let mut value = |name: &str| loop {
            let line = lines.next().unwrap_or_else(|| panic!("baton dev ended after:\n{shown}")).unwrap();
            shown.push_str(&line);
            if let Some(value) = line.trim().strip_prefix(name) {
                return value.split_whitespace().next().unwrap().to_owned();
            }
        };
        let url = value("API").strip_suffix("/docs").unwrap().to_owned();
        let directory = value("Logs").into();
        // What else it says is read, so that it never has to wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Fleet { process, url, directory }
    }

    /// Runs a command against it and returns when it ends.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        run(&[&["--url", &self.url], arguments].concat())
    }

    /// The same for a command that must succeed; what it printed.
    pub(crate) fn fine(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran.out
    }

    /// Ctrl-C; how it ended.
    pub(crate) fn interrupt(&mut self) -> Option<i32> {
        self.process.signal(Signal::INT);
        self.process.child().wait().unwrap().code()
    }

    /// The ids of its gateway processes, its supervisor and its Redis.
    pub(crate) fn children(&mut self) -> Vec<u32> {
        children(self.process.child().id())
    }

    /// Those, and the workers of its supervisor, and what these run.
    pub(crate) fn descendants(&mut self) -> Vec<u32> {
        let mut found = self.children();
        let mut at = 0;
        while let Some(process) = found.get(at) {
            found.extend(children(*process));
            at += 1;
        }
        found
    }

    /// The id of the process that is its only worker.
    pub(crate) fn worker(&self) -> u32 {
        let listed = self.fine(&["worker", "ls", "--json"]);
        listed.split("\"pid\":\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    }
}

/// A fleet that is killed cannot tidy up after itself.
impl Drop for Fleet {
    fn drop(&mut self) {
        self.process.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// One that has ended has none.
fn children(process: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let texts = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let numbers = texts.collect::<Vec<_>>().join(" ");
    numbers.split_whitespace().map(|child| child.parse().unwrap()).collect()
}

/// How a command went.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn run(arguments: &[&str]) -> Ran {
    let output = typed(arguments).output().unwrap();
    of(&output)
}

pub(crate) fn of(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// A command that is about to be run.
pub(crate) fn typed(arguments: &[&str]) -> Command {
    let mut command = Command::new(BATON);
    clear(&mut command);
    command.args(arguments).stdin(Stdio::null());
    command
}

fn clear(command: &mut Command) {
    let ours = std::env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| name.as_encoded_bytes().starts_with(b"BATON_"));
    VARIABLES.iter().map(OsString::from).chain(ours).for_each(|name| {
        command.env_remove(name);
    });
}

/// Drawn by the kernel; where somebody else takes it, `baton dev` takes the next.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().min(65_000)
}

/// Is there still a process of this number that does something? One that ended and was not yet waited for does not.
pub(crate) fn lives(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Waits for a condition.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    const LOOKS: u32 = 6_000;
    for _ in 0..LOOKS {
        if holds() {
            return;
        }
        // Between two looks, not instead of one.
        let _ = std::sync::mpsc::channel::<()>().1.recv_timeout(std::time::Duration::from_millis(5));
    }
    panic!("in vain: {what}");
}

/// Everything that is left in a pipe.
pub(crate) fn rest(mut pipe: impl Read) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).unwrap();
    text
}
