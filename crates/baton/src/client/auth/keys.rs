//! API keys, join tokens of workers, and the keys that sign access tokens.

use baton_api::auth::{
    ChangeKey, Join, Joined, Key, KeyWithSecret, Keys, NewJoinToken, NewKey, NewTicket, OneTimeCode,
    SigningKey, SigningKeys, Ticket,
};

use super::path::segment;
use crate::client::Client;
use crate::client::call::Call;
use crate::client::submit::body;
use crate::error::Error;

impl Client {
    pub async fn keys(&self) -> Result<Vec<Key>, Error> {
        let listed: Keys = self.call(Call::get("/auth/keys")).await?;
        Ok(listed.keys)
    }

    pub async fn key(&self, id: &str) -> Result<Key, Error> {
        self.call(Call::get(key(id)?)).await
    }

    /// Makes a key, and answers with its secret, which nobody can ask for again. It is sent once: a second try could make
    /// a second key, of which nobody knows.
    pub async fn create_key(&self, new: &NewKey) -> Result<KeyWithSecret, Error> {
        self.call(Call::post("/auth/keys", body(new)?, None).once()).await
    }

    pub async fn change_key(&self, id: &str, change: &ChangeKey) -> Result<KeyWithSecret, Error> {
        let call = Call::patch(key(id)?, body(change)?);
        // A secret whose answer is lost is replaced by the next one, so that is for the caller to ask for.
        self.call(if change.rotate.is_some() { call.once() } else { call }).await
    }

    pub async fn revoke_key(&self, id: &str) -> Result<(), Error> {
        self.tell(Call::delete(key(id)?)).await
    }

    /// A code by which one worker gets a credential of its own.
    pub async fn join_token(&self, new: &NewJoinToken) -> Result<OneTimeCode, Error> {
        self.call(Call::post("/auth/workers/join-tokens", body(new)?, None).once()).await
    }

    /// Becomes a worker: this client's credential is a join token, or a key that may register workers.
    pub async fn join(&self, join: &Join) -> Result<Joined, Error> {
        self.call(Call::post("/auth/workers/join", body(join)?, None).once()).await
    }

    /// A ticket for one use, for those who cannot send a header.
    pub async fn ticket(&self, purpose: &str) -> Result<Ticket, Error> {
        let asked = NewTicket { purpose: purpose.to_owned() };
        self.call(Call::post("/auth/ticket", body(&asked)?, None)).await
    }

    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, Error> {
        let listed: SigningKeys = self.call(Call::get("/auth/signing-keys")).await?;
        Ok(listed.keys)
    }

    /// Begins to change the key that signs: the next one is published now, and signs when everyone can know it.
    pub async fn rotate_signing_key(&self) -> Result<Vec<SigningKey>, Error> {
        let listed: SigningKeys =
            self.call(Call::post("/auth/signing-keys/rotate", b"{}".to_vec(), None).once()).await?;
        Ok(listed.keys)
    }

    /// Everything that this key signed is worth nothing from now on.
    pub async fn revoke_signing_key(&self, kid: &str) -> Result<(), Error> {
        self.tell(Call::delete(format!("/auth/signing-keys/{}", segment(kid)?))).await
    }
}

fn key(id: &str) -> Result<String, Error> {
    Ok(format!("/auth/keys/{}", segment(id)?))
}
