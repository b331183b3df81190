//! The section `supervisor` of the configuration, and what the workers of a supervisor are given of it.

use std::fmt;
use std::time::Duration;

use baton_core::{Kind, PoolName};
use baton_service::config::{Bytes, KEYS, Span, Values};

use super::rules::Rules;
use crate::engine::Weighted;

/// Variables that are a supervisor's own: where its configuration is, who it is to clients, and its service manager.
const OWN: [&str; 10] = [
    "BATON_API_KEY",
    "BATON_CONFIG",
    "BATON_TOKEN",
    "BATON_URL",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
];

/// Sections that a worker reads.
const SECTIONS: [&str; 3] = ["redis.", "worker.", "log."];

/// What a supervisor is told when it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Otherwise this process is the one worker.
    pub enabled: bool,
    pub pool: PoolName,
    pub auto_start: bool,
    pub count: u64,
    pub health_every: Duration,
    pub(super) rules: Rules,
    pub(super) environment: Variables,
}

/// They may hold a password.
#[derive(Clone)]
pub(super) struct Variables(pub(super) Vec<(&'static str, String)>);

impl fmt::Debug for Variables {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Settings {
    pub(crate) fn read(values: &mut Values) -> Settings {
        let pool: PoolName = values.parse("supervisor.pool");
        let drain = values.optional::<Span>("supervisor.drain_timeout").map(|span| span.0);
        let drain = drain.unwrap_or_else(|| values.span("worker.drain_timeout"));
        let rules = Rules {
            max_count: values.parse("supervisor.max_count"),
            restart_on_failure: values.parse("supervisor.restart_on_failure"),
            max_restarts: values.parse("supervisor.max_restarts"),
            recycle_after_tasks: values.parse("supervisor.recycle_after_tasks"),
            max_rss_bytes: values.optional::<Bytes>("supervisor.max_rss").map_or(0, |bytes| bytes.0),
            drain_ms: drain.as_millis() as u64,
            ..Rules::default()
        };
        // Only to be told of mistakes: the workers read them.
        let _: Vec<Weighted> = values.list("supervisor.queues");
        let _: Vec<Kind> = values.list("supervisor.kinds");
        Settings {
            enabled: values.parse("supervisor.enabled"),
            auto_start: values.parse("supervisor.auto_start"),
            count: values.parse("supervisor.count"),
            health_every: values.span("supervisor.health_check_interval"),
            rules,
            environment: Variables(environment(values, &pool)),
            pool,
        }
    }

    /// What a worker must not inherit.
    pub(super) fn hidden() -> Vec<&'static str> {
        KEYS.iter().map(|key| key.environment).chain(OWN).collect()
    }
}

/// The configuration of a worker, whole: it reads no file.
fn environment(values: &mut Values, pool: &PoolName) -> Vec<(&'static str, String)> {
    let mut text = |name: &str| values.read(name, |text| Ok::<_, std::convert::Infallible>(text.to_owned()));
    let read = KEYS.iter().filter(|key| SECTIONS.iter().any(|section| key.name.starts_with(section)));
    let mut all = Vec::new();
    for key in read {
        let own = match key.name {
            "worker.slots" => Some(text("supervisor.concurrency")).filter(|text| text != "0"),
            "worker.queues" => Some(text("supervisor.queues")),
            "worker.kinds" => Some(text("supervisor.kinds")),
            "worker.drain_timeout" => Some(text("supervisor.drain_timeout")),
            "worker.kind" => Some(pool.to_string()),
            // The supervisor answers for all of them.
            "worker.admin_listen" => continue,
            _ => None,
        };
        let value = own.filter(|own| !own.is_empty()).unwrap_or_else(|| text(key.name));
        all.push((key.environment, value));
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use baton_service::config::{Sources, resolve};

    use super::*;

    fn told(environment: &[(&str, &str)]) -> Settings {
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut values = resolve(&Sources { environment, ..Sources::default() });
        let settings = Settings::read(&mut values);
        values.finish().unwrap();
        settings
    }

    fn given(settings: &Settings) -> BTreeMap<&str, &str> {
        settings.environment.0.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    #[test]
    fn workers_are_given_what_the_supervisor_was() {
        let settings = told(&[
            ("BATON_REDIS_URL", "redis://baton:hunter2@host:1"),
            ("BATON_WORKER_QUEUES", "media, mail"),
            ("BATON_WORKER_DRAIN_TIMEOUT", "7s"),
            ("BATON_ADMIN_LISTEN", "127.0.0.1:9"),
            ("BATON_SUPERVISOR_POOL", "media"),
        ]);
        let given = given(&settings);
        assert_eq!(given["BATON_REDIS_URL"], "redis://baton:hunter2@host:1");
        assert_eq!((given["BATON_WORKER_QUEUES"], given["BATON_WORKER_SLOTS"]), ("media, mail", "4"));
        assert_eq!((given["BATON_WORKER_DRAIN_TIMEOUT"], given["BATON_WORKER_KIND"]), ("7s", "media"));
        assert!(!given.contains_key("BATON_ADMIN_LISTEN") && !given.contains_key("BATON_SUPERVISOR_POOL"));
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert_eq!(settings.rules.drain_ms, 7_000);
    }

    #[test]
    fn what_is_said_for_the_pool_wins() {
        let settings = told(&[
            ("BATON_WORKER_SLOTS", "9"),
            ("BATON_SUPERVISOR_CONCURRENCY", "3"),
            ("BATON_SUPERVISOR_QUEUES", "a,b"),
            ("BATON_SUPERVISOR_KINDS", "resize"),
            ("BATON_SUPERVISOR_DRAIN_TIMEOUT", "250ms"),
            ("BATON_SUPERVISOR_MAX_RSS", "64MiB"),
        ]);
        let given = given(&settings);
        assert_eq!((given["BATON_WORKER_SLOTS"], given["BATON_WORKER_QUEUES"]), ("3", "a,b"));
        assert_eq!((given["BATON_WORKER_KINDS"], given["BATON_WORKER_DRAIN_TIMEOUT"]), ("resize", "250ms"));
        assert_eq!((settings.rules.drain_ms, settings.rules.max_rss_bytes), (250, 64 << 20));
    }

    #[test]
    fn nothing_of_the_supervisor_s_own_is_inherited() {
        let hidden = Settings::hidden();
        for name in ["BATON_CONFIG", "NOTIFY_SOCKET", "BATON_SUPERVISOR_COUNT", "BATON_AUTH_SECRET_FILE"] {
            assert!(hidden.contains(&name), "{name}");
        }
    }
}
