//! The families of keys: what a person with `redis-cli` wants to know of a key. The tables of `keys.rs` say the same in prose, and
//! a test holds the two against each other.

use baton_core::Namespace;

/// Whether keys of a family end by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lives {
    /// Until a script removes it.
    Lasts,
    Expires,
    /// Some of them do.
    Either,
}

impl Lives {
    pub fn as_str(self) -> &'static str {
        match self {
            Lives::Lasts => "no",
            Lives::Expires => "yes",
            Lives::Either => "some",
        }
    }
}

/// What all keys of one form have in common.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// Behind the prefix of the shard; what stands in angle brackets differs from key to key.
    pub pattern: &'static str,
    pub kind: &'static str,
    pub holds: &'static str,
    /// The script that makes it.
    pub script: &'static str,
    pub lives: Lives,
    pub of: Of,
}

/// Where the keys of a family are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Namespace,
    Shard,
    /// What they hold is shown to nobody.
    Logins,
}

macro_rules! families {
    ($($of:ident $lives:ident $kind:ident $pattern:literal $script:literal $holds:literal;)*) => {
        /// All of them. A key is of the first family whose pattern fits.
        pub const FAMILIES: &[Family] = &[$(Family {
            pattern: $pattern, kind: stringify!($kind), holds: $holds, script: $script, lives: Lives::$lives, of: Of::$of,
        }),*];
    };
}

