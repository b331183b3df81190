//! Rights in Redis: what each kind of process needs and no more, from the scripts themselves.
//!
//! Workers that speak to Redis are trusted with the tasks of all shards. What logins are made of they cannot touch: the
//! tags of shards are hex numbers, and those of logins begin with `u`.

use baton_core::Namespace;

use crate::script::{inner_commands, login_commands};

/// A user of Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// What it is for; also its name.
    pub name: &'static str,
    /// As in `ACL SETUSER`, without a password.
    pub rules: String,
    /// Who connects as it.
    pub about: &'static str,
}

/// Commands beside those of the scripts: to come in, to run scripts, and to look. CLIENT SETINFO, which the library sends
/// and needs no answer to, is left out: Redis 7.0 does not know it, and takes no user whose rules name it.
const BESIDE: &[&str] = &[
    "CLIENT|SETNAME",
    "CLUSTER|SHARDS",
    "CLUSTER|SLOTS",
    "EVALSHA",
    "EXISTS",
    "INFO",
    "PING",
    "SCRIPT|EXISTS",
    "SCRIPT|LOAD",
];

/// What is sent outside scripts about shards.
const SHARDS: &[&str] = &["BLPOP", "HGET", "XRANGE", "XREAD", "XREVRANGE", "ZCARD", "ZRANGE"];

/// What is sent outside scripts about logins.
const LOGINS: &[&str] = &[
    "EXISTS", "GETDEL", "HGETALL", "HMGET", "SET", "TIME", "WAIT", "XRANGE", "XREAD", "ZADD", "ZRANGE",
    "ZREM",
];

/// What only looks, for `baton doctor`, `baton redis`, `baton audit` and `baton export`. Gateways alone: the log of slow commands has arguments of all, and a
/// scan names all keys. Without them everything works, and those who look are told what they may not see.
const LOOKING: &[&str] = &[
    "ACL|WHOAMI",
    "DBSIZE",
    "GET",
    "HLEN",
    "HSCAN",
    "LLEN",
    "LRANGE",
    "MEMORY|USAGE",
    "PTTL",
    "SCAN",
    "SLOWLOG|GET",
    "STRLEN",
    "TIME",
    "TYPE",
    "XINFO|STREAM",
    "ZSCAN",
];

/// The users of a deployment.
pub fn users(namespace: &Namespace) -> Vec<User> {
    let meta = format!("~{namespace}:meta");
    let shards = format!("~{namespace}:{{[0-9a-f]*}}:*");
    let everything = format!("~{namespace}:*");
    vec![
        User {
            name: "baton-gateway",
            rules: rules(
                &[&everything],
                &[BESIDE, SHARDS, LOGINS, LOOKING, &inner_commands(), &login_commands()],
            ),
            about: "gateways: tasks and logins",
        },
        User {
            name: "baton-worker",
            rules: rules(&[&meta, &shards], &[BESIDE, SHARDS, &inner_commands()]),
            about: "workers that speak to Redis: tasks, and nothing of logins",
        },
    ]
}

fn rules(keys: &[&str], commands: &[&[&str]]) -> String {
    let mut commands: Vec<String> =
        commands.iter().flat_map(|some| some.iter()).map(|command| command.to_lowercase()).collect();
    commands.sort_unstable();
    commands.dedup();
    let allowed = commands.iter().map(|command| format!("+{command}"));
    let keys = keys.iter().map(|key| (*key).to_owned());
    ["resetchannels".to_owned(), "-@all".to_owned()]
        .into_iter()
        .chain(keys)
        .chain(allowed)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_get_nothing_of_logins() {
        let users = users(&Namespace::default());
        let worker = users.iter().find(|user| user.name == "baton-worker").unwrap();
        assert!(
            worker.rules.starts_with("resetchannels -@all ~baton:meta ~baton:{[0-9a-f]*}:* +"),
            "{worker:?}"
        );
        assert!(!worker.rules.contains("getdel") && !worker.rules.contains("~baton:*"));
        assert!(worker.rules.contains(" +evalsha ") && worker.rules.contains(" +xadd"));
    }
}
