//! What lies in Redis, in the words of the interface: for the routes, and for `baton redis --direct`, which asks no gateway.

use baton_api::redis::{RedisCheck, RedisKey, RedisKeys, RedisScripts};
use baton_core::Namespace;
use baton_store::{Error, Store};

use crate::convert::redis as convert;

/// The forms of keys that there are.
pub fn patterns(namespace: &Namespace) -> RedisKeys {
    convert::patterns(namespace)
}

/// One key; `None` where it is none of this namespace.
pub async fn explain(store: &Store, key: &str) -> Result<Option<RedisKey>, Error> {
    Ok(store.look(key).await?.map(|look| convert::key(key.to_owned(), look)))
}

/// A quick look at some keys.
pub async fn check(store: &Store) -> Result<RedisCheck, Error> {
    Ok(convert::checked(store.check_keys().await?))
}

/// The scripts. `metrics`: those of a process that calls them.
pub async fn scripts(store: &Store, metrics: &str) -> Result<RedisScripts, Error> {
    Ok(convert::scripts(&store.scripts_missing().await?, metrics))
}
