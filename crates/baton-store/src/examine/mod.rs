//! A look at the server and at what lies in it, as a physician looks: many small questions, each bounded and with a time of
//! its own, none of which changes anything. What a question finds is a [`Finding`]; one that cannot be asked, because Redis
//! is away or the user of the connection may not, is `unknown` and says what to do.

mod ask;
mod data;
mod namespace;
mod patch;
mod queues;
mod server;
mod slow;

use std::time::Duration;

use baton_core::doctor::{Check, Finding, Verdict};

use crate::store::{Options, Store};
pub(crate) use ask::{Seen, Unseen, words};

/// For one check, repeats and all.
const PATIENCE: Duration = Duration::from_secs(2);

/// For one that looks at many things: so long, and then it tells what it has seen.
const ENOUGH: Duration = Duration::from_millis(1_500);

pub(crate) const REDIS: Check = Check::new("redis", "reach");
const VERSION: Check = Check::new("redis", "version");
const MEMORY: Check = Check::new("redis", "memory");
const EVICTION: Check = Check::new("redis", "eviction");
const PERSISTENCE: Check = Check::new("redis", "persistence");
const REPLICATION: Check = Check::new("redis", "replication");
const SLOW: Check = Check::new("redis", "slow_scripts");
const NAMESPACE: Check = Check::new("data", "namespace");
const SCRIPTS: Check = Check::new("data", "scripts");
const RIGHTS: Check = Check::new("data", "rights");
const QUEUES: Check = Check::new("data", "queue_memory");
const STREAMS: Check = Check::new("data", "streams");
const BEHIND: Check = Check::new("data", "written_behind");
const LEASES: Check = Check::new("data", "leases");

/// Everything that is looked at here, in the order in which it is told.
pub const CHECKS: [Check; 14] = [
    REDIS,
    VERSION,
    MEMORY,
    EVICTION,
    PERSISTENCE,
    REPLICATION,
    SLOW,
    NAMESPACE,
    SCRIPTS,
    RIGHTS,
    QUEUES,
    STREAMS,
    BEHIND,
    LEASES,
];

/// What to do about a Redis that does not answer.
const AWAY: &str = "start it, or mend the way to it; BATON_REDIS_URL says where it is looked for";

/// What to do about a right that is missing.
const MAY_NOT: &str = "`baton redis-acl` prints users that may look; or run `baton doctor` as another user";

/// What was seen.
#[derive(Debug)]
pub struct Examined {
    /// Redis answers at all.
    pub answers: bool,
    pub findings: Vec<Finding>,
}

impl Store {
    /// A store that is not checked and into which nothing was written: to examine what cannot be opened.
    pub fn unopened(options: Options) -> Result<Store, crate::Error> {
        Store::connect(options)
    }

    /// Looks at everything. Where Redis does not answer at all, the other questions are not asked.
    pub async fn examine(&self) -> Examined {
        let reach = within(REDIS, server::reach(self)).await;
        if reach.verdict == Verdict::Unknown {
            let away = REDIS.fail(reach.found, reach.advice);
            let rest = CHECKS.iter().skip(1).map(|check| not_asked(*check));
            return Examined { answers: false, findings: std::iter::once(away).chain(rest).collect() };
        }
        let (of_server, slow, namespace, scripts, rights) = tokio::join!(
            server::look(self),
            within(SLOW, slow::look(self)),
            within(NAMESPACE, namespace::look(self)),
            within(SCRIPTS, namespace::scripts(self)),
            within(RIGHTS, namespace::rights(self)),
        );
        let (queues, streams, behind, leases) = tokio::join!(
            within(QUEUES, queues::look(self)),
            within(STREAMS, data::streams(self)),
            within(BEHIND, data::behind(self)),
            within(LEASES, data::leases(self)),
        );
        let rest = [slow, namespace, scripts, rights, queues, streams, behind, leases];
        let findings = std::iter::once(reach).chain(of_server).chain(rest).collect();
        Examined { answers: true, findings }
    }
}

/// What is told of a check where Redis does not answer.
pub fn not_asked(check: Check) -> Finding {
    check.unknown("not looked at: Redis does not answer", AWAY)
}

/// One look, within its time.
pub(crate) async fn within(check: Check, look: impl Future<Output = Seen<Finding>>) -> Finding {
    match tokio::time::timeout(PATIENCE, look).await {
        Ok(Ok(finding)) => finding,
        Ok(Err(Unseen::Denied(what))) => {
            check.unknown(format!("may not look: its user may not run {what}"), MAY_NOT)
        }
        Ok(Err(Unseen::Away(why))) => check.unknown(format!("not seen: {why}"), AWAY),
        Ok(Err(Unseen::Odd(why))) => check.unknown(format!("not understood: {why}"), "look with redis-cli"),
        Err(_) => check.unknown(format!("no answer within {} s", PATIENCE.as_secs()), AWAY),
    }
}

/// Whether a look at many things came to its end while there was time; what it has noted until then stays noted.
async fn in_time(look: impl Future<Output = Seen<()>>) -> Seen<bool> {
    match tokio::time::timeout(ENOUGH, look).await {
        Ok(ended) => ended.map(|()| true),
        Err(_) => Ok(false),
    }
}

/// What is told where there was no time to see anything.
fn nothing_in_time() -> Unseen {
    Unseen::Away(format!("no answer within {:.1} s", ENOUGH.as_secs_f64()))
}

/// `1.2 GB`, with three digits.
pub(crate) fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1_000.0 {
            return if unit == "B" { format!("{count} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1_000.0;
    }
    format!("{value:.1} TB")
}

/// `12 s`, `5 m`, `3 h`, `2 d`: how long ago.
pub(crate) fn age(ms: u64) -> String {
    match ms / 1_000 {
        s @ 0..=119 => format!("{s} s"),
        s @ 120..=7_199 => format!("{} m", s / 60),
        s @ 7_200..=172_799 => format!("{} h", s / 3_600),
        s => format!("{} d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_have_few_digits() {
        let sizes = [0, 999, 1_000, 1_500_000, 2_000_000_000, 3_000_000_000_000].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "1.5 MB", "2.0 GB", "3.0 TB"]);
        assert_eq!([5_000, 600_000, 7_200_000, 400_000_000].map(age), ["5 s", "10 m", "2 h", "4 d"]);
    }

    #[test]
    fn each_check_is_told_once() {
        let mut names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CHECKS.len());
    }
}
