//! What the server says of itself, and whether it still has what we need: the questions of a readiness probe.

use deadpool_redis::redis::{Cmd, FromRedisValue, Value};

use crate::boot::{self, Unfit};
use crate::error::Error;
use crate::script::Script;
use crate::store::Store;

/// The server in numbers; of a cluster, the primary whose memory is used most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerInfo {
    /// `Redis 7.4.1`, `Valkey 8.1.0`.
    pub version: String,
    /// `master` or `slave`, as it calls itself.
    pub role: String,
    pub uptime_s: u64,
    pub connected_clients: u64,
    pub blocked_clients: u64,
    pub used_memory: u64,
    /// 0 where there is no limit.
    pub maxmemory: u64,
    pub maxmemory_policy: String,
    /// Keys that the server threw away for want of memory: with our policy none.
    pub evicted_keys: u64,
    pub aof_enabled: bool,
    /// Of the last write to the append-only file.
    pub aof_ok: bool,
    pub connected_replicas: u64,
    pub loading: bool,
}

impl ServerInfo {
    fn read(info: &str) -> ServerInfo {
        let text = |name| field(info, name).unwrap_or_default().to_owned();
        let number = |name| field(info, name).and_then(|value| value.parse().ok()).unwrap_or_default();
        ServerInfo {
            version: version(info).map(|(name, version)| format!("{name} {version}")).unwrap_or_default(),
            role: text("role"),
            uptime_s: number("uptime_in_seconds"),
            connected_clients: number("connected_clients"),
            blocked_clients: number("blocked_clients"),
            used_memory: number("used_memory"),
            maxmemory: number("maxmemory"),
            maxmemory_policy: text("maxmemory_policy"),
            evicted_keys: number("evicted_keys"),
            aof_enabled: number("aof_enabled") == 1,
            aof_ok: field(info, "aof_last_write_status") != Some("err"),
            connected_replicas: number("connected_slaves"),
            loading: number("loading") == 1,
        }
    }

    /// How full its memory is, in thousandths of the limit; 0 without a limit.
    pub fn memory_permille(&self) -> u64 {
        (self.used_memory * 1_000).checked_div(self.maxmemory).unwrap_or_default()
    }

    /// It refuses whatever takes memory. Claims and ends of tasks go on: they make room.
    pub fn is_full(&self) -> bool {
        self.memory_permille() >= 1_000
    }
}

impl Store {
    /// Asks the server how it is. One round trip.
    pub async fn server(&self) -> Result<ServerInfo, Error> {
        let nodes = infos(self).await?;
        let nodes = nodes.iter().map(|info| ServerInfo::read(info));
        // Also a node that we should not be connected to is described, where it is the only one.
        let worst =
            nodes.max_by_key(|node| (node.role == "master", node.memory_permille(), node.used_memory));
        worst.ok_or_else(|| Error::fault("INFO", "no node answered it"))
    }

    /// The scripts that the server does not have in its cache. They are sent again when they are called; one that is
    /// missing now and then is no fault, one that keeps missing is. One round trip.
    pub async fn scripts_missing(&self) -> Result<Vec<&'static str>, Error> {
        let mut command = Cmd::new();
        command.arg("SCRIPT").arg("EXISTS");
        let needed = || Script::needed(self.inner.options.logins);
        for script in needed() {
            command.arg(&script.sha);
        }
        let answer = self.send(&command, None).await?;
        let known: Vec<bool> = FromRedisValue::from_redis_value(answer)
            .map_err(|error| Error::fault("SCRIPT EXISTS", error.to_string()))?;
        let missing = needed().zip(known).filter(|(_, known)| !known);
        Ok(missing.map(|(script, _)| script.name).collect())
    }

    /// Sends the scripts that are missing, and answers those that are missing all the same.
    pub async fn load_missing(&self) -> Result<Vec<&'static str>, Error> {
        let missing = self.scripts_missing().await?;
        if missing.is_empty() {
            return Ok(missing);
        }
        for script in Script::all().iter().filter(|script| missing.contains(&script.name)) {
            self.load(script).await?;
        }
        self.scripts_missing().await
    }

    /// What has become of the server since the store opened: a replica, or one that throws keys away. One round trip.
    pub async fn server_fits(&self) -> Result<Vec<Unfit>, Error> {
        let mut unfit = Vec::new();
        for info in infos(self).await? {
            boot::judge(&info, &mut unfit, &mut Vec::new());
        }
        Ok(unfit)
    }

    /// Is the namespace still the one that this store was opened for? It does what opening does: a server that came back
    /// empty has it founded anew. Two round trips.
    pub async fn namespace_agrees(&self) -> Result<Vec<Unfit>, Error> {
        boot::meet_namespace(self).await
    }
}

/// INFO of the node, or of every node of a cluster.
pub(crate) async fn infos(store: &Store) -> Result<Vec<String>, Error> {
    let mut command = Cmd::new();
    command.arg("INFO");
    let text = |value| match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    };
    Ok(match store.send(&command, None).await? {
        Value::Map(nodes) => nodes.into_iter().filter_map(|(_, value)| text(value)).collect(),
        value => text(value).into_iter().collect(),
    })
}

pub(crate) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// Valkey says 7.2.4 of itself where it is asked as Redis; its own number is elsewhere.
pub(crate) fn version(info: &str) -> Option<(&'static str, &str)> {
    match field(info, "valkey_version") {
        Some(version) => Some(("Valkey", version)),
        None => field(info, "redis_version").map(|version| ("Redis", version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_is_read() {
        let info = ServerInfo::read(
            "redis_version:7.4.1\r\nrole:master\r\nused_memory:250\r\nused_memory_human:250B\r\nmaxmemory:1000\r\n\
             evicted_keys:3\r\naof_enabled:1\r\naof_last_write_status:err\r\nconnected_slaves:2",
        );
        assert_eq!((info.version.as_str(), info.role.as_str()), ("Redis 7.4.1", "master"));
        assert_eq!((info.used_memory, info.maxmemory, info.memory_permille()), (250, 1_000, 250));
        assert_eq!((info.evicted_keys, info.aof_enabled, info.aof_ok), (3, true, false));
        assert_eq!((info.connected_replicas, info.loading), (2, false));
    }

    #[test]
    fn without_a_limit_the_memory_is_never_full() {
        assert_eq!(ServerInfo::read("used_memory:250\r\nmaxmemory:0").memory_permille(), 0);
    }
}
