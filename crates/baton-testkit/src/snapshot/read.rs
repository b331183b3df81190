//! Redis to [`Snapshot`].

use super::render::escape;
use super::{Bytes, Content, Entry, Snapshot, Value};
use deadpool_redis::redis::aio::ConnectionLike;
use deadpool_redis::redis::{Cmd, FromRedisValue, Pipeline, cmd};

type Pair = (Bytes, Bytes);

impl Snapshot {
    /// Reads every key that starts with `prefix`. Not atomic: nobody else may write meanwhile.
    pub async fn take<C: ConnectionLike + Send>(connection: &mut C, prefix: &str) -> Self {
        let keys = keys(connection, prefix).await;
        let facts: Vec<(String, i64)> = ask_each(connection, &keys, |pipeline, key| {
            pipeline.cmd("TYPE").arg(key).cmd("PTTL").arg(key);
        })
        .await;
        let mut snapshot = Self::default();
        for (key, (kind, ttl_ms)) in keys.iter().zip(facts) {
            if let Some(content) = content(connection, key, &kind).await {
                snapshot.0.insert(escape(key), Value { content, expires: ttl_ms >= 0 });
            }
        }
        snapshot
    }
}

async fn keys<C: ConnectionLike + Send>(connection: &mut C, prefix: &str) -> Vec<Bytes> {
    let pattern = format!("{}*", quote(prefix));
    let (mut keys, mut cursor) = (Vec::new(), String::from("0"));
    loop {
        let mut scan = cmd("SCAN");
        scan.arg(&cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(1000);
        let (next, page): (String, Vec<Bytes>) = ask(connection, &scan).await;
        keys.extend(page);
        if next == "0" {
            break;
        }
        cursor = next;
    }
    // SCAN may name a key twice.
    keys.sort();
    keys.dedup();
    keys
}

/// A prefix is text, not a pattern.
fn quote(prefix: &str) -> String {
    let special = |letter| matches!(letter, '*' | '?' | '[' | ']' | '\\' | '^');
    prefix.chars().flat_map(|letter| special(letter).then_some('\\').into_iter().chain([letter])).collect()
}

/// `None` for a key that expired since it was listed.
async fn content<C: ConnectionLike + Send>(connection: &mut C, key: &[u8], kind: &str) -> Option<Content> {
    let read = |name: &str, rest: &[&str]| cmd(name).arg(key).arg(rest).to_owned();
    Some(match kind {
        "string" => Content::String(ask::<_, Option<Bytes>>(connection, &read("GET", &[])).await?),
        "hash" => Content::Hash(ask(connection, &read("HGETALL", &[])).await),
        "set" => Content::Set(ask(connection, &read("SMEMBERS", &[])).await),
        "list" => Content::List(ask(connection, &read("LRANGE", &["0", "-1"])).await),
        "zset" => Content::SortedSet(ask(connection, &read("ZRANGE", &["0", "-1", "WITHSCORES"])).await),
        "stream" => {
            let entries: Vec<(String, Vec<Pair>)> = ask(connection, &read("XRANGE", &["-", "+"])).await;
            Content::Stream(entries.into_iter().map(|(id, fields)| Entry { id, fields }).collect())
        }
        "none" => return None,
        unknown => panic!("{} is a {unknown}, which a snapshot cannot read", escape(key)),
    })
}

async fn ask_each<C: ConnectionLike + Send, T: FromRedisValue>(
    connection: &mut C,
    keys: &[Bytes],
    add: impl Fn(&mut Pipeline, &[u8]),
) -> Vec<T> {
    let mut pipeline = Pipeline::with_capacity(keys.len() * 2);
    keys.iter().for_each(|key| add(&mut pipeline, key));
    if keys.is_empty() {
        return Vec::new();
    }
    pipeline.query_async(connection).await.expect("failed to read the keys of a snapshot")
}

async fn ask<C: ConnectionLike + Send, T: FromRedisValue>(connection: &mut C, question: &Cmd) -> T {
    question.query_async(connection).await.expect("failed to read a snapshot")
}
