//! A Redis that has stopped answering: whoever sits there is told, and soon.

use std::time::{Duration, Instant};

use baton_testkit::process::Signal;
use rustix::process::{Pid, kill_process};

use crate::fleet::Fleet;

/// Twice the patience of a gateway with its Redis, for machines that are busy.
const SOON: Duration = Duration::from_secs(8);

#[test]
#[expect(clippy::disallowed_methods, reason = "how long somebody sits there is what this is about")]
fn a_redis_that_is_frozen_is_told_of_within_seconds() {
    let mut fleet = Fleet::start(&["--workers", "1"]);
    let task = fleet.fine(&["task", "submit", "noop", "--wait", "-o", "name"]);
    let redis = Frozen::new(redis_of(&mut fleet));
    for words in [
        &["task", "ls"][..],
        &["queue", "ls"],
        &["worker", "ls"],
        &["task", "get", task.trim()],
        &["task", "submit", "noop"],
        &["queue", "pause", "default"],
    ] {
        let begun = Instant::now();
        let ran = fleet.run(words);
        assert_eq!((ran.code, ran.out.as_str()), (Some(7), ""), "{words:?}: {ran:?}");
        assert!(ran.err.starts_with("error: Redis does not answer at the moment."), "{words:?}: {ran:?}");
        assert!(ran.err.contains("baton healthcheck --ready"), "{words:?}: {ran:?}");
        assert!(begun.elapsed() < SOON, "{words:?} took {:?}", begun.elapsed());
    }
    drop(redis);
    assert_eq!(fleet.fine(&["task", "get", task.trim(), "-o", "name"]), task);
}

/// The one of its children that is called so.
fn redis_of(fleet: &mut Fleet) -> u32 {
    let name = |id: &u32| std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
    let is_redis = |id: &u32| ["redis-server", "valkey-server"].contains(&name(id).trim());
    fleet.descendants().into_iter().find(is_redis).unwrap()
}

/// A process that does nothing as long as this lives.
struct Frozen(Pid);

impl Frozen {
    fn new(id: u32) -> Frozen {
        let process = Pid::from_raw(id.try_into().unwrap()).unwrap();
        kill_process(process, Signal::STOP).unwrap();
        Frozen(process)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}
