//! `token/password`: a new password ends all sessions but the one that asked, which begins anew.

use baton_core::login::{EndReason, Refused, Rotation, UserId};
use baton_store::calls::token::{Change, OpenedSession, PasswordSet, SetPassword};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

fn ask(user_id: &UserId) -> SetPassword<'_> {
    SetPassword { tag: TAG, user_id, epoch_seen: None, phc: "phc-2", session: None }
}

async fn set(at: &Fixture, ask: &SetPassword<'_>) -> PasswordSet {
    at.store.set_password(ask).await.expect("an answer")
}

#[tokio::test]
async fn old_sessions_die_and_the_new_one_lives() {
    with_store(async |at| {
        let epoch = signed_in(at).await.epoch;
        open(at, 2).await;
        at.pass_ms(1_000);
        let user = alice();
        let ask = SetPassword { epoch_seen: Some(epoch), session: Some(session(3)), ..ask(&user) };
        let (answer, changed) = changes(at, set(at, &ask)).await;
        let opened = OpenedSession {
            epoch: epoch + 1,
            roles: "operator".to_owned(),
            now_ms: START_MS + 1_000,
            expires_at_ms: START_MS + 1_000 + IDLE,
            absolute_at_ms: START_MS + 1_000 + ABSOLUTE,
        };
        assert_eq!(answer, PasswordSet::Set { epoch: epoch + 1, opened: Some(opened) });
        let new = session_key(3);
        let others: String =
            changed.lines().filter(|line| !line.contains(&new)).map(|line| format!("{line}\n")).collect();
        assert_eq!(
            others,
            format!(
                "- {T}sessions \"{}\" 1702592000000\n\
                 - {T}sessions \"{}\" 1702592000000\n\
                 + {T}sessions \"{}\" 1702592001000\n\
                 - {T}user epoch \"1700000000000\"\n\
                 + {T}user epoch \"1700000000001\"\n\
                 - {T}user password \"phc-1\"\n\
                 + {T}user password \"phc-2\"\n\
                 - {T}user password_at \"1700000000000\"\n\
                 + {T}user password_at \"1700000001000\"\n",
                sid(1),
                sid(2),
                sid(3)
            )
        );
        let written: Vec<&str> = changed.lines().filter(|line| line.contains(&new)).collect();
        assert_eq!(written.len(), 18, "{changed}");
        lives_for(at, &new, IDLE).await;
        lives_for(at, &format!("{T}sessions"), ABSOLUTE).await;
        for number in [1, 2] {
            assert_eq!(rotate(at, &token(number, 1)).await, no(Refused::StaleEpoch));
            assert_eq!(unchanged(at, rotate(at, &token(number, 1))).await, over(EndReason::Epoch));
        }
        assert_eq!(succeed(at, 3, 1, "n").await, (Rotation::Rotated, 2));
    })
    .await;
}

#[tokio::test]
async fn a_repeat_finds_the_password_that_it_set() {
    with_store(async |at| {
        let epoch = signed_in(at).await.epoch;
        let user = alice();
        let first = SetPassword { epoch_seen: Some(epoch), ..ask(&user) };
        assert_eq!(set(at, &first).await, PasswordSet::Set { epoch: epoch + 1, opened: None });
        // No two passwords have the same text: each has a salt of its own.
        for again in [&first, &ask(&user)] {
            let answer = unchanged(at, set(at, again)).await;
            assert_eq!(answer, PasswordSet::Set { epoch: epoch + 1, opened: None });
        }
        assert!(!exists(at, &format!("{T}sessions")).await);
    })
    .await;
}

/// argon2 takes its time: meanwhile somebody else was first.
#[tokio::test]
async fn a_password_that_was_changed_meanwhile_stands() {
    with_store(async |at| {
        let user = alice();
        let epoch = make_user(at).await;
        at.store.change_user(TAG, &user, Change::Bump).await.expect("an answer");
        let late = SetPassword { epoch_seen: Some(epoch), session: Some(session(1)), ..ask(&user) };
        assert_eq!(unchanged(at, set(at, &late)).await, PasswordSet::Changed);
        at.store.change_user(TAG, &user, Change::Disable).await.expect("an answer");
        let disabled = SetPassword { epoch_seen: Some(epoch + 2), ..ask(&user) };
        assert_eq!(unchanged(at, set(at, &disabled)).await, PasswordSet::Changed);
        // An operator may.
        assert_eq!(set(at, &ask(&user)).await, PasswordSet::Set { epoch: epoch + 3, opened: None });
    })
    .await;
}

#[tokio::test]
async fn nobody_gets_one_who_is_not_there() {
    with_store(async |at| {
        let (user, namesake) = (alice(), UserId::person("Alice").expect("a user id"));
        assert_eq!(unchanged(at, set(at, &ask(&user))).await, PasswordSet::Unknown);
        make_user(at).await;
        let with_session = SetPassword { session: Some(session(1)), ..ask(&namesake) };
        assert_eq!(unchanged(at, set(at, &with_session)).await, PasswordSet::Unknown);
        at.store.change_user(TAG, &user, Change::Delete).await.expect("an answer");
        assert_eq!(unchanged(at, set(at, &ask(&user))).await, PasswordSet::Unknown);
    })
    .await;
}