families! {
    Namespace Lasts hash "meta" "namespace/open" "the namespace: schema, number of shards, store id";
    Shard Lasts hash "meta" "shard/open" "the shard: schema, cursors of its chores, when it is ticked next, the last stall";
    Shard Lasts string "task:<id>:payload" "task/submit" "a payload over 64 bytes";
    Shard Either string "task:<id>:result" "task/settle" "a result over 64 bytes, or one that is kept for a time only";
    Shard Lasts string "task:<id>:error" "task/settle" "an error over 64 bytes";
    Shard Lasts string "task:<id>:reason" "task/settle" "a reason over 64 bytes";
    Shard Lasts string "task:<id>:tags" "task/submit" "tags over 64 bytes";
    Shard Lasts zset "task:<id>:history" "task/settle" "lines of its history that are long or late, by version";
    Shard Lasts stream "task:<id>:log" "task/log" "lines its handler wrote";
    Shard Lasts zset "task:<id>:refused" "task/settle" "the latest writes to it that were refused: <worker> <fence> <verb> <code>, by ms";
    Shard Lasts zset "task:<id>:parents" "task/submit" "what it waits for, in order";
    Shard Lasts zset "task:<id>:children" "task/submit" "what waits for it, in order";
    Shard Lasts zset "task:<id>:waiting" "task/submit" "children that still count on it";
    Shard Lasts zset "task:<id>:parked" "shard/cascade" "children that its bad end holds";
    Shard Lasts hash "task:<id>" "task/submit" "one task";
    Shard Lasts string "flow:<id>:key:<key>" "task/submit" "the live task of a dedupe key within the flow";
    Shard Lasts zset "flow:<id>:tasks" "flow/submit" "its tasks by position, parents first";
    Shard Lasts hash "flow:<id>" "flow/submit" "a flow: name, how many tasks of each status, what is done with it";
    Shard Lasts zset "flows" "flow/submit" "flows, by the ms they came";
    Shard Lasts zset "drafts" "flow/begin" "flows that are still being written, by the ms at which they are given up";
    Shard Lasts zset "cascades" "task/settle" "ends that are not passed on yet, and flows that are worked on, by ms";
    Shard Lasts string "queue:<name>:key:<key>" "task/submit" "the live task of a dedupe key";
    Shard Lasts zset "queue:<name>:pending" "task/submit" "ids in claim order: priority, then age";
    Shard Lasts zset "queue:<name>:blocked" "task/submit" "blocked tasks, by the ms they came there";
    Shard Lasts zset "queue:<name>:completed" "task/settle" "completed tasks, by the ms they came there";
    Shard Lasts zset "queue:<name>:failed" "task/settle" "failed tasks, by the ms they came there";
    Shard Lasts zset "queue:<name>:timeout" "task/settle" "timed out tasks, by the ms they came there";
    Shard Lasts zset "queue:<name>:cancelled" "task/cancel" "cancelled tasks, by the ms they came there";
    Shard Lasts zset "queue:<name>:waiting" "task/claim" "pending tasks whose group has no place: <group> <9 - priority><ms> <id>";
    Shard Lasts hash "queue:<name>:groups" "task/claim" "how many of each group run";
    Shard Lasts zset "queue:<name>:turns" "task/claim" "groups that take turns, by the turn of their next task";
    Shard Lasts zset "queue:<name>:starts" "task/claim" "starts that count against the queue's rate, by µs";
    Shard Lasts hash "queue:<name>" "task/submit" "a queue: pause, limits, retention, numbers of running and scheduled";
    Shard Lasts list "hints:<queue>" "task/submit" "a nudge for one idle claimer each, 16 at most";
    Shard Lasts zset "queues" "task/submit" "queue names, by the ms they appeared";
    Shard Lasts zset "scheduled" "task/submit" "ids by due time, ms";
    Shard Lasts zset "leases" "worker/register" "holders <worker>:<boot> by lease deadline, ms; 0 while it is reaped";
    Shard Lasts zset "held:<worker>:<boot>" "task/claim" "what a holder holds: id by run deadline, µs";
    Shard Lasts hash "worker:<id>" "worker/register" "a worker: current and past boots, lease length, host, slots";
    Shard Lasts zset "workers" "worker/register" "worker ids, by the ms they first registered";
    Shard Lasts zset "pools" "pool/attend" "pools of workers, by the ms they came";
    Shard Lasts zset "pool:<name>:supervisors" "pool/attend" "who attends to it, by the ms until which it counts";
    Shard Lasts hash "pool:<name>" "pool/set" "a pool: how many workers it is to have, whether it is to run";
    Shard Lasts hash "supervisor:<id>" "pool/attend" "what a supervisor last reported";
    Shard Lasts zset "gateways" "gateway/seen" "gateways, by the ms they were last seen";
    Shard Lasts hash "gateway:<id>" "gateway/seen" "what a gateway last said of itself";
    Shard Lasts zset "schedules:due" "schedule/put" "schedules that nobody owns, by the ms at which they are due";
    Shard Lasts zset "schedules:owned" "schedule/put" "schedules that somebody owns, by the ms at which they are due";
    Shard Lasts zset "schedules" "schedule/put" "schedules, in the order of the alphabet";
    Shard Lasts string "schedule:<name>:payload" "schedule/put" "the payload of its tasks, over 64 bytes";
    Shard Lasts hash "schedule:<name>" "schedule/put" "a schedule: its times, what its tasks are, how it did";
    Shard Lasts zset "kinds:declared" "kind/put" "kinds of which something is said, in the order of the alphabet";
    Shard Lasts hash "kind:<name>" "kind/put" "what is said of a kind, for tasks that say nothing themselves";
    Shard Expires string "cache:<digest>" "task/settle" "the task whose result answers the next submission of its words";
    Shard Lasts zset "operations:live" "operation/begin" "acts that go on, by the ms until which a gateway sees to them";
    Shard Lasts zset "operations" "operation/begin" "acts on many tasks, in the order in which they began";
    Shard Lasts string "operation:<id>:ids" "operation/begin" "the tasks that were named";
    Shard Lasts string "operation:<id>:piece" "operation/step" "the tasks that are acted on now";
    Shard Lasts hash "operation:<id>" "operation/begin" "an act: what is done, to which tasks, how far it is";
    Shard Lasts hash "webhooks:filters" "webhook/put" "what a shard knows of each webhook: version, id, state, of what it is told";
    Shard Lasts zset "webhooks" "webhook/put" "webhooks, in the order of the alphabet";
    Shard Lasts zset "webhook:<name>:due" "shard/behind" "deliveries that wait, by the ms of their next attempt";
    Shard Lasts zset "webhook:<name>:latest" "webhook/settle" "the latest 100 attempts, by ms";
    Shard Lasts hash "webhook:<name>:tries" "webhook/settle" "how often deliveries that wait have failed";
    Shard Lasts hash "webhook:<name>:counts" "webhook/settle" "how many deliveries went how, and since when all fail";
    Shard Lasts hash "webhook:<name>" "webhook/put" "a webhook: where it is told of what, and how it does";
    Shard Lasts stream "trail" "trail/note" "what operators did, the latest 10,000 entries";
    Shard Expires string "op:<id>" "task/submit" "the remembered answer of a call";
    Shard Lasts zset "index:kinds" "shard/behind" "the 1,000 kinds that were submitted last, by ms";
    Shard Lasts zset "index:kind:<kind>" "shard/behind" "ended tasks of a kind, by the ms they were created";
    Shard Lasts zset "index:tag:<tag>" "shard/behind" "ended tasks of a tag, by the ms they were created";
    Shard Expires zset "index:worker:<id>" "shard/behind" "the newest ended tasks of a worker, by the ms they were created";
    Shard Expires hash "series:<resolution>:<ms>:<queue>" "shard/behind" "what happened to one queue in the bucket that begins then; * is the others together";
    Shard Expires hash "series:<resolution>:<ms>" "shard/behind" "what happened in the bucket of 10s, 5m or 1h that begins then";
    Shard Lasts hash "depths" "shard/behind" "how many tasks queues had by status when they were last looked at, and when";
    Shard Lasts hash "errors:silenced" "error/silence" "groups that draw no attention: until when, since when, who said so and why";
    Shard Lasts zset "errors" "shard/behind" "groups of failures by the ms they were last seen";
    Shard Expires zset "error:<fingerprint>:tasks" "shard/behind" "the latest tasks of a group by the ms they failed";
    Shard Expires hash "error:<fingerprint>:workers" "shard/behind" "how often workers saw it";
    Shard Expires hash "error:<fingerprint>" "shard/behind" "a group of failures: message, how often and when in each queue, and in its latest hours";
    Shard Lasts zset "importing" "shard/import" "parents that an import has named and not brought yet";
    Shard Lasts zset "events:marks" "shard/tick" "stream ids by the number of task events up to them";
    Shard Lasts stream "events" "task/submit" "one entry per call and kind of event";
    Logins Lasts hash "user" "token/user" "a user: epoch, roles, the hash of his password";
    Logins Expires hash "session:<sid>" "token/login" "one login: generation of its token, hash of its secret, scope, times";
    Logins Lasts zset "sessions" "token/login" "session ids by the ms of their absolute end";
    Logins Expires string "ended:<sid>" "token/end" "why a session ended";
    Logins Expires stream "notes" "token/note" "the latest 64 refresh tokens of a user that came once more";
    Logins Lasts zset "keys" "token/key" "ids of the API keys of this owner";
    Logins Expires string "gcra:login" "token/gate" "tries to log in, as a gate counts them";
    Logins Expires string "gcra:device:<sid>" "token/gate" "the same of a device";
    Logins Expires hash "failures" "token/attempt" "failed logins of a day";
    Logins Expires string "requests" "token/meter" "how many requests he sent of late, where there is a budget";
    Logins Lasts hash "key" "token/key" "an API key: the hash of its secret, its owner, scopes, worker";
    Logins Expires string "once" "-" "what a one-time code stands for";
    Logins Expires string "denied" "-" "an access token that was revoked by itself";
    Logins Lasts stream "revoked" "token/revoked" "what was revoked of late, for the gateways";
    Logins Lasts stream "alarms" "token/note" "the latest 1,000 refresh tokens that came so late that two may hold their sessions";
    Logins Lasts hash "jwks" "token/signing_keys" "sealed keys that sign access tokens, and their version";
    Logins Lasts hash "meta" "token/ring" "fingerprints of the keys that seal refresh tokens";
    Logins Lasts zset "users" "-" "user ids in the order of the alphabet";
}

