//! Access tokens: checked once in full, and then only for what may have changed since.

use std::net::IpAddr;
use std::sync::Arc;

use baton_auth::access::{AccessError, Claims, Expected, Holder};
use baton_auth::{Scopes, digest, user_tag};
use baton_core::login::UserId;
use baton_core::{Code, Principal};

use super::feed::Hearing;
use super::issue::AUDIENCE;
use super::revoked::Marks;
use super::{Auth, Credential, Grant, Hands, measure};
use crate::clock;
use crate::problem::Fail;

/// How long a token is remembered at most.
const REMEMBERED_MS: u64 = 60_000;

/// A token whose signature and form were good.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) claims: Claims,
    marks: Marks,
    pub(crate) grant: Arc<Grant>,
}

impl Auth {
    /// What an access token allows whoever brings it from there; `None`: it is looked at, and not brought. `strict`: Redis
    /// is asked, too.
    pub(crate) async fn by_token(
        &self,
        token: &str,
        from: Option<IpAddr>,
        strict: bool,
    ) -> Result<Arc<Known>, Fail> {
        let checked = self.check_token(token, from, strict).await;
        measure::validated(match &checked {
            Ok(_) => "valid",
            Err(fail) if fail.code == Code::TokenExpired => "expired",
            Err(fail) if fail.code == Code::Unauthenticated => "invalid",
            Err(_) => "error",
        });
        checked
    }

    async fn check_token(&self, token: &str, from: Option<IpAddr>, strict: bool) -> Result<Arc<Known>, Fail> {
        let now_ms = clock::now_ms();
        let hash = digest::sha256(token.as_bytes());
        let known = match self.tokens.get(&hash, now_ms) {
            Some(known) => known,
            None => {
                let known = Arc::new(self.verify(token, now_ms).await?);
                let until_ms = (now_ms + REMEMBERED_MS).min(self.over_ms(&known.claims));
                self.tokens.put(hash, Arc::clone(&known), now_ms, until_ms);
                known
            }
        };
        if now_ms >= self.over_ms(&known.claims) {
            return Err(Fail::new(Code::TokenExpired));
        }
        if self.revoked.has(&known.marks) {
            return Err(Fail::new(Code::Unauthenticated));
        }
        let most = match self.feed.hearing(self.logins.rules.revocation_max_staleness, now_ms) {
            Hearing::Good if !strict => self.as_heard(&known, from, now_ms).await?,
            Hearing::Deaf if !strict => return Err(Fail::new(Code::RedisUnavailable)),
            Hearing::Good | Hearing::Poor | Hearing::Deaf => {
                self.as_redis_says(&known, from, strict, now_ms).await?
            }
        };
        Ok(known.within(&most))
    }

    /// What the token allows at most, as far as is known here. What was given for an API key ends with it and with its
    /// owner, and is never worth more.
    async fn as_heard(&self, known: &Known, from: Option<IpAddr>, now_ms: u64) -> Result<Scopes, Fail> {
        let (Some(key), Some(user)) = (&known.marks.key, &known.grant.user) else {
            return Ok(known.grant.scopes.clone());
        };
        let allowed = self.allowed_by(key, user, from, now_ms).await?;
        allowed.ok_or_else(|| Fail::new(Code::Unauthenticated))
    }

    fn over_ms(&self, claims: &Claims) -> u64 {
        claims.exp.saturating_add(self.logins.rules.jwt_leeway.as_secs()).saturating_mul(1_000)
    }

    async fn verify(&self, token: &str, now_ms: u64) -> Result<Known, Fail> {
        let rules = &self.logins.rules;
        let expected =
            Expected { issuer: &rules.issuer, audience: AUDIENCE, leeway_s: rules.jwt_leeway.as_secs() };
        let verified = match self.key_set().await?.verify(token, &expected, now_ms / 1_000) {
            Err(AccessError::UnknownKid) => match self.reloaded_keys().await? {
                Some(keys) => keys.verify(token, &expected, now_ms / 1_000),
                None => Err(AccessError::UnknownKid),
            },
            verified => verified,
        };
        let claims = verified.map_err(|error| {
            tracing::debug!(%error, "an access token is refused");
            Fail::new(match error {
                AccessError::Expired => Code::TokenExpired,
                _ => Code::Unauthenticated,
            })
        })?;
        Known::of(claims).ok_or_else(|| Fail::new(Code::Unauthenticated))
    }

