//! Finds a Redis server for the tests, or installs the system's package.
//!
//! Only the program is needed: each test starts its own private server. No daemon is started here, and one that a
//! package starts by itself is not used.

use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::{apt, command};

const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    product: String,
    major: u32,
    minor: u32,
    text: String,
}

impl Server {
    /// Reads `Redis server v=7.0.15 sha=0…` or `Valkey server v=8.1.0 sha=0…`. A distribution may ship the second under
    /// the first one's name.
    fn parse(line: &str) -> Option<Self> {
        let product = line.split_whitespace().next()?.to_owned();
        let text = line.split_whitespace().find_map(|word| word.strip_prefix("v="))?.to_owned();
        let mut numbers = text.split('.').map(str::parse);
        let (major, minor) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(Self { product, major, minor, text })
    }

    /// Scripts declare flags in their first line, which Redis reads since 7.0; Valkey began at 7.2.
    fn is_enough(&self) -> bool {
        let floor = match self.product.as_str() {
            "Redis" => (7, 0),
            "Valkey" => (7, 2),
            _ => return false,
        };
        (self.major, self.minor) >= floor
    }
}

impl fmt::Display for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.product, self.text)
    }
}

/// A server that is good enough and is here already.
pub(crate) fn find() -> Result<Server> {
    let found = installed();
    if let Some(server) = found.iter().find(|server| server.is_enough()) {
        return Ok(server.clone());
    }
    for server in &found {
        println!("== redis: {server} is installed, but Baton needs Redis 7.0 or Valkey 7.2");
    }
    let line = line_for_this_system();
    bail!("this needs redis-server 7.0 or newer (or valkey-server); to install it, type:\n\n    {line}\n")
}

/// The same, installed first when that can be done without asking.
pub(crate) fn ensure() -> Result<Server> {
    let missing = match find() {
        Ok(server) => return Ok(server),
        Err(error) => error,
    };
    if !apt::is_ours() {
        return Err(missing);
    }
    println!("== redis: no redis-server 7.0 or newer here; installing the system's package");
    apt::install("redis-server")?;
    let found = installed();
    found.iter().find(|server| server.is_enough()).cloned().context(
        "the package of this system is too old or missing; put redis-server 7.0 or newer, or valkey-server, on the PATH",
    )
}

/// The name under which a server that is good enough is found.
pub(crate) fn program() -> Result<&'static str> {
    let is_enough = |program: &&str| version_of(program).is_some_and(|server| server.is_enough());
    PROGRAMS.into_iter().find(is_enough).context("no server here is new enough")
}

fn installed() -> Vec<Server> {
    PROGRAMS.iter().filter_map(|program| version_of(program)).collect()
}

fn version_of(program: &str) -> Option<Server> {
    command::answer(program, &["--version"]).and_then(|line| Server::parse(&line))
}

const APT: &str = "sudo apt-get update && sudo apt-get install -y --no-install-recommends redis-server";

fn line_for_this_system() -> &'static str {
    line_to_type(std::env::consts::OS, &fs::read_to_string("/etc/os-release").unwrap_or_default())
}

fn line_to_type(system: &str, os_release: &str) -> &'static str {
    if system == "macos" {
        return "brew install redis";
    }
    for name in apt::names(os_release) {
        match name {
            "debian" | "ubuntu" => return APT,
            "fedora" | "rhel" | "centos" => return "sudo dnf install -y valkey",
            "arch" => return "sudo pacman -S --noconfirm valkey",
            "alpine" => return "sudo apk add redis",
            _ => {}
        }
    }
    "install Redis 7.0 or newer (or Valkey) with your system's package tool, so that redis-server is on the PATH"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, enough: Option<bool>) {
        assert_eq!(Server::parse(line).map(|server| server.is_enough()), enough, "{line}");
    }

    #[test]
    fn versions_are_read_and_compared() {
        check("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d", Some(true));
        check("Redis server v=6.2.14 sha=00000000:0 malloc=libc bits=64 build=1", Some(false));
        check("Redis server v=10.0.0 sha=00000000:0", Some(true));
        check("Valkey server v=7.2.5 sha=00000000:0", Some(true));
        check("Valkey server v=9.0.0 sha=00000000:0", Some(true));
        check("KeyDB server v=7.3.4 sha=00000000:0", Some(false));
        check("redis-server: command not found", None);
    }

    #[test]
    fn every_system_gets_a_line_it_understands() {
        assert_eq!(line_to_type("linux", "NAME=x\nID=debian\n"), APT);
        assert_eq!(line_to_type("linux", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), APT);
        assert!(line_to_type("linux", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n").contains("dnf"));
        assert!(line_to_type("linux", "ID=arch\n").contains("pacman"));
        assert!(line_to_type("linux", "ID=alpine\n").contains("apk"));
        assert!(line_to_type("macos", "").contains("brew"));
        assert!(line_to_type("linux", "").contains("package tool"));
    }
}
