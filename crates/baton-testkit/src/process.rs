//! Child processes that cannot outlive the tests, and signals that cannot reach anyone else.
//!
//! Signals are system calls to a `ChildPid`, never an external `kill`: one common version of that program
//! reads the id of a process group as "every process of this machine".

use rustix::io::Errno;
pub use rustix::process::Signal;
use rustix::process::{
    Pid, PidfdFlags, WaitId, WaitIdOptions, kill_process, kill_process_group, pidfd_open, pidfd_send_signal,
    waitid,
};
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// A child that leads its own process group. Dropping it kills the group.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Spawns `command` from a thread that lives as long as this process.
    ///
    /// The signal that [`command`] asks for comes when the *thread* that forked ends, not its process. Test threads
    /// and the runtime's blocking threads come and go, so one thread that stays does all the forking.
    pub fn spawn(mut command: Command) -> io::Result<Self> {
        type Order = (Command, Sender<io::Result<Process>>);
        static LAUNCHER: OnceLock<Sender<Order>> = OnceLock::new();
        let launcher = LAUNCHER.get_or_init(|| {
            let (orders, inbox) = channel::<Order>();
            thread::spawn(move || {
                for (mut command, answer) in inbox {
                    // Whoever asked may be gone; the unwanted child then dies with the answer.
                    let _ = answer.send(command.spawn().map(Process));
                }
            });
            orders
        });
        command.process_group(0);
        let (answer, process) = channel();
        launcher.send((command, answer)).expect("the launcher thread never ends");
        process.recv().expect("the launcher thread answers every order")
    }

    /// The child itself, for its pipes and its exit status.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Sends a signal to the child alone, which must still run.
    pub fn signal(&mut self, signal: Signal) {
        kill_process(self.pid().0, signal).expect("failed to signal a child");
    }

    /// Sends a signal to a process that descends from the child. False where none of that number does, or the child has
    /// ended.
    pub fn signal_descendant(&mut self, pid: u32, signal: Signal) -> bool {
        let Some((ours, other)) = self.live().zip(ChildPid::new(pid)) else { return false };
        // Held before it is looked at: the number cannot become somebody else's between the look and the signal.
        let Ok(held) = pidfd_open(other.0, PidfdFlags::empty()) else { return false };
        descends(other.0, ours.0) && pidfd_send_signal(held, signal).is_ok()
    }

    /// Holds a process that descends from the child, which may end before it does; dropped, it is killed.
    pub fn hold_descendant(&mut self, pid: u32) -> Option<Held> {
        let (ours, other) = self.live().zip(ChildPid::new(pid))?;
        let held = pidfd_open(other.0, PidfdFlags::empty()).ok()?;
        descends(other.0, ours.0).then_some(Held(held))
    }

    /// Stops the child (SIGSTOP) and returns when the kernel says it stands: the signal alone only asks.
    pub fn freeze(&mut self) {
        let pid = self.pid().0;
        kill_process(pid, Signal::STOP).expect("failed to stop a child");
        // NOWAIT leaves the report for whoever waits for the child; EXITED is asked for as well, because waiting
        // only for the stop of a child that just died would never end.
        let events = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = loop {
            match waitid(WaitId::Pid(pid), events) {
                Err(Errno::INTR) => {}
                status => break status.expect("failed to wait for a child to stop"),
            }
        };
        assert!(status.is_some_and(|status| status.stopped()), "the child died before it could be stopped");
    }

    /// Lets a stopped child go on (SIGCONT).
    pub fn thaw(&mut self) {
        self.signal(Signal::CONT);
    }

    /// Kills the child and its forks (SIGKILL) and returns when the child is gone. Does nothing if it ended before.
    pub fn kill(&mut self) {
        if let Some(pid) = self.live() {
            // Before the wait, while nobody else can have the number. It fails only for a group that is gone.
            let _ = kill_process_group(pid.0, Signal::KILL);
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }

    fn pid(&mut self) -> ChildPid {
        self.live().expect("the child has ended")
    }

    /// The child's id, unless it has ended: then the number may be somebody else's by now.
    fn live(&mut self) -> Option<ChildPid> {
        let id = self.0.id();
        self.is_running()
            .then(|| ChildPid::new(id).expect("the kernel gave a child an impossible process id"))
    }
}

/// A process that is nobody's child any more, or soon.
#[derive(Debug)]
pub struct Held(OwnedFd);

