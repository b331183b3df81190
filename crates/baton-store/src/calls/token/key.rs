//! Faces `lua/token/key.lua`. Repeatable: a repeat writes the same record once more.

use baton_core::limits;
use baton_core::login::{KeyId, UserId, UserTag};
use deadpool_redis::redis::Cmd;

use crate::calls::bounded;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// An API key to be.
#[derive(Clone, Debug)]
pub struct NewApiKey<'a> {
    pub id: &'a KeyId,
    /// Of its owner.
    pub tag: UserTag,
    pub owner: &'a UserId,
    pub name: &'a str,
    pub scopes: &'a str,
    /// The only worker that it may act as; empty: none.
    pub worker: &'a str,
    /// Networks it may come from, between spaces; empty: all.
    pub cidrs: &'a str,
    pub expires_at_ms: Option<u64>,
    /// Of its secret.
    pub hash: &'a str,
}

impl Store {
    /// Writes a new API key, and answers when that was; `None`: there is one of this id, with another secret. It is in its
    /// owner's list before it is there.
    pub async fn put_key(&self, ask: &NewApiKey<'_>) -> Result<Option<u64>, Error> {
        if self.count_keys(ask.tag).await? >= limits::KEYS_MAX {
            // Looking at the list gives up the places of keys that are gone.
            bounded("API keys of one owner", self.keys_of(ask.tag).await?.len() + 1, limits::KEYS_MAX)?;
        }
        let born = self.born(ask.tag).await?;
        let mut list = Cmd::new();
        let index = self.logins().of_user(ask.tag).keys();
        list.arg("ZADD").arg(index).arg("NX").arg(0).arg(ask.id.as_str());
        self.send_soon(&list).await?;
        let mut call = Call::new("token/key", [self.logins().key(ask.id)]);
        call.optional(ask.expires_at_ms).arg(self.now_argument()).arg(ask.hash);
        let fields = [
            ("owner", ask.owner.as_str()),
            ("owner_born", &born),
            ("name", ask.name),
            ("scopes", ask.scopes),
            ("worker", ask.worker),
            ("cidrs", ask.cidrs),
            ("disabled", "0"),
        ];
        for (name, value) in fields {
            call.arg(name).arg(value);
        }
        let mut reply = self.run_soon(&call).await?;
        match reply.text()?.as_str() {
            "written" => reply.parse().map(Some),
            "taken" => Ok(None),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
