//! The keys of logins, and the files that they name.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use baton_auth::access::KeySet;
use baton_auth::signing::SigningKey;
use baton_service::Chain;
use baton_service::config::Values;

use crate::auth::clients::Clients;
use crate::auth::secret;
use crate::auth::settings::{Logins, Rules};

/// What the configuration says of logins. The files are read when the gateway starts.
#[derive(Clone, Debug)]
pub struct LoginConfig {
    pub rules: Rules,
    pub secret: Secret,
    pub clients_file: Option<PathBuf>,
    pub signing_keys: Vec<PathBuf>,
    pub accept_any: bool,
    /// The first administrator and the first key, while there is no user.
    pub bootstrap: Option<PathBuf>,
}

/// Where the secret is that seals tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// In this file, which must be there.
    File(PathBuf),
    /// In a file of this directory, made by the first gateway that needs it.
    State(PathBuf),
    /// Nowhere: there is no home directory.
    None,
}

/// Everything that is wrong with the files.
#[derive(Debug, thiserror::Error)]
#[error("use the files of auth:{}", .0.iter().map(|wrong| format!("\n  {wrong}")).collect::<String>())]
pub struct FilesError(pub Vec<String>);

/// Reads the keys `auth.…`. Who may ask is decided already.
pub(super) fn read(
    values: &mut Values,
    required: bool,
    accept_any: bool,
    home: Option<PathBuf>,
) -> LoginConfig {
    let path = |values: &mut Values, key: &str| {
        Some(values.parse::<String>(key)).filter(|path| !path.is_empty()).map(PathBuf::from)
    };
    let secret = match (path(values, "auth.secret_file"), path(values, "auth.state_dir").or(home)) {
        (Some(file), _) => Secret::File(file),
        (None, Some(directory)) => Secret::State(directory),
        (None, None) => Secret::None,
    };
    let config = LoginConfig {
        rules: rules(values),
        secret,
        clients_file: path(values, "auth.clients_file"),
        signing_keys: values.list::<String>("auth.signing_keys").into_iter().map(PathBuf::from).collect(),
        accept_any,
        bootstrap: path(values, "auth.bootstrap_file"),
    };
    check(values, &config, required);
    config
}

fn rules(values: &mut Values) -> Rules {
    let issuer: String = values.parse("auth.issuer");
    Rules {
        issuer: if issuer.is_empty() { Rules::default().issuer } else { issuer },
        access_ttl: values.span("auth.access_ttl"),
        jwt_leeway: values.span("auth.jwt_leeway"),
        idle_ttl: values.span("auth.idle_ttl"),
        absolute_ttl: values.span("auth.absolute_ttl"),
        sessions_max: values.parse("auth.sessions_max"),
        refresh_leeway: values.span("auth.refresh_leeway"),
        cookie_leeway: values.span("auth.cookie_leeway"),
        retry_window: values.span("auth.retry_window"),
        on_reuse: values.parse("auth.on_reuse"),
        heal_max_ahead: values.parse("auth.heal_max_ahead"),
        refresh_rate: values.parse("auth.refresh_rate"),
        login_per_user: values.parse("auth.login_per_user"),
        login_per_ip: values.parse("auth.login_per_ip"),
        trusted_proxies: values.list("auth.trusted_proxies"),
        hash_slots: values.parse("auth.hash_slots"),
        password_min_length: values.parse("auth.password_min_length"),
        ticket_ttl: values.span("auth.ticket_ttl"),
        join_ttl: values.span("auth.join_ttl"),
        key_cache: values.span("auth.key_cache"),
        revocation_max_staleness: values.span("auth.revocation_max_staleness"),
        keys_rotate_every: values.span("auth.keys_rotate_every"),
        cors_origins: values.list("auth.cors_origins"),
    }
}

