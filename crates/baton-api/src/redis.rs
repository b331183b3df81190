//! What lies in Redis, for people who look there.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The server, and the shards in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedisServer {
    /// `Redis 7.4.6`, `Valkey 8.1.4`.
    pub version: String,
    /// `master` or `slave`, as it calls itself.
    pub role: String,
    pub uptime_ms: u64,
    pub clients: u64,
    /// Those that wait for something on purpose.
    pub blocked_clients: u64,
    pub memory_bytes: u64,
    /// 0: there is no limit.
    pub memory_limit_bytes: u64,
    pub memory_policy: String,
    pub evicted_keys: u64,
    /// Whether it keeps an append-only file.
    pub append_only: bool,
    pub replicas: u64,
    pub namespace: String,
    pub shards: Vec<RedisShard>,
}

/// A shard in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedisShard {
    /// What its keys begin with.
    pub prefix: String,
    /// Entries of its event stream.
    pub stream_length: u64,
    /// How far behind what is written behind is.
    pub behind_ms: u64,
    /// Ends that are still to be passed on.
    pub cascades: u64,
}

/// The forms of keys that there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedisKeys {
    pub keys: Vec<RedisPattern>,
}

/// What all keys of one form have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedisPattern {
    /// What stands in angle brackets differs from key to key. The shard is the first one.
    pub pattern: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub holds: String,
    /// The script that makes it; `-` where it is no script.
    pub script: String,
    /// Whether they end by themselves: `yes`, `no`, or `some`.
    pub expires: String,
    /// What it holds is shown to nobody.
    pub secret: bool,
    /// The line that reads one.
    pub line: String,
}

/// One key, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedisKey {
    pub key: String,
    /// As Redis says it; `none` where there is no such key.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its form; left out where it belongs to nothing that Baton keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<String>,
    /// When it ends by itself; left out where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
    /// Fields, members, entries or bytes.
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// What it holds is shown to nobody.
    pub masked: bool,
    pub values: Vec<RedisValue>,
    /// There is more than is listed.
    pub more: bool,
    /// Indexes that must name it, and keys that must be there.
    pub indexes: Vec<RedisIndex>,
    /// What may change it next: moves of a task, or scripts.
    pub next: Vec<String>,
    /// The line that reads it.
    pub line: String,
}

/// A field and its value, a member and its score, an entry and its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedisValue {
    pub name: String,
    pub value: String,
    /// The value in words, where it is a time or a length of time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
}

/// An index that must name a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedisIndex {
    pub key: String,
    /// As what it is to be there; left out where the key only has to exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    pub is_in: bool,
}

/// A quick look at some keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedisCheck {
    /// How many keys were looked at.
    pub looked: u64,
    /// These were all keys of the namespace.
    pub whole: bool,
    pub faults: Vec<RedisFault>,
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RedisFault {
    pub key: String,
    pub problem: String,
}

/// The scripts of this release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RedisScripts {
    pub scripts: Vec<RedisScript>,
}

/// A script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RedisScript {
    /// As its file is called: `task/claim`.
    pub name: String,
    /// Under which SLOWLOG and MONITOR show it.
    pub sha: String,
    /// Of its text, as it is sent.
    pub bytes: u64,
    /// Whether Redis has it now; it is sent again when it is called.
    pub loaded: bool,
    /// Calls of this gateway since it started.
    pub calls: u64,
    /// How long they took together, the way to Redis and back included.
    pub total_ms: f64,
}
