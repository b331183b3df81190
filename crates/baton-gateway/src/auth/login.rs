//! From a name and a password to a session.

use std::net::IpAddr;

use baton_auth::refresh::Token;
use baton_auth::{Scopes, address, password, user_tag};
use baton_core::Code;
use baton_core::login::{EndReason, UserId, UserTag};
use baton_store::calls::token::{Attempt, Change, Gate, GateKey, Gated, Login, Opened, OpenedSession, User};

use super::clients::Client;
use super::issue::{About, Bearer, Draft, Of, Tokens};
use super::{Auth, measure};
use crate::problem::Fail;

/// Longer ones are no passwords, and would only cost time.
pub(crate) const PASSWORD_BYTES_MAX: usize = 1024;
/// How a user showed who he is.
pub(crate) const BY_PASSWORD: &str = "pwd";

/// A wish to log in.
pub(crate) struct Wish<'a> {
    pub(crate) user: &'a UserId,
    pub(crate) password: &'a str,
    /// Less than the user may do.
    pub(crate) scopes: Option<&'a Scopes>,
    pub(crate) device: &'a str,
    pub(crate) previous: Option<&'a str>,
    pub(crate) client: &'a Client,
    pub(crate) from: IpAddr,
}

/// What a try to log in was charged to.
enum Charged {
    User,
    /// A device that has a token of the user already.
    Device(Token),
}

impl Auth {
    pub(crate) async fn log_in(&self, wish: &Wish<'_>) -> Result<Tokens, Fail> {
        let tag = user_tag(wish.user);
        let opened = if self.logins.accept_any {
            self.open(wish, tag, None).await
        } else {
            let user = self.prove(wish.user, wish.password, self.device(wish, tag), wish.from).await;
            match user {
                Ok(user) => self.open(wish, tag, Some(&user)).await,
                Err(fail) => Err(fail),
            }
        };
        measure::logged_in(match &opened {
            Ok(_) => "opened",
            Err(fail) if fail.code == Code::InvalidCredentials => "refused",
            Err(fail) if fail.code == Code::RateLimited => "throttled",
            Err(_) => "error",
        });
        let tokens = opened?;
        if let Some(previous) = self.device(wish, tag) {
            self.end_previous(&previous).await;
        }
        Ok(tokens)
    }

    /// The token of an earlier session of this user, if that is what was brought.
    fn device(&self, wish: &Wish<'_>, tag: UserTag) -> Option<Token> {
        Token::decode(wish.previous?, &self.ring).ok().filter(|token| token.tag == tag)
    }

    async fn end_previous(&self, token: &Token) {
        let hash = token.secret_hash();
        if let Err(fail) = self.end(token.tag, token.sid, Some(&hash), None, EndReason::Logout).await {
            tracing::warn!(session = %token.sid, code = %fail.code, "an earlier session could not be ended");
        }
    }

    /// The user, if this is his password. Every try is charged before it costs anything, so that many at once do not
    /// slip through; one that succeeds is paid back.
    pub(crate) async fn prove(
        &self,
        user: &UserId,
        password: &str,
        device: Option<Token>,
        from: IpAddr,
    ) -> Result<User, Fail> {
        let tag = user_tag(user);
        let address = address::pseudonym(&self.ring, from);
        wait(self.store.charge(GateKey::Address(&address), self.address_gate()).await?)?;
        let charged = match device {
            Some(token) => {
                wait(self.store.charge(GateKey::Device(tag, token.sid), self.user_gate()).await?)?;
                Charged::Device(token)
            }
            None => {
                wait(self.store.attempt(tag, self.user_gate(), Attempt::Begin).await?)?;
                Charged::User
            }
        };
        let found = self.store.read_user(tag, user).await?;
        let found = found.filter(|found| !found.disabled);
        let known = found.as_ref().and_then(|found| found.password.clone());
        let is = self.hashing.is(password.to_owned(), known).await?;
        let Some(found) = found.filter(|_| is) else {
            if let Charged::User = charged {
                self.store.attempt(tag, self.user_gate(), Attempt::Failed).await?;
            }
            return Err(Fail::new(Code::InvalidCredentials));
        };
        self.store.refund(GateKey::Address(&address), self.address_gate()).await?;
        match charged {
            Charged::User => {
                self.store.attempt(tag, self.user_gate(), Attempt::Succeeded).await?;
            }
            Charged::Device(token) => {
                self.store.refund(GateKey::Device(tag, token.sid), self.user_gate()).await?;
            }
        }
        self.rehash(tag, &found, password).await;
        Ok(found)
    }

