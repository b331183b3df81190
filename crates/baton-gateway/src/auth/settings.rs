//! What logins are told when a gateway starts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use baton_auth::access::KeySet;
use baton_auth::address::Cidr;
use baton_auth::ring::Ring;
use baton_core::login::OnReuse;

use super::clients::Clients;

/// The rules of logins. Each is a key of the configuration, which checks its bounds.
#[derive(Clone, Debug)]
pub struct Rules {
    pub issuer: String,
    pub access_ttl: Duration,
    pub jwt_leeway: Duration,
    pub idle_ttl: Duration,
    pub absolute_ttl: Duration,
    pub sessions_max: u64,
    pub refresh_leeway: Duration,
    pub cookie_leeway: Duration,
    pub retry_window: Duration,
    pub on_reuse: OnReuse,
    pub heal_max_ahead: u64,
    /// Refreshes of one session in a second, in this process.
    pub refresh_rate: u64,
    /// Tries to log in as one user, in 15 minutes.
    pub login_per_user: u64,
    /// Tries to log in from one address, in a minute.
    pub login_per_ip: u64,
    pub trusted_proxies: Vec<Cidr>,
    /// Passwords that are hashed at a time; 0: one for each core.
    pub hash_slots: usize,
    pub password_min_length: usize,
    pub ticket_ttl: Duration,
    pub join_ttl: Duration,
    pub key_cache: Duration,
    pub revocation_max_staleness: Duration,
    pub keys_rotate_every: Duration,
    pub cors_origins: Vec<String>,
}

/// What stands for the issuer where nobody gave one: tokens of such a gateway are good on this machine only.
const NO_ISSUER: &str = "http://localhost";

impl Default for Rules {
    /// The defaults of the configuration.
    fn default() -> Rules {
        Rules {
            issuer: NO_ISSUER.to_owned(),
            access_ttl: Duration::from_mins(15),
            jwt_leeway: Duration::from_secs(30),
            idle_ttl: Duration::from_hours(7 * 24),
            absolute_ttl: Duration::from_hours(30 * 24),
            sessions_max: 50,
            refresh_leeway: Duration::from_secs(30),
            cookie_leeway: Duration::from_mins(5),
            retry_window: Duration::from_mins(10),
            on_reuse: OnReuse::RevokeFamily,
            heal_max_ahead: 16,
            refresh_rate: 20,
            login_per_user: 10,
            login_per_ip: 30,
            trusted_proxies: Vec::new(),
            hash_slots: 0,
            password_min_length: 12,
            ticket_ttl: Duration::from_secs(30),
            join_ttl: Duration::from_mins(10),
            key_cache: Duration::from_secs(5),
            revocation_max_staleness: Duration::from_mins(15),
            keys_rotate_every: Duration::from_hours(30 * 24),
            cors_origins: Vec::new(),
        }
    }
}

impl Rules {
    /// Longer than any access token of a session that ended is good for.
    pub(crate) fn ended_ms(&self) -> u64 {
        ms(self.access_ttl) + 60_000
    }
}

/// Everything that logins need: the rules, the secrets, and who else may ask for tokens.
#[derive(Clone, Default)]
pub struct Logins {
    pub rules: Rules,
    /// Without one, a ring is drawn that lives as long as the process.
    pub ring: Option<Arc<Ring>>,
    pub clients: Clients,
    /// Given by the operator; without them the gateways make their own.
    pub signing_keys: Option<KeySet>,
    /// Any name and any password will do: for `baton dev`.
    pub accept_any: bool,
}

/// Without the secrets.
impl fmt::Debug for Logins {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Logins")
            .field("rules", &self.rules)
            .field("accept_any", &self.accept_any)
            .finish_non_exhaustive()
    }
}

pub(crate) fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
