//! The system: what is wrong with it and what to do, the server, the shards, the scripts; and keys, one by one.

use askama::Template;
use baton_api::doctor::{Doctor, Examined, Verdict};
use baton_api::gateway::{Gateway, GatewayState, Gateways};
use baton_api::redis::{RedisCheck, RedisKey, RedisKeys, RedisScript, RedisScripts, RedisServer};

use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// How the deployment does.
#[derive(Debug, Template)]
#[template(path = "system.html", blocks = ["live"])]
pub struct SystemPage {
    pub shell: Shell,
    pub doctor: Doctor,
    /// None where Redis does not answer.
    pub server: Option<RedisServer>,
    pub scripts: Option<RedisScripts>,
    /// None where they could not be read.
    pub gateways: Option<Gateways>,
    /// Where it was asked for; none in it where it could not be done.
    pub check: Option<Option<RedisCheck>>,
}

/// The forms of keys, and one key.
#[derive(Debug, Template)]
#[template(path = "redis_keys.html", blocks = ["live"])]
pub struct KeysPage {
    pub shell: Shell,
    pub keys: RedisKeys,
    /// What was asked for; empty if nothing was.
    pub asked: String,
    pub key: Option<RedisKey>,
    /// Why there is no key to show.
    pub refused: Option<String>,
}

pages!(SystemPage, KeysPage);

/// The parts of an examination, and what they are called.
const AREAS: [(&str, &str); 4] =
    [("redis", "Redis"), ("data", "What lies in it"), ("fleet", "The fleet"), ("gateway", "This gateway")];

/// Which mark stands beside a verdict.
pub fn mark(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "completed",
        Verdict::Unknown => "pending",
        Verdict::Warn => "blocked",
        Verdict::Fail => "failed",
    }
}

/// `round trip`, as people read it.
pub fn name(name: impl AsRef<str>) -> String {
    words::line(name.as_ref().replace('_', " "))
}

/// `1.2 MB`, with a thin space.
pub fn bytes(count: impl std::borrow::Borrow<u64>) -> String {
    let count = *count.borrow();
    let mut value = count as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 1_000.0 || unit == "TB" {
            let digits = usize::from(unit != "B");
            return format!("{value:.digits$}\u{202f}{unit}");
        }
        value /= 1_000.0;
    }
    String::new()
}

impl SystemPage {
    /// One sentence on all of it.
    fn summary(&self) -> String {
        let count = |verdict| self.doctor.checks.iter().filter(|check| check.verdict == verdict).count();
        let told = [
            (Verdict::Fail, "fail"),
            (Verdict::Warn, "warn"),
            (Verdict::Unknown, "cannot be seen"),
            (Verdict::Ok, "are well"),
        ];
        let parts =
            told.map(|(verdict, words)| (count(verdict), words)).into_iter().filter(|(count, _)| *count > 0);
        parts.map(|(count, words)| format!("{count} {words}")).collect::<Vec<_>>().join(", ")
    }

    fn areas(&self) -> Vec<(&'static str, &'static str, Vec<&Examined>)> {
        let of =
            |area: &str| self.doctor.checks.iter().filter(|check| check.area == area).collect::<Vec<_>>();
        let areas = AREAS.into_iter().map(|(area, title)| (area, title, of(area)));
        areas.filter(|(.., checks)| !checks.is_empty()).collect()
    }

    /// Those that took the most time first.
    fn busiest(&self) -> Vec<&RedisScript> {
        let mut scripts: Vec<&RedisScript> = self.scripts.iter().flat_map(|all| &all.scripts).collect();
        scripts.sort_by(|one, other| other.total_ms.total_cmp(&one.total_ms).then(one.name.cmp(&other.name)));
        scripts
    }

    fn may_look(&self) -> bool {
        self.shell.may("admin")
    }
}

/// How a gateway is shown.
pub fn verdict_of(gateway: &Gateway) -> &'static Verdict {
    match gateway.state {
        GatewayState::Serving => &Verdict::Ok,
        GatewayState::Draining => &Verdict::Unknown,
        GatewayState::Silent => &Verdict::Warn,
    }
}

/// What it said of itself, if it did.
pub fn told(word: &Option<String>) -> String {
    word.as_ref().map_or_else(|| words::UNKNOWN.to_owned(), words::line)
}

/// `+12 ms`: ahead of Redis. What is off so far that it matters is told by the doctor.
pub fn clock(gateway: &Gateway) -> String {
    gateway.clock.map_or_else(|| words::UNKNOWN.to_owned(), |clock| format!("{:+}\u{202f}ms", clock.ahead_ms))
}

/// How long one call takes, on average.
pub fn mean(script: &RedisScript) -> String {
    match script.calls {
        0 => words::UNKNOWN.to_owned(),
        calls => format!("{:.2}\u{202f}ms", script.total_ms / calls as f64),
    }
}

/// How long all of its calls took.
pub fn total(script: &RedisScript) -> String {
    words::took(script.total_ms as u64)
}

impl KeysPage {
    fn may_look(&self) -> bool {
        self.shell.may("admin")
    }

    /// What its size counts.
    fn unit(&self) -> &'static str {
        match self.key.as_ref().map(|key| key.kind.as_str()) {
            Some("hash") => "fields",
            Some("zset" | "list" | "set") => "members",
            Some("stream") => "entries",
            _ => "bytes",
        }
    }

    /// Only a form without a gap is a key by itself.
    fn is_key(&self, pattern: impl AsRef<str>) -> bool {
        !pattern.as_ref().contains(['<', '…'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit() {
        let of = |count: u64| bytes(count).replace('\u{202f}', " ");
        assert_eq!(
            [0, 999, 1_500, 2_000_000, 3_200_000_000].map(of),
            ["0 B", "999 B", "1.5 kB", "2.0 MB", "3.2 GB"]
        );
    }

    #[test]
    fn names_are_words() {
        assert_eq!(name("written_behind"), "written behind");
        assert_eq!(mark(&Verdict::Fail), "failed");
    }
}
