//! One refresh token for the next.

use std::net::IpAddr;

use baton_auth::refresh::{DecodeError, Token};
use baton_auth::{Scopes, SecretText, address};
use baton_core::Code;
use baton_core::login::{EndReason, OnReuse, Refused, Rotation, UserId, Windows};
use baton_store::calls::token::{Came, Live, Note, Rotate, Rotated};

use super::clients::DASHBOARD;
use super::issue::{Bearer, Of, Tokens};
use super::settings::ms;
use super::{Auth, measure};
use crate::clock;
use crate::problem::Fail;

/// A wish for the next token.
pub(crate) struct Wish<'a> {
    pub(crate) token: &'a str,
    pub(crate) client: &'a str,
    /// Names the request: a repeat gets the same answer.
    pub(crate) nonce: String,
    /// Less than the session may do, for this access token.
    pub(crate) scopes: Option<&'a Scopes>,
    pub(crate) from: IpAddr,
}

/// What came of it.
pub(crate) struct Refreshed {
    pub(crate) tokens: Tokens,
    /// `rotated` or `replayed`, as clients see it.
    pub(crate) outcome: &'static str,
}

impl Auth {
    pub(crate) async fn refresh(&self, wish: &Wish<'_>) -> Result<Refreshed, Fail> {
        let token = match self.decode(wish.token).await {
            Ok(Some(token)) => token,
            Ok(None) => {
                measure::refreshed("invalid");
                return Err(Fail::new(Code::RefreshTokenInvalid));
            }
            Err(fail) => {
                measure::refreshed("error");
                return Err(fail);
            }
        };
        if let Err(wait_ms) = self.pace.admit(token.sid, clock::now_ms()) {
            measure::refreshed("throttled");
            return Err(Fail::new(Code::RateLimited).again_after(wait_ms));
        }
        if let Some(asked) = wish.scopes {
            self.must_contain(&token, asked).await?;
        }
        match self.rotate(&token, wish).await {
            Ok(Rotated::Successor { how, session }) => {
                match how {
                    Rotation::Rotated => {}
                    Rotation::Replayed => self.note_soon(&token, Came::Replayed, wish.from),
                    Rotation::Healed => self.note_soon(&token, Came::Healed, wish.from),
                }
                self.succeed(&token, how, &session, wish).await
            }
            Ok(Rotated::Refused { why, ended, epoch }) => {
                match why {
                    Refused::Superseded => {
                        self.note_soon(&token, Came::Superseded, wish.from);
                        self.look_at_stranger(&token, wish.from);
                    }
                    // Nobody hears of it before it is on record.
                    Refused::Reused => self.note_token(told(&token, Came::Reused), wish.from).await,
                    _ => {}
                }
                Err(self.refuse(&token, why, ended, epoch))
            }
            Err(error) => {
                measure::refreshed("error");
                Err(error.into())
            }
        }
    }

    /// A token of ours; `None` if it is none. One that another gateway could read is our own mistake.
    pub(crate) async fn decode(&self, token: &str) -> Result<Option<Token>, Fail> {
        match Token::decode(token, &self.ring) {
            Ok(token) => Ok(Some(token)),
            Err(DecodeError::UnknownKid(kid)) if self.others_know(kid).await? => {
                tracing::error!(kid, "a token is sealed with a key that this gateway lacks and others have");
                Err(Fail::new(Code::KeyRingMismatch))
            }
            Err(_) => Ok(None),
        }
    }

    /// A wider scope is refused before anything happens, so that the token is not used up.
    async fn must_contain(&self, token: &Token, asked: &Scopes) -> Result<(), Fail> {
        let rows = self.store.sessions(token.tag).await?;
        let session = rows.iter().find(|row| row.sid == token.sid);
        let held = session.map(|row| row.scope.parse::<Scopes>().unwrap_or_default());
        match held {
            // One that is gone, or not his, is found out by the rotation.
            Some(held) if !held.contain(asked) => Err(Fail::new(Code::InvalidScope)),
            _ => Ok(()),
        }
    }

    async fn rotate(&self, token: &Token, wish: &Wish<'_>) -> Result<Rotated, baton_store::Error> {
        let rules = &self.logins.rules;
        let leeway = if wish.client == DASHBOARD { rules.cookie_leeway } else { rules.refresh_leeway };
        let windows = Windows {
            leeway_ms: ms(leeway),
            retry_ms: ms(rules.retry_window),
            heal_max_ahead: rules.heal_max_ahead,
            on_reuse: rules.on_reuse,
        };
        let hash = token.secret_hash();
        // The store repeats this once where the answer was lost: with the same nonce, so that it is no reuse.
        let ask = Rotate {
            tag: token.tag,
            sid: token.sid,
            generation: token.generation,
            client: wish.client,
            secret_hash: &hash,
            nonce: &wish.nonce,
            kid: self.ring.first_kid(),
            idle_ms: ms(rules.idle_ttl),
            ended_ms: rules.ended_ms(),
            windows,
        };
        self.store.rotate(&ask).await
    }

