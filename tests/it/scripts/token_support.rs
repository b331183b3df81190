//! What the modules of the `token/*` scripts share: one user, his sessions, and their tokens as a script sees them.

use std::future::Future;

use baton_core::login::{
    EndReason, OnReuse, RacePolicy, Refused, Rotation, SessionId, UserId, UserTag, Windows,
};
use baton_store::calls::token::{
    EndSession, Ended, Live, Login, Made, NewSession, NewUser, Opened, OpenedSession, Rotate, Rotated,
};
use baton_testkit::Fixture;

pub(super) use crate::hand::{by_hand, changes, unchanged};

pub(super) const SECOND: u64 = 1_000;
pub(super) const DAY: u64 = 86_400 * SECOND;
pub(super) const IDLE: u64 = 7 * DAY;
pub(super) const ABSOLUTE: u64 = 30 * DAY;
pub(super) const ENDED: u64 = 960 * SECOND;
pub(super) const LEEWAY: u64 = 30 * SECOND;
pub(super) const RETRY: u64 = 600 * SECOND;

pub(super) const TAG: UserTag = UserTag([0, 0, 0, 0, 0, 0, 0, 1]);
/// Where the keys of the user begin.
pub(super) const T: &str = "baton:{u:0000000000000001}:";

pub(super) const WINDOWS: Windows =
    Windows { leeway_ms: LEEWAY, retry_ms: RETRY, heal_max_ahead: 16, on_reuse: OnReuse::RevokeFamily };

pub(super) fn alice() -> UserId {
    UserId::person("alice").expect("a user id")
}

pub(super) fn sid(number: u8) -> SessionId {
    SessionId([number; 16])
}

pub(super) fn session_key(number: u8) -> String {
    format!("{T}session:{}", sid(number))
}

pub(super) fn ended_key(number: u8) -> String {
    format!("{T}ended:{}", sid(number))
}

pub(super) fn new_user(user_id: &UserId) -> NewUser<'_> {
    NewUser { tag: TAG, user_id, roles: "operator", password: Some("phc-1"), disabled: false }
}

/// Makes the user, and answers his epoch.
pub(super) async fn make_user(at: &Fixture) -> u64 {
    match at.store.create_user(&new_user(&alice())).await.expect("an answer") {
        Made::User { epoch } => epoch,
        other => panic!("not made: {other:?}"),
    }
}

pub(super) fn session(number: u8) -> NewSession<'static> {
    NewSession {
        sid: sid(number),
        client: "baton",
        policy: RacePolicy::Strict,
        scope: "tasks:read",
        secret_hash: "secret",
        nonce: "login",
        kid: 1,
        idle_ms: IDLE,
        absolute_ms: ABSOLUTE,
        device: "laptop",
        ip: "p-1",
        amr: "pwd",
    }
}

pub(super) fn login<'a>(user_id: &'a UserId, number: u8) -> Login<'a> {
    Login {
        tag: TAG,
        user_id,
        epoch_seen: None,
        create: false,
        max: 50,
        ended_ms: ENDED,
        session: session(number),
    }
}

pub(super) async fn try_open(at: &Fixture, ask: &Login<'_>) -> Opened {
    at.store.login(ask).await.expect("an answer")
}

/// Opens a session of the user; it must open.
pub(super) async fn open(at: &Fixture, number: u8) -> OpenedSession {
    match try_open(at, &login(&alice(), number)).await {
        Opened::Session { opened, .. } => opened,
        other => panic!("not opened: {other:?}"),
    }
}

/// A session whose client asks again without a key of its own.
pub(super) async fn open_lenient(at: &Fixture, number: u8) {
    let user = alice();
    let new = NewSession { policy: RacePolicy::Replay, ..session(number) };
    let opened = try_open(at, &Login { session: new, ..login(&user, number) }).await;
    assert!(matches!(opened, Opened::Session { .. }), "{opened:?}");
}

/// A user with one session of generation 1.
pub(super) async fn signed_in(at: &Fixture) -> OpenedSession {
    make_user(at).await;
    open(at, 1).await
}

/// The token of this generation, in a request that nobody has made before.
pub(super) fn token(number: u8, generation: u64) -> Rotate<'static> {
    Rotate {
        tag: TAG,
        sid: sid(number),
        generation,
        client: "baton",
        secret_hash: "secret",
        nonce: "new",
        kid: 1,
        idle_ms: IDLE,
        ended_ms: ENDED,
        windows: WINDOWS,
    }
}

pub(super) async fn rotate(at: &Fixture, token: &Rotate<'_>) -> Rotated {
    at.store.rotate(token).await.expect("an answer")
}

/// How the successor came to be, and its session.
pub(super) fn successor(rotated: Rotated) -> (Rotation, Live) {
    match rotated {
        Rotated::Successor { how, session } => (how, session),
        refused => panic!("no successor: {refused:?}"),
    }
}

/// Rotates by a request of this name; the answer is the generation and how it came to be.
pub(super) async fn succeed(
    at: &Fixture,
    number: u8,
    generation: u64,
    nonce: &'static str,
) -> (Rotation, u64) {
    let (how, live) = successor(rotate(at, &Rotate { nonce, ..token(number, generation) }).await);
    (how, live.generation)
}

pub(super) fn no(why: Refused) -> Rotated {
    Rotated::Refused { why, ended: None, epoch: None }
}

/// What is said of a session that has ended for this reason.
pub(super) fn over(why: EndReason) -> Rotated {
    Rotated::Refused { why: Refused::Unknown, ended: Some(why), epoch: None }
}

pub(super) fn logout(number: u8) -> EndSession<'static> {
    EndSession {
        tag: TAG,
        sid: sid(number),
        secret_hash: Some("secret"),
        user_id: None,
        why: EndReason::Logout,
        ended_ms: ENDED,
    }
}

pub(super) async fn end(at: &Fixture, ask: EndSession<'_>) -> Ended {
    at.store.end_session(ask).await.expect("an answer")
}

/// How long a key lives, by Redis; it must agree with this, but for the time that the test itself took.
pub(super) async fn lives_for(at: &Fixture, key: &str, expected_ms: u64) {
    let left: i64 = by_hand(at, &format!("PTTL {key}")).await;
    let took = expected_ms as i64 - left;
    assert!((0..30_000).contains(&took), "{key} lives for {left} ms, not for {expected_ms}");
}

pub(super) async fn exists(at: &Fixture, key: &str) -> bool {
    by_hand(at, &format!("EXISTS {key}")).await
}

/// How many commands Redis carried out for this, the script's own among them; a script that Redis has forgotten or
/// never had costs more.
pub(super) async fn commands<T>(at: &Fixture, call: impl Future<Output = T>) -> (T, u64) {
    by_hand::<()>(at, "CONFIG RESETSTAT").await;
    let answer = call.await;
    let info: String = by_hand(at, "INFO commandstats").await;
    let calls = info.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let own = ["config", "info", "hello", "client", "ping"].iter().any(|own| name.starts_with(own));
        rest.split(',').next()?.parse::<u64>().ok().filter(|_| !own)
    });
    (answer, calls.sum())
}