    fn address_gate(&self) -> Gate {
        gate(self.logins.rules.login_per_ip, 60_000)
    }

    fn user_gate(&self) -> Gate {
        gate(self.logins.rules.login_per_user, 15 * 60_000)
    }

    /// A password that was hashed when less was usual is hashed anew, now that it is known.
    async fn rehash(&self, tag: UserTag, user: &User, password: &str) {
        let Some(known) = user.password.as_deref() else { return };
        if !password::needs_rehash(known, password::Profile::Standard) {
            return;
        }
        if let Ok(phc) = self.hashing.hash(password.to_owned()).await {
            let change = Change::Rehash { phc: &phc, epoch_seen: user.epoch };
            if let Err(error) = self.store.change_user(tag, &user.user_id, change).await {
                tracing::debug!(%error, "a password stays hashed as it was");
            }
        }
    }

    /// Opens a session for a user who has shown who he is; where any name will do, for anyone.
    async fn open(&self, wish: &Wish<'_>, tag: UserTag, user: Option<&User>) -> Result<Tokens, Fail> {
        let allowed = user.map_or(Scopes::admin(), |user| Scopes::of_roles(&user.roles));
        let allowed = wish.client.scopes.as_ref().map_or(allowed.clone(), |most| allowed.and(most));
        let scopes = match wish.scopes {
            Some(asked) if allowed.contain(asked) => asked.clone(),
            Some(_) => return Err(Fail::new(Code::InvalidScope)),
            None => allowed,
        };
        let draft = Draft::draw(self, tag)?;
        let (scope, ip) = (scopes.to_string(), address::pseudonym(&self.ring, wish.from));
        let about = About {
            client: &wish.client.id,
            policy: wish.client.policy,
            scope: &scope,
            device: wish.device,
            ip: &ip,
            amr: BY_PASSWORD,
        };
        let login = Login {
            tag,
            user_id: wish.user,
            epoch_seen: user.map(|user| user.epoch),
            create: user.is_none(),
            max: self.logins.rules.sessions_max,
            ended_ms: self.logins.rules.ended_ms(),
            session: draft.session(self, about),
        };
        match self.store.login(&login).await? {
            Opened::Session { opened, evicted } => {
                evicted.into_iter().for_each(|sid| self.revoke_session(tag, sid, EndReason::Evicted));
                if user.is_none() {
                    self.store.list_user(wish.user).await?;
                }
                self.first_tokens(wish.user, &wish.client.id, &scopes, &draft, &opened).await
            }
            Opened::Changed => Err(Fail::new(Code::InvalidCredentials)),
            Opened::TagCollision => {
                tracing::error!("two user names have the same tag; the newer one cannot log in");
                Err(Fail::new(Code::InvalidCredentials))
            }
        }
    }

    /// The tokens of a session that was opened just now.
    pub(crate) async fn first_tokens(
        &self,
        user: &UserId,
        client: &str,
        scopes: &Scopes,
        draft: &Draft,
        opened: &OpenedSession,
    ) -> Result<Tokens, Fail> {
        let OpenedSession { epoch, roles, now_ms, expires_at_ms, absolute_at_ms } = opened;
        let bearer = Bearer {
            user,
            client,
            scopes: &scopes.and(&Scopes::of_roles(roles)),
            epoch: *epoch,
            auth_time_ms: *now_ms,
            amr: BY_PASSWORD,
            now_ms: *now_ms,
            of: Of::Session { sid: draft.token.sid, absolute_at_ms: *absolute_at_ms },
            worker: None,
        };
        Ok(Tokens {
            issued: self.access(&bearer).await?,
            refresh: draft.text(self)?,
            session: draft.token.sid,
            refresh_for_s: expires_at_ms.saturating_sub(*now_ms) / 1_000,
        })
    }
}

/// So many in this time, and all of them at once if need be. Times in Redis are whole ms: nothing comes more often.
fn gate(burst: u64, span_ms: u64) -> Gate {
    Gate { every_ms: (span_ms / burst.max(1)).max(1), burst }
}

fn wait(gated: Gated) -> Result<(), Fail> {
    match gated {
        Gated::Ok => Ok(()),
        Gated::Wait(ms) => Err(Fail::new(Code::RateLimited).again_after(ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_never_opens_for_everyone() {
        for (burst, every_ms) in [(0, 60_000), (30, 2_000), (60_000, 1), (100_000, 1), (u64::MAX, 1)] {
            assert_eq!(gate(burst, 60_000), Gate { every_ms, burst });
        }
    }
}
