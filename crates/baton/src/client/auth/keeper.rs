//! Keeps a login alive.
//!
//! A refresh token is good for one use. So one process has one refresh under way at a time, and processes that share a
//! store take turns; whoever had to wait finds that it was done for him. A refresh has a name, its `Idempotency-Key`,
//! which is written down before anything is sent: with it a lost answer is asked for again, by this process or by the
//! next one, and no trouble on the way ends a login. A login ends here in two cases only: the gateway refuses it when
//! its access token is over, or somebody else turns out to hold its successor.

use std::sync::Arc;
use std::time::Duration;

use baton_api::auth::{Logout, Pair, Refresh, Secret};
use baton_core::Code;
use tokio::sync::Mutex;

use super::store::{TokenStore, Tokens, now_ms};
use crate::client::Client;
use crate::client::call::Call;
use crate::client::send::{draw_key, jittered};
use crate::client::submit::body;
use crate::error::Error;

/// How long another process may take to refresh what we share with it.
const LOCK_WITHIN: Duration = Duration::from_secs(60);
/// How often we look whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// While the access token is good, a refresh is not worth much waiting, and not worth a try at every call.
const TRIES_WHILE_GOOD: u32 = 2;
const PAUSE_MS: u64 = 5_000;
/// How often somebody else may have been quicker before we give up.
const ROUNDS: u32 = 3;

pub(in crate::client) struct Keeper {
    store: Arc<dyn TokenStore>,
    /// Locked for the whole of a refresh: one flight at a time.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tokens: Option<Tokens>,
    /// Of the tokens here, the store has older ones: it could not take these.
    unsaved: bool,
    /// An access token that a gateway did not accept, whatever our clock says.
    refused: Option<Secret>,
    /// Until then no refresh is tried for what is still good.
    pause_until_ms: u64,
}

impl State {
    /// The access token, if it need not be replaced.
    fn fresh(&self) -> Option<Secret> {
        let tokens = self.tokens.as_ref()?;
        let due_ms = tokens.renew_at.ms().max(self.pause_until_ms);
        self.good().filter(|_| now_ms() < due_ms)
    }

    /// The access token, if it is good, be it not for long.
    fn good(&self) -> Option<Secret> {
        let tokens = self.tokens.as_ref()?;
        let good = now_ms() < tokens.expires_at.ms() && self.refused.as_ref() != Some(&tokens.access_token);
        good.then(|| tokens.access_token.clone())
    }
}

impl Keeper {
    pub(super) fn new(store: Arc<dyn TokenStore>) -> Keeper {
        Keeper { store, state: Mutex::default() }
    }

    /// What to ask with; none where nobody is logged in.
    pub(super) async fn bearer(&self, client: &Client) -> Result<Option<Secret>, Error> {
        let mut state = self.state.lock().await;
        self.current(client, &mut state).await
    }

    /// The same after this one was refused. None where it could not be replaced.
    pub(super) async fn bearer_after(
        &self,
        client: &Client,
        refused: &Secret,
    ) -> Result<Option<Secret>, Error> {
        let mut state = self.state.lock().await;
        state.refused = Some(refused.clone());
        self.current(client, &mut state).await
    }

    async fn current(&self, client: &Client, state: &mut State) -> Result<Option<Secret>, Error> {
        if let Some(token) = state.fresh() {
            return Ok(Some(token));
        }
        match self.renew(client, state).await {
            Ok(()) => Ok(state.tokens.as_ref().map(|tokens| tokens.access_token.clone())),
            Err(error @ Error::LoggedOut(_)) => Err(error),
            Err(error) => match state.good() {
                Some(token) => {
                    tracing::debug!(%error, "the login could not be refreshed; its access token is still good");
                    state.pause_until_ms = now_ms() + PAUSE_MS;
                    Ok(Some(token))
                }
                None => Err(error),
            },
        }
    }

    async fn renew(&self, client: &Client, state: &mut State) -> Result<(), Error> {
        // Without the lock first: whoever is not logged in, or finds it done, disturbs nobody.
        if self.is_settled(state).await? {
            return Ok(());
        }
        let _held = self.lock().await?;
        for _ in 0..ROUNDS {
            if self.is_settled(state).await? {
                return Ok(());
            }
            if self.refresh(client, state).await? {
                return Ok(());
            }
        }
        Err(Error::Credential("refresh the login: others that share it are always quicker".to_owned()))
    }

    /// Reads the store again; true where nothing is left to be refreshed.
    async fn is_settled(&self, state: &mut State) -> Result<bool, Error> {
        if !state.unsaved {
            state.tokens = self.load().await?;
        }
        Ok(state.tokens.is_none() || state.fresh().is_some())
    }

