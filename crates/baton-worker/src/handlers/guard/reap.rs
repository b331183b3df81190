//! Everything that descends from this process, found and ended: a guard ends all of it, a supervisor what is nobody's.

use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

/// Makes this process the one that orphans among its descendants fall to.
#[cfg(target_os = "linux")]
pub(crate) fn adopt_orphans() -> std::io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn adopt_orphans() -> std::io::Result<()> {
    Ok(())
}

/// Kills and reaps children until there are none: the children of each one that dies become ours, and their turn
/// comes. A child's number is its own until it is reaped, and only we reap it, so no signal goes astray.
pub(super) fn end_all() {
    while has_children() {
        let children = children();
        let hit = children.into_iter().filter(|child| kill_process(*child, Signal::KILL).is_ok()).count();
        // What is left belongs to another user, and waiting for it could take for ever.
        if hit == 0 {
            return;
        }
        let _ = wait(WaitOptions::empty());
    }
}

/// Reaps those that have ended; are there others?
fn has_children() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// Our own children, those that fell to us included.
#[cfg(target_os = "linux")]
pub(crate) fn children() -> Vec<Pid> {
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    numbers.filter(|number| parent(*number) == Some(own)).filter_map(Pid::from_raw).collect()
}

/// The second field behind the name, which may itself hold spaces and parentheses.
#[cfg(target_os = "linux")]
fn parent(process: i32) -> Option<i32> {
    let stat = std::fs::read(format!("/proc/{process}/stat")).ok()?;
    let behind_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let fields = str::from_utf8(&stat[behind_name..]).ok()?;
    fields.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Orphans do not fall to us here; the program's group, which was killed before, is all there is.
#[cfg(not(target_os = "linux"))]
pub(crate) fn children() -> Vec<Pid> {
    Vec::new()
}
