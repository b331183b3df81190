//! `token/standing`: whether a token is worth anything at this moment.

use baton_store::calls::token::{Change, Standing, StandingUser};
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

async fn standing(at: &Fixture) -> Standing {
    unchanged(at, at.store.standing(TAG, sid(1))).await.expect("an answer")
}

#[tokio::test]
async fn a_live_session_of_a_live_user_bears_its_tokens() {
    with_store(async |at| {
        assert_eq!(standing(at).await, Standing { session: None, user: None });
        let epoch = make_user(at).await;
        let user = StandingUser {
            user_id: "user_alice".to_owned(),
            epoch,
            disabled: false,
            roles: "operator".to_owned(),
        };
        assert_eq!(standing(at).await, Standing { session: None, user: Some(user.clone()) });
        assert!(!standing(at).await.bears("user_alice", epoch));
        open(at, 1).await;
        let both = Standing { session: Some(("user_alice".to_owned(), epoch)), user: Some(user) };
        assert_eq!(standing(at).await, both);
        assert!(both.bears("user_alice", epoch));
        assert!(!both.bears("user_bob", epoch) && !both.bears("user_alice", epoch + 1));
        assert!(!both.bears("user_alice", epoch - 1));
    })
    .await;
}

#[tokio::test]
async fn whatever_ends_it_shows_at_once() {
    for what in ["end", "bump", "disable", "delete", "gone"] {
        with_store(async |at| {
            let epoch = signed_in(at).await.epoch;
            let change = async |change| drop(at.store.change_user(TAG, &alice(), change).await);
            match what {
                "end" => drop(end(at, logout(1)).await),
                "bump" => change(Change::Bump).await,
                "disable" => change(Change::Disable).await,
                "delete" => change(Change::Delete).await,
                _ => by_hand(at, &format!("DEL {T}user")).await,
            }
            assert!(!standing(at).await.bears("user_alice", epoch), "{what}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_disabled_user_bears_nothing() {
    with_store(async |at| {
        let epoch = signed_in(at).await.epoch;
        by_hand::<()>(at, &format!("HSET {T}user disabled 1")).await;
        let standing = standing(at).await;
        assert!(standing.user.as_ref().is_some_and(|user| user.disabled));
        assert!(!standing.bears("user_alice", epoch));
    })
    .await;
}
