//! `token/login`: a session opens, and the oldest goes where there are too many.

use baton_core::login::{EndReason, RacePolicy, Refused, Rotation, SessionId};
use baton_store::calls::token::{Change, Login, NewSession, Opened, OpenedSession};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

#[tokio::test]
async fn a_session_opens() {
    with_store(async |at| {
        let epoch = make_user(at).await;
        at.pass_ms(1_000);
        let user = alice();
        let ask = Login { epoch_seen: Some(epoch), ..login(&user, 1) };
        let (answer, changed) = changes(at, try_open(at, &ask)).await;
        let opened = OpenedSession {
            epoch,
            roles: "operator".to_owned(),
            now_ms: START_MS + 1_000,
            expires_at_ms: START_MS + 1_000 + IDLE,
            absolute_at_ms: START_MS + 1_000 + ABSOLUTE,
        };
        assert_eq!(answer, Opened::Session { opened, evicted: vec![] });
        let key = session_key(1);
        let field = |name: &str, value: &str| format!("+ {key} {name} \"{value}\"\n");
        let expected: String = [
            format!("+ {key} (hash, expires)\n"),
            field("absolute_at", "1702592001000"),
            field("amr", "pwd"),
            field("auth_time", "1700000001000"),
            field("client", "baton"),
            field("created_at", "1700000001000"),
            field("device", "laptop"),
            field("epoch", "1700000000000"),
            field("expires_at", "1700604801000"),
            field("gen", "1"),
            field("ip", "p-1"),
            field("kid", "1"),
            field("nonce", "login"),
            field("policy", "strict"),
            field("rotated_at", "1700000001000"),
            field("scope", "tasks:read"),
            field("secret_hash", "secret"),
            field("user_id", "user_alice"),
            format!("+ {T}sessions (zset, expires)\n"),
            format!("+ {T}sessions \"{}\" 1702592001000\n", sid(1)),
        ]
        .concat();
        assert_eq!(changed, expected);
        lives_for(at, &key, IDLE).await;
        lives_for(at, &format!("{T}sessions"), ABSOLUTE).await;
    })
    .await;
}

#[tokio::test]
async fn the_policy_of_the_client_is_frozen_into_it() {
    with_store(async |at| {
        make_user(at).await;
        open_lenient(at, 1).await;
        succeed(at, 1, 1, "first").await;
        assert_eq!(unchanged(at, succeed(at, 1, 1, "second")).await, (Rotation::Replayed, 2));
        let policy: String = by_hand(at, &format!("HGET {} policy", session_key(1))).await;
        assert_eq!(policy, RacePolicy::Replay.as_str());
    })
    .await;
}

#[tokio::test]
async fn a_repeat_writes_the_same_session_once_more() {
    with_store(async |at| {
        make_user(at).await;
        let opened = open(at, 1).await;
        assert_eq!(unchanged(at, open(at, 1)).await, opened);
    })
    .await;
}

/// A device may have any name; a long one would make the hash three times the size.
#[tokio::test]
async fn a_long_device_is_cut_between_letters() {
    with_store(async |at| {
        make_user(at).await;
        let user = alice();
        let device = "é".repeat(31) + "x\u{1f600}";
        let ask = Login { session: NewSession { device: &device, ..session(1) }, ..login(&user, 1) };
        try_open(at, &ask).await;
        let stored: String = by_hand(at, &format!("HGET {} device", session_key(1))).await;
        assert_eq!(stored, "é".repeat(31) + "x");
        let encoding: String = by_hand(at, &format!("OBJECT ENCODING {}", session_key(1))).await;
        assert_eq!(encoding, "listpack");
    })
    .await;
}

#[tokio::test]
async fn a_user_who_was_changed_since_is_refused() {
    with_store(async |at| {
        let user = alice();
        let refused = async |epoch_seen: Option<u64>, create: bool| {
            let ask = Login { epoch_seen, create, ..login(&user, 1) };
            assert_eq!(unchanged(at, try_open(at, &ask)).await, Opened::Changed, "{epoch_seen:?} {create}");
        };
        refused(None, false).await;
        refused(Some(START_MS), false).await;
        let epoch = make_user(at).await;
        let change = async |change| {
            at.store.change_user(TAG, &user, change).await.expect("an answer");
        };
        change(Change::Bump).await;
        refused(Some(epoch), false).await;
        refused(Some(0), true).await;
        change(Change::Disable).await;
        refused(None, true).await;
        refused(Some(epoch + 2), false).await;
        change(Change::Enable).await;
        let ask = Login { epoch_seen: Some(epoch + 2), ..login(&user, 1) };
        assert!(matches!(try_open(at, &ask).await, Opened::Session { .. }));
        change(Change::Delete).await;
        refused(None, true).await;
    })
    .await;
}