    async fn succeed(
        &self,
        token: &Token,
        how: Rotation,
        session: &Live,
        wish: &Wish<'_>,
    ) -> Result<Refreshed, Fail> {
        let (counted, outcome) = match how {
            Rotation::Rotated => ("rotated", "rotated"),
            Rotation::Healed => ("healed", "rotated"),
            Rotation::Replayed => ("replayed", "replayed"),
        };
        measure::refreshed(counted);
        if how == Rotation::Healed {
            tracing::warn!(session = %token.sid, "Redis had fallen behind a token that we gave out; the session goes on");
        }
        let user: UserId = session.user_id.parse().map_err(|_| Fail::new(Code::Internal))?;
        let held: Scopes = session.scope.parse().unwrap_or_default();
        let scopes = held.and(&Scopes::of_roles(&session.roles));
        let bearer = Bearer {
            user: &user,
            client: &session.client,
            scopes: &wish.scopes.map_or(scopes.clone(), |asked| scopes.and(asked)),
            epoch: session.epoch,
            auth_time_ms: session.auth_time_ms,
            amr: &session.amr,
            now_ms: session.now_ms,
            of: Of::Session { sid: token.sid, absolute_at_ms: session.absolute_at_ms },
            worker: None,
        };
        let tokens = Tokens {
            issued: self.access(&bearer).await?,
            refresh: self.successor(token, session)?,
            session: token.sid,
            refresh_for_s: session.expires_at_ms.saturating_sub(session.now_ms) / 1_000,
        };
        Ok(Refreshed { tokens, outcome })
    }

    fn successor(&self, token: &Token, session: &Live) -> Result<SecretText, Fail> {
        let text = token.successor(session.generation).text(&self.ring, session.kid);
        text.ok_or_else(|| Fail::new(Code::KeyRingMismatch))
    }

    /// Whoever looks after the user can read that a token came once more. Whoever brought it does not wait for that.
    fn note_soon(&self, token: &Token, came: Came, from: IpAddr) {
        let (auth, told) = (self.clone(), told(token, came));
        tokio::spawn(async move { auth.note_token(told, from).await });
    }

    async fn note_token(&self, told: Note<'_>, from: IpAddr) {
        let ip = address::pseudonym(&self.ring, from);
        if let Err(error) = self.store.note_token(&Note { ip: &ip, ..told }).await {
            tracing::warn!(session = %told.sid, came = told.came.as_str(), %error, "that a token came once more could not be noted");
        }
    }

    /// One who comes too late with a token, under a name of his own, and from elsewhere than the login, may have stolen
    /// it. He does not wait for us to find out.
    fn look_at_stranger(&self, token: &Token, from: IpAddr) {
        let (auth, tag, sid) = (self.clone(), token.tag, token.sid);
        let ip = address::pseudonym(&self.ring, from);
        tokio::spawn(async move {
            let Ok(rows) = auth.store.sessions(tag).await else { return };
            if rows.iter().any(|row| row.sid == sid && row.ip != ip) {
                tracing::warn!(session = %sid, user = %tag, ip,
                    "a refresh token came once more, from another address than the login: two may hold this session");
            }
        });
    }

    /// Notes why there is no successor, and answers what the client is told of it.
    fn refuse(&self, token: &Token, why: Refused, ended: Option<EndReason>, epoch: Option<u64>) -> Fail {
        let Token { tag, sid, .. } = token;
        let (counted, code) = match why {
            Refused::Unknown => ("unknown", Code::RefreshTokenInvalid),
            Refused::Invalid => ("invalid", Code::RefreshTokenInvalid),
            Refused::Expired => ("expired", Code::RefreshTokenInvalid),
            Refused::StaleEpoch => ("stale_epoch", Code::RefreshTokenInvalid),
            Refused::TooFarAhead => ("ahead", Code::RefreshTokenInvalid),
            Refused::Superseded => ("superseded", Code::RefreshTokenSuperseded),
            Refused::Reused => ("reused", Code::RefreshTokenReused),
        };
        measure::refreshed(counted);
        match why {
            Refused::Reused => {
                tracing::warn!(session = %sid, user = %tag, generation = token.generation,
                    "a refresh token came once more, too late or too old: two may hold this session");
                if self.logins.rules.on_reuse != OnReuse::Deny {
                    self.revoke_session(*tag, *sid, EndReason::Reuse);
                }
                if let Some(epoch) = epoch {
                    self.revoke_user(*tag, epoch);
                }
            }
            Refused::TooFarAhead => tracing::warn!(session = %sid,
                "a token is far ahead of what Redis remembers: was an old backup restored?"),
            // It may be our own repeat of a step whose answer was lost: then nobody was told yet.
            Refused::Unknown if ended.is_some() && !self.revoked.has_session(*sid) => {
                self.revoke_session(*tag, *sid, ended.unwrap_or(EndReason::Logout));
            }
            Refused::StaleEpoch => self.revoke_session(*tag, *sid, EndReason::Epoch),
            Refused::Superseded => {
                tracing::info!(session = %sid, "a refresh token was superseded a moment ago")
            }
            Refused::Unknown | Refused::Invalid | Refused::Expired => {
                tracing::info!(session = %sid, why = counted, ended = ended.map(EndReason::as_str), "a refresh is refused");
            }
        }
        Fail::new(code)
    }
}

/// What is told of a token that came once more; not yet from where.
fn told(token: &Token, came: Came) -> Note<'static> {
    Note { tag: token.tag, sid: token.sid, came, generation: token.generation, ip: "" }
}
