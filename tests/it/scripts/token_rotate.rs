//! `token/rotate`: one successor for each token, and what else may be said of one. How patient it is, and what ends a
//! family, stands in the modules beside.

use baton_core::login::{EndReason, Refused, Rotation};
use baton_store::calls::token::{Live, Rotate};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

#[tokio::test]
async fn the_current_token_gets_its_successor() {
    with_store(async |at| {
        let opened = signed_in(at).await;
        at.pass_ms(5_000);
        let ask = Rotate { kid: 2, ..token(1, 1) };
        let (answer, changed) = changes(at, rotate(at, &ask)).await;
        let session = Live {
            generation: 2,
            kid: 2,
            user_id: "user_alice".to_owned(),
            epoch: opened.epoch,
            scope: "tasks:read".to_owned(),
            roles: "operator".to_owned(),
            auth_time_ms: START_MS,
            amr: "pwd".to_owned(),
            client: "baton".to_owned(),
            now_ms: START_MS + 5_000,
            expires_at_ms: START_MS + 5_000 + IDLE,
            absolute_at_ms: START_MS + ABSOLUTE,
        };
        assert_eq!(successor(answer), (Rotation::Rotated, session));
        let key = session_key(1);
        assert_eq!(
            changed,
            format!(
                "- {key} expires_at \"1700604800000\"\n\
                 + {key} expires_at \"1700604805000\"\n\
                 - {key} gen \"1\"\n\
                 + {key} gen \"2\"\n\
                 - {key} kid \"1\"\n\
                 + {key} kid \"2\"\n\
                 - {key} nonce \"login\"\n\
                 + {key} nonce \"new\"\n\
                 - {key} rotated_at \"1700000000000\"\n\
                 + {key} rotated_at \"1700000005000\"\n"
            )
        );
    })
    .await;
}

/// The key that seals new tokens has changed meanwhile: the successor is the one that was given before, byte for byte.
#[tokio::test]
async fn a_repeat_gets_the_same_successor() {
    with_store(async |at| {
        signed_in(at).await;
        let (_, first) = successor(rotate(at, &token(1, 1)).await);
        at.pass_ms(RETRY as i64 - 1);
        for _ in 0..3 {
            let ask = Rotate { kid: 2, ..token(1, 1) };
            let (how, again) = successor(unchanged(at, rotate(at, &ask)).await);
            assert_eq!((how, &again), (Rotation::Replayed, &Live { now_ms: at.now_ms(), ..first.clone() }));
        }
        assert_eq!(succeed(at, 1, 2, "next").await, (Rotation::Rotated, 3));
    })
    .await;
}

#[tokio::test]
async fn the_same_request_may_be_made_of_the_next_token() {
    with_store(async |at| {
        signed_in(at).await;
        assert_eq!(succeed(at, 1, 1, "same").await, (Rotation::Rotated, 2));
        assert_eq!(succeed(at, 1, 2, "same").await, (Rotation::Rotated, 3));
        assert_eq!(unchanged(at, succeed(at, 1, 2, "same")).await, (Rotation::Replayed, 3));
    })
    .await;
}

#[tokio::test]
async fn case_2_25_a_chain_goes_on_while_its_old_tokens_are_refused() {
    with_store(async |at| {
        signed_in(at).await;
        for generation in 1..=5 {
            // All in the same millisecond.
            assert_eq!(succeed(at, 1, generation, "winner").await, (Rotation::Rotated, generation + 1));
            let old = Rotate { nonce: "loser", ..token(1, generation) };
            assert_eq!(unchanged(at, rotate(at, &old)).await, no(Refused::Superseded));
        }
    })
    .await;
}

/// A token that must be refused, whatever else is true of it, and changes nothing.
async fn refused(at: &Fixture, ask: Rotate<'_>, why: Refused) {
    assert_eq!(unchanged(at, rotate(at, &ask)).await, no(why), "{ask:?}");
}

