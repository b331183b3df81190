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
    /// The same, or nothing.
    SpanOrNone,
    /// `64KiB`, `512MiB`, `2GiB`, or nothing.
    BytesOrNone,
    /// The same, within bounds.
    SpanWithin {
        min_ms: u64,
        max_ms: u64,
    },
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

use Shape::{
    Address, AddressOrNone, BytesOrNone, List, Number, OneOf, Span, SpanOrNone, SpanWithin, Switch, Text, Url,
};

/// A length of time within bounds, in seconds.
const fn within(min_s: u64, max_s: u64) -> Shape {
    Shape::SpanWithin { min_ms: min_s * 1_000, max_ms: max_s * 1_000 }
}

const HOUR: u64 = 3_600;

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
    "gateway.auth", "BATON_AUTH", "auto", OneOf(&["auto", "none", "required"]),
        "Who serves more than this host: required asks everyone for a credential, none lets everyone who reaches the \
         gateway do everything. auto requires one where auth.secret_file is given.";
    "gateway.allow_insecure_bind", "BATON_ALLOW_INSECURE_BIND", "false", Switch,
        "Who knows that only trusted hosts reach this address: without it a gateway without logins listens on \
         loopback addresses only.";
    "gateway.allowed_hosts", "BATON_ALLOWED_HOSTS", "", List,
        "Who asks this gateway by a name: host names that requests may carry, beside loopback names. It keeps pages \
         of other sites out.";
    "gateway.base_path", "BATON_BASE_PATH", "", Text,
        "Who has the dashboard below a path of a site, behind a proxy: that path, as /ops/baton. The proxy may leave it in \
         requests, or take it away.";
    "gateway.instance", "BATON_INSTANCE", "", Text,
        "Who has several deployments open side by side: what every page of this one is headed with, as production.";
    "gateway.colour", "BATON_COLOUR", "none", OneOf(&["none", "red", "amber", "green", "blue", "violet"]),
        "The same, for whoever looks before he reads: the colour of the line at the top of every page.";
    "gateway.drain_timeout", "BATON_GATEWAY_DRAIN_TIMEOUT", "25s", Span,
        "Who sees requests cut off at a shutdown: how long those that run may take. Keep it below the supervisor's \
         own limit.";
    "gateway.rate_limit", "BATON_RATE_LIMIT", "", Text,
        "Who has clients that ask too often: requests of one principal in a time, over all gateways, as 600/60s. Workers \
         and probes are not counted. Empty: as many as come. The same on every gateway.";
    "webhooks.allow_private", "BATON_WEBHOOKS_ALLOW_PRIVATE", "false", Switch,
        "Who has receivers of webhooks in his own networks: without it only public addresses are posted to. The same on \
         every gateway.";
    "auth.secret_file", "BATON_AUTH_SECRET_FILE", "", Text,
        "Everyone who requires logins: the file with the secrets that seal tokens, the same on every gateway. \
         `baton init` writes one. A line is `<number> <32 bytes in base64url>`; the first one seals, all are accepted.";
    "auth.bootstrap_file", "BATON_AUTH_BOOTSTRAP_FILE", "", Text,
        "Whoever begins: a file by `baton init`, of which the first administrator and the first API key are made while \
         there is no user. It holds hashes only, and can be deleted afterwards.";
    "auth.issuer", "BATON_AUTH_ISSUER", "", Text,
        "Everyone who requires logins: the address under which clients know this fleet, as https://baton.example. It \
         stands in every access token; the same on every gateway.";
    "auth.state_dir", "BATON_AUTH_STATE_DIR", "", Text,
        "Who runs without logins and without a home directory: where the secret of such a gateway is kept. Empty: \
         baton under $XDG_STATE_HOME, else under ~/.local/state.";
    "auth.clients_file", "BATON_AUTH_CLIENTS_FILE", "", Text,
        "Who has programs of others refresh tokens by OAuth: a TOML file with a [[client]] for each, of id, \
         secret_sha256, policy, scopes, grants, first_party. Empty: there are none.";
    "auth.signing_keys", "BATON_AUTH_SIGNING_KEYS", "", List,
        "Who keeps the keys that sign access tokens himself: PEM files, the first one signs. Empty: the gateways make \
         and change keys, and keep them sealed in Redis.";
    "auth.keys_rotate_every", "BATON_AUTH_KEYS_ROTATE_EVERY", "720h", within(HOUR, 8_760 * HOUR),
        "Who must change signing keys more often: for how long one of those that the gateways make signs.";
    "auth.access_ttl", "BATON_AUTH_ACCESS_TTL", "15m", within(60, HOUR),
        "Who weighs refreshes against how long a stolen access token is good for: for how long it lives.";
    "auth.jwt_leeway", "BATON_AUTH_JWT_LEEWAY", "30s", within(0, 60),
        "Who has hosts with clocks that differ: by how much an access token may seem too old or too new.";
    "auth.idle_ttl", "BATON_AUTH_IDLE_TTL", "168h", within(60, 8_760 * HOUR),
        "Who wants people to log in more or less often: how long a session lives without being used.";
    "auth.absolute_ttl", "BATON_AUTH_ABSOLUTE_TTL", "720h", within(60, 8_760 * HOUR),
        "The same: how long a session lives at most, however often it is used.";
    "auth.sessions_max", "BATON_AUTH_SESSIONS_MAX", "50", Number { min: 1, max: 1_000 },
        "Who has users with many devices: sessions of one user. One more ends the oldest.";
    "auth.refresh_leeway", "BATON_AUTH_REFRESH_LEEWAY", "30s", within(0, 300),
        "Who sees sessions end by themselves: for how long after a refresh the previous token is refused without ending \
         its session. 0: any reuse ends it.";
    "auth.cookie_leeway", "BATON_AUTH_COOKIE_LEEWAY", "5m", within(30, 300),
        "The same for the dashboard, whose tabs refresh at the same time and get the same token.";
    "auth.retry_window", "BATON_AUTH_RETRY_WINDOW", "10m", within(10, HOUR),
        "Who has clients on bad networks: for how long a refresh may be repeated under its Idempotency-Key.";
    "auth.on_reuse", "BATON_AUTH_ON_REUSE", "revoke_family", OneOf(&["revoke_family", "revoke_user", "deny"]),
        "Who wants a stolen token to end more, or nothing: what ends when a token comes again, too late or too old.";
    "auth.heal_max_ahead", "BATON_AUTH_HEAL_MAX_AHEAD", "16", Number { min: 0, max: 64 },
        "Who lost writes of Redis: how many refreshes a session may be ahead of what Redis remembers. 0: none.";
    "auth.refresh_rate", "BATON_AUTH_REFRESH_RATE", "20", Number { min: 1, max: 100_000 },
        "Who has a client in a loop: refreshes of one session in a second, of one gateway. 15 times as many may come \
         at once.";
    "auth.login_per_user", "BATON_AUTH_LOGIN_PER_USER", "10", Number { min: 1, max: 10_000 },
        "Who sees passwords guessed, or people kept out: tries to log in as one user in 15 minutes, of all gateways.";
    "auth.login_per_ip", "BATON_AUTH_LOGIN_PER_IP", "30", Number { min: 1, max: 60_000 },
        "The same: tries from one address in a minute.";
    "auth.trusted_proxies", "BATON_AUTH_TRUSTED_PROXIES", "", List,
        "Who has a proxy in front: its networks, as 10.0.0.0/8. Only from there X-Forwarded-For is believed.";
    "auth.hash_slots", "BATON_AUTH_HASH_SLOTS", "0", Number { min: 0, max: 256 },
        "Who has little memory, or many logins: passwords that are hashed at a time, each in 19 MiB. 0: one per core.";
    "auth.password_min_length", "BATON_AUTH_PASSWORD_MIN_LENGTH", "12", Number { min: 8, max: 128 },
        "Who must ask for longer passwords: characters of a new one.";
    "auth.ticket_ttl", "BATON_AUTH_TICKET_TTL", "30s", within(1, 300),
        "Who has browsers that take long to open the live feed: how long a ticket for it lives.";
    "auth.join_ttl", "BATON_AUTH_JOIN_TTL", "10m", within(10, 24 * HOUR),
        "Who starts workers slowly, or hands codes over by hand: how long a worker's join token and a code for a new \
         password live.";
    "auth.key_cache", "BATON_AUTH_KEY_CACHE", "5s", within(0, 60),
        "Who wants revoked API keys refused sooner, at one more question to Redis: how long a key is remembered.";
    "auth.store_timeout", "BATON_AUTH_STORE_TIMEOUT", "500ms", SpanWithin { min_ms: 50, max_ms: 10_000 },
        "Who has a slow way to Redis: how long a login or a refresh waits for it before it answers 503.";
    "auth.revocation_max_staleness", "BATON_AUTH_REVOCATION_MAX_STALENESS", "15m", within(5, HOUR),
        "Who would rather stop than accept a token that may have been revoked: how long tokens are accepted while \
         Redis cannot be reached.";
    "auth.revocation_durable", "BATON_AUTH_REVOCATION_DURABLE", "false", Switch,
        "Who must not lose a logout in a failover: it is answered only when a replica has it.";
    "auth.cors_origins", "BATON_AUTH_CORS_ORIGINS", "", List,
        "Who has pages on another site ask this gateway with tokens: origins, each in full, as https://app.example.";
    "log.filter", "BATON_LOG", "info", Text,
        "Who looks for a fault: error, warn, info, debug, trace, or by module: info,baton_store=debug.";
    "log.format", "BATON_LOG_FORMAT", "auto", OneOf(&["auto", "pretty", "json"]),
        "Who feeds logs to a machine from a terminal, or the other way round: auto is pretty on a terminal, and one \
         JSON object per line otherwise.";
    "worker.queues", "BATON_WORKER_QUEUES", "default", List,
        "Everyone with more than one queue: what this worker claims from; with worker.queue_order = weighted each may have a \
         weight, as in mail=3.";
    "worker.queue_order", "BATON_WORKER_QUEUE_ORDER", "priority", OneOf(&["priority", "listed", "weighted"]),
        "Who has queues that matter more than others. priority: by priority and age over all of them; listed: nothing of a \
         queue while one named before it has something; weighted: by chance, as often as their weights say.";
    "worker.slots", "BATON_WORKER_SLOTS", "4", Number { min: 1, max: 150 },
        "Who sees idle processors while tasks wait, or too many handlers at once: tasks run at the same time.";
    "worker.kinds", "BATON_WORKER_KINDS", "", List,
        "Who has handlers that only some hosts may run: the kinds of task that this worker offers to run. Empty: all \
         that it has handlers for.";
    "worker.kind", "BATON_WORKER_KIND", "default", Text,
        "Who wants to tell workers apart: the last part of the worker's id.";
    "worker.lease", "BATON_WORKER_LEASE", "30s", Span,
        "Who needs tasks of a dead worker sooner, or has a slow way to Redis: how long a silent worker keeps its tasks.";
    "worker.drain_timeout", "BATON_WORKER_DRAIN_TIMEOUT", "30s", Span,
        "Who sees tasks handed back at a shutdown: how long running handlers may take to finish.";
    "worker.exec_dir", "BATON_WORKER_EXEC_DIR", "", Text,
        "Who writes handlers as programs: the directory they are in. Empty: there are none.";
    "worker.exec_memory", "BATON_WORKER_EXEC_MEMORY", "", BytesOrNone,
        "Who runs programs that may eat all memory: address space of each process of a handler, as 512MiB. What a runtime \
         reserves and never touches counts too. Empty: no limit.";
    "worker.exec_cpu", "BATON_WORKER_EXEC_CPU", "0", Number { min: 0, max: 86_400 },
        "Who runs programs that may spin for ever: seconds on a processor of each process of a handler. 0: no limit.";
    "worker.exec_files", "BATON_WORKER_EXEC_FILES", "0", Number { min: 0, max: 1_048_576 },
        "Who runs programs that may leak open files: how many each process of a handler may have open. 0: no limit.";
    "worker.admin_listen", "BATON_ADMIN_LISTEN", "", AddressOrNone,
        "Who has probes or Prometheus look at workers: where the worker answers them. Empty: nowhere.";
    "supervisor.enabled", "BATON_SUPERVISOR_ENABLED", "true", Switch,
        "Who runs workers under something that replaces dead processes itself, such as Kubernetes: false makes \
         baton-worker one worker in one process.";
    "supervisor.pool", "BATON_SUPERVISOR_POOL", "default", Text,
        "Who has hosts for different work: the pool to which this supervisor attends, also the last part of its \
         workers' ids. All supervisors of a pool share its workers out among them.";
    "supervisor.auto_start", "BATON_SUPERVISOR_AUTO_START", "true", Switch,
        "Who wants to start the workers by hand: whether a pool runs from the beginning. Once somebody has started or \
         stopped it, that counts.";
    "supervisor.count", "BATON_SUPERVISOR_COUNT", "2", Number { min: 0, max: 1_000 },
        "Who has more cores or hosts: how many workers the pool has, on all hosts together. Once somebody has scaled \
         it, that counts.";
    "supervisor.max_count", "BATON_SUPERVISOR_MAX_COUNT", "64", Number { min: 1, max: 1_000 },
        "Who has a small or a large host: how many workers this supervisor runs at most, whatever the pool's size.";
    "supervisor.concurrency", "BATON_SUPERVISOR_CONCURRENCY", "0", Number { min: 0, max: 150 },
        "The same as worker.slots, for the workers of the pool. 0: as worker.slots says.";
    "supervisor.queues", "BATON_SUPERVISOR_QUEUES", "", List,
        "The same as worker.queues, for the workers of the pool. Empty: as worker.queues says.";
    "supervisor.kinds", "BATON_SUPERVISOR_KINDS", "", List,
        "The same as worker.kinds, for the workers of the pool. Empty: as worker.kinds says.";
    "supervisor.health_check_interval", "BATON_SUPERVISOR_HEALTH_CHECK_INTERVAL", "5s",
        SpanWithin { min_ms: 100, max_ms: 300_000 },
        "Who has workers that grow quickly: how often their memory is looked at.";
    "supervisor.restart_on_failure", "BATON_SUPERVISOR_RESTART_ON_FAILURE", "true", Switch,
        "Who wants to look at a dead worker before another one comes: false leaves its place empty, and the pool \
         degraded, until somebody starts the pool again.";
    "supervisor.max_restarts", "BATON_SUPERVISOR_MAX_RESTARTS", "10", Number { min: 0, max: 1_000 },
        "Who has workers that need several tries: after how many deaths in a row, of workers that got nothing done, a \
         place is given up. The pool is degraded then, until somebody starts it again.";
    "supervisor.recycle_after_tasks", "BATON_SUPERVISOR_RECYCLE_AFTER_TASKS", "0", Number { min: 0, max: 1_000_000_000 },
        "Who has handlers that leak: after how many tasks a worker is replaced, once it has finished what it runs. 0: \
         never.";
    "supervisor.max_rss", "BATON_SUPERVISOR_MAX_RSS", "", BytesOrNone,
        "The same: above how much memory a worker is replaced, as 512MiB. One that has twice as much is killed. Empty: \
         no limit.";
    "supervisor.drain_timeout", "BATON_SUPERVISOR_DRAIN_TIMEOUT", "", SpanOrNone,
        "The same as worker.drain_timeout, for the workers of the pool. Empty: as worker.drain_timeout says.";
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