    /// The same of Redis, if it still knows what the token comes from. While the feed is not followed and Redis is away,
    /// what is remembered must do.
    async fn as_redis_says(
        &self,
        known: &Known,
        from: Option<IpAddr>,
        strict: bool,
        now_ms: u64,
    ) -> Result<Scopes, Fail> {
        match self.stands(known, from, now_ms).await {
            Ok(Some(scopes)) => Ok(scopes),
            Ok(None) => Err(Fail::new(Code::Unauthenticated)),
            Err(fail) if strict || !self.feed.is_read() => Err(fail),
            Err(_) => self.as_heard(known, from, now_ms).await,
        }
    }

    /// What its owner may do now, whatever he might when the token was made; `None`: it is worth nothing.
    async fn stands(&self, known: &Known, from: Option<IpAddr>, now_ms: u64) -> Result<Option<Scopes>, Fail> {
        let Marks { user: tag, epoch, session, key, jti } = &known.marks;
        let Some(user) = &known.grant.user else { return Ok(None) };
        if let Some(session) = session {
            let standing = self.store.standing(*tag, *session).await?;
            let bears = standing.bears(user.as_str(), *epoch);
            return Ok(standing.user.filter(|_| bears).map(|user| Scopes::of_roles(&user.roles)));
        }
        let (Some(key), Some(jti)) = (key, jti) else { return Ok(None) };
        let allowed = self.surely_allowed_by(key, user, from, now_ms).await?;
        Ok(if self.store.is_denied(jti).await? { None } else { allowed })
    }

    /// Whether a grant was revoked since it was given.
    pub(super) fn is_revoked(&self, grant: &Grant) -> bool {
        let Some(user) = &grant.user else { return false };
        let (tag, jti) = (user_tag(user), grant.jti.clone());
        let marks = match &grant.credential {
            Credential::Open => return false,
            Credential::Session { id, epoch, .. } => {
                Marks { user: tag, epoch: *epoch, session: Some(*id), key: None, jti }
            }
            Credential::Key { id } => {
                Marks { user: tag, epoch: u64::MAX, session: None, key: Some(id.clone()), jti }
            }
        };
        self.revoked.has(&marks)
    }
}

impl Known {
    /// `None`: it is signed and names scopes that there are not.
    fn of(claims: Claims) -> Option<Known> {
        let scopes: Scopes = claims.scope.parse().ok()?;
        let jti = Some(claims.jti.clone());
        let user = user_tag(&claims.sub);
        let (credential, marks) = match &claims.holder {
            Holder::Session(id) => {
                let (epoch, client) = (claims.ep, claims.client_id.clone());
                let auth_time_s = claims.auth_time;
                (
                    Credential::Session { id: *id, epoch, client, auth_time_s, by_cookie: false },
                    Marks { user, epoch, session: Some(*id), key: None, jti },
                )
            }
            Holder::Key(id) => (
                Credential::Key { id: id.clone() },
                Marks { user, epoch: u64::MAX, session: None, key: Some(id.clone()), jti },
            ),
        };
        let grant = Grant {
            principal: principal(&claims.sub),
            user: Some(claims.sub.clone()),
            scopes,
            hands: claims.wid.clone().map_or(Hands::None, Hands::Of),
            credential,
            expires_at_ms: Some(claims.exp.saturating_mul(1_000)),
            jti: Some(claims.jti.clone()),
        };
        Some(Known { claims, marks, grant: Arc::new(grant) })
    }

    /// The same, allowing no more than this.
    fn within(self: Arc<Known>, most: &Scopes) -> Arc<Known> {
        if most.contain(&self.grant.scopes) {
            return self;
        }
        let grant = Grant { scopes: self.grant.scopes.and(most), ..(*self.grant).clone() };
        Arc::new(Known { claims: self.claims.clone(), marks: self.marks.clone(), grant: Arc::new(grant) })
    }
}

/// As a user stands in histories, where names have fewer characters.
#[expect(clippy::expect_used, reason = "hex digits are always a name")]
pub(super) fn principal(user: &UserId) -> Principal {
    let digits = || Principal::new(&format!("user:{}", user_tag(user))).expect("hex digits");
    Principal::new(user.as_str()).unwrap_or_else(|_| digits())
}

/// Whoever reaches a gateway without logins and brings nothing.
pub(crate) fn nobody() -> Option<Principal> {
    Principal::new("local-dev").ok()
}
