//! One worker's process: started as the leader of a group of its own, told things by signals, and reaped.
//!
//! A thread waits for each process to end and leaves it unreaped; only the supervisor's loop reaps, and only it sends
//! signals. So as long as a [`Process`] is there, its number is surely its own.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe::Receiver;
use tokio::sync::{mpsc, oneshot};

use super::end::Exit;
use super::predecessor::Predecessor;
use super::reports::{LINE_BYTES_MAX, Report};
use super::seat::LifeId;
use super::{FOLLOW_ON, UNDER};

/// What the end of a pipe may take to be read once its writer has ended.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_millis(100);

/// It only waits.
const STACK_BYTES: usize = 64 * 1_024;

/// What the supervisor hears of its workers.
#[derive(Debug)]
pub(super) enum Event {
    Said(LifeId, Report),
    /// Everything that it said was heard before.
    Ended(LifeId),
}

/// How a worker's process is started.
#[derive(Clone)]
pub(super) struct Program {
    pub(super) file: PathBuf,
    /// By which name it is shown in a list of processes.
    pub(super) name: OsString,
    pub(super) arguments: Vec<OsString>,
    /// Variables that it must not inherit.
    pub(super) hidden: Vec<&'static str>,
    pub(super) environment: Vec<(&'static str, String)>,
}

impl Program {
    fn command(&self, from: Option<&Predecessor>, after: Option<&str>) -> Command {
        let mut command = Command::new(&self.file);
        command.arg0(&self.name).args(&self.arguments);
        command.args([UNDER, &std::process::id().to_string()]);
        if let Some(from) = from {
            command.args([FOLLOW_ON, &from.to_string()]);
        }
        if let Some(after) = after {
            command.args(["--after", after]);
        }
        for name in &self.hidden {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        // Its log is our log, and stays so when we are dead.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        command
    }
}

/// The number of a child of ours. Never 1, 0 or negative, so no signal sent to it can mean "init", "my own group" or
/// "everyone".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChildPid(Pid);

impl ChildPid {
    pub(super) fn new(raw: u32) -> Option<ChildPid> {
        let raw = i32::try_from(raw).ok().filter(|raw| *raw > 1)?;
        Pid::from_raw(raw).map(ChildPid)
    }

    pub(super) fn pid(self) -> Pid {
        self.0
    }

    pub(super) fn number(self) -> i32 {
        self.0.as_raw_nonzero().get()
    }
}

/// A process that was started and is not reaped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pub(super) pid: ChildPid,
    /// The worker reads it. When we die it ends, and so does the worker.
    _lifeline: Option<ChildStdin>,
}

impl Process {
    /// Starts a worker. To be called on the main thread: the kernel tells the worker when the *thread* that started
    /// it ends.
    pub(super) fn start(
        program: &Program,
        life: LifeId,
        from: Option<&Predecessor>,
        after: Option<&str>,
        events: &mpsc::Sender<Event>,
    ) -> io::Result<Process> {
        let mut child = program.command(from, after).spawn()?;
        let pid = ChildPid::new(child.id()).ok_or_else(|| io::Error::other("a process without a number"))?;
        let lifeline = child.stdin.take();
        let stdout = child.stdout.take();
        let process = Process { child, pid, _lifeline: lifeline };
        match stdout.map(|stdout| listen(life, pid, stdout.into(), events.clone())) {
            Some(Ok(())) => Ok(process),
            other => {
                // Nobody would hear of its end.
                process.kill();
                process.reap();
                Err(other.and_then(Result::err).unwrap_or_else(|| io::Error::other("a pipe is missing")))
            }
        }
    }

    pub(super) fn terminate(&self) {
        if self.has_its_number() {
            // It fails only where it has ended already.
            let _ = kill_process(self.pid.0, Signal::TERM);
        }
    }

    /// Kills it, and what it started in its group.
    pub(super) fn kill(&self) {
        if self.has_its_number() {
            let _ = kill_process_group(self.pid.0, Signal::KILL);
        }
    }

    /// Not where somebody else took in its end, a kernel that was told to ignore it for example.
    fn has_its_number(&self) -> bool {
        let now = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        !matches!(waitid(WaitId::Pid(self.pid.0), now), Err(Errno::CHILD))
    }

    /// Takes in how it ended, which it has. The rest of its group ends while the number is still held by the leader.
    pub(super) fn reap(mut self) -> Exit {
        self.kill();
        match self.child.wait().map(|status| (status.code(), status.signal())) {
            Ok((Some(code), _)) => Exit::Code(code),
            Ok((None, signal)) => Exit::Signal(signal.unwrap_or_default()),
            Err(error) => Exit::CannotStart(error.to_string()),
        }
    }
}

/// Hears a worker to its end.
fn listen(life: LifeId, pid: ChildPid, stdout: OwnedFd, events: mpsc::Sender<Event>) -> io::Result<()> {
    let lines = BufReader::new(Receiver::from_owned_fd(stdout)?);
    let (tell, ended) = oneshot::channel();
    let wait = move || {
        let until = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid.0), until), Err(Errno::INTR)) {}
        // Where nobody hears it, the supervisor has ended.
        let _ = tell.send(());
    };
    std::thread::Builder::new().name("baton-wait".to_owned()).stack_size(STACK_BYTES).spawn(wait)?;
    tokio::spawn(hear(life, lines, ended, events));
    Ok(())
}

