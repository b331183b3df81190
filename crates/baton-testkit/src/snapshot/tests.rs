use super::*;
use crate::PrivateRedis;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::cmd;

async fn tell(connection: &mut MultiplexedConnection, words: &[&[u8]]) {
    let mut command = cmd(str::from_utf8(words[0]).unwrap());
    command.arg(&words[1..]).exec_async(connection).await.unwrap();
}

macro_rules! tell {
    ($connection:expr, $($word:expr),+) => {
        tell($connection, &[$(AsRef::<[u8]>::as_ref(&$word)),+]).await
    };
}

#[tokio::test]
async fn every_type_is_read_and_printed() {
    let server = PrivateRedis::start().await;
    let redis = &mut server.connection().await;
    tell!(redis, "HSET", "b:{0}:hash", "status", "running", "attempt", "2", "two words", "");
    tell!(redis, "RPUSH", "b:{0}:list", "z", "a", "a");
    tell!(redis, "SADD", "b:{0}:set", "z", "a");
    tell!(redis, "SET", "b:{0}:text", "naïve \"quote\"\n", "EX", "100");
    tell!(redis, "XADD", "b:{0}:stream", "5-1", "z", "1", "a", "2");
    tell!(redis, "XADD", "b:{0}:stream", "5-2", "claimed", "t1 7");
    tell!(redis, "ZADD", "b:{0}:zset", "4398046511104123", "late", "1.5", "early");
    tell!(redis, "SET", "c:elsewhere", "1");

    let snapshot = Snapshot::take(redis, "b:{0}:").await;
    assert_eq!(
        snapshot.render(),
        r#"> HGETALL b:{0}:hash
  attempt "2"
  status "running"
  "two words" ""
> LRANGE b:{0}:list 0 -1
  0) "z"
  1) "a"
  2) "a"
> SMEMBERS b:{0}:set
  "a"
  "z"
> XRANGE b:{0}:stream - +
  5-1 z "1" a "2"
  5-2 claimed "t1 7"
> GET b:{0}:text    # expires
  "naïve \"quote\"\n"
> ZRANGE b:{0}:zset 0 -1 WITHSCORES
  "early" 1.5
  "late" 4398046511104123
"#
    );
    let Content::SortedSet(members) = &snapshot.0["b:{0}:zset"].content else { panic!("not a zset") };
    assert_eq!(members[1], (b"late".to_vec(), "4398046511104123".to_owned()));
}

#[tokio::test]
async fn bytes_that_are_not_text_are_told_apart_and_long_values_keep_their_digest() {
    let server = PrivateRedis::start().await;
    let redis = &mut server.connection().await;
    let long = [b'x'; 201];
    tell!(redis, "SET", b"k:\xff", b"\x00\xfe\\ ok");
    tell!(redis, "SET", "k:exact", [b'x'; 200]);
    tell!(redis, "SET", "k:long", long);
    let before = Snapshot::take(redis, "k:").await;
    let text = before.to_string();
    assert!(text.contains("> GET k:\\xff\n  \"\\x00\\xfe\\\\ ok\"\n"), "{text}");
    assert!(text.contains(&format!("  \"{}\"\n", "x".repeat(200))), "{text}");
    let digest = sha1_smol::Sha1::from(long).digest().to_string();
    let shortened = format!("  \"{}\"… (201 bytes, sha1 {})\n", "x".repeat(40), &digest[..12]);
    assert!(text.contains(&shortened), "{text}");

    tell!(redis, "SETRANGE", "k:long", "200", "y");
    let after = Snapshot::take(redis, "k:").await;
    assert_ne!(before, after);
    assert_eq!(Snapshot::diff(&before, &after).lines().count(), 2);
}

#[tokio::test]
async fn a_prefix_is_text_and_not_a_pattern() {
    let server = PrivateRedis::start().await;
    let redis = &mut server.connection().await;
    tell!(redis, "MSET", "a*:1", "", "ab:1", "", "[x]:1", "", "x:1", "");
    assert_eq!(Snapshot::take(redis, "a*:").await.0.keys().collect::<Vec<_>>(), ["a*:1"]);
    assert_eq!(Snapshot::take(redis, "[x]").await.0.keys().collect::<Vec<_>>(), ["[x]:1"]);
    assert_eq!(Snapshot::take(redis, "").await.0.len(), 4);
    assert_eq!(Snapshot::take(redis, "nothing").await, Snapshot::default());
}

#[tokio::test]
async fn many_keys_are_read_once_each() {
    let server = PrivateRedis::start().await;
    let redis = &mut server.connection().await;
    cmd("EVAL")
        .arg("for i = 1, 2500 do redis.call('SET', 'n:' .. i, i) end")
        .arg(0)
        .exec_async(redis)
        .await
        .unwrap();
    assert_eq!(Snapshot::take(redis, "n:").await.0.len(), 2500);
}

#[tokio::test]
async fn a_diff_names_each_key_and_field_that_changed() {
    let server = PrivateRedis::start().await;
    let redis = &mut server.connection().await;
    tell!(redis, "HSET", "task", "status", "pending", "version", "1", "kind", "echo");
    tell!(redis, "ZADD", "queue", "10", "a", "20", "b");
    tell!(redis, "SET", "answer", "1");
    tell!(redis, "SADD", "gone", "x");
    let before = Snapshot::take(redis, "").await;
    assert_eq!(Snapshot::diff(&before, &before.clone()), "");

    tell!(redis, "HSET", "task", "status", "running", "worker", "worker-001-a");
    tell!(redis, "HDEL", "task", "version");
    tell!(redis, "ZADD", "queue", "30", "b");
    tell!(redis, "ZREM", "queue", "a");
    tell!(redis, "EXPIRE", "answer", "100");
    tell!(redis, "DEL", "gone");
    tell!(redis, "RPUSH", "new", "one");
    let after = Snapshot::take(redis, "").await;
    assert_eq!(
        Snapshot::diff(&before, &after),
        r#"- answer (string)
+ answer (string, expires)
- gone (set)
- gone "x"
+ new (list)
+ new 0) "one"
- queue "a" 10
- queue "b" 20
+ queue "b" 30
- task status "pending"
+ task status "running"
- task version "1"
+ task worker "worker-001-a"
"#
    );
    assert!(Snapshot::diff(&after, &before).contains("+ gone \"x\"\n"));
}
