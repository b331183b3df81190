//! `token/rotate`: what ends a family, and what lives on.

use baton_core::login::{EndReason, OnReuse, Refused, Rotation, Windows};
use baton_store::calls::token::{Change, Rotate, Rotated};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

/// Two sessions, the first of which has gone so far that its first token is a sign of theft.
async fn stolen(at: &Fixture) {
    signed_in(at).await;
    open(at, 2).await;
    succeed(at, 1, 1, "n").await;
    succeed(at, 1, 2, "n").await;
}

fn with(on_reuse: OnReuse) -> Rotate<'static> {
    Rotate { nonce: "thief", windows: Windows { on_reuse, ..WINDOWS }, ..token(1, 1) }
}

/// The lines of a session that is gone, and of what is said of it.
async fn gone(at: &Fixture, number: u8, why: &str) -> String {
    let text: Vec<(String, String)> = by_hand(at, &format!("HGETALL {}", session_key(number))).await;
    let mut fields: Vec<String> = text.iter().map(|(name, value)| format!("{name} \"{value}\"")).collect();
    fields.sort();
    let key = session_key(number);
    let fields: String = fields.iter().map(|field| format!("- {key} {field}\n")).collect();
    let ended = ended_key(number);
    format!("+ {ended} (string, expires)\n+ {ended} \"{why}\"\n- {key} (hash, expires)\n{fields}")
}

#[tokio::test]
async fn case_24_reuse_ends_its_family_and_no_other() {
    with_store(async |at| {
        stolen(at).await;
        let expected =
            gone(at, 1, "reuse").await + &format!("- {T}sessions \"{}\" {}\n", sid(1), START_MS + ABSOLUTE);
        let (answer, changed) = changes(at, rotate(at, &with(OnReuse::RevokeFamily))).await;
        assert_eq!((answer, changed), (no(Refused::Reused), expected));
        lives_for(at, &ended_key(1), ENDED).await;
        for generation in [1, 2, 3] {
            assert_eq!(unchanged(at, rotate(at, &token(1, generation))).await, over(EndReason::Reuse));
        }
        assert_eq!(succeed(at, 2, 1, "n").await, (Rotation::Rotated, 2));
    })
    .await;
}

#[tokio::test]
async fn reuse_ends_nothing_where_it_is_only_denied() {
    with_store(async |at| {
        stolen(at).await;
        for _ in 0..2 {
            assert_eq!(unchanged(at, rotate(at, &with(OnReuse::Deny))).await, no(Refused::Reused));
        }
        assert_eq!(succeed(at, 1, 3, "n").await, (Rotation::Rotated, 4));
    })
    .await;
}

#[tokio::test]
async fn reuse_ends_all_sessions_of_the_user_where_it_is_told_to() {
    with_store(async |at| {
        stolen(at).await;
        let epoch = START_MS + 1;
        let expected = gone(at, 1, "reuse").await
            + &format!(
                "- {T}sessions (zset, expires)\n\
                 - {T}sessions \"{}\" {}\n\
                 - {T}sessions \"{}\" {}\n\
                 - {T}user epoch \"{START_MS}\"\n\
                 + {T}user epoch \"{epoch}\"\n",
                sid(1),
                START_MS + ABSOLUTE,
                sid(2),
                START_MS + ABSOLUTE
            );
        let (answer, changed) = changes(at, rotate(at, &with(OnReuse::RevokeUser))).await;
        let reused = Rotated::Refused { why: Refused::Reused, ended: None, epoch: Some(epoch) };
        assert_eq!((answer, changed), (reused, expected));
        assert_eq!(rotate(at, &token(2, 1)).await, no(Refused::StaleEpoch));
        // A repeat finds nothing, and raises the epoch no further.
        assert_eq!(unchanged(at, rotate(at, &with(OnReuse::RevokeUser))).await, over(EndReason::Reuse));
    })
    .await;
}

#[tokio::test]
async fn a_user_who_is_not_the_same_any_more_ends_it() {
    let bump = |change| {
        async move |at: &Fixture| {
            at.store.change_user(TAG, &alice(), change).await.expect("an answer");
        }
    };
    for change in [Change::Bump, Change::Disable, Change::Delete] {
        with_store(async |at| {
            signed_in(at).await;
            bump(change)(at).await;
            stale(at).await;
        })
        .await;
    }
    for broken in
        ["DEL {user}", "HSET {user} user_id user_bob", "HSET {user} disabled 1", "HDEL {user} epoch"]
    {
        with_store(async |at| {
            signed_in(at).await;
            by_hand::<()>(at, &broken.replace("{user}", &format!("{T}user"))).await;
            stale(at).await;
        })
        .await;
    }
}

/// The token is current, and the session ends all the same.
async fn stale(at: &Fixture) {
    let indexed: Option<u64> = by_hand(at, &format!("ZSCORE {T}sessions {}", sid(1))).await;
    let mut expected = gone(at, 1, "epoch").await;
    if let Some(score) = indexed {
        expected += &format!("- {T}sessions (zset, expires)\n- {T}sessions \"{}\" {score}\n", sid(1));
    }
    let (answer, changed) = changes(at, rotate(at, &token(1, 1))).await;
    assert_eq!((answer, changed), (no(Refused::StaleEpoch), expected));
    lives_for(at, &ended_key(1), ENDED).await;
    assert_eq!(unchanged(at, rotate(at, &token(1, 1))).await, over(EndReason::Epoch));
}

/// Roles are read at each rotation; they end nothing.
#[tokio::test]
async fn a_role_that_was_taken_away_shows_at_once() {
    with_store(async |at| {
        signed_in(at).await;
        at.store.change_user(TAG, &alice(), Change::Roles("viewer")).await.expect("an answer");
        let (_, live) = successor(rotate(at, &token(1, 1)).await);
        assert_eq!((live.roles.as_str(), live.scope.as_str()), ("viewer", "tasks:read"));
    })
    .await;
}
