//! What a session costs Redis, however often it is rotated: `BATON_LOGIN_ROTATIONS=1000000` for longer, with
//! `--release --nocapture` for a rate that means something.

use std::sync::Arc;
use std::time::{Duration, Instant};

use baton_core::Namespace;
use baton_core::login::{EndReason, OnReuse, RacePolicy, Rotation, SessionId, UserId, UserTag, Windows};
use baton_store::calls::token::{EndSession, Ended, Login, NewSession, NewUser, Opened, Rotate, Rotated};
use baton_store::keys::{LoginKeys, UserKeys};
use baton_store::{Options, Store};
use baton_testkit::Launch;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{FromRedisValue, cmd};
use tokio::task::JoinSet;

use super::given;

const SESSIONS: u64 = 1_000;
/// Of all of them together, in CI.
const ROTATIONS: u64 = 50_000;
/// At once, over one pipelined connection.
const CALLERS: u64 = 64;
const DAY_MS: u64 = 86_400_000;
/// For how long it is remembered why a session ended.
const ENDED_MS: u64 = 960_000;
/// As long as a real one: 32 bytes of SHA-256 in base64url.
const HASH: &str = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

fn tag(number: u64) -> UserTag {
    UserTag(number.to_be_bytes())
}

fn sid(number: u64) -> SessionId {
    SessionId((u128::from(number) << 64 | u128::from(number)).to_be_bytes())
}

fn keys(number: u64) -> UserKeys {
    LoginKeys::new(&Namespace::default()).of_user(tag(number))
}

/// 22 characters, as of a real request.
fn nonce(generation: u64) -> String {
    format!("{generation:022}")
}

async fn sign_in(store: &Store, number: u64) {
    let user_id = UserId::person(&format!("user-{number:06}")).expect("a user id");
    let new =
        NewUser { tag: tag(number), user_id: &user_id, roles: "operator", password: None, disabled: false };
    store.create_user(&new).await.expect("a user");
    let session = NewSession {
        sid: sid(number),
        client: "baton",
        policy: RacePolicy::Strict,
        scope: "tasks:read tasks:write",
        secret_hash: HASH,
        nonce: &nonce(0),
        kid: 1,
        idle_ms: 7 * DAY_MS,
        absolute_ms: 30 * DAY_MS,
        device: "Firefox on Linux",
        ip: "p-0123456789abcdef",
        amr: "pwd",
    };
    let ask = Login {
        tag: tag(number),
        user_id: &user_id,
        epoch_seen: None,
        create: false,
        max: 50,
        ended_ms: ENDED_MS,
        session,
    };
    let opened = store.login(&ask).await.expect("an answer");
    assert!(matches!(opened, Opened::Session { .. }), "{opened:?}");
}

async fn rotate(store: &Store, number: u64, generation: u64) {
    let windows =
        Windows { leeway_ms: 30_000, retry_ms: 600_000, heal_max_ahead: 16, on_reuse: OnReuse::RevokeFamily };
    let nonce = nonce(generation);
    let ask = Rotate {
        tag: tag(number),
        sid: sid(number),
        generation,
        client: "baton",
        secret_hash: HASH,
        nonce: &nonce,
        kid: 1,
        idle_ms: 7 * DAY_MS,
        ended_ms: ENDED_MS,
        windows,
    };
    match store.rotate(&ask).await.expect("an answer") {
        Rotated::Successor { how: Rotation::Rotated, session } => {
            assert_eq!(session.generation, generation + 1)
        }
        other => panic!("not rotated: {other:?}"),
    }
}

/// What Redis keeps for all of them.
#[derive(Debug)]
struct Kept {
    keys: u64,
    bytes: u64,
    /// Of all of Redis, but for the buffers of connections.
    used: u64,
    listpacks: u64,
}

async fn ask<T: FromRedisValue>(connection: &mut MultiplexedConnection, words: &[&str]) -> T {
    let mut command = cmd(words[0]);
    words[1..].iter().for_each(|word| {
        command.arg(*word);
    });
    command.query_async(connection).await.expect("an answer")
}

