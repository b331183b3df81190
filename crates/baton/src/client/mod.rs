//! The client: everything that can be asked of a gateway.

mod address;
mod auth;
mod batch;
mod call;
mod filter;
mod flow;
mod kinds;
mod leases;
mod operate;
mod operations;
mod options;
mod pools;
mod read;
mod redis;
mod schedules;
mod send;
mod series;
mod submit;
mod wait;
mod watch;
mod webhooks;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use address::{carries_credential, is_same_gateway};
use auth::Pass;
pub use auth::{CredentialsFile, MemoryTokens, TokenStore, Tokens};
pub use batch::Receipt;
pub use filter::Filter;
pub use flow::{FlowTask, SubmitFlow, SubmittedFlow};
pub use read::Probed;
pub use series::{Figures, Groups};
pub use submit::{Submit, Submitted};
pub use watch::Watch;

use baton_api::auth::Secret;

use crate::error::Error;

/// How long it may take to reach a gateway. An address that does not answer must not hold up the next try.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Speaks to a gateway. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    /// How long after a call was sent first it may be sent again.
    again: Duration,
}

struct Inner {
    http: reqwest::Client,
    /// Without a slash at its end.
    base: String,
    pass: Pass,
}

impl Client {
    /// A client of the gateway at this address, such as `http://127.0.0.1:8000`. Nothing is sent yet.
    pub fn new(base: &str) -> Result<Client, Error> {
        let url = address::parse(base)?;
        // The program may have chosen a provider already; then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("baton/", env!("CARGO_PKG_VERSION")));
        if url.scheme() == "http" {
            // No certificate is ever looked at, so a machine that has none can speak plain HTTP.
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build().map_err(Error::invalid)?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Client { inner: Arc::new(Inner { http, base, pass: Pass::Nobody }), again: Duration::MAX })
    }

    /// A client of the gateway that `BATON_URL` names, or of the one on this machine. It asks as whoever `BATON_TOKEN` or
    /// `BATON_API_KEY` is a credential of.
    pub fn from_env() -> Result<Client, Error> {
        let base = variable("BATON_URL")?.unwrap_or_else(|| "http://127.0.0.1:8000".to_owned());
        let client = Client::new(&base)?;
        match credential_of_env()? {
            Some(credential) => client.with_token(credential),
            None => Ok(client),
        }
    }

    /// A client that sends no call again later than this after it was sent first: for people, who would rather be told. A
    /// program may be glad of the few tries that there are otherwise. Calls that wait for something are asked again as ever.
    pub fn with_patience(self, patience: Duration) -> Client {
        Client { again: patience, ..self }
    }

    /// Where this client asks.
    pub fn base(&self) -> &str {
        &self.inner.base
    }
}

/// What `BATON_TOKEN` or `BATON_API_KEY` says.
pub fn credential_of_env() -> Result<Option<Secret>, Error> {
    match (variable("BATON_TOKEN")?, variable("BATON_API_KEY")?) {
        (Some(_), Some(_)) => {
            Err(Error::Invalid("choose between BATON_TOKEN and BATON_API_KEY: set one of them".to_owned()))
        }
        (one, other) => Ok(one.or(other).map(Secret)),
    }
}

/// One that is empty counts as not set.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge: programs that want no environment call `new`"
)]
fn variable(name: &str) -> Result<Option<String>, Error> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        // The value is not told: it may be a secret.
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Error::Invalid(format!("read {name}: it is not UTF-8")))
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client").field("base", &self.inner.base).finish_non_exhaustive()
    }
}
