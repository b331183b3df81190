//! The scripts, compiled into the binary: each is its own text behind the shebang of its class and the parts of
//! `lua/lib` that it names. Old and new binaries share one Redis, and each runs the text it was tested with.

use std::sync::LazyLock;

use baton_core::limits;

use crate::meter;

/// One script as it is sent to Redis.
#[derive(Debug)]
pub struct Script {
    /// `noun/verb`, as its file is called.
    pub name: &'static str,
    pub source: &'static str,
    pub text: String,
    pub sha: String,
    /// Under which its calls are timed.
    pub(crate) series: metrics::Key,
}

macro_rules! texts {
    ($dir:literal: $($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../../lua/", $dir, $name, ".lua")))),*]
    };
}

const LIBRARY: &[(&str, &str)] = texts! { "lib/":
    "words" "prelude" "session" "gate" "lifecycle" "batch" "move" "endings" "lease" "takeover" "claim" "refused" "settle" "once" "operate" "rows" "chores"
    "groups" "audit" "bands" "quota" "create" "edges" "graph" "rerun" "flow" "cascade" "prune" "schedule" "cache" "trail" "webhook"
};

const SOURCES: &[(&str, &str)] = texts! { "":
    "namespace/open" "namespace/import" "shard/export" "shard/import" "shard/open" "shard/probe" "shard/ends" "shard/tick"
    "shard/facts" "shard/behind" "shard/audit" "shard/repair"
    "task/submit" "task/claim" "task/settle" "task/progress" "task/log" "task/log_read"
    "task/cancel" "task/rerun" "task/promote" "task/reprioritise"
    "task/read" "task/refused" "task/history" "task/list" "task/running" "task/values"
    "task/link" "task/unlink" "task/edges" "task/parents" "task/audit" "task/sides" "flow/submit" "flow/begin" "flow/list" "flow/tasks" "flow/kinds" "flow/open" "shard/cascade"
    "queue/pause" "queue/set" "queue/counts" "queue/hint"
    "pool/attend" "pool/leave" "pool/set" "pool/list" "pool/remove"
    "gateway/seen" "gateway/leave" "gateway/list"
    "schedule/put" "schedule/fire" "schedule/trigger" "schedule/pause" "schedule/remove" "schedule/list"
    "kind/put" "kind/remove" "kind/list"
    "operation/begin" "operation/take" "operation/step" "operation/cancel" "operation/list" "trail/note" "trail/list"
    "webhook/put" "webhook/change" "webhook/remove" "webhook/list" "webhook/follow" "webhook/take" "webhook/settle"
    "webhook/deliveries"
    "series/read" "series/depth" "error/list" "error/tasks" "error/silence" "error/silenced"
    "token/rotate" "token/login" "token/end" "token/sessions" "token/standing" "token/user" "token/user_change"
    "token/password" "token/attempt" "token/gate" "token/meter" "token/key" "token/key_change" "token/revoked" "token/ring"
    "token/signing_keys" "token/note"
    "worker/register" "worker/renew" "worker/deregister" "worker/direct" "worker/list" "worker/held" "worker/number"
};

static ALL: LazyLock<Vec<Script>> =
    LazyLock::new(|| SOURCES.iter().map(|(name, source)| Script::assemble(name, source)).collect());

impl Script {
    /// Every script, whole and with its SHA-1.
    pub fn all() -> &'static [Script] {
        &ALL
    }

    /// One short word for all scripts together: processes that say the same one run the same texts.
    pub fn digest_of_all() -> String {
        let mut hash = sha1_smol::Sha1::new();
        ALL.iter().for_each(|script| hash.update(script.sha.as_bytes()));
        let mut text = hash.digest().to_string();
        text.truncate(12);
        text
    }

    /// Whether it is about logins: about keys that only gateways may touch.
    pub fn is_of_logins(&self) -> bool {
        is_of_logins(self.name)
    }

    /// Those that a process needs which keeps logins, or keeps none.
    pub(crate) fn needed(logins: bool) -> impl Iterator<Item = &'static Script> {
        ALL.iter().filter(move |script| logins || !script.is_of_logins())
    }

    fn assemble(name: &'static str, source: &'static str) -> Script {
        let mut text = String::from(shebang(source));
        text.push('\n');
        // Scripts of logins touch no shard.
        let first: &[&str] = if is_of_logins(name) { &["words"] } else { &["words", "prelude"] };
        for part in first.iter().copied().chain(header_words(source, "USES")) {
            text.push_str(library(part));
        }
        text.push_str(source);
        let text = limits::inline(&text);
        let sha = sha1_smol::Sha1::from(&text).digest().to_string();
        Script { name, source, text, sha, series: meter::series(name) }
    }

    /// How many keys the header names, and whether more may follow.
    pub fn declared_keys(&self) -> (usize, bool) {
        let lines = section(self.source, "KEYS");
        let fixed = lines.iter().filter(|line| !optional_key(line) && !variadic(line)).count();
        (fixed, lines.len() > fixed)
    }

    /// How many arguments the header numbers, and whether more follow them.
    pub fn declared_arguments(&self) -> (usize, bool) {
        let lines = section(self.source, "ARGV");
        let more = self.source.contains("then of each")
            || self.source.contains("then their ids")
            || self.source.contains("pairs of the record follow");
        (lines.len(), more)
    }
}

