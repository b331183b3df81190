//! The configuration of a worker process: the keys it reads, as values of its own types.

use std::path::PathBuf;
use std::time::Duration;

use baton_core::limits::CLAIM_QUEUES_MAX;
use baton_core::{Kind, LeaseLength, QueueName, ShardCount, WorkerId};
use baton_service::config::{Bytes, Flag, Problems, Sources, Values, resolve};
use baton_service::logging::Logging;
use baton_store::Options as StoreOptions;

use crate::engine::{QueueOrder, Weighted};
use crate::handlers::Limits;
use crate::supervisor::{Orders, Settings};

/// The flags of a worker. Each wins over the environment and the file.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// The configuration file [env: BATON_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where Redis is; give passwords through the environment [env: BATON_REDIS_URL]
    #[arg(long, value_name = "URL")]
    pub redis_url: Option<String>,
    /// The queues to claim from, with commas between [env: BATON_WORKER_QUEUES] [default: default]
    #[arg(long, value_name = "NAMES")]
    pub queues: Option<String>,
    /// Tasks run at the same time [env: BATON_WORKER_SLOTS] [default: 4]
    #[arg(long, value_name = "COUNT")]
    pub slots: Option<String>,
    /// The last part of the worker's id [env: BATON_WORKER_KIND] [default: default]
    #[arg(long, value_name = "WORD")]
    pub kind: Option<String>,
    /// How long a silent worker keeps its tasks [env: BATON_WORKER_LEASE] [default: 30s]
    #[arg(long, value_name = "TIME")]
    pub lease: Option<String>,
    /// How long running tasks may take to finish once the worker is to end [env: BATON_WORKER_DRAIN_TIMEOUT] [default: 30s]
    #[arg(long, value_name = "TIME")]
    pub drain_timeout: Option<String>,
    /// A directory of programs; each runs the tasks of the kind it is named after [env: BATON_WORKER_EXEC_DIR]
    #[arg(long, value_name = "DIRECTORY")]
    pub exec_dir: Option<String>,
    /// Where to answer /health, /ready and /metrics [env: BATON_ADMIN_LISTEN]
    #[arg(long, value_name = "ADDRESS")]
    pub admin_listen: Option<String>,
    #[command(flatten)]
    pub orders: Orders,
}

impl Flags {
    /// Those that stand for keys.
    pub fn given(&self) -> Vec<Flag> {
        given([
            ("redis.url", "--redis-url", &self.redis_url),
            ("worker.queues", "--queues", &self.queues),
            ("worker.slots", "--slots", &self.slots),
            ("worker.kind", "--kind", &self.kind),
            ("worker.lease", "--lease", &self.lease),
            ("worker.drain_timeout", "--drain-timeout", &self.drain_timeout),
            ("worker.exec_dir", "--exec-dir", &self.exec_dir),
            ("worker.admin_listen", "--admin-listen", &self.admin_listen),
        ])
    }
}

/// The flags of a process that keeps workers, beside those of a worker.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PoolFlags {
    /// The pool to keep workers of [env: BATON_SUPERVISOR_POOL] [default: default]
    #[arg(long, value_name = "NAME")]
    pub pool: Option<String>,
    /// How many workers it has while nobody has scaled it, on all hosts together [env: BATON_SUPERVISOR_COUNT] [default: 2]
    #[arg(long, value_name = "COUNT")]
    pub count: Option<String>,
    /// How many of them this process runs at most [env: BATON_SUPERVISOR_MAX_COUNT] [default: 64]
    #[arg(long, value_name = "COUNT")]
    pub max_count: Option<String>,
}

impl PoolFlags {
    /// Those that stand for keys.
    pub fn given(&self) -> Vec<Flag> {
        given([
            ("supervisor.pool", "--pool", &self.pool),
            ("supervisor.count", "--count", &self.count),
            ("supervisor.max_count", "--max-count", &self.max_count),
        ])
    }
}

fn given<const N: usize>(texts: [(&'static str, &'static str, &Option<String>); N]) -> Vec<Flag> {
    let given = |(key, flag, value): (&'static str, &'static str, &Option<String>)| {
        value.clone().map(|value| Flag { key, flag, value })
    };
    texts.into_iter().filter_map(given).collect()
}

/// What a worker process is told when it starts.
#[derive(Clone, Debug)]
pub struct Config {
    pub store: StoreOptions,
    pub queues: Vec<QueueName>,
    pub order: QueueOrder,
    /// The kinds that are offered; all that there are handlers for where it is empty.
    pub kinds: Vec<Kind>,
    pub slots: usize,
    /// The last part of the worker's id.
    pub kind: String,
    pub lease: LeaseLength,
    pub drain_timeout: Duration,
    pub exec_dir: Option<PathBuf>,
    /// What each process of a program may use.
    pub exec_limits: Limits,
    pub admin_listen: Option<std::net::SocketAddr>,
    pub logging: Logging,
    /// For a process that keeps workers instead of being one.
    pub supervisor: Settings,
    /// What a supervisor said that started this process.
    pub orders: Orders,
    /// What looks odd, and does not prevent a start.
    pub warnings: Vec<String>,
}

