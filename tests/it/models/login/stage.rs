//! A server, a store whose time the test tells, and the script as it is or with one thing changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use baton_core::login::{Refused, Rotation, SessionId, UserId, UserTag};
use baton_store::calls::token::{Live, NewUser, Rotate, Rotated};
use baton_store::{Options, Store};
use baton_testkit::fixture::START_MS;
use baton_testkit::{PrivateRedis, Snapshot};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{FromRedisValue, cmd};

pub(super) const TAG: UserTag = UserTag([0, 0, 0, 0, 0, 0, 0, 1]);
pub(super) const USER: &str = "user_alice";
/// Where the keys of the user begin.
pub(super) const PREFIX: &str = "baton:{u:0000000000000001}:";

/// Who carries a rotation out.
pub(super) enum Rotator {
    Store,
    /// This text of the script, by hand.
    Text(String),
}

pub(super) struct Stage {
    _redis: PrivateRedis,
    pub store: Store,
    rotator: Rotator,
    clock: Arc<AtomicU64>,
    connection: MultiplexedConnection,
    pub steps: u64,
    pub met: BTreeMap<String, u64>,
}

/// A key as a replica has it.
pub(super) type Copy = Vec<u8>;

/// For as long as this a key lives that came back: longer than any test.
const COPY_MS: u64 = 3_600_000;

pub(super) fn user() -> UserId {
    USER.parse().expect("a user id")
}

fn key_of(sid: SessionId) -> String {
    format!("{PREFIX}session:{sid}")
}

impl Stage {
    pub(super) async fn build(rotator: Rotator) -> Stage {
        let redis = PrivateRedis::start().await;
        let clock = Arc::new(AtomicU64::new(START_MS));
        let mut options = Options::new(redis.url().parse().expect("a URL"));
        options.injected_ms = Some(Arc::clone(&clock));
        let (store, _) = Store::open(options).await.expect("a store on a private Redis");
        let connection = redis.connection().await;
        let (steps, met) = (0, BTreeMap::new());
        Stage { _redis: redis, store, rotator, clock, connection, steps, met }
    }

    pub(super) fn meet(&mut self, what: &str) {
        *self.met.entry(what.to_owned()).or_default() += 1;
    }

    pub(super) fn tell_time(&self, now_ms: u64) {
        self.clock.store(now_ms, Ordering::SeqCst);
    }

    /// Nothing but the user, at the beginning of time.
    pub(super) async fn clear(&mut self) {
        let emptied = cmd("FLUSHALL").exec_async(&mut self.connection).await;
        emptied.expect("an empty server");
        self.tell_time(START_MS);
        let user_id = user();
        let new = NewUser { tag: TAG, user_id: &user_id, roles: "operator", password: None, disabled: false };
        self.store.create_user(&new).await.expect("a user");
    }

    pub(super) async fn snapshot(&mut self) -> Snapshot {
        Snapshot::take(&mut self.connection, PREFIX).await
    }

    async fn ask<T: FromRedisValue>(&mut self, command: &mut deadpool_redis::redis::Cmd) -> T {
        command.query_async(&mut self.connection).await.expect("a command on a private Redis")
    }

    pub(super) async fn keep(&mut self, sid: SessionId) -> Option<Copy> {
        self.ask(cmd("DUMP").arg(key_of(sid))).await
    }

    pub(super) async fn roll_back(&mut self, sid: SessionId, copy: &Copy) {
        let mut restore = cmd("RESTORE");
        restore.arg(key_of(sid)).arg(COPY_MS).arg(copy).arg("REPLACE");
        self.ask::<()>(&mut restore).await;
    }

    pub(super) async fn rotate(&mut self, ask: &Rotate<'_>) -> Result<Rotated, String> {
        match &self.rotator {
            Rotator::Store => self.store.rotate(ask).await.map_err(|error| error.to_string()),
            Rotator::Text(text) => {
                let mut call = cmd("EVAL");
                call.arg(text).arg(4).arg(key_of(ask.sid));
                let (windows, sid) = (&ask.windows, ask.sid.to_string());
                call.arg(format!("{PREFIX}user")).arg(format!("{PREFIX}sessions"));
                call.arg(format!("{PREFIX}ended:{sid}"));
                call.arg(ask.generation).arg(ask.client).arg(ask.secret_hash).arg(ask.nonce).arg(ask.kid);
                call.arg(ask.idle_ms).arg(windows.leeway_ms).arg(windows.retry_ms).arg(ask.ended_ms);
                call.arg(windows.heal_max_ahead).arg(windows.on_reuse.as_str()).arg(sid);
                call.arg(self.clock.load(Ordering::SeqCst));
                let answer: Result<Vec<String>, _> = call.query_async(&mut self.connection).await;
                read(&answer.map_err(|error| error.to_string())?)
            }
        }
    }
}

/// The words of the script, read a second time: the store reads only those of the text that it has.
fn read(words: &[String]) -> Result<Rotated, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text:?} is no number"));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let how = match words.first().copied() {
        Some("rotated") => Rotation::Rotated,
        Some("healed") => Rotation::Healed,
        Some("replayed") => Rotation::Replayed,
        _ => return refused(&words),
    };
    let session = Live {
        generation: number(words[1])?,
        kid: number(words[2])? as u8,
        user_id: words[3].to_owned(),
        epoch: number(words[4])?,
        scope: words[5].to_owned(),
        roles: words[6].to_owned(),
        auth_time_ms: number(words[7])?,
        amr: words[8].to_owned(),
        client: words[9].to_owned(),
        now_ms: number(words[10])?,
        expires_at_ms: number(words[11])?,
        absolute_at_ms: number(words[12])?,
    };
    Ok(Rotated::Successor { how, session })
}

fn refused(words: &[&str]) -> Result<Rotated, String> {
    let (why, ended, epoch) = match *words {
        ["unknown", ended] => (Refused::Unknown, ended.parse().ok(), None),
        ["invalid"] => (Refused::Invalid, None, None),
        ["expired"] => (Refused::Expired, None, None),
        ["stale_epoch"] => (Refused::StaleEpoch, None, None),
        ["ahead"] => (Refused::TooFarAhead, None, None),
        ["superseded"] => (Refused::Superseded, None, None),
        ["reused", epoch] => (Refused::Reused, None, epoch.parse().ok()),
        _ => return Err(format!("it answered {words:?}")),
    };
    Ok(Rotated::Refused { why, ended, epoch })
}
