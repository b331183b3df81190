//! What a client brings to every call.

use std::sync::Arc;

use baton_api::auth::Secret;

use super::keeper::Keeper;
use super::store::TokenStore;
use crate::client::{Client, Inner};
use crate::error::Error;

pub(in crate::client) enum Pass {
    Nobody,
    /// An API key, or an access token that somebody else renews.
    Fixed(Secret),
    Login(Box<Keeper>),
}

impl Client {
    /// A client that asks with this API key.
    pub fn with_api_key(self, key: impl Into<String>) -> Result<Client, Error> {
        self.with_token(Secret(key.into()))
    }

    /// A client that asks with this access token, or API key, for as long as it is good.
    pub fn with_token(self, token: Secret) -> Result<Client, Error> {
        let Secret(text) = &token;
        // Whatever else a header could carry, no credential has it; a line end is the mark of a file that was read whole.
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "use the credential: it is one word of visible ASCII characters".to_owned();
            return Err(Error::Credential(message));
        }
        Ok(self.with(Pass::Fixed(token)))
    }

    /// A client that asks as whoever is logged in by this store, if anyone is. It refreshes the login when that is due,
    /// and keeps what it gets in the store, which other processes may share.
    pub fn with_logins(self, store: impl TokenStore) -> Client {
        self.with(Pass::Login(Box::new(Keeper::new(Arc::new(store)))))
    }

    fn with(self, pass: Pass) -> Client {
        let (http, base) = (self.inner.http.clone(), self.inner.base.clone());
        Client { inner: Arc::new(Inner { http, base, pass }), again: self.again }
    }

    /// What the next call brings.
    pub(in crate::client) async fn bearer(&self) -> Result<Option<Secret>, Error> {
        match &self.inner.pass {
            Pass::Nobody => Ok(None),
            Pass::Fixed(token) => Ok(Some(token.clone())),
            Pass::Login(keeper) => keeper.bearer(self).await,
        }
    }

    /// What to bring after this was refused, if there can be anything else.
    pub(in crate::client) async fn bearer_after(&self, refused: &Secret) -> Result<Option<Secret>, Error> {
        match &self.inner.pass {
            Pass::Nobody | Pass::Fixed(_) => Ok(None),
            Pass::Login(keeper) => keeper.bearer_after(self, refused).await,
        }
    }
}
