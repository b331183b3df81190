//! Which machine this is, and whether a process that somebody spoke of is still the same.
//!
//! Process numbers mean something within one boot of one kernel, and there within one namespace of processes; both
//! together are a machine here. Elsewhere than on Linux it has no name, and nobody is declared dead.

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// Empty where it cannot be told.
pub(super) fn name() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    match (boot.trim(), space.to_str().and_then(inode)) {
        ("", _) | (_, None) => String::new(),
        (boot, Some(inode)) => format!("{boot}.{inode}"),
    }
}

/// Of `pid:[4026531836]`.
fn inode(link: &str) -> Option<&str> {
    link.strip_prefix("pid:[")?.strip_suffix(']')
}

/// When a process began, in ticks of its kernel.
pub(super) fn start_of(pid: u32) -> Option<String> {
    stat(pid).map(|(_, start)| start)
}

/// The state of a process and when it began: the first and the twentieth field behind the name, which may hold anything.
fn stat(pid: u32) -> Option<(String, String)> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let behind_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let mut fields = str::from_utf8(&stat[behind_name..]).ok()?.split_ascii_whitespace();
    Some((fields.next()?.to_owned(), fields.nth(18)?.to_owned()))
}

/// Has the process of this number and beginning surely ended? One that we may not look at has not.
pub(super) fn is_gone(pid: &str, start: &str) -> bool {
    let Some(number) = pid.parse::<i32>().ok().filter(|pid| *pid > 1) else { return false };
    let Some(pid) = Pid::from_raw(number) else { return false };
    // No signal is sent: it only asks. A zombie has ended, and waits for somebody to ask how.
    test_kill_process(pid) == Err(Errno::SRCH)
        || stat(number.unsigned_abs())
            .is_some_and(|(state, now)| state == "Z" || !start.is_empty() && now != start)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_machine_has_one_name_and_processes_have_a_beginning() {
        assert!(name().len() > 36, "{}", name());
        assert_eq!(name(), name());
        assert!(start_of(std::process::id()).unwrap().parse::<u64>().unwrap() > 0);
        assert_eq!(start_of(u32::MAX), None);
    }

    #[test]
    fn only_who_has_surely_ended_is_gone() {
        let own = std::process::id().to_string();
        let start = start_of(std::process::id()).unwrap();
        assert!(!is_gone(&own, &start) && !is_gone(&own, ""), "it lives");
        assert!(is_gone(&own, "1"), "its number belongs to somebody else by now");
        assert!(is_gone(&i32::MAX.to_string(), &start), "no kernel gives that number");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let (number, its) = (child.id().to_string(), start_of(child.id()).unwrap());
        while !is_gone(&number, &its) {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        for nonsense in ["", "1", "0", "-1", "x"] {
            assert!(!is_gone(nonsense, &start), "{nonsense}");
        }
    }
}