#[tokio::test]
async fn another_user_of_the_same_tag_is_refused() {
    with_store(async |at| {
        make_user(at).await;
        let other = baton_core::login::UserId::person("Alice").expect("a user id");
        for create in [false, true] {
            let ask = Login { create, ..login(&other, 1) };
            assert_eq!(unchanged(at, try_open(at, &ask)).await, Opened::TagCollision);
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_accepts_anyone_makes_the_user() {
    with_store(async |at| {
        let user = alice();
        let ask = Login { create: true, ..login(&user, 1) };
        let (answer, changed) = changes(at, try_open(at, &ask)).await;
        assert!(matches!(&answer, Opened::Session { opened, .. } if opened.roles == "admin"), "{answer:?}");
        let of_user: String =
            changed.lines().filter(|line| line.contains(":user ")).map(|line| format!("{line}\n")).collect();
        assert_eq!(
            of_user,
            format!(
                "+ {T}user (hash)\n\
                 + {T}user born \"1700000000000\"\n\
                 + {T}user disabled \"0\"\n\
                 + {T}user epoch \"1700000000000\"\n\
                 + {T}user roles \"admin\"\n\
                 + {T}user user_id \"user_alice\"\n"
            )
        );
        at.pass_ms(5);
        try_open(at, &Login { create: true, ..login(&user, 2) }).await;
        assert_eq!(succeed(at, 1, 1, "n").await, (Rotation::Rotated, 2));
    })
    .await;
}

/// Opens one of at most `max`, and answers who had to go.
async fn evicts(at: &Fixture, number: u8, max: u64) -> Vec<SessionId> {
    let user = alice();
    match try_open(at, &Login { max, ..login(&user, number) }).await {
        Opened::Session { evicted, .. } => evicted,
        other => panic!("not opened: {other:?}"),
    }
}

async fn indexed(at: &Fixture) -> Vec<String> {
    by_hand(at, &format!("ZRANGE {T}sessions 0 -1")).await
}

#[tokio::test]
async fn case_53_the_fifty_first_takes_the_place_of_the_oldest() {
    with_store(async |at| {
        make_user(at).await;
        for number in 1..=50 {
            assert_eq!(evicts(at, number, 50).await, []);
            at.pass_ms(1);
        }
        // Not the one that was used least: the one that ends first.
        succeed(at, 1, 1, "n").await;
        assert_eq!(evicts(at, 51, 50).await, [sid(1)]);
        lives_for(at, &ended_key(1), ENDED).await;
        assert_eq!(unchanged(at, rotate(at, &token(1, 2))).await, over(EndReason::Evicted));
        assert_eq!(indexed(at).await.len(), 50);
        for number in [2, 50, 51] {
            assert_eq!(succeed(at, number, 1, "n").await, (Rotation::Rotated, 2));
        }
    })
    .await;
}

/// With its answer lost, and the index full of others and of itself.
#[tokio::test]
async fn a_repeat_takes_no_second_place() {
    for max in [1, 2] {
        with_store(async |at| {
            make_user(at).await;
            for number in [1, 2] {
                evicts(at, number, max).await;
                at.pass_ms(1);
            }
            evicts(at, 3, max).await;
            assert_eq!(unchanged(at, evicts(at, 3, max)).await, []);
            assert_eq!(succeed(at, 3, 1, "n").await, (Rotation::Rotated, 2));
        })
        .await;
    }
}

#[tokio::test]
async fn holes_in_the_index_make_room_first() {
    with_store(async |at| {
        make_user(at).await;
        for number in 1..=4 {
            evicts(at, number, 4).await;
            at.pass_ms(1);
        }
        for number in [2, 3] {
            by_hand::<()>(at, &format!("DEL {}", session_key(number))).await;
        }
        assert_eq!(evicts(at, 5, 4).await, []);
        assert_eq!(indexed(at).await, [sid(1), sid(4), sid(5)].map(|sid| sid.to_string()));
        // A lower limit evicts several at once.
        assert_eq!(evicts(at, 6, 2).await, [sid(1), sid(4)]);
        assert_eq!(indexed(at).await, [sid(5), sid(6)].map(|sid| sid.to_string()));
    })
    .await;
}

#[tokio::test]
async fn what_has_come_to_its_absolute_end_leaves_the_index() {
    with_store(async |at| {
        make_user(at).await;
        evicts(at, 1, 2).await;
        at.pass_ms(1);
        evicts(at, 2, 2).await;
        at.pass_ms(ABSOLUTE as i64 - 1);
        assert_eq!(evicts(at, 3, 2).await, []);
        assert_eq!(indexed(at).await, [sid(2), sid(3)].map(|sid| sid.to_string()));
        assert_eq!(rotate(at, &token(2, 1)).await, no(Refused::Expired));
    })
    .await;
}

/// The index lives as long as the session that ends last, not as the one that opened last.
#[tokio::test]
async fn a_short_session_does_not_shorten_the_index() {
    with_store(async |at| {
        make_user(at).await;
        open(at, 1).await;
        let user = alice();
        let short = NewSession { idle_ms: 90_000, absolute_ms: 60_000, ..session(2) };
        try_open(at, &Login { session: short, ..login(&user, 2) }).await;
        lives_for(at, &format!("{T}sessions"), ABSOLUTE).await;
        // Idle for longer than it may live at all.
        lives_for(at, &session_key(2), 60_000).await;
    })
    .await;
}
