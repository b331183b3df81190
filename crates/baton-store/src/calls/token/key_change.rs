//! Faces `lua/token/key_change.lua`. Repeatable: it sets fields to values.

use baton_core::WorkerId;
use baton_core::login::{KeyId, UserTag};
use deadpool_redis::redis::Cmd;

use crate::error::Error;
use crate::logins::JOINED;
use crate::run::Call;
use crate::store::Store;

/// What is done to an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKey<'a> {
    Name(&'a str),
    Scopes(&'a str),
    Disabled(bool),
    /// A second secret is good, too; empty: no longer.
    SecondHash(&'a str),
    /// The second secret is the only one from now on.
    OnlyHash(&'a str),
    /// It may act as this worker.
    Joined(&'a WorkerId),
    /// It was used just now.
    Touch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyChanged {
    Done,
    Unknown,
}

impl Store {
    pub async fn change_key(&self, id: &KeyId, change: ChangeKey<'_>) -> Result<KeyChanged, Error> {
        match change {
            ChangeKey::Name(name) => self.key_step(id, "set", &[("name", name)]).await,
            ChangeKey::Scopes(scopes) => self.key_step(id, "set", &[("scopes", scopes)]).await,
            ChangeKey::Disabled(true) => self.key_step(id, "set", &[("disabled", "1")]).await,
            ChangeKey::Disabled(false) => self.key_step(id, "set", &[("disabled", "0")]).await,
            ChangeKey::SecondHash(hash) => self.key_step(id, "set", &[("hash_next", hash)]).await,
            ChangeKey::OnlyHash(hash) => self.key_step(id, "set", &[("hash", hash), ("hash_next", "")]).await,
            ChangeKey::Joined(worker) => {
                self.key_step(id, "set", &[(&format!("{JOINED}{worker}"), "1")]).await
            }
            ChangeKey::Touch => self.key_step(id, "touch", &[]).await,
        }
    }

    /// Removes an API key, and then its place in its owner's list.
    pub async fn remove_key(&self, tag: UserTag, id: &KeyId) -> Result<KeyChanged, Error> {
        let removed = self.key_step(id, "remove", &[]).await?;
        let mut unlist = Cmd::new();
        unlist.arg("ZREM").arg(self.logins().of_user(tag).keys()).arg(id.as_str());
        self.send_soon(&unlist).await?;
        Ok(removed)
    }

    async fn key_step(&self, id: &KeyId, what: &str, fields: &[(&str, &str)]) -> Result<KeyChanged, Error> {
        let mut call = Call::new("token/key_change", [self.logins().key(id)]);
        call.arg(what).arg(self.now_argument());
        for (name, value) in fields {
            call.arg(*name).arg(*value);
        }
        let mut reply = self.run_soon(&call).await?;
        match reply.text()?.as_str() {
            "changed" => Ok(KeyChanged::Done),
            "refused" => match reply.text()?.as_str() {
                "unknown" => Ok(KeyChanged::Unknown),
                other => Err(reply.fault(format!("it is refused: {other:?}"))),
            },
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
