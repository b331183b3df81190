//! Codes for one use: tickets for the live feed, join tokens of workers, codes for a new password.

use std::sync::Arc;
use std::time::Duration;

use baton_auth::one_shot::{self, Purpose};
use baton_auth::{Scopes, SecretText};
use baton_core::Code;
use baton_core::login::{KeyId, SessionId, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::settings::ms;
use super::token::{nobody, principal};
use super::{Auth, Credential, Grant, Hands, drawn};
use crate::problem::Fail;

/// A grant as a ticket carries it from one request to the next. It is in Redis for some seconds, under a hash.
#[derive(Serialize, Deserialize)]
struct Carried {
    /// None: nobody logged in, where nobody must.
    user: Option<String>,
    scopes: String,
    session: Option<String>,
    epoch: u64,
    client: String,
    auth_time_s: u64,
    key: Option<String>,
    until_ms: Option<u64>,
    #[serde(default)]
    jti: Option<String>,
}

impl Carried {
    fn of(grant: &Grant) -> Carried {
        let mut carried = Carried {
            user: grant.user.as_ref().map(UserId::to_string),
            scopes: grant.scopes.to_string(),
            session: None,
            epoch: 0,
            client: String::new(),
            auth_time_s: 0,
            key: None,
            until_ms: grant.expires_at_ms,
            jti: grant.jti.clone(),
        };
        match &grant.credential {
            Credential::Open => {}
            Credential::Key { id } => carried.key = Some(id.to_string()),
            Credential::Session { id, epoch, client, auth_time_s, .. } => {
                carried.session = Some(id.to_string());
                (carried.epoch, carried.client, carried.auth_time_s) = (*epoch, client.clone(), *auth_time_s);
            }
        }
        carried
    }

    fn grant(self) -> Option<Grant> {
        let user: UserId = self.user?.parse().ok()?;
        let scopes: Scopes = self.scopes.parse().ok()?;
        let credential = match (self.session, self.key) {
            (Some(id), _) => Credential::Session {
                id: id.parse::<SessionId>().ok()?,
                epoch: self.epoch,
                client: self.client,
                auth_time_s: self.auth_time_s,
                by_cookie: false,
            },
            (None, Some(id)) => Credential::Key { id: id.parse::<KeyId>().ok()? },
            (None, None) => return None,
        };
        // A stream only reads: no ticket claims.
        Some(Grant {
            principal: principal(&user),
            user: Some(user),
            scopes,
            hands: Hands::None,
            credential,
            expires_at_ms: self.until_ms,
            jti: self.jti,
        })
    }
}

impl Auth {
    /// A code that stands for this, once.
    pub(crate) async fn code_for<T: Serialize>(
        &self,
        purpose: Purpose,
        what: &T,
        ttl: Duration,
    ) -> Result<SecretText, Fail> {
        let code = one_shot::new(purpose, drawn()?);
        let digest = one_shot::digest(purpose, code.expose()).ok_or_else(|| Fail::new(Code::Internal))?;
        let value = serde_json::to_string(what).map_err(|_| Fail::new(Code::Internal))?;
        self.store.put_once(&digest, &value, ms(ttl)).await?;
        Ok(code)
    }

    /// What a code stands for, to the first who brings it.
    pub(crate) async fn spend<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        code: &str,
    ) -> Result<Option<T>, Fail> {
        let Some(digest) = one_shot::digest(purpose, code) else { return Ok(None) };
        let value = self.store.take_once(&digest).await?;
        Ok(value.and_then(|value| serde_json::from_str(&value).ok()))
    }

    /// A ticket for the live feed.
    pub(crate) async fn ticket(&self, grant: &Grant) -> Result<SecretText, Fail> {
        self.code_for(Purpose::Ticket, &Carried::of(grant), self.logins.rules.ticket_ttl).await
    }

    pub(super) async fn redeem(&self, ticket: &str) -> Result<Arc<Grant>, Fail> {
        let refused = || Fail::new(Code::Unauthenticated);
        let carried: Carried = self.spend(Purpose::Ticket, ticket).await?.ok_or_else(refused)?;
        if carried.user.is_none() && self.open {
            return Ok(Arc::new(Grant::open(nobody().ok_or_else(refused)?)));
        }
        let grant = carried.grant().filter(|grant| !self.is_revoked(grant));
        grant.map(Arc::new).ok_or_else(refused)
    }
}
