//! API keys, read. Plain commands: there is nothing to decide.

use std::collections::HashMap;

use baton_core::login::{KeyId, UserId, UserTag};
use deadpool_redis::redis::{Cmd, FromRedisValue, Value};

use crate::error::Error;
use crate::store::Store;

/// An API key. Of its secrets there are only hashes.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: KeyId,
    pub owner: UserId,
    /// When that owner was made: a namesake of a deleted one does not own his keys.
    pub owner_born: String,
    pub name: String,
    pub scopes: String,
    pub worker: Option<String>,
    /// Between spaces; empty: everywhere.
    pub cidrs: String,
    pub created_at_ms: u64,
    pub expires_at_ms: Option<u64>,
    pub last_used_at_ms: Option<u64>,
    pub disabled: bool,
    pub hash: String,
    /// Of a second secret, while it is being rotated.
    pub hash_next: Option<String>,
    /// Workers whose numbers were handed out for it: it may act as these again.
    pub joined: Vec<String>,
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ApiKey").field("id", &self.id).field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// Behind it stands the id of a worker, in a key's hash.
pub(crate) const JOINED: &str = "joined:";

impl Store {
    pub async fn read_key(&self, id: &KeyId) -> Result<Option<ApiKey>, Error> {
        let mut command = Cmd::new();
        command.arg("HGETALL").arg(self.logins().key(id));
        read(id, self.send_soon(&command).await?)
    }

    /// The API keys of an owner, in the order of their ids. Places of keys that are gone are given up on the way.
    pub async fn keys_of(&self, tag: UserTag) -> Result<Vec<ApiKey>, Error> {
        let index = self.logins().of_user(tag).keys();
        let mut command = Cmd::new();
        command.arg("ZRANGE").arg(&index).arg(0).arg(-1);
        let ids: Vec<String> = FromRedisValue::from_redis_value(self.send_soon(&command).await?)
            .map_err(|error| Error::fault("an index of keys", error.to_string()))?;
        let mut keys = Vec::new();
        for id in ids.iter().filter_map(|id| KeyId::new(id).ok()) {
            match self.read_key(&id).await? {
                Some(key) => keys.push(key),
                None => self.unlist_key(&index, &id).await?,
            }
        }
        Ok(keys)
    }

    async fn unlist_key(&self, index: &str, id: &KeyId) -> Result<(), Error> {
        let mut command = Cmd::new();
        command.arg("ZREM").arg(index).arg(id.as_str());
        self.send_soon(&command).await.map(|_| ())
    }

    /// How many keys an owner has at most, by his list.
    pub(crate) async fn count_keys(&self, tag: UserTag) -> Result<u64, Error> {
        let mut command = Cmd::new();
        command.arg("ZCARD").arg(self.logins().of_user(tag).keys());
        FromRedisValue::from_redis_value(self.send_soon(&command).await?)
            .map_err(|error| Error::fault("an index of keys", error.to_string()))
    }

    /// When a user was made; empty if he was not.
    pub(crate) async fn born(&self, tag: UserTag) -> Result<String, Error> {
        let mut command = Cmd::new();
        command.arg("HMGET").arg(self.logins().of_user(tag).user()).arg("born");
        let (born,): (Option<String>,) = FromRedisValue::from_redis_value(self.send_soon(&command).await?)
            .map_err(|error| Error::fault("a user", error.to_string()))?;
        Ok(born.unwrap_or_default())
    }
}

fn read(id: &KeyId, value: Value) -> Result<Option<ApiKey>, Error> {
    let fault = |problem: String| Error::fault(format!("the key {id}"), problem);
    let mut fields: HashMap<String, String> =
        FromRedisValue::from_redis_value(value).map_err(|error| fault(error.to_string()))?;
    let Some(hash) = fields.remove("hash") else { return Ok(None) };
    let joined = fields.keys().filter_map(|name| name.strip_prefix(JOINED)).map(str::to_owned).collect();
    let mut text = |name: &str| fields.remove(name).unwrap_or_default();
    let owner = text("owner").parse().map_err(|_| fault("its owner cannot be read".to_owned()))?;
    Ok(Some(ApiKey {
        id: id.clone(),
        owner,
        owner_born: text("owner_born"),
        name: text("name"),
        scopes: text("scopes"),
        worker: Some(text("worker")).filter(|worker| !worker.is_empty()),
        cidrs: text("cidrs"),
        created_at_ms: text("created_at").parse().unwrap_or_default(),
        expires_at_ms: text("expires_at").parse().ok(),
        last_used_at_ms: text("last_used_at").parse().ok(),
        disabled: text("disabled") == "1",
        hash,
        hash_next: Some(text("hash_next")).filter(|hash| !hash.is_empty()),
        joined,
    }))
}
