//! The configuration of a gateway: the keys it reads, as values of its own types, and what must hold between them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use baton_core::ShardCount;
use baton_dashboard::Instance;
use baton_service::config::{Flag, Problems, Sources, Values, resolve};
use baton_service::logging::Logging;
use baton_store::{Confirm, Options};

use crate::app::Settings;
use crate::budget::Budget;

mod logins;

pub use logins::{FilesError, LoginConfig, Secret};

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
    /// Who may ask: `required`: those with a credential; `none`: everyone who reaches this gateway [env: BATON_AUTH]
    #[arg(long, value_name = "MODE")]
    pub auth: Option<String>,
    /// Listen beyond this host although there are no logins [env: BATON_ALLOW_INSECURE_BIND]
    #[arg(long)]
    pub allow_insecure_bind: bool,
    /// Let people log in with any name and any password; for `baton dev`
    #[arg(long, hide = true)]
    pub accept_any_login: bool,
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
    pub logins: LoginConfig,
    pub drain_timeout: Duration,
    pub logging: Logging,
    /// What looks odd, and does not prevent a start.
    pub warnings: Vec<String>,
}

impl Config {
    /// Everything that is wrong is told at once.
    pub fn resolve(sources: &Sources) -> Result<Config, Problems> {
        Config::resolve_for(sources, false)
    }

    /// The same; `accept_any`: any name and any password will do to log in.
    pub fn resolve_for(sources: &Sources, accept_any: bool) -> Result<Config, Problems> {
        let mut values = resolve(sources);
        let shards = |text: &str| match text.parse() {
            Ok(count) => ShardCount::new(count).map_err(|error| error.to_string()),
            Err(error) => Err(format!("read {text:?} as a number: {error}")),
        };
        let mut store = Options::new(values.parse("redis.url"));
        store.namespace = values.parse("redis.namespace");
        store.shards = values.read("redis.shards", shards);
        store.logins = true;
        store.timeouts.login = values.span("auth.store_timeout");
        store.confirm = values.parse::<bool>("auth.revocation_durable").then_some(DURABLE);
        let listen: SocketAddr = values.parse("gateway.listen");
        let allowed_hosts: Vec<String> = values.list("gateway.allowed_hosts");
        let mut warnings = values.warnings().to_vec();
        let required = requires_logins(&mut values);
        let beyond = !listen.ip().is_loopback();
        if !required {
            guard_bind(&mut values, listen);
            if beyond && allowed_hosts.is_empty() {
                warnings.push(NOBODY_PASSES.to_owned());
            }
        }
        if accept_any && (required || beyond) {
            values.reject(
                "gateway.auth",
                "any name and any password would do here: only without logins, and on this host",
            );
        }
        let config = Config {
            store,
            listen,
            settings: Settings {
                allowed_hosts,
                open: !required,
                exposed: beyond,
                base: values.parse("gateway.base_path"),
                instance: instance(&mut values),
                budget: budget(&mut values),
                webhooks_allow_private: values.parse("webhooks.allow_private"),
                ..Settings::default()
            },
            logins: logins::read(&mut values, required, accept_any, state_home(&sources.environment)),
            drain_timeout: values.span("gateway.drain_timeout"),
            logging: Logging::read(&mut values),
            warnings,
        };
        values.finish().map(|()| config)
    }
}

/// What an end of a session waits for, where it must outlive a failover.
const DURABLE: Confirm = Confirm { replicas: 1, within: Duration::from_millis(100) };

/// None unless somebody asks for one.
fn budget(values: &mut Values) -> Option<Budget> {
    values.read("gateway.rate_limit", |text| match text {
        "" => Ok(None),
        text => text.parse().map(Some),
    })
}

/// What pages say of it beside the name of the program.
fn instance(values: &mut Values) -> Instance {
    let colour = values.parse::<String>("gateway.colour");
    let colour = if colour == "none" { String::new() } else { colour };
    Instance::new(values.parse("gateway.instance"), colour)
}

/// `auto` is for whoever has given secrets, and for nobody else.
fn requires_logins(values: &mut Values) -> bool {
    let given = !values.parse::<String>("auth.secret_file").is_empty();
    match values.parse::<String>("gateway.auth").as_str() {
        "required" => true,
        "none" => false,
        _ => given,
    }
}

