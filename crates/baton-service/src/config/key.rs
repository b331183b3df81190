//! Every key there is. A key says who would turn it and how they would know; what nobody turns is a constant.

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// `section.name`, as in the file.
    pub name: &'static str,
    pub environment: &'static str,
    pub default: &'static str,
    pub shape: Shape,
    /// Who would turn it, and why.
    pub about: &'static str,
}

/// What a value must look like, as far as it can be said here; domain types check the rest where they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    /// May carry a password, which is never shown.
    Url,
    Switch,
    Number {
        min: u64,
        max: u64,
    },
    /// `250ms`, `30s`, `5m`, `2h`.
    Span,
    /// `127.0.0.1:8000`.
    Address,
    /// The same, or nothing.
    AddressOrNone,
    List,
    OneOf(&'static [&'static str]),
}

impl Key {
    /// The key of that name.
    pub fn named(name: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.name == name)
    }
}

macro_rules! keys {
    ($($name:literal, $environment:literal, $default:literal, $shape:expr, $about:literal;)*) => {
        /// The keys, by section.
        pub const KEYS: &[Key] = &[$(Key {
            name: $name, environment: $environment, default: $default, shape: $shape, about: $about,
        }),*];
    };
}

use Shape::{Address, AddressOrNone, List, Number, OneOf, Span, Switch, Text, Url};

keys! {
    "redis.url", "BATON_REDIS_URL", "redis://127.0.0.1:6379", Url,
        "Everyone whose Redis is not on this host. redis://, rediss:// with TLS, unix:, redis+sentinel:// or \
         redis+cluster://; give passwords through the environment.";
    "redis.namespace", "BATON_REDIS_NAMESPACE", "baton", Text,
        "Who runs two deployments on one Redis: what every key begins with. The same in all processes of a fleet.";
    "redis.shards", "BATON_REDIS_SHARDS", "1", Number { min: 1, max: 4096 },
        "Who runs on a Redis Cluster. Fixed when the namespace is made; a process told otherwise does not start.";
    "gateway.listen", "BATON_LISTEN", "127.0.0.1:8000", Address,
        "Who asks from other hosts, or has two gateways on one. Port 0 takes a free one.";
    "gateway.auth", "BATON_AUTH", "none", OneOf(&["none"]),
        "Nobody yet: without logins everyone who reaches the gateway may do everything.";
    "gateway.allow_insecure_bind", "BATON_ALLOW_INSECURE_BIND", "false", Switch,
        "Who knows that only trusted hosts reach this address: without it a gateway without logins listens on \
         loopback addresses only.";
    "gateway.allowed_hosts", "BATON_ALLOWED_HOSTS", "", List,
        "Who asks this gateway by a name: host names that requests may carry, beside loopback names. It keeps pages \
         of other sites out.";
    "gateway.drain_timeout", "BATON_GATEWAY_DRAIN_TIMEOUT", "25s", Span,
        "Who sees requests cut off at a shutdown: how long those that run may take. Keep it below the supervisor's \
         own limit.";
    "log.filter", "BATON_LOG", "info", Text,
        "Who looks for a fault: error, warn, info, debug, trace, or by module: info,baton_store=debug.";
    "log.format", "BATON_LOG_FORMAT", "auto", OneOf(&["auto", "pretty", "json"]),
        "Who feeds logs to a machine from a terminal, or the other way round: auto is pretty on a terminal, and one \
         JSON object per line otherwise.";
    "worker.queues", "BATON_WORKER_QUEUES", "default", List,
        "Everyone with more than one queue: what this worker claims from.";
    "worker.slots", "BATON_WORKER_SLOTS", "4", Number { min: 1, max: 150 },
        "Who sees idle processors while tasks wait, or too many handlers at once: tasks run at the same time.";
    "worker.kind", "BATON_WORKER_KIND", "default", Text,
        "Who wants to tell workers apart: the last part of the worker's id.";
    "worker.lease", "BATON_WORKER_LEASE", "30s", Span,
        "Who needs tasks of a dead worker sooner, or has a slow way to Redis: how long a silent worker keeps its tasks.";
    "worker.drain_timeout", "BATON_WORKER_DRAIN_TIMEOUT", "30s", Span,
        "Who sees tasks handed back at a shutdown: how long running handlers may take to finish.";
    "worker.exec_dir", "BATON_WORKER_EXEC_DIR", "", Text,
        "Who writes handlers as programs: the directory they are in. Empty: there are none.";
    "worker.admin_listen", "BATON_ADMIN_LISTEN", "", AddressOrNone,
        "Who has probes or Prometheus look at workers: where the worker answers them. Empty: nowhere.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_have_a_section() {
        for (at, key) in KEYS.iter().enumerate() {
            assert!(key.name.split_once('.').is_some_and(|(_, name)| !name.contains('.')), "{}", key.name);
            assert!(key.environment.starts_with("BATON_"), "{}", key.environment);
            assert!(key.about.ends_with('.'), "{}", key.name);
            let twin = |other: &&Key| other.name == key.name || other.environment == key.environment;
            assert!(KEYS[..at].iter().find(twin).is_none(), "{}", key.name);
        }
    }

    #[test]
    fn every_default_fits_its_shape() {
        for key in KEYS {
            assert_eq!(key.shape.check(key.default), Ok(()), "{}", key.name);
        }
    }
}
