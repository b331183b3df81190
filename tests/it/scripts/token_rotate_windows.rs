//! `token/rotate`: for how long a token that has a successor does no harm, to the millisecond.

use baton_core::login::{EndReason, Refused, Rotation, Windows};
use baton_store::calls::token::{Rotate, Rotated};
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

/// A token that is older than the store, brought by somebody else.
async fn late(at: &Fixture, generation: u64) -> Rotated {
    rotate(at, &Rotate { nonce: "late", ..token(1, generation) }).await
}

/// Whoever came last has ended the family.
async fn family_is_over(at: &Fixture) {
    assert!(!exists(at, &session_key(1)).await);
    for generation in [1, 2, 3] {
        assert_eq!(unchanged(at, late(at, generation)).await, over(EndReason::Reuse));
    }
}

#[tokio::test]
async fn case_20_the_leeway_is_exact() {
    for (age, harmless) in [(0, true), (LEEWAY - 1, true), (LEEWAY, false), (LEEWAY + 1, false)] {
        with_store(async |at| {
            signed_in(at).await;
            succeed(at, 1, 1, "first").await;
            at.pass_ms(age as i64);
            if harmless {
                assert_eq!(unchanged(at, late(at, 1)).await, no(Refused::Superseded), "after {age}");
                assert_eq!(succeed(at, 1, 2, "n").await, (Rotation::Rotated, 3));
            } else {
                assert_eq!(late(at, 1).await, no(Refused::Reused), "after {age}");
                family_is_over(at).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn case_19_no_leeway_tolerates_nothing() {
    with_store(async |at| {
        signed_in(at).await;
        succeed(at, 1, 1, "first").await;
        let windows = Windows { leeway_ms: 0, ..WINDOWS };
        let ask = Rotate { nonce: "late", windows, ..token(1, 1) };
        assert_eq!(rotate(at, &ask).await, no(Refused::Reused));
        family_is_over(at).await;
    })
    .await;
}

#[tokio::test]
async fn the_same_request_has_a_window_of_its_own() {
    for (age, good) in [(RETRY - 1, true), (RETRY, false)] {
        with_store(async |at| {
            signed_in(at).await;
            succeed(at, 1, 1, "first").await;
            at.pass_ms(age as i64);
            let ask = Rotate { nonce: "first", ..token(1, 1) };
            if good {
                assert_eq!(successor(unchanged(at, rotate(at, &ask)).await).0, Rotation::Replayed);
                assert_eq!(succeed(at, 1, 2, "n").await, (Rotation::Rotated, 3));
            } else {
                assert_eq!(rotate(at, &ask).await, no(Refused::Reused));
                family_is_over(at).await;
            }
        })
        .await;
    }
}

/// It begins at the rotation: a replay just before its end does not begin it anew.
#[tokio::test]
async fn case_13_the_window_does_not_slide() {
    with_store(async |at| {
        make_user(at).await;
        open_lenient(at, 1).await;
        succeed(at, 1, 1, "first").await;
        at.pass_ms(29_000);
        assert_eq!(unchanged(at, succeed(at, 1, 1, "second")).await, (Rotation::Replayed, 2));
        at.pass_ms(999);
        assert_eq!(unchanged(at, succeed(at, 1, 1, "third")).await, (Rotation::Replayed, 2));
        at.pass_ms(1);
        assert_eq!(late(at, 1).await, no(Refused::Reused));
        family_is_over(at).await;
    })
    .await;
    // Nor does that of the same request.
    with_store(async |at| {
        signed_in(at).await;
        succeed(at, 1, 1, "first").await;
        at.pass_ms(RETRY as i64 - 1);
        assert_eq!(unchanged(at, succeed(at, 1, 1, "first")).await, (Rotation::Replayed, 2));
        at.pass_ms(1);
        assert_eq!(rotate(at, &Rotate { nonce: "first", ..token(1, 1) }).await, no(Refused::Reused));
        family_is_over(at).await;
    })
    .await;
}

#[tokio::test]
async fn case_14_only_the_token_before_is_tolerated() {
    for lenient in [false, true] {
        with_store(async |at| {
            make_user(at).await;
            if lenient {
                open_lenient(at, 1).await
            } else {
                drop(open(at, 1).await)
            }
            succeed(at, 1, 1, "first").await;
            succeed(at, 1, 2, "first").await;
            // Not even the request that the store remembers.
            assert_eq!(rotate(at, &Rotate { nonce: "first", ..token(1, 1) }).await, no(Refused::Reused));
            family_is_over(at).await;
        })
        .await;
    }
}

/// A new primary may be behind. The rotation is in its future then, which counts as now.
#[tokio::test]
async fn case_21_a_clock_that_was_set_back_is_inside_the_window() {
    with_store(async |at| {
        signed_in(at).await;
        succeed(at, 1, 1, "first").await;
        at.pass_ms(-3_600_000);
        assert_eq!(unchanged(at, late(at, 1)).await, no(Refused::Superseded));
        assert_eq!(unchanged(at, succeed(at, 1, 1, "first")).await, (Rotation::Replayed, 2));
        assert_eq!(succeed(at, 1, 2, "n").await, (Rotation::Rotated, 3));
        lives_for(at, &session_key(1), IDLE).await;
        let windows = Windows { leeway_ms: 0, ..WINDOWS };
        assert_eq!(rotate(at, &Rotate { nonce: "x", windows, ..token(1, 2) }).await, no(Refused::Reused));
        family_is_over(at).await;
    })
    .await;
}

/// A thief and the owner hold one chain: at the next rotation one of them shows it.
#[tokio::test]
async fn case_16_two_who_share_a_chain_meet() {
    with_store(async |at| {
        make_user(at).await;
        open_lenient(at, 1).await;
        assert_eq!(succeed(at, 1, 1, "thief").await, (Rotation::Rotated, 2));
        assert_eq!(succeed(at, 1, 1, "owner").await, (Rotation::Replayed, 2));
        at.pass_ms(LEEWAY as i64);
        assert_eq!(succeed(at, 1, 2, "owner").await, (Rotation::Rotated, 3));
        at.pass_ms(LEEWAY as i64);
        assert_eq!(late(at, 2).await, no(Refused::Reused));
        family_is_over(at).await;
    })
    .await;
}