/// Where this user's programs keep what they must remember.
fn state_home(environment: &[(String, String)]) -> Option<PathBuf> {
    let variable = |name: &str| {
        let set = environment.iter().find(|(known, value)| known == name && !value.is_empty());
        set.map(|(_, value)| PathBuf::from(value))
    };
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
    state.map(|directory| directory.join("baton"))
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
             let people and programs log in: `baton init` writes a configuration that has everything for it\n    \
             the same with secrets of your own: --auth required, with auth.secret_file and auth.issuer\n    \
             say that only trusted hosts reach it: --auth none --allow-insecure-bind, with the names under which they \
             ask in gateway.allowed_hosts"
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
    fn a_budget_is_read_where_there_is_one() {
        let of = |text: &str| config(&[("BATON_RATE_LIMIT", text)], &Flags::default());
        assert_eq!(config(&[], &Flags::default()).unwrap().settings.budget, None);
        assert_eq!(of("600/60s").unwrap().settings.budget, "600/60s".parse().ok());
        assert!(of("600").unwrap_err().contains("as 600/60s"));
    }

    #[test]
    fn an_instance_has_a_name_and_a_colour_where_they_are_told() {
        let of = |name: &'static str, value: &str| config(&[(name, value)], &Flags::default());
        assert!(!config(&[], &Flags::default()).unwrap().settings.instance.is_told());
        assert_eq!(of("BATON_INSTANCE", " production ").unwrap().settings.instance.name(), "production");
        assert!(of("BATON_INSTANCE", "a\nb").unwrap_err().contains("one line"));
        assert!(of("BATON_COLOUR", "pink").unwrap_err().contains("one of none, red"));
        // The style sheet knows each colour that can be chosen.
        for colour in baton_dashboard::instance::COLOURS {
            assert_eq!(of("BATON_COLOUR", colour).unwrap().settings.instance.colour, colour);
        }
    }

    #[test]
    fn beyond_this_host_it_must_be_said() {
        let told = config(&[], &listen("0.0.0.0:8000")).unwrap_err();
        for way in ["baton init", "--auth required", "--auth none --allow-insecure-bind", "(--listen)"] {
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

    #[test]
    fn logins_are_required_where_there_are_secrets() {
        let secured = [("BATON_AUTH_SECRET_FILE", "/s"), ("BATON_AUTH_ISSUER", "https://baton.example")];
        let config_of = |more: &[(&str, &str)], flags: &Flags| config(&[&secured[..], more].concat(), flags);
        let required = config_of(&[], &listen("0.0.0.0:8000")).unwrap();
        assert!(!required.settings.open && required.warnings.is_empty());
        assert_eq!(required.logins.secret, Secret::File("/s".into()));
        assert!(config_of(&[("BATON_AUTH", "none")], &Flags::default()).unwrap().settings.open);
        let told = config(&[("BATON_AUTH", "required")], &listen("0.0.0.0:8000")).unwrap_err();
        assert!(told.contains("auth.secret_file") && told.contains("auth.issuer"), "{told}");
        assert!(!told.contains("gateway.listen"), "{told}");
    }

    #[test]
    fn contradictions_between_rules_are_told_together() {
        let told = config(
            &[
                ("BATON_AUTH_IDLE_TTL", "60s"),
                ("BATON_AUTH_REFRESH_LEEWAY", "301s"),
                ("BATON_AUTH_ACCESS_TTL", "30m"),
                ("BATON_AUTH_CORS_ORIGINS", "*, https://a.example/"),
                ("BATON_AUTH_TRUSTED_PROXIES", "10.0.0.0/33"),
                ("BATON_AUTH_ISSUER", "https://a.example/"),
            ],
            &Flags::default(),
        )
        .unwrap_err();
        for part in [
            "auth.idle_ttl",
            "is not a length of time from 0s to 5m",
            "every site",
            "\"https://a.example/\" is no origin",
            "auth.trusted_proxies",
            "auth.issuer",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }

    #[test]
    fn a_gateway_without_logins_keeps_its_secret_with_its_user() {
        let secret =
            |environment: &[(&str, &str)]| config(environment, &Flags::default()).unwrap().logins.secret;
        assert_eq!(secret(&[("HOME", "/h")]), Secret::State("/h/.local/state/baton".into()));
        assert_eq!(secret(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]), Secret::State("/s/baton".into()));
        assert_eq!(secret(&[("HOME", "/h"), ("BATON_AUTH_STATE_DIR", "/d")]), Secret::State("/d".into()));
        assert_eq!(secret(&[]), Secret::None);
    }

    #[test]
    fn any_login_does_on_this_host_only() {
        let resolved = |environment: &[(&str, &str)], flags: &Flags| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let environment = environment.iter().map(owned).collect();
            Config::resolve_for(&Sources { file: None, environment, flags: flags.given() }, true)
        };
        assert!(resolved(&[], &Flags::default()).unwrap().logins.accept_any);
        assert!(resolved(&[("BATON_ALLOW_INSECURE_BIND", "true")], &listen("0.0.0.0:1")).is_err());
        let secured = [("BATON_AUTH_SECRET_FILE", "/s"), ("BATON_AUTH_ISSUER", "https://baton.example")];
        assert!(resolved(&secured, &Flags::default()).is_err());
    }
}
