//! Makes tokens. All times are those of Redis, so that our own clock never touches them.

use baton_auth::access::{Claims, Holder, jti};
use baton_auth::refresh::{Token, nonce_drawn};
use baton_auth::{Scopes, SecretText};
use baton_core::login::{KeyId, RacePolicy, SessionId, UserId, UserTag};
use baton_core::{Code, WorkerId};
use baton_store::calls::token::NewSession;

use super::settings::ms;
use super::{Auth, drawn};
use crate::problem::Fail;

/// For whom all access tokens are.
pub(crate) const AUDIENCE: &str = "baton";

/// What an access token says.
pub(crate) struct Bearer<'a> {
    pub(crate) user: &'a UserId,
    pub(crate) client: &'a str,
    pub(crate) scopes: &'a Scopes,
    pub(crate) epoch: u64,
    pub(crate) auth_time_ms: u64,
    pub(crate) amr: &'a str,
    pub(crate) now_ms: u64,
    pub(crate) of: Of<'a>,
    pub(crate) worker: Option<&'a WorkerId>,
}

/// What an access token comes from, and ends with.
pub(crate) enum Of<'a> {
    Session { sid: SessionId, absolute_at_ms: u64 },
    Key { id: &'a KeyId, expires_at_ms: Option<u64> },
}

/// An access token, and what goes with it.
pub(crate) struct Issued {
    pub(crate) access: String,
    pub(crate) expires_in_s: u64,
    pub(crate) scopes: Scopes,
}

/// A whole answer to a login or a refresh.
pub(crate) struct Tokens {
    pub(crate) issued: Issued,
    pub(crate) refresh: SecretText,
    pub(crate) session: SessionId,
    /// How long the refresh token lives if it is not used.
    pub(crate) refresh_for_s: u64,
}

/// The secrets of a session to be.
pub(crate) struct Draft {
    pub(crate) token: Token,
    secret_hash: String,
    nonce: String,
    kid: u8,
}

impl Draft {
    pub(crate) fn draw(auth: &Auth, tag: UserTag) -> Result<Draft, Fail> {
        let token = Token::first(tag, SessionId::of(drawn()?), drawn()?);
        let secret_hash = token.secret_hash();
        Ok(Draft { token, secret_hash, nonce: nonce_drawn(drawn()?), kid: auth.ring.first_kid() })
    }

    /// The session as Redis keeps it.
    pub(crate) fn session<'a>(&'a self, auth: &Auth, about: About<'a>) -> NewSession<'a> {
        let About { client, policy, scope, device, ip, amr } = about;
        let (idle, absolute) = (auth.logins.rules.idle_ttl, auth.logins.rules.absolute_ttl);
        NewSession {
            sid: self.token.sid,
            client,
            policy,
            scope,
            secret_hash: &self.secret_hash,
            nonce: &self.nonce,
            kid: self.kid,
            idle_ms: ms(idle),
            absolute_ms: ms(absolute),
            device,
            ip,
            amr,
        }
    }

    pub(crate) fn text(&self, auth: &Auth) -> Result<SecretText, Fail> {
        self.token.text(&auth.ring, self.kid).ok_or_else(|| Fail::new(Code::KeyRingMismatch))
    }
}

/// What is not secret about a session to be.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) client: &'a str,
    pub(crate) policy: RacePolicy,
    pub(crate) scope: &'a str,
    pub(crate) device: &'a str,
    pub(crate) ip: &'a str,
    pub(crate) amr: &'a str,
}

impl Auth {
    pub(crate) async fn access(&self, bearer: &Bearer<'_>) -> Result<Issued, Fail> {
        let issued_s = bearer.now_ms / 1_000;
        let end_ms = match &bearer.of {
            Of::Session { absolute_at_ms, .. } => Some(*absolute_at_ms),
            Of::Key { expires_at_ms, .. } => *expires_at_ms,
        };
        let expires_s = issued_s + self.logins.rules.access_ttl.as_secs();
        let expires_s = end_ms.map_or(expires_s, |end_ms| expires_s.min(end_ms / 1_000));
        let claims = Claims {
            iss: self.logins.rules.issuer.clone(),
            aud: vec![AUDIENCE.to_owned()],
            sub: bearer.user.clone(),
            client_id: bearer.client.to_owned(),
            iat: issued_s,
            exp: expires_s,
            jti: jti(drawn()?),
            scope: bearer.scopes.to_string(),
            ep: bearer.epoch,
            auth_time: bearer.auth_time_ms / 1_000,
            amr: bearer.amr.split_whitespace().map(str::to_owned).collect(),
            username: bearer.user.name().to_owned(),
            holder: match &bearer.of {
                Of::Session { sid, .. } => Holder::Session(*sid),
                Of::Key { id, .. } => Holder::Key((*id).clone()),
            },
            wid: bearer.worker.cloned(),
        };
        let access = self.key_set().await?.sign(&claims).map_err(|error| {
            tracing::error!(%error, "failed to sign an access token");
            Fail::new(Code::Internal)
        })?;
        Ok(Issued { access, expires_in_s: expires_s.saturating_sub(issued_s), scopes: bearer.scopes.clone() })
    }
}