async fn hear(
    life: LifeId,
    mut lines: BufReader<Receiver>,
    mut ended: oneshot::Receiver<()>,
    events: mpsc::Sender<Event>,
) {
    // What came of a line that is not whole yet is kept for the rest of it.
    let mut line = Vec::new();
    tokio::select! {
        () = pass_on(life, &mut lines, &mut line, &events) => drop(ended.await),
        _ = &mut ended => {
            // Somebody else may hold the pipe, and never end.
            let _ = tokio::time::timeout(LAST_WORDS, pass_on(life, &mut lines, &mut line, &events)).await;
        }
    }
    let _ = events.send(Event::Ended(life)).await;
}

/// Until the pipe ends. Where this is dropped, `line` is what has come of one.
async fn pass_on(
    life: LifeId,
    lines: &mut BufReader<Receiver>,
    line: &mut Vec<u8>,
    events: &mpsc::Sender<Event>,
) {
    loop {
        let room = LINE_BYTES_MAX.saturating_sub(line.len()).max(1);
        let read = lines.take(room as u64).read_until(b'\n', line).await;
        // What is too long for a line is no report; the last one may lack its end.
        if let Some(report) = Report::read(line) {
            let _ = events.send(Event::Said(life, report)).await;
        }
        line.clear();
        if matches!(read, Ok(0) | Err(_)) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::machine;
    use super::*;

    fn shell(script: &str) -> Program {
        let arguments = ["-c", script, "sh"].map(OsString::from).into();
        Program {
            file: "/bin/sh".into(),
            name: "sh".into(),
            arguments,
            hidden: vec!["BATON_TEST_HIDDEN"],
            environment: vec![("BATON_TEST_GIVEN", "yes".to_owned())],
        }
    }

    /// Everything that a worker said, by its field `worker`, and how it ended.
    async fn whole_life(program: &Program, kill: bool) -> (Vec<String>, Exit) {
        let (events, mut heard) = mpsc::channel(8);
        let worker: Predecessor = "worker-001-default:b1".parse().unwrap();
        let process = Process::start(program, 7, Some(&worker), Some("signal 9"), &events).unwrap();
        let mut said = Vec::new();
        loop {
            match heard.recv().await.expect("its end") {
                Event::Said(7, report) => {
                    said.extend(report.worker);
                    if kill {
                        process.kill();
                    }
                }
                Event::Ended(7) => return (said, process.reap()),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn no_signal_can_be_aimed_at_init_the_own_group_or_everyone() {
        for raw in [0, 1, u32::MAX, i32::MAX as u32 + 1] {
            assert_eq!(ChildPid::new(raw), None, "{raw}");
        }
        assert!(ChildPid::new(2).is_some());
    }

    #[tokio::test]
    async fn the_last_words_are_heard_before_the_end() {
        let script = r#"printf '{"worker":"%s"}\nnoise\n{"worker":"last"}' "$*:$BATON_TEST_GIVEN"; exit 3"#;
        let (said, exit) = whole_life(&shell(script), false).await;
        let own = std::process::id();
        let first = format!("--supervised-by {own} --as worker-001-default:b1 --after signal 9:yes");
        assert_eq!((said, exit), (vec![first, "last".to_owned()], Exit::Code(3)));
    }

    #[tokio::test]
    async fn a_pipe_that_somebody_else_holds_does_not_hide_an_end() {
        // In a session of its own, so that nobody ends it with the first one. It ends with the lifeline, and it says
        // who it is when it holds the pipe.
        let script =
            r#"exec 3<&0; setsid sh -c 'echo "{\"worker\":\"$$\"}"; cat <&3' & read line <&3 || exit 0"#;
        let (events, mut heard) = mpsc::channel(8);
        let process = Process::start(&shell(script), 7, None, None, &events).unwrap();
        let Some(Event::Said(7, report)) = heard.recv().await else { panic!("nothing was said") };
        process.kill();
        assert!(matches!(heard.recv().await, Some(Event::Ended(7))));
        let holder = report.worker.unwrap();
        assert!(!machine::is_gone(&holder, ""), "it holds the pipe still");
        assert_eq!(process.reap(), Exit::Signal(9));
        while !machine::is_gone(&holder, "") {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_kill_takes_the_group_along() {
        let script = r#"trap '' TERM; sleep 600 & echo "{\"worker\":\"$!\"}"; wait"#;
        let (said, exit) = whole_life(&shell(script), true).await;
        assert_eq!((said.len(), exit), (1, Exit::Signal(9)));
        while !machine::is_gone(&said[0], "") {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_number_that_is_nobody_s_any_more_gets_no_signal() {
        // The cat ends with the lifeline.
        let script = r#"exec 3<&0; cat <&3 & echo "{\"worker\":\"$!\"}""#;
        let (events, mut heard) = mpsc::channel(8);
        let process = Process::start(&shell(script), 7, None, None, &events).unwrap();
        let Some(Event::Said(7, report)) = heard.recv().await else { panic!("nothing was said") };
        rustix::process::waitpid(Some(process.pid.pid()), rustix::process::WaitOptions::empty()).unwrap();
        assert!(matches!(heard.recv().await, Some(Event::Ended(7))));
        let cat = report.worker.unwrap();
        process.kill();
        assert!(!machine::is_gone(&cat, ""));
        assert!(matches!(process.reap(), Exit::CannotStart(_)));
        while !machine::is_gone(&cat, "") {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_cannot_be_started_says_so() {
        let program = Program { file: "/nonexistent/worker".into(), ..shell("") };
        let (events, _heard) = mpsc::channel(1);
        assert!(Process::start(&program, 1, None, None, &events).is_err());
    }

    #[test]
    fn hidden_variables_are_taken_away() {
        let command = shell("").command(None, None);
        let set: BTreeMap<_, _> = command.get_envs().collect();
        assert_eq!(set.get(std::ffi::OsStr::new("BATON_TEST_HIDDEN")), Some(&None));
    }
}