fn is_of_logins(name: &str) -> bool {
    name.starts_with("token/")
}

fn optional_key(line: &str) -> bool {
    line.contains("only with ")
}

fn variadic(line: &str) -> bool {
    line.split_whitespace().next().is_some_and(|number| number.ends_with('+'))
}

fn shebang(source: &str) -> &'static str {
    match header_words(source, "CLASS").next() {
        Some("grow") => "#!lua",
        Some("read") => "#!lua flags=no-writes",
        // Draining goes on when Redis is full: it is what makes room.
        _ => "#!lua flags=allow-oom",
    }
}

/// The words behind `-- NAME` in the header.
fn header_words<'a>(source: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let line =
        source.lines().find_map(|line| line.strip_prefix("-- ")?.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_default().split_whitespace()
}

/// The numbered lines of a section of the header.
fn section<'a>(source: &'a str, name: &str) -> Vec<&'a str> {
    let heading = format!("-- {name}");
    source
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| line.starts_with("--   "))
        .map(|line| line.trim_start_matches('-').trim_start())
        .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
        .collect()
}

fn library(part: &str) -> &'static str {
    LIBRARY
        .iter()
        .find(|(name, _)| *name == part)
        .map_or("error('BROKEN unknown part of lua/lib')\n", |(_, text)| text)
}

/// The script of this name.
pub(crate) fn script(name: &str) -> &'static Script {
    #[expect(clippy::expect_used, reason = "names are literals; the contract test calls every one")]
    ALL.iter().find(|script| script.name == name).expect("a script of that name")
}

/// The commands that the scripts of shards call, in the order of the alphabet.
pub fn inner_commands() -> Vec<&'static str> {
    called(|script| !script.is_of_logins())
}

/// Those that the scripts of logins call.
pub fn login_commands() -> Vec<&'static str> {
    called(Script::is_of_logins)
}

fn called(which: impl Fn(&Script) -> bool) -> Vec<&'static str> {
    let scripts = ALL.iter().filter(|script| which(script));
    let mut commands: Vec<&str> = scripts
        .flat_map(|script| script.text.split("redis.call('").skip(1))
        .filter_map(|rest| rest.split('\'').next())
        .collect();
    commands.sort_unstable();
    commands.dedup();
    commands
}

/// Each of these commands as the probe asks for it: with a key of ours where its key belongs.
pub(crate) fn probes(commands: &[&str], key: &str) -> Vec<Vec<String>> {
    let with = |command: &str| match command {
        "TIME" => vec![],
        "XADD" => vec![key, "*", "field", "value"],
        "ZADD" => vec![key, "1", "member"],
        "HSET" | "HSETNX" => vec![key, "field", "value"],
        "HINCRBY" => vec![key, "field", "1"],
        "SET" => vec![key, "value"],
        "HGETALL" | "GET" | "GETDEL" | "DEL" | "UNLINK" | "EXISTS" | "HLEN" | "ZCARD" | "XLEN" | "PTTL" => {
            vec![key]
        }
        "XTRIM" => vec![key, "MINID", "1"],
        "XRANGE" | "XREVRANGE" | "ZRANGE" | "ZREMRANGEBYRANK" | "ZREMRANGEBYSCORE" | "GETRANGE" => {
            vec![key, "0", "1"]
        }
        "RENAME" => vec![key, key],
        // A field or a member.
        _ => vec![key, "one"],
    };
    let probe = |command: &str| [command].into_iter().chain(with(command)).map(str::to_owned).collect();
    commands.iter().map(|command| probe(command)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_that_a_script_names_exists() {
        for script in Script::all() {
            assert!(!script.text.contains("BROKEN unknown part"), "{}", script.name);
            assert!(script.text.starts_with("#!lua"), "{}", script.name);
        }
    }

    #[test]
    fn headers_say_how_many_keys_and_arguments_there_are() {
        let claim = script("task/claim");
        assert_eq!(claim.declared_keys(), (6, true));
        assert_eq!(claim.declared_arguments(), (9, true));
        assert_eq!(script("task/submit").declared_keys(), (4, true));
        assert_eq!(script("worker/deregister").declared_keys(), (5, false));
        assert_eq!(script("worker/deregister").declared_arguments(), (3, false));
    }
}