impl Config {
    /// Everything that is wrong is told at once.
    pub fn resolve(sources: &Sources) -> Result<Config, Problems> {
        let mut values = resolve(sources);
        let mut store = StoreOptions::new(values.parse("redis.url"));
        store.namespace = values.parse("redis.namespace");
        store.shards = values.read("redis.shards", shards);
        let weighted: Vec<Weighted> = values.list("worker.queues");
        let queues: Vec<QueueName> = weighted.iter().map(|one| one.queue.clone()).collect();
        if !(1..=CLAIM_QUEUES_MAX as usize).contains(&queues.len()) {
            values.reject("worker.queues", &format!("a worker claims from 1 to {CLAIM_QUEUES_MAX} queues"));
        }
        let order = order(&mut values, &weighted);
        let admin: String = values.parse("worker.admin_listen");
        let config = Config {
            store,
            queues,
            order,
            kinds: values.list("worker.kinds"),
            slots: values.parse("worker.slots"),
            kind: values.read("worker.kind", |kind| worker_id(1, kind).map(|_| kind.to_owned())),
            lease: values.read("worker.lease", lease),
            drain_timeout: values.span("worker.drain_timeout"),
            exec_dir: Some(values.parse::<PathBuf>("worker.exec_dir"))
                .filter(|path| !path.as_os_str().is_empty()),
            exec_limits: exec_limits(&mut values),
            admin_listen: admin.parse().ok(),
            logging: Logging::read(&mut values),
            supervisor: Settings::read(&mut values),
            orders: Orders::default(),
            warnings: values.warnings().to_vec(),
        };
        values.finish().map(|()| config)
    }

    /// Does this process keep workers, instead of being one?
    pub fn supervises(&self) -> bool {
        self.supervisor.enabled && !self.orders.is_supervised()
    }
}

fn order(values: &mut Values, queues: &[Weighted]) -> QueueOrder {
    let word: String = values.parse("worker.queue_order");
    if word != "weighted" && queues.iter().any(|queue| queue.weight.is_some()) {
        values.reject("worker.queues", "weights count only where worker.queue_order is weighted");
    }
    match word.as_str() {
        "listed" => QueueOrder::Listed,
        "weighted" => QueueOrder::Weighted(queues.iter().map(|queue| queue.weight.unwrap_or(1)).collect()),
        _ => QueueOrder::Priority,
    }
}

fn shards(text: &str) -> Result<ShardCount, String> {
    match text.parse() {
        Ok(count) => ShardCount::new(count).map_err(|error| error.to_string()),
        Err(error) => Err(format!("read {text:?} as a number: {error}")),
    }
}

fn exec_limits(values: &mut Values) -> Limits {
    let limit = |number: u64| (number > 0).then_some(number);
    Limits {
        memory_bytes: values.optional::<Bytes>("worker.exec_memory").map(|bytes| bytes.0),
        cpu_seconds: limit(values.parse("worker.exec_cpu")),
        files: limit(values.parse("worker.exec_files")),
    }
}

fn lease(text: &str) -> Result<LeaseLength, String> {
    let span: baton_service::config::Span = text.parse().map_err(|error| format!("{error}"))?;
    LeaseLength::from_ms(span.0.as_millis() as u64).map_err(|error| error.to_string())
}

/// The id of a worker with this number.
pub fn worker_id(number: u64, kind: &str) -> Result<WorkerId, baton_core::NameError> {
    WorkerId::new(&format!("worker-{number:03}-{kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(environment: &[(&str, &str)]) -> Result<Config, String> {
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::resolve(&Sources { file: None, environment, flags: Vec::new() })
            .map_err(|told| told.to_string())
    }

    #[test]
    fn the_defaults_start() {
        let config = told(&[]).unwrap();
        assert_eq!((config.slots, config.lease.ms(), config.queues.len()), (4, 30_000, 1));
        assert_eq!((config.exec_limits.clone(), config.kinds.clone()), (Limits::default(), vec![]));
        assert!(config.supervises());
        assert_eq!((config.exec_dir, config.admin_listen), (None, None));
    }

    #[test]
    fn a_worker_of_a_supervisor_is_no_supervisor() {
        let mut config = told(&[]).unwrap();
        config.orders.by = Some(7);
        assert!(!config.supervises());
        assert!(!told(&[("BATON_SUPERVISOR_ENABLED", "false")]).unwrap().supervises());
    }

    #[test]
    fn programs_have_the_limits_that_are_given() {
        let given = [("BATON_WORKER_EXEC_MEMORY", "64MiB"), ("BATON_WORKER_EXEC_FILES", "9")];
        let limits = Limits { memory_bytes: Some(64 << 20), cpu_seconds: None, files: Some(9) };
        assert_eq!(told(&given).unwrap().exec_limits, limits);
    }

    #[test]
    fn mistakes_are_told_together() {
        let environment = [
            ("BATON_WORKER_QUEUES", "a b"),
            ("BATON_WORKER_KIND", "Upper"),
            ("BATON_WORKER_LEASE", "2ms"),
            ("BATON_WORKER_SLOTS", "900"),
        ];
        let told = told(&environment).unwrap_err();
        for key in ["worker.queues", "worker.kind", "worker.lease", "worker.slots"] {
            assert!(told.contains(key), "{key} in {told}");
        }
    }

    #[test]
    fn flags_stand_for_keys_that_there_are() {
        let flags = Flags { queues: Some("a,b".to_owned()), ..Flags::default() };
        let pool = PoolFlags { count: Some("7".to_owned()), ..PoolFlags::default() };
        let flags = [flags.given(), pool.given()].concat();
        let config = Config::resolve(&Sources { flags, ..Sources::default() }).unwrap();
        assert_eq!((config.queues.len(), config.supervisor.count), (2, 7));
    }
}
