//! What is checked before work begins: that the server can keep our promises, that the namespace is the one we mean,
//! and that we may do what the scripts do.

use baton_core::Shard;
use baton_core::limits::{SCHEMA, SCHEMA_IMPORTING};
use tokio::task::JoinSet;

use crate::clock::random;
use crate::error::Error;
use crate::script::{Script, inner_commands, login_commands, probes};
use crate::server::{field, infos, version};
use crate::store::Store;

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("open the store: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unfit(Vec<Unfit>),
    #[error("open the store")]
    Store(#[from] Error),
}

impl OpenError {
    /// Is it worth waiting? A server that is away comes back, and a failover makes a primary of a replica.
    pub fn may_pass(&self) -> bool {
        match self {
            OpenError::Unfit(reasons) => reasons.iter().all(|reason| matches!(reason, Unfit::Role(_))),
            OpenError::Store(error) => matches!(error, Error::Unavailable { .. }),
        }
    }
}

/// Why we refuse to work with this server or namespace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the server is {0}: Baton needs Redis 7.0 or Valkey 7.2, whose scripts declare what they do")]
    Version(String),
    #[error("its maxmemory-policy is {0}: it would delete tasks; set it to noeviction")]
    Eviction(String),
    #[error("it is a {0}: connect to the primary")]
    Role(String),
    #[error("the namespace was made by a newer release (schema {0}): upgrade this one")]
    SchemaTooNew(u64),
    #[error(
        "an import of the namespace is not whole: let it end; or begin it anew with `baton import --start-over`"
    )]
    Importing,
    #[error("the namespace has {found} shards, not {wanted}: the number is fixed when it is made")]
    Shards { found: u32, wanted: u16 },
    #[error("a shard belongs to another store ({found}, not {wanted}): two deployments share this prefix")]
    Foreign { found: String, wanted: String },
    #[error("its user may not run {0} on our keys; `baton redis-acl` prints users that may")]
    Denied(String),
    #[error("its user may not run {0} on the keys of logins; `baton redis-acl` prints users that may")]
    DeniedLogins(String),
}

/// What works, but should be looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    #[error("persistence is off (appendonly no): a restart of Redis loses every task")]
    NoPersistence,
    #[error(
        "the memory limit is off (maxmemory 0): Redis will be ended by the kernel instead of refusing new tasks"
    )]
    NoMemoryLimit,
}

pub(crate) async fn open(store: &Store) -> Result<Vec<Warning>, OpenError> {
    let mut warnings = Vec::new();
    let mut unfit = Vec::new();
    for info in infos(store).await? {
        judge(&info, &mut unfit, &mut warnings);
    }
    refuse(unfit)?;
    for script in Script::needed(store.inner.options.logins) {
        store.load(script).await?;
    }
    // Before anything is written: a script that lacks a right stops half-way.
    for shard in store.shards().all() {
        let asked = probes(&inner_commands(), &store.keys(shard)?.sample());
        refuse(store.probe(shard, &asked).await?.into_iter().map(Unfit::Denied).collect())?;
    }
    if store.inner.options.logins {
        let asked = probes(&login_commands(), &store.logins().sample());
        let denied = store.probe(Shard::FIRST, &asked).await?;
        refuse(denied.into_iter().map(Unfit::DeniedLogins).collect())?;
    }
    refuse(meet_namespace(store).await?)?;
    warnings.dedup();
    Ok(warnings)
}

fn refuse(unfit: Vec<Unfit>) -> Result<(), OpenError> {
    if unfit.is_empty() { Ok(()) } else { Err(OpenError::Unfit(unfit)) }
}