/// What must hold between the keys.
fn check(values: &mut Values, config: &LoginConfig, required: bool) {
    let Rules { access_ttl, idle_ttl, absolute_ttl, .. } = config.rules;
    if idle_ttl < access_ttl {
        values.reject(
            "auth.idle_ttl",
            "a session would end before its access token: it is at least auth.access_ttl",
        );
    }
    if absolute_ttl < idle_ttl {
        values.reject("auth.absolute_ttl", "it is at least auth.idle_ttl");
    }
    let issuer: String = values.parse("auth.issuer");
    if !issuer.is_empty() && !is_site(&issuer, true) {
        values.reject(
            "auth.issuer",
            "it is an address as https://baton.example, without a query and without / at its end",
        );
    }
    for origin in &config.rules.cors_origins {
        if origin == "*" {
            values.reject(
                "auth.cors_origins",
                "* would let every site act with the tokens of its visitors: name each origin",
            );
        } else if !is_site(origin, false) {
            values.reject(
                "auth.cors_origins",
                &format!("{origin:?} is no origin: write it as https://app.example"),
            );
        }
    }
    if required {
        for (key, missing) in [
            ("auth.secret_file", !matches!(config.secret, Secret::File(_))),
            ("auth.issuer", issuer.is_empty()),
        ] {
            if missing {
                values.reject(key, "logins need it; `baton init` writes a configuration that has all of it");
            }
        }
    } else if !config.rules.cors_origins.is_empty() {
        values.reject(
            "auth.cors_origins",
            "without logins no other site may ask: set gateway.auth to required",
        );
    }
}

/// A scheme and a host, and where it may be, a path.
fn is_site(text: &str, path: bool) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let odd = |byte: u8| !byte.is_ascii_graphic() || matches!(byte, b'?' | b'#' | b'"' | b'\\' | b'@' | b'*');
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && !rest.ends_with('/')
            && (path || !rest.contains('/'))
            && !rest.bytes().any(odd)
    })
}

impl LoginConfig {
    /// Reads the files. What is wrong with any of them is told at once.
    pub fn load(self) -> Result<Logins, FilesError> {
        let mut wrong = Vec::new();
        let ring = match &self.secret {
            Secret::File(path) => secret::read(path).map(Some),
            Secret::State(directory) => secret::read_or_make(directory).map(Some),
            // The process draws one for itself.
            Secret::None => Ok(None),
        };
        let ring = ring.map_err(|error| wrong.push(Chain(&error).to_string())).ok();
        let clients = self.clients_file.as_deref().map(|path| {
            let text = text(path)?;
            Clients::parse(&text)
                .map_err(|error| format!("failed to use {}: failed to {error}", path.display()))
        });
        let clients = clients.unwrap_or_else(|| Ok(Clients::default()));
        let clients = clients.map_err(|error| wrong.push(error)).unwrap_or_default();
        let mut keys = Vec::new();
        for path in &self.signing_keys {
            let key = text(path).and_then(|text| {
                let key = SigningKey::from_pem(&text);
                key.map_err(|error| format!("failed to use {}: {}", path.display(), Chain(&error)))
            });
            match key {
                Ok(key) => keys.push(key),
                Err(error) => wrong.push(error),
            }
        }
        let mut keys = keys.into_iter();
        let keys = keys.next().map(|signer| KeySet::new(signer, keys.collect())).transpose();
        let keys = keys.map_err(|error| wrong.push(format!("failed to {error}"))).ok().flatten();
        match ring {
            Some(ring) if wrong.is_empty() => Ok(Logins {
                rules: self.rules,
                ring: ring.map(Arc::new),
                clients,
                signing_keys: keys,
                accept_any: self.accept_any,
            }),
            _ => Err(FilesError(wrong)),
        }
    }
}

fn text(path: &Path) -> Result<String, String> {
    let read: io::Result<String> = std::fs::read_to_string(path);
    read.map_err(|error| format!("failed to read {}: {error}", path.display()))
}
