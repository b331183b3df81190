//! Whose child is whose, as the kernel tells in `/proc`. Where there is none nobody is known to have children, and those of a
//! supervisor end by themselves when it is gone.

use std::fs;
use std::path::Path;

use rustix::process::Pid;
#[cfg(target_os = "linux")]
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The children of a process, whichever of its threads started them.
pub(super) fn children(of: Pid) -> Vec<Pid> {
    let threads = Path::new("/proc").join(of.as_raw_nonzero().to_string()).join("task");
    let threads = fs::read_dir(threads).into_iter().flatten().flatten();
    let texts = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    texts.flat_map(|text| text.split_whitespace().filter_map(pid).collect::<Vec<_>>()).collect()
}

/// A number that can only mean one process: not 1, and not 0 or less, which are groups and everyone.
pub(super) fn pid(text: &str) -> Option<Pid> {
    text.parse::<i32>().ok().filter(|number| *number > 1).and_then(Pid::from_raw)
}

/// Kills a child of `parent`, if it is one.
#[cfg(target_os = "linux")]
pub(super) fn kill_child(parent: Pid, child: Pid) -> bool {
    // Held before it is looked at: the number cannot become somebody else's between the look and the signal.
    let Ok(held) = pidfd_open(child, PidfdFlags::empty()) else { return false };
    children(parent).contains(&child) && pidfd_send_signal(held, Signal::KILL).is_ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn kill_child(parent: Pid, child: Pid) -> bool {
    let number = child.as_raw_nonzero().to_string();
    let told = std::process::Command::new("ps").args(["-o", "ppid=", "-p", &number]).output();
    let is_child = told.is_ok_and(|told| pid(String::from_utf8_lossy(&told.stdout).trim()) == Some(parent));
    is_child && rustix::process::kill_process(child, rustix::process::Signal::KILL).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_means_more_than_one_process() {
        for text in ["1", "0", "-1", "-7", "", "x", "99999999999"] {
            assert_eq!(pid(text), None, "{text}");
        }
        assert!(pid("2").is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_a_child_is_killed() {
        use std::process::{Command, Stdio};
        let ours = rustix::process::getpid();
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
        let number = pid(&child.id().to_string()).unwrap();
        assert!(children(ours).contains(&number));
        assert!(!kill_child(number, ours), "nobody is the child of its child");
        assert!(child.try_wait().unwrap().is_none());
        assert!(kill_child(ours, number));
        assert!(!child.wait().unwrap().success());
        assert!(!kill_child(ours, number), "it has ended");
    }
}