/// A key taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known<'a> {
    pub family: &'static Family,
    /// With its colon at the end: `baton:{0}:`.
    pub prefix: &'a str,
    /// What is behind it.
    pub name: &'a str,
}

impl Family {
    /// As it stands in Redis, for one shard or one user.
    pub fn shown(&self, namespace: &Namespace) -> String {
        match self.of {
            Of::Namespace => format!("{namespace}:{}", self.pattern),
            Of::Shard => format!("{namespace}:{{0}}:{}", self.pattern),
            Of::Logins => format!("{namespace}:{{u…}}:{}", self.pattern),
        }
    }

    /// The family of a key of this namespace; `None` where it belongs to nothing.
    pub fn of<'a>(namespace: &Namespace, key: &'a str) -> Option<Known<'a>> {
        let rest = key.strip_prefix(namespace.as_str())?.strip_prefix(':')?;
        let (place, name) = match rest.strip_prefix('{') {
            Some(tagged) => {
                let (tag, name) = tagged.split_once("}:")?;
                let hex = !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
                (
                    if hex {
                        Of::Shard
                    } else if tag.starts_with('u') {
                        Of::Logins
                    } else {
                        return None;
                    },
                    name,
                )
            }
            None => (Of::Namespace, rest),
        };
        let family = FAMILIES.iter().find(|family| family.of == place && fits(family.pattern, name))?;
        Some(Known { family, prefix: key.strip_suffix(name)?, name })
    }

    /// What stands for the first part in angle brackets.
    pub fn part<'a>(&self, name: &'a str) -> Option<&'a str> {
        let (before, rest) = self.pattern.split_once('<')?;
        let (_, after) = rest.split_once('>')?;
        let name = name.strip_prefix(before)?;
        match after.split_once('<') {
            None => name.strip_suffix(after),
            Some((between, _)) => name.split_once(between).map(|(part, _)| part),
        }
    }

    /// The line that reads a key of it.
    pub fn line(&self, key: &str) -> String {
        line(self.kind, key)
    }
}

