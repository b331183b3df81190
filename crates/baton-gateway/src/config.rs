//! The configuration of a gateway: the keys it reads, as values of its own types, and what must hold between them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use baton_core::ShardCount;
use baton_service::config::{Flag, Problems, Sources, Values, resolve};
use baton_service::logging::Logging;
use baton_store::Options;

use crate::app::Settings;

/// The flags of a gateway. Each wins over the environment and the file.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// The configuration file [env: BATON_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to listen [env: BATON_LISTEN] [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Where Redis is; give passwords through the environment [env: BATON_REDIS_URL]
    #[arg(long, value_name = "URL")]
    pub redis_url: Option<String>,
    /// Who may ask; `none`: everyone who reaches this gateway [env: BATON_AUTH]
    #[arg(long, value_name = "MODE")]
    pub auth: Option<String>,
    /// Listen beyond this host although there are no logins [env: BATON_ALLOW_INSECURE_BIND]
    #[arg(long)]
    pub allow_insecure_bind: bool,
    /// Print the address that was bound, alone on one line of stdout
    #[arg(long)]
    pub print_address: bool,
}

impl Flags {
    /// Those that stand for keys.
    pub fn given(&self) -> Vec<Flag> {
        let texts = [
            ("gateway.listen", "--listen", self.listen.clone()),
            ("redis.url", "--redis-url", self.redis_url.clone()),
            ("gateway.auth", "--auth", self.auth.clone()),
            (
                "gateway.allow_insecure_bind",
                "--allow-insecure-bind",
                self.allow_insecure_bind.then(|| "true".to_owned()),
            ),
        ];
        let given =
            texts.into_iter().filter_map(|(key, flag, value)| Some(Flag { key, flag, value: value? }));
        given.collect()
    }
}

/// What a gateway is told when it starts.
#[derive(Clone, Debug)]
pub struct Config {
    pub store: Options,
    pub listen: SocketAddr,
    pub settings: Settings,
    pub drain_timeout: Duration,
    pub logging: Logging,
    /// What looks odd, and does not prevent a start.
    pub warnings: Vec<String>,
}

impl Config {
    /// Everything that is wrong is told at once.
    pub fn resolve(sources: &Sources) -> Result<Config, Problems> {
        let mut values = resolve(sources);
        let shards = |text: &str| match text.parse() {
            Ok(count) => ShardCount::new(count).map_err(|error| error.to_string()),
            Err(error) => Err(format!("read {text:?} as a number: {error}")),
        };
        let mut store = Options::new(values.parse("redis.url"));
        store.namespace = values.parse("redis.namespace");
        store.shards = values.read("redis.shards", shards);
        let listen: SocketAddr = values.parse("gateway.listen");
        let allowed_hosts: Vec<String> = values.list("gateway.allowed_hosts");
        let mut warnings = values.warnings().to_vec();
        guard_bind(&mut values, listen);
        if !listen.ip().is_loopback() && allowed_hosts.is_empty() {
            warnings.push(NOBODY_PASSES.to_owned());
        }
        let config = Config {
            store,
            listen,
            settings: Settings { allowed_hosts, open: true, ..Settings::default() },
            drain_timeout: values.span("gateway.drain_timeout"),
            logging: Logging::read(&mut values),
            warnings,
        };
        values.finish().map(|()| config)
    }
}

const NOBODY_PASSES: &str = "this gateway listens beyond this host, and gateway.allowed_hosts is empty: it answers only \
                             requests that name a loopback host";

/// A gateway without logins does not listen beyond this host by mistake.
fn guard_bind(values: &mut Values, listen: SocketAddr) {
    let allowed: bool = values.parse("gateway.allow_insecure_bind");
    if !listen.ip().is_loopback() && !allowed {
        let what = format!(
            "{listen} can be reached from other hosts, and without logins everyone who reaches it may do everything. \
             There are three ways out:\n    \
             listen on this host only: --listen 127.0.0.1:{port}\n    \
             do that, and reach it from elsewhere through a tunnel: ssh -L {port}:127.0.0.1:{port} this-host\n    \
             say that only trusted hosts reach it: --auth none --allow-insecure-bind, with the names under which they \
             ask in gateway.allowed_hosts",
            port = listen.port()
        );
        values.reject("gateway.listen", &what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(environment: &[(&str, &str)], flags: &Flags) -> Result<Config, String> {
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let sources = Sources { file: None, environment, flags: flags.given() };
        Config::resolve(&sources).map_err(|problems| problems.to_string())
    }

    fn listen(address: &str) -> Flags {
        Flags { listen: Some(address.to_owned()), ..Flags::default() }
    }

    #[test]
    fn the_defaults_start() {
        let config = config(&[], &Flags::default()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
        assert_eq!(config.store.url.to_string(), "redis://127.0.0.1:6379");
        assert_eq!((config.store.shards.get(), config.warnings.len()), (1, 0));
    }

    #[test]
    fn beyond_this_host_it_must_be_said() {
        let told = config(&[], &listen("0.0.0.0:8000")).unwrap_err();
        for way in
            ["--listen 127.0.0.1:8000", "ssh -L 8000", "--auth none --allow-insecure-bind", "(--listen)"]
        {
            assert!(told.contains(way), "{way} in {told}");
        }
        let flags = Flags { allow_insecure_bind: true, ..listen("[::]:8000") };
        assert_eq!(config(&[], &flags).unwrap().warnings.len(), 1);
        let hosts = [("BATON_ALLOWED_HOSTS", "fleet.example, 10.0.0.5")];
        let open = config(&hosts, &flags).unwrap();
        assert_eq!(open.settings.allowed_hosts, ["fleet.example", "10.0.0.5"]);
        assert_eq!(open.warnings.len(), 0);
        assert!(config(&[], &listen("127.0.0.53:0")).is_ok());
    }

    #[test]
    fn mistakes_of_all_kinds_are_told_together_without_the_password() {
        let environment = [
            ("BATON_REDIS_URL", "http://me:hunter2@host"),
            ("BATON_REDIS_NAMESPACE", "A{}"),
            ("BATON_LOG", "a=loud"),
        ];
        let told = config(&environment, &listen("nowhere")).unwrap_err();
        for part in
            ["redis.url (BATON_REDIS_URL)", "redis.namespace", "log.filter", "gateway.listen (--listen)"]
        {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert!(!told.contains("hunter2"), "{told}");
    }
}