    /// One refresh, whatever number of tries it takes. False where somebody was quicker and the store has newer tokens.
    async fn refresh(&self, client: &Client, state: &mut State) -> Result<bool, Error> {
        let Some(mut tokens) = state.tokens.clone() else { return Ok(true) };
        let key = self.named(state, &mut tokens).await?;
        let asked = Refresh { refresh_token: Some(tokens.refresh_token.clone()), ..Refresh::default() };
        let tries = state.good().map(|_| TRIES_WHILE_GOOD);
        let call = Call::post("/auth/refresh", body(&asked)?, Some(key)).stubborn(tries);
        match client.read_as::<Pair>(&call, None).await {
            Ok(pair) => {
                let Some(next) = Tokens::of(pair, &tokens.username) else {
                    return Err(Error::Credential("refresh the login: the answer has no tokens".to_owned()));
                };
                self.take(state, next).await;
                Ok(true)
            }
            Err(error) if error.code() == Code::RefreshTokenSuperseded.as_str() => {
                self.superseded(client, state, &tokens).await.map(|()| false)
            }
            Err(error) if matches!(error.status(), Some(401)) => Err(self.refused(state, error).await?),
            Err(error) => Err(error),
        }
    }

    /// The name of this refresh: that of one which was begun and not answered, or a new one, which is written down first.
    async fn named(&self, state: &mut State, tokens: &mut Tokens) -> Result<String, Error> {
        if let Some(key) = &tokens.refresh_key {
            return Ok(key.clone());
        }
        let no_chance =
            || Error::Credential("refresh the login: the system has no random numbers".to_owned());
        let key = draw_key().ok_or_else(no_chance)?;
        tokens.refresh_key = Some(key.clone());
        self.save(Some(tokens.clone())).await?;
        state.tokens = Some(tokens.clone());
        state.unsaved = false;
        Ok(key)
    }

    async fn take(&self, state: &mut State, next: Tokens) {
        let saved = self.save(Some(next.clone())).await;
        if let Err(error) = &saved {
            tracing::warn!(%error, "the refreshed login could not be kept: it lasts as long as this process");
        }
        *state = State { tokens: Some(next), unsaved: saved.is_err(), ..State::default() };
    }

    /// Somebody else used this token. If it was not one of us, who would have kept the new one in the store, nobody must
    /// go on with this login: the old token may always end it.
    async fn superseded(&self, client: &Client, state: &mut State, ours: &Tokens) -> Result<(), Error> {
        let newer = self.load().await?.filter(|found| found.refresh_token != ours.refresh_token);
        if newer.is_some() {
            state.tokens = newer;
            state.unsaved = false;
            return Ok(());
        }
        client.end_family(&ours.refresh_token).await?;
        self.forget(state).await?;
        let why = "somebody else has refreshed it, so it was ended everywhere; log in again, and if that was nobody you \
                   know, change the password";
        Err(Error::LoggedOut(why.to_owned()))
    }

    /// The gateway does not accept the refresh token. While the access token is good the login stays.
    async fn refused(&self, state: &mut State, error: Error) -> Result<Error, Error> {
        if state.good().is_some() {
            return Ok(error);
        }
        self.forget(state).await?;
        Ok(Error::LoggedOut("it has expired or was ended; log in again".to_owned()))
    }

    async fn forget(&self, state: &mut State) -> Result<(), Error> {
        *state = State::default();
        self.save(None).await
    }

    /// Keeps a new login, or none, and answers with the one before. `change` is asked once nobody else can refresh.
    pub(super) async fn replace<F, T>(&self, change: F) -> Result<T, Error>
    where
        F: AsyncFnOnce(Option<Tokens>) -> Result<(Option<Tokens>, T), Error>,
    {
        let mut state = self.state.lock().await;
        let _held = self.lock().await?;
        let before = if state.unsaved { state.tokens.clone() } else { self.load().await? };
        let (next, answer) = change(before).await?;
        self.save(next.clone()).await?;
        *state = State { tokens: next, ..State::default() };
        Ok(answer)
    }

    async fn lock(&self) -> Result<Box<dyn Send>, Error> {
        let locked = async {
            loop {
                if let Some(held) = self.at(|store| store.try_lock()).await? {
                    return Ok(held);
                }
                tokio::time::sleep(jittered(LOOK_EVERY)).await;
            }
        };
        let stuck = |_| {
            Error::Credential("refresh the login: another process has been at it for a minute".to_owned())
        };
        tokio::time::timeout(LOCK_WITHIN, locked).await.unwrap_or_else(|over| Err(stuck(over)))
    }

    pub(super) async fn load(&self) -> Result<Option<Tokens>, Error> {
        self.at(|store| store.load()).await
    }

    async fn save(&self, tokens: Option<Tokens>) -> Result<(), Error> {
        self.at(move |store| store.save(tokens.as_ref())).await
    }

    async fn at<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&dyn TokenStore) -> Result<T, Error> + Send + 'static,
    {
        let store = Arc::clone(&self.store);
        let ended = |error| Error::Credential(format!("look where the login is kept: {error}"));
        tokio::task::spawn_blocking(move || work(&*store)).await.unwrap_or_else(|error| Err(ended(error)))
    }
}

impl Client {
    /// Ends a login by one of its tokens, of whatever generation. One that has ended is no mistake.
    pub(super) async fn end_family(&self, token: &Secret) -> Result<(), Error> {
        let asked = Logout { refresh_token: Some(token.clone()) };
        let call = Call::post("/auth/logout", body(&asked)?, None).stubborn(None);
        match self.ask_as(&call, None).await {
            Err(error) if error.code() == Code::UnknownToken.as_str() => Ok(()),
            other => other.map(drop),
        }
    }
}