/// The line of `redis-cli` that reads a key of this type.
pub fn line(kind: &str, key: &str) -> String {
    let key = quoted(key);
    match kind {
        "hash" => format!("redis-cli HGETALL {key}"),
        "zset" => format!("redis-cli ZRANGE {key} 0 19 WITHSCORES"),
        "stream" => format!("redis-cli XREVRANGE {key} + - COUNT 10"),
        "list" => format!("redis-cli LRANGE {key} 0 -1"),
        "string" => format!("redis-cli GET {key}"),
        _ => format!("redis-cli TYPE {key}"),
    }
}

/// For a shell: nothing in a name does anything there.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A part in angle brackets stands for any text that is not empty.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('<') else { return pattern == name };
    let Some(name) = name.strip_prefix(before) else { return false };
    let after = rest.split_once('>').map_or("", |(_, after)| after);
    if after.is_empty() {
        return !name.is_empty();
    }
    let ends = name.char_indices().skip(1).map(|(at, _)| at);
    ends.into_iter().any(|at| fits(after, &name[at..]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn pattern(key: &str) -> Option<&'static str> {
        Family::of(&Namespace::default(), key).map(|known| known.family.pattern)
    }

    #[test]
    fn keys_are_of_the_family_that_their_form_says() {
        for (key, expected) in [
            ("baton:meta", "meta"),
            ("baton:{0}:task:0193", "task:<id>"),
            ("baton:{0a}:task:0193:payload", "task:<id>:payload"),
            ("baton:{0}:queue:a:b:pending", "queue:<name>:pending"),
            ("baton:{0}:queue:a:key:pending", "queue:<name>:key:<key>"),
            ("baton:{0}:queue:a", "queue:<name>"),
            ("baton:{0}:held:worker-001-a:b1", "held:<worker>:<boot>"),
            ("baton:{0}:series:10s:1700:a", "series:<resolution>:<ms>:<queue>"),
            ("baton:{u:abc}:session:x", "session:<sid>"),
            ("baton:{u}:jwks", "jwks"),
        ] {
            assert_eq!(pattern(key), Some(expected), "{key}");
        }
        for nothing in [
            "baton",
            "other:{0}:meta",
            "baton:{x}:meta",
            "baton:{0}:task:",
            "baton:{0}:",
            "baton:{0}:leftover",
            "baton:x",
        ] {
            assert_eq!(pattern(nothing), None, "{nothing}");
        }
        let known = Family::of(&Namespace::default(), "baton:{0}:queue:a:b:pending").unwrap();
        assert_eq!((known.prefix, known.family.part(known.name)), ("baton:{0}:", Some("a:b")));
    }

    #[test]
    fn a_name_does_nothing_in_a_shell() {
        assert_eq!(line("hash", "a'; rm -rf ~"), r"redis-cli HGETALL 'a'\''; rm -rf ~'");
    }

    /// A new key has a row in both, with the same type, and a script that exists.
    #[test]
    fn the_tables_of_the_schema_say_the_same() {
        let schema = include_str!("keys.rs");
        let rows = schema.lines().filter_map(|line| line.strip_prefix("//! | `baton:"));
        let mut written = BTreeSet::new();
        for row in rows {
            let mut cells = row.split(" | ");
            let (names, kinds) = (cells.next().unwrap(), cells.next().unwrap());
            let kinds: Vec<&str> = kinds.split(", ").collect();
            let mut front = String::new();
            for (at, name) in names.split('`').step_by(2).enumerate() {
                let name = name.trim_start_matches("baton:");
                // `:result` behind `task:<id>:payload` stands for `task:<id>:result`.
                let whole = match name.strip_prefix(':') {
                    Some(beside) if at > 0 => format!("{front}:{beside}"),
                    _ => name.to_owned(),
                };
                if at == 0 {
                    front = whole.clone();
                    front.truncate(front.rfind(':').unwrap_or(0));
                }
                let whole = whole.replace("index:kind:tag:", "index:tag:");
                let whole = whole.trim_start_matches("{0}:").to_owned();
                let whole = match whole.strip_prefix("T:").or(whole.split_once("}:").map(|(_, name)| name)) {
                    Some(name) => name.to_owned(),
                    None => whole,
                };
                written.insert((whole, (*kinds.get(at).unwrap_or(kinds.last().unwrap())).to_owned()));
            }
        }
        let statuses = ["blocked", "completed", "failed", "timeout", "cancelled"];
        for status in statuses {
            written.insert((format!("queue:<name>:{status}"), "zset".to_owned()));
        }
        written.remove(&("queue:<name>:<status>".to_owned(), "zset".to_owned()));
        let known: BTreeSet<(String, String)> =
            FAMILIES.iter().map(|family| (family.pattern.to_owned(), family.kind.to_owned())).collect();
        let only_written: Vec<_> = written.difference(&known).collect();
        let only_known: Vec<_> = known.difference(&written).collect();
        assert!(only_written.is_empty() && only_known.is_empty(), "{only_written:?} {only_known:?}");
        for family in FAMILIES.iter().filter(|family| family.script != "-") {
            assert!(
                crate::Script::all().iter().any(|script| script.name == family.script),
                "{}",
                family.script
            );
        }
    }
}