impl Held {
    /// False where it has ended.
    pub fn signal(&self, signal: Signal) -> bool {
        pidfd_send_signal(&self.0, signal).is_ok()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The process id of a child of ours. By construction never 1, 0 or negative, so no signal sent through it can
/// mean "init", "my own group" or "everyone".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ChildPid(Pid);

impl ChildPid {
    fn new(raw: u32) -> Option<Self> {
        let raw = i32::try_from(raw).ok().filter(|raw| *raw > 1)?;
        Pid::from_raw(raw).map(Self)
    }
}

fn descends(process: Pid, from: Pid) -> bool {
    let mut at = process;
    while let Some(parent) = parent(at) {
        if parent == from {
            return true;
        }
        at = parent;
    }
    false
}

/// The second field behind the name, which may itself hold spaces and parentheses.
fn parent(process: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Pid::from_raw(fields.split_ascii_whitespace().nth(1)?.parse().ok()?)
}

/// A command whose process the kernel kills when ours ends, however ours ends; give it to [`Process::spawn`].
///
/// A test runner that loses patience sends SIGKILL, and no `Drop` runs. Asking the kernel ourselves would need
/// code between fork and exec, which is `unsafe`; `setpriv` of util-linux asks and then becomes the program, under
/// the same process id. Where it is missing, `Drop` is all there is.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let Some(setpriv) = find("setpriv") else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// The first file of that name on `PATH`.
pub fn find(name: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "test support looks for programs where a shell would")]
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn sleeper() -> Process {
        let mut command = command("sleep");
        command.arg("60");
        Process::spawn(command).unwrap()
    }

    /// The fields of `/proc/<pid>/stat` from the state on.
    fn stat(process: &Process) -> Vec<String> {
        let line = fs::read_to_string(format!("/proc/{}/stat", process.0.id())).unwrap();
        let (_, after_name) = line.rsplit_once(')').unwrap();
        after_name.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn no_signal_can_be_aimed_at_init_the_own_group_or_everyone() {
        for raw in [0, 1, u32::MAX, i32::MAX as u32 + 1] {
            assert_eq!(ChildPid::new(raw), None, "{raw}");
        }
        assert!(ChildPid::new(2).is_some());
    }

    #[test]
    fn a_frozen_child_stands_until_thawed() {
        let mut process = sleeper();
        process.freeze();
        assert_eq!(stat(&process)[0], "T");
        process.thaw();
        assert_ne!(stat(&process)[0], "T");
        process.freeze();
        process.kill();
        assert!(!process.is_running());
    }

    #[test]
    fn a_child_leads_its_group_and_outlives_the_thread_that_asked_for_it() {
        let mut process = thread::spawn(sleeper).join().unwrap();
        assert_eq!(stat(&process)[2], process.0.id().to_string(), "process group");
        assert!(process.is_running());
    }

    #[test]
    fn a_dropped_child_is_gone_with_its_forks() {
        let mut command = command("sh");
        command.args(["-c", "sleep 60 & echo $!; wait"]).stdout(std::process::Stdio::piped());
        let mut process = Process::spawn(command).unwrap();
        let mut fork = String::new();
        let mut stdout = io::BufReader::new(process.child().stdout.take().unwrap());
        io::BufRead::read_line(&mut stdout, &mut fork).unwrap();
        drop(process);
        // The pipe ends when its last holder has died, and the fork holds it too.
        assert_eq!(io::Read::read_to_end(&mut stdout, &mut Vec::new()).unwrap(), 0);
    }

    #[test]
    fn only_descendants_get_a_signal() {
        let mut command = command("sh");
        command.args(["-c", "sleep 60 & echo $!; wait"]).stdout(std::process::Stdio::piped());
        let mut process = Process::spawn(command).unwrap();
        let mut fork = String::new();
        let mut stdout = io::BufReader::new(process.child().stdout.take().unwrap());
        io::BufRead::read_line(&mut stdout, &mut fork).unwrap();
        let other = sleeper();
        for stranger in [0, 1, std::process::id(), other.0.id(), u32::MAX] {
            assert!(!process.signal_descendant(stranger, Signal::KILL), "{stranger}");
        }
        assert!(process.signal_descendant(fork.trim().parse().unwrap(), Signal::KILL));
        assert!(process.child().wait().is_ok(), "the shell waits for its fork, which is gone");
    }

    #[test]
    #[should_panic(expected = "the child has ended")]
    fn an_ended_child_gets_no_signal() {
        let mut process = sleeper();
        process.kill();
        process.signal(Signal::TERM);
    }
}
