//! Network namespaces, joined to the one of Redis by a wire each. Nothing of them touches the machine's own network.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use baton_testkit::Launch;
use tempfile::TempDir;

/// The hosts of one test; gone with it.
pub(super) struct Net {
    /// The namespace of Redis, then those of the hosts.
    names: Vec<String>,
    /// Where the program stands that starts Redis within its namespace.
    place: TempDir,
}

const PORT: u16 = 6379;

fn ip(words: &[&str]) -> bool {
    Command::new("ip").args(words).output().is_ok_and(|output| output.status.success())
}

impl Net {
    /// `None` where this machine does not let us.
    pub(super) fn make(hosts: usize) -> Option<Net> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let run = format!("bt{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let place = TempDir::new().ok()?;
        let mut net = Net { names: Vec::new(), place };
        for number in 0..=hosts {
            let name = format!("{run}-{number}");
            if !ip(&["netns", "add", &name]) {
                return None;
            }
            net.names.push(name);
            let up = ["-n", &net.names[number], "link", "set", "lo", "up"];
            if !ip(&up) {
                return None;
            }
        }
        (1..=hosts).all(|host| net.wire(host)).then_some(net)
    }

    /// The ends are called `w<host>` on both sides.
    fn wire(&self, host: usize) -> bool {
        let (redis, name, wire) = (&self.names[0], &self.names[host], format!("w{host}"));
        let (near, far) = (format!("10.77.{host}.1/24"), format!("10.77.{host}.2/24"));
        ip(&["-n", redis, "link", "add", &wire, "type", "veth", "peer", "name", &wire, "netns", name])
            && ip(&["-n", redis, "addr", "add", &near, "dev", &wire])
            && ip(&["-n", name, "addr", "add", &far, "dev", &wire])
            && ip(&["-n", redis, "link", "set", &wire, "up"])
            && ip(&["-n", name, "link", "set", &wire, "up"])
    }

    /// A Redis within its namespace; the test itself reaches it by its socket.
    pub(super) fn launch(&self) -> Launch {
        let file = self.place.path().join("redis");
        let redis = baton_testkit::server::program();
        let script = format!("#!/bin/sh\nexec ip netns exec {} {} \"$@\"\n", self.names[0], redis.display());
        fs::write(&file, script).expect("a script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("an executable");
        let launch = Launch { binary: Some(file), ..Launch::default() };
        launch.tcp(PORT).with("bind", "0.0.0.0").with("protected-mode", "no")
    }

    /// The namespace of a host, from 0.
    pub(super) fn host(&self, host: usize) -> &str {
        &self.names[host + 1]
    }

    pub(super) fn redis_url(&self, host: usize) -> String {
        format!("redis://10.77.{}.1:{PORT}", host + 1)
    }

    /// From now on nothing comes through to a host or from it, and nobody is told so.
    pub(super) fn cut(&self, host: usize) {
        self.set(host, "down");
    }

    pub(super) fn mend(&self, host: usize) {
        self.set(host, "up");
    }

    fn set(&self, host: usize, state: &str) {
        let wire = format!("w{}", host + 1);
        assert!(ip(&["-n", &self.names[0], "link", "set", &wire, state]), "{wire} {state}");
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&["netns", "del", name]);
        }
    }
}
