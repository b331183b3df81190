//! Logging in and out, and the sessions of whoever asks.

use baton_api::auth::{
    LoggedOutAll, Login, LogoutAll, NewPassword, Pair, Refresh, ResetPassword, Secret, Session, Sessions,
    Validated,
};

use super::pass::Pass;
use super::path::segment;
use super::store::Tokens;
use crate::client::Client;
use crate::client::call::Call;
use crate::client::submit::body;
use crate::error::Error;

impl Client {
    /// Logs in. A client with a store keeps the tokens there, and the login that was there ends.
    pub async fn log_in(&self, login: Login) -> Result<Tokens, Error> {
        let Pass::Login(keeper) = &self.inner.pass else { return self.begin(&login).await };
        let (tokens, other) = keeper
            .replace(async |before| {
                let mut login = login;
                let old = before.map(|old| (old.username == login.username, old.refresh_token));
                if let (None, Some((true, token))) = (&login.previous_refresh_token, &old) {
                    login.previous_refresh_token = Some(token.clone());
                }
                let tokens = self.begin(&login).await?;
                let other = old.and_then(|(same, token)| (!same).then_some(token));
                Ok((Some(tokens.clone()), (tokens, other)))
            })
            .await?;
        if let Some(token) = other {
            // Nobody has this token any more. If it cannot be ended now it expires.
            let ended = self.end_family(&token).await;
            let _ =
                ended.inspect_err(|error| tracing::warn!(%error, "the login before this one was not ended"));
        }
        Ok(tokens)
    }

    /// Sent once: each try would begin a session.
    async fn begin(&self, login: &Login) -> Result<Tokens, Error> {
        let call = Call::post("/auth/login", body(login)?, None).once();
        tokens(self.read_as(&call, None).await?, &login.username)
    }

    /// Exchanges the tokens of a login for the next ones, for somebody who keeps them himself. These are over then: whoever
    /// shows them again ends the login.
    pub async fn refresh(&self, before: &Tokens) -> Result<Tokens, Error> {
        let asked = Refresh { refresh_token: Some(before.refresh_token.clone()), ..Refresh::default() };
        let call = Call::post("/auth/refresh", body(&asked)?, before.refresh_key.clone());
        tokens(self.read_as(&call, None).await?, &before.username)
    }

    /// Ends the login of this client's store. False where there was none.
    pub async fn log_out(&self) -> Result<bool, Error> {
        let Pass::Login(keeper) = &self.inner.pass else { return Err(no_login()) };
        keeper
            .replace(async |before| {
                if let Some(tokens) = &before {
                    self.end_family(&tokens.refresh_token).await?;
                }
                Ok((None, before.is_some()))
            })
            .await
    }

    /// Ends all sessions of whoever asks, everywhere. The current password is needed if the login is older than a
    /// quarter of an hour.
    pub async fn log_out_everywhere(&self, current_password: Option<Secret>) -> Result<LoggedOutAll, Error> {
        let ended =
            self.call(Call::post("/auth/logout-all", body(&LogoutAll { current_password })?, None)).await?;
        if let Pass::Login(keeper) = &self.inner.pass {
            keeper.replace(async |_| Ok((None, ()))).await?;
        }
        Ok(ended)
    }

    /// The login that this client's store has now.
    pub async fn logged_in(&self) -> Result<Option<Tokens>, Error> {
        match &self.inner.pass {
            Pass::Login(keeper) => keeper.load().await,
            Pass::Nobody | Pass::Fixed(_) => Ok(None),
        }
    }

    /// Whose credential this client asks with, and what that may do.
    pub async fn validate(&self) -> Result<Validated, Error> {
        self.call(Call::get("/auth/validate")).await
    }

    pub async fn sessions(&self) -> Result<Vec<Session>, Error> {
        let listed: Sessions = self.call(Call::get("/auth/sessions")).await?;
        Ok(listed.sessions)
    }

    /// Ends one session of whoever asks.
    pub async fn end_session(&self, id: &str) -> Result<(), Error> {
        self.tell(Call::delete(format!("/auth/sessions/{}", segment(id)?))).await
    }

    /// Changes the password of whoever asks. All other sessions end, and this one goes on.
    pub async fn change_password(&self, current: Secret, new: Secret) -> Result<(), Error> {
        let call = Call::post("/auth/password", body(&NewPassword { current, new })?, None).once();
        let Pass::Login(keeper) = &self.inner.pass else { return self.tell(call).await };
        // Before it is locked: a refresh must not come between.
        let bearer = self.bearer().await?;
        keeper
            .replace(async |before| {
                let pair: Pair = self.read_as(&call, bearer.as_ref()).await?;
                let username = before.map(|tokens| tokens.username).unwrap_or_default();
                Ok((Some(tokens(pair, &username)?), ()))
            })
            .await
    }

    /// Sets a new password with a code that an administrator has handed out.
    pub async fn reset_password(&self, code: Secret, new: Secret) -> Result<(), Error> {
        let call = Call::post("/auth/password/reset", body(&ResetPassword { code, new })?, None).once();
        self.ask_as(&call, None).await.map(drop)
    }
}

fn tokens(pair: Pair, username: &str) -> Result<Tokens, Error> {
    let none = || Error::Credential("log in: the answer has no tokens".to_owned());
    Tokens::of(pair, username).ok_or_else(none)
}

fn no_login() -> Error {
    Error::Credential("log out: this client keeps no login".to_owned())
}