pub(crate) fn judge(info: &str, unfit: &mut Vec<Unfit>, warnings: &mut Vec<Warning>) {
    unfit.extend(judge_version(info));
    // A node of a cluster may be a replica; for one node we must have the primary.
    let clustered = field(info, "cluster_enabled") == Some("1");
    match field(info, "role") {
        Some("master") | None => {}
        Some(_) if clustered => return,
        Some(role) => unfit.push(Unfit::Role(role.to_owned())),
    }
    match field(info, "maxmemory_policy") {
        Some("noeviction") | None => {}
        Some(policy) => unfit.push(Unfit::Eviction(policy.to_owned())),
    }
    if field(info, "aof_enabled") == Some("0") {
        warnings.push(Warning::NoPersistence);
    }
    if field(info, "maxmemory") == Some("0") {
        warnings.push(Warning::NoMemoryLimit);
    }
}

fn judge_version(info: &str) -> Option<Unfit> {
    let (name, version) = version(info)?;
    let floor = if name == "Valkey" { (7, 2) } else { (7, 0) };
    let mut numbers = version.split('.').map(|number| number.parse::<u64>().unwrap_or_default());
    let found = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    (found < floor).then(|| Unfit::Version(format!("{name} {version}")))
}

/// Two round trips, however many shards there are.
pub(crate) async fn meet_namespace(store: &Store) -> Result<Vec<Unfit>, Error> {
    let drawn = format!("{:016x}", random());
    let namespace = store.open_namespace(&drawn).await?;
    let wanted = store.shards().get();
    if let Some(unfit) = judge_schema(namespace.schema) {
        return Ok(vec![unfit]);
    }
    if namespace.shards != u32::from(wanted) {
        return Ok(vec![Unfit::Shards { found: namespace.shards, wanted }]);
    }
    let mut shards = JoinSet::new();
    for shard in store.shards().all() {
        let (store, store_id) = (store.clone(), namespace.store_id.clone());
        shards.spawn(async move { meet_shard(&store, shard, &store_id).await });
    }
    let met: Result<Vec<_>, Error> = shards.join_all().await.into_iter().collect();
    let mut unfit: Vec<Unfit> = met?.into_iter().flatten().collect();
    unfit.dedup();
    Ok(unfit)
}

pub(crate) fn judge_schema(schema: u64) -> Option<Unfit> {
    match schema {
        SCHEMA_IMPORTING => Some(Unfit::Importing),
        schema => (schema > SCHEMA).then_some(Unfit::SchemaTooNew(schema)),
    }
}

async fn meet_shard(store: &Store, shard: Shard, store_id: &str) -> Result<Option<Unfit>, Error> {
    let found = store.open_shard(shard, store_id).await?;
    let unfit = judge_schema(found.schema);
    Ok(if unfit.is_some() {
        unfit
    } else if found.store_id != store_id {
        Some(Unfit::Foreign { found: found.store_id, wanted: store_id.to_owned() })
    } else {
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(info: &str) -> Vec<Unfit> {
        let mut unfit = Vec::new();
        judge(info, &mut unfit, &mut Vec::new());
        unfit
    }

    #[test]
    fn old_servers_are_refused_by_their_own_number() {
        assert_eq!(
            judged("redis_version:6.2.14\r\nrole:master"),
            [Unfit::Version("Redis 6.2.14".to_owned())]
        );
        assert_eq!(judged("redis_version:7.0.15\r\nrole:master"), []);
        assert_eq!(
            judged("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0\r\nrole:master"),
            []
        );
        let old = "redis_version:7.2.4\r\nvalkey_version:7.1.0";
        assert_eq!(judged(old), [Unfit::Version("Valkey 7.1.0".to_owned())]);
    }

    #[test]
    fn a_server_that_would_forget_tasks_is_refused() {
        let info = "redis_version:7.0.15\r\nrole:slave\r\nmaxmemory_policy:allkeys-lru";
        assert_eq!(
            judged(info),
            [Unfit::Role("slave".to_owned()), Unfit::Eviction("allkeys-lru".to_owned())]
        );
    }

    #[test]
    fn what_should_be_looked_at_is_said() {
        let mut warnings = Vec::new();
        judge(
            "redis_version:7.0.15\r\nrole:master\r\naof_enabled:0\r\nmaxmemory:0",
            &mut Vec::new(),
            &mut warnings,
        );
        assert_eq!(warnings, [Warning::NoPersistence, Warning::NoMemoryLimit]);
    }
}
