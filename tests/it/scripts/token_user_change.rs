//! `token/user_change`: a user loses his sessions, his rights, his record.

use baton_core::login::{EndReason, Refused, Rotation, UserId};
use baton_store::calls::token::{Change, UserChanged};
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

async fn change(at: &Fixture, change: Change<'_>) -> UserChanged {
    at.store.change_user(TAG, &alice(), change).await.expect("an answer")
}

fn line(sign: char, field: &str, value: &str) -> String {
    format!("{sign} {T}user {field} \"{value}\"\n")
}

/// The session of the user leaves the index, which was the only one.
fn index_is_dropped() -> String {
    format!("- {T}sessions (zset, expires)\n- {T}sessions \"{}\" 1702592000000\n", sid(1))
}

#[tokio::test]
async fn each_change_writes_what_it_says() {
    let epoch = [line('-', "epoch", "1700000000000"), line('+', "epoch", "1700000000001")].concat();
    let disabled = [line('-', "disabled", "0"), line('+', "disabled", "1")].concat();
    let cases = [
        (Change::Bump, 1, index_is_dropped() + &epoch),
        (Change::Disable, 1, index_is_dropped() + &disabled + &epoch),
        (
            Change::Delete,
            1,
            index_is_dropped()
                + &[line('-', "deleted", "0"), line('+', "deleted", "1")].concat()
                + &disabled
                + &epoch
                + &[line('-', "password", "phc-1"), line('+', "password", "")].concat(),
        ),
        (Change::Enable, 0, String::new()),
        (
            Change::Roles(" viewer "),
            0,
            [line('-', "roles", "operator"), line('+', "roles", " viewer ")].concat(),
        ),
        (
            Change::Rehash { phc: "phc-2", epoch_seen: 1_700_000_000_000 },
            0,
            [line('-', "password", "phc-1"), line('+', "password", "phc-2")].concat(),
        ),
    ];
    for (what, raised, expected) in cases {
        with_store(async |at| {
            let before = signed_in(at).await.epoch;
            let (answer, changed) = changes(at, change(at, what)).await;
            assert_eq!((answer, changed), (UserChanged::Epoch(before + raised), expected), "{what:?}");
            let good = rotate(at, &token(1, 1)).await;
            if raised == 0 {
                assert_eq!(successor(good).0, Rotation::Rotated, "{what:?}");
            } else {
                assert_eq!(good, no(Refused::StaleEpoch), "{what:?}");
                assert_eq!(unchanged(at, rotate(at, &token(1, 1))).await, over(EndReason::Epoch));
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_repeat_ends_nothing_that_had_not_ended() {
    with_store(async |at| {
        let epoch = signed_in(at).await.epoch;
        assert_eq!(change(at, Change::Bump).await, UserChanged::Epoch(epoch + 1));
        assert_eq!(change(at, Change::Bump).await, UserChanged::Epoch(epoch + 2));
        open(at, 2).await;
        for _ in 0..2 {
            assert_eq!(change(at, Change::Enable).await, UserChanged::Epoch(epoch + 2));
            assert_eq!(change(at, Change::Roles("viewer")).await, UserChanged::Epoch(epoch + 2));
        }
        assert_eq!(succeed(at, 2, 1, "n").await, (Rotation::Rotated, 2));
    })
    .await;
}

#[tokio::test]
async fn nobody_is_changed_who_is_not_there() {
    let all = [
        Change::Bump,
        Change::Disable,
        Change::Enable,
        Change::Delete,
        Change::Roles("admin"),
        Change::Rehash { phc: "phc-2", epoch_seen: 0 },
    ];
    with_store(async |at| {
        for what in all {
            assert_eq!(unchanged(at, change(at, what)).await, UserChanged::Unknown, "{what:?}");
        }
        make_user(at).await;
        let namesake = UserId::person("Alice").expect("a user id");
        for what in all {
            let answer = unchanged(at, at.store.change_user(TAG, &namesake, what)).await;
            assert_eq!(answer.expect("an answer"), UserChanged::Unknown, "{what:?}");
        }
        change(at, Change::Delete).await;
        for what in all {
            assert_eq!(unchanged(at, change(at, what)).await, UserChanged::Unknown, "{what:?}");
        }
    })
    .await;
}

/// The old hash was read, then somebody set another password.
#[tokio::test]
async fn a_password_is_rehashed_only_as_it_was_read() {
    with_store(async |at| {
        let epoch = make_user(at).await;
        change(at, Change::Bump).await;
        let late = Change::Rehash { phc: "phc-old", epoch_seen: epoch };
        assert_eq!(unchanged(at, change(at, late)).await, UserChanged::Changed);
    })
    .await;
}
