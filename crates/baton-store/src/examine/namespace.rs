//! Whether the namespace is the one that is meant, whether the server has our scripts, and what its user may do.

use baton_core::doctor::Finding;
use baton_core::limits::SCHEMA;

use super::{NAMESPACE, RIGHTS, SCRIPTS, Seen, Unseen};
use crate::boot::{Unfit, judge_schema};
use crate::keys::namespace_meta;
use crate::script::{Script, inner_commands, login_commands, probes};
use crate::store::Store;

/// Shards of whose records are read; the others were made in the same way.
const SHARDS_READ: usize = 64;

/// As opening reads it, without founding anything.
pub(super) async fn look(store: &Store) -> Seen<Finding> {
    let key = namespace_meta(&store.inner.options.namespace);
    let found: Vec<Option<String>> = store.ask(&["HMGET", &key, "schema", "shards", "store_id"]).await?;
    let [Some(schema), Some(shards), Some(store_id)] = &found[..] else {
        return Ok(NAMESPACE.warn(
            format!("{key} is not there: nobody has begun here"),
            "start a gateway or a worker; or look whether redis.namespace and the address are those that are meant",
        ));
    };
    let mut unfit = Vec::new();
    let wanted = store.shards().get();
    if shards.parse() != Ok(u32::from(wanted)) {
        unfit.push(Unfit::Shards { found: shards.parse().unwrap_or_default(), wanted });
    }
    let mut schemas = vec![schema.clone()];
    for shard in store.shards().all().take(SHARDS_READ) {
        let meta = store.keys(shard)?.meta();
        let found: Vec<Option<String>> = store.ask(&["HMGET", &meta, "schema", "store_id"]).await?;
        let [of_schema, of_store] = &found[..] else { return Err(Unseen::Odd(meta)) };
        schemas.extend(of_schema.clone());
        if let Some(found) = of_store.as_ref().filter(|found| *found != store_id) {
            unfit.push(Unfit::Foreign { found: found.clone(), wanted: store_id.clone() });
        }
    }
    let newer =
        schemas.iter().filter_map(|schema| schema.parse().ok()).filter(|schema| *schema > SCHEMA).max();
    unfit.extend(newer.and_then(judge_schema));
    Ok(match unfit.first() {
        None => NAMESPACE.ok(format!("schema {schema}, {shards} shards, store {store_id}")),
        Some(first) => NAMESPACE
            .fail(first.to_string(), "connect to the Redis that is meant, and configure all processes alike"),
    })
}

pub(super) async fn scripts(store: &Store) -> Seen<Finding> {
    let needed: Vec<&Script> = Script::needed(store.inner.options.logins).collect();
    let question = ["SCRIPT", "EXISTS"].into_iter().chain(needed.iter().map(|script| script.sha.as_str()));
    let known: Vec<bool> = store.ask(&question.collect::<Vec<_>>()).await?;
    let missing: Vec<&str> =
        needed.iter().zip(known).filter(|(_, known)| !known).map(|(script, _)| script.name).collect();
    Ok(match &missing[..] {
        [] => SCRIPTS.ok(format!("all {} are loaded, with the digests of {}", needed.len(), env!("CARGO_PKG_VERSION"))),
        [first, rest @ ..] => SCRIPTS.warn(
            format!(
                "{} of {} are not loaded: {first}{}",
                missing.len(),
                needed.len(),
                if rest.is_empty() { "" } else { ", …" }
            ),
            "each is sent again when it is called, so this mends itself after a restart; if it comes back, something flushes scripts",
        ),
    })
}

pub(super) async fn rights(store: &Store) -> Seen<Finding> {
    let first = baton_core::Shard::FIRST;
    let mut denied = store.probe(first, &probes(&inner_commands(), &store.keys(first)?.sample())).await?;
    let logins = store.inner.options.logins;
    if logins {
        denied.extend(store.probe(first, &probes(&login_commands(), &store.logins().sample())).await?);
    }
    let user: Seen<String> = store.ask(&["ACL", "WHOAMI"]).await;
    let user = user.map_or_else(|_| String::new(), |name| format!("{name} "));
    denied.sort_unstable();
    denied.dedup();
    Ok(match denied.is_empty() {
        true if logins => {
            RIGHTS.ok(format!("its user {user}may do all that the scripts do, logins included"))
        }
        true => RIGHTS.ok(format!("its user {user}may do all that the scripts of tasks do")),
        false => RIGHTS.fail(
            format!("its user {user}may not run {}", denied.join(", ")),
            "`baton redis-acl` prints users that may",
        ),
    })
}
