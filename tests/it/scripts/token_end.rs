//! `token/end`: a session ends, and no token of it is good any more.

use baton_core::login::{EndReason, Rotation, UserId};
use baton_store::calls::token::{EndSession, Ended};
use baton_testkit::fixture::START_MS;
use baton_testkit::with_store;

use super::token_support::*;

#[tokio::test]
async fn whoever_has_a_token_of_it_may_end_it() {
    with_store(async |at| {
        signed_in(at).await;
        open(at, 2).await;
        let (answer, changed) = changes(at, end(at, logout(1))).await;
        assert_eq!(answer, Ended::Revoked);
        let written: String =
            changed.lines().filter(|line| line.starts_with('+')).map(|line| format!("{line}\n")).collect();
        let ended = ended_key(1);
        assert_eq!(written, format!("+ {ended} (string, expires)\n+ {ended} \"logout\"\n"));
        let dropped: Vec<&str> = changed.lines().filter(|line| line.starts_with('-')).collect();
        let key = session_key(1);
        assert!(dropped.contains(&format!("- {key} (hash, expires)").as_str()), "{changed}");
        let index = format!("- {T}sessions \"{}\" {}", sid(1), START_MS + ABSOLUTE);
        let others: Vec<_> = dropped.into_iter().filter(|line| !line.contains(&key)).collect();
        assert_eq!(others, [index]);
        lives_for(at, &ended, ENDED).await;
        assert_eq!(unchanged(at, rotate(at, &token(1, 1))).await, over(EndReason::Logout));
        assert_eq!(succeed(at, 2, 1, "n").await, (Rotation::Rotated, 2));
    })
    .await;
}

#[tokio::test]
async fn a_repeat_finds_it_gone_and_keeps_the_reason() {
    with_store(async |at| {
        assert_eq!(unchanged(at, end(at, logout(1))).await, Ended::Gone);
        signed_in(at).await;
        assert_eq!(end(at, logout(1)).await, Ended::Revoked);
        for why in [EndReason::Logout, EndReason::Admin] {
            assert_eq!(unchanged(at, end(at, EndSession { why, ..logout(1) })).await, Ended::Gone);
        }
        // Nor may a stranger learn more than that.
        let stranger = EndSession { secret_hash: Some("other"), ..logout(1) };
        assert_eq!(unchanged(at, end(at, stranger)).await, Ended::Gone);
    })
    .await;
}

/// A thief was first, and the owner has nothing but the token before: it ends the chain that it cannot continue.
#[tokio::test]
async fn a_token_of_any_generation_may_end_it() {
    with_store(async |at| {
        signed_in(at).await;
        succeed(at, 1, 1, "thief").await;
        assert_eq!(end(at, logout(1)).await, Ended::Revoked);
        for generation in [1, 2] {
            assert_eq!(unchanged(at, rotate(at, &token(1, generation))).await, over(EndReason::Logout));
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_else_may() {
    with_store(async |at| {
        signed_in(at).await;
        let bob = UserId::person("bob").expect("a user id");
        let alice = alice();
        for (secret_hash, user_id) in [
            (Some("other"), None),
            (None, Some(&bob)),
            (Some("secret"), Some(&bob)),
            (Some("other"), Some(&alice)),
        ] {
            let ask = EndSession { secret_hash, user_id, ..logout(1) };
            assert_eq!(unchanged(at, end(at, ask)).await, Ended::Refused, "{secret_hash:?} {user_id:?}");
        }
        let ask = EndSession { secret_hash: None, user_id: Some(&alice), why: EndReason::Admin, ..logout(1) };
        assert_eq!(end(at, ask).await, Ended::Revoked);
        assert_eq!(unchanged(at, rotate(at, &token(1, 1))).await, over(EndReason::Admin));
    })
    .await;
}

/// Logging out must always work: it is one of the scripts that Redis runs when its memory is full.
#[tokio::test]
async fn a_full_redis_still_logs_out() {
    with_store(async |at| {
        signed_in(at).await;
        by_hand::<()>(at, "CONFIG SET maxmemory 1").await;
        let error = unchanged(at, at.store.rotate(&token(1, 1))).await.expect_err("memory is full");
        assert!(matches!(error, baton_store::Error::StorageFull), "{error:?}");
        assert_eq!(end(at, logout(1)).await, Ended::Revoked);
        by_hand::<()>(at, "CONFIG SET maxmemory 0").await;
    })
    .await;
}