/// Otherwise anyone could log anyone out: even with a generation that would end the family.
#[tokio::test]
async fn a_stranger_learns_and_ends_nothing() {
    with_store(async |at| {
        signed_in(at).await;
        for generation in 1..4 {
            succeed(at, 1, generation, "n").await;
        }
        for generation in [1, 2, 3, 4, 5, 20, 21] {
            for (client, secret_hash) in
                [("baton", "other"), ("baton", ""), ("other", "secret"), ("baton-dashboard", "secret")]
            {
                let ask = Rotate { client, secret_hash, nonce: "n", ..token(1, generation) };
                refused(at, ask, Refused::Invalid).await;
            }
        }
        // Nor once it is over, which is nobody's business either.
        at.pass_ms(ABSOLUTE as i64);
        refused(at, Rotate { secret_hash: "other", ..token(1, 4) }, Refused::Invalid).await;
        refused(at, token(1, 4), Refused::Expired).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_unknown() {
    with_store(async |at| {
        refused(at, token(1, 1), Refused::Unknown).await;
        signed_in(at).await;
        refused(at, token(2, 1), Refused::Unknown).await;
        end(at, logout(1)).await;
        assert_eq!(unchanged(at, rotate(at, &token(1, 1))).await, over(EndReason::Logout));
        by_hand::<()>(at, &format!("SET {} of-a-later-release", ended_key(1))).await;
        let error = unchanged(at, at.store.rotate(&token(1, 1))).await.expect_err("a word that nobody knows");
        assert!(error.to_string().contains("of-a-later-release"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_store_that_fell_back_is_healed_within_bounds() {
    with_store(async |at| {
        signed_in(at).await;
        at.pass_ms(1);
        refused(at, token(1, 18), Refused::TooFarAhead).await;
        refused(at, token(1, u64::MAX), Refused::TooFarAhead).await;
        assert_eq!(succeed(at, 1, 17, "n").await, (Rotation::Healed, 18));
        assert_eq!(succeed(at, 1, 18, "n").await, (Rotation::Rotated, 19));
        let never =
            Rotate { windows: baton_core::login::Windows { heal_max_ahead: 0, ..WINDOWS }, ..token(1, 20) };
        refused(at, never.clone(), Refused::TooFarAhead).await;
        assert_eq!(successor(rotate(at, &Rotate { generation: 19, ..never }).await).0, Rotation::Rotated);
    })
    .await;
}

/// Numbers of Lua are doubles, and Lua prints 14 digits of them unless told otherwise. Tokens go up to 2^52.
#[tokio::test]
async fn large_generations_are_exact() {
    with_store(async |at| {
        signed_in(at).await;
        let set = async |generation: u64| {
            by_hand::<()>(at, &format!("HSET {} gen {generation}", session_key(1))).await;
        };
        for exponent in [47, 50, 52, 53] {
            let top = 1_u64 << exponent;
            for current in [top - 3, top - 2, top - 1] {
                set(current).await;
                assert_eq!(succeed(at, 1, current, "n").await, (Rotation::Rotated, current + 1));
                let stored: u64 = by_hand(at, &format!("HGET {} gen", session_key(1))).await;
                assert_eq!(stored, current + 1);
                assert_eq!(
                    unchanged(at, succeed(at, 1, current, "n")).await,
                    (Rotation::Replayed, current + 1)
                );
                refused(at, Rotate { nonce: "x", ..token(1, current) }, Refused::Superseded).await;
            }
        }
        set((1 << 52) - 16).await;
        assert_eq!(succeed(at, 1, 1 << 52, "n").await, (Rotation::Healed, (1 << 52) + 1));
        set((1 << 52) - 17).await;
        for ahead in [1 << 52, 1 << 53, (1 << 53) + 1, u64::MAX - 1, u64::MAX] {
            refused(at, token(1, ahead), Refused::TooFarAhead).await;
        }
    })
    .await;
}

#[tokio::test]
async fn case_23_sessions_are_independent() {
    with_store(async |at| {
        signed_in(at).await;
        open(at, 2).await;
        assert_eq!(succeed(at, 1, 1, "n").await, (Rotation::Rotated, 2));
        assert_eq!(succeed(at, 1, 2, "n").await, (Rotation::Rotated, 3));
        assert_eq!(succeed(at, 2, 1, "n").await, (Rotation::Rotated, 2));
    })
    .await;
}