async fn kept(connection: &mut MultiplexedConnection) -> Kept {
    let info: String = ask(connection, &["INFO", "memory"]).await;
    let field = |name: &str| {
        let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.and_then(|value| value.trim().parse::<u64>().ok()).expect("a number")
    };
    let used = field("used_memory") - field("mem_clients_normal") - field("used_memory_scripts_eval");
    let (mut bytes, mut listpacks) = (0, 0);
    for number in 0..SESSIONS {
        let key = keys(number).session(sid(number));
        bytes += ask::<u64>(connection, &["MEMORY", "USAGE", &key, "SAMPLES", "0"]).await;
        let encoding: String = ask(connection, &["OBJECT", "ENCODING", &key]).await;
        listpacks += u64::from(encoding == "listpack");
    }
    Kept { keys: ask(connection, &["DBSIZE"]).await, bytes, used, listpacks }
}

/// Rotates all sessions in turn, many at once, and answers how long that took.
#[expect(clippy::disallowed_methods, reason = "it measures")]
async fn rotate_all(store: &Store, rounds: std::ops::Range<u64>) -> Duration {
    let store = Arc::new(store.clone());
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (store, rounds) = (Arc::clone(&store), rounds.clone());
        callers.spawn(async move {
            for generation in rounds {
                for number in (caller..SESSIONS).step_by(CALLERS as usize) {
                    rotate(&store, number, generation).await;
                }
            }
        });
    }
    callers.join_all().await;
    began.elapsed()
}

/// Ends all sessions. In the place of each stands, for a while, why it ended, and nothing else.
async fn end_all(store: &Store, connection: &mut MultiplexedConnection, keys_before: u64) {
    for number in 0..SESSIONS {
        let over = EndSession {
            tag: tag(number),
            sid: sid(number),
            secret_hash: None,
            user_id: None,
            why: EndReason::Logout,
            ended_ms: ENDED_MS,
        };
        assert_eq!(store.end_session(over).await.expect("an answer"), Ended::Revoked);
    }
    // The session and the index of its user have gone, the mark has come.
    assert_eq!(ask::<u64>(connection, &["DBSIZE"]).await, keys_before - SESSIONS);
    for number in 0..SESSIONS {
        let left: i64 = ask(connection, &["PTTL", &keys(number).ended(sid(number))]).await;
        assert!((1..=ENDED_MS as i64).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn case_109_a_session_is_no_larger_for_being_rotated() {
    // What Redis remembers of slow commands is no session's.
    let launch = Launch::default().with("slowlog-max-len", "0").with("latency-tracking", "no");
    let redis = launch.start().await;
    let mut connection = redis.connection().await;
    let mut options = Options::new(redis.url().parse().expect("a URL"));
    // Other tests take their share of the machine: this one is about memory.
    options.timeouts.login = Duration::from_secs(20);
    let (store, _) = Store::open(options).await.expect("a store on a private Redis");
    for number in 0..SESSIONS {
        sign_in(&store, number).await;
    }
    // The numbers have their length, and each nonce its own.
    let first_rounds = 10;
    rotate_all(&store, 1..first_rounds).await;
    let first = kept(&mut connection).await;

    let rounds = given("BATON_LOGIN_ROTATIONS").unwrap_or(ROTATIONS).div_ceil(SESSIONS);
    let took = rotate_all(&store, first_rounds..first_rounds + rounds).await;
    let last = kept(&mut connection).await;
    println!("{first:?}\n{last:?}");
    println!(
        "{} rotations: {} bytes of a session before, {} after; {:.0} a second",
        rounds * SESSIONS,
        first.bytes / SESSIONS,
        last.bytes / SESSIONS,
        (rounds * SESSIONS) as f64 / took.as_secs_f64()
    );
    assert_eq!(last.keys, first.keys);
    assert_eq!((first.listpacks, last.listpacks), (SESSIONS, SESSIONS));
    // A generation of more digits takes a byte or two.
    assert!(last.bytes <= first.bytes + 8 * SESSIONS, "{first:?} {last:?}");
    assert!(last.used <= first.used + 100 * SESSIONS, "{first:?} {last:?}");
    end_all(&store, &mut connection, last.keys).await;
}
