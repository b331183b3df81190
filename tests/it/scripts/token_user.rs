//! `token/user`: a user is made, and made anew under a name that was free again.

use baton_core::login::{Refused, UserId};
use baton_store::calls::token::{Change, Made, NewUser, User, UserChanged};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

async fn make(at: &Fixture, ask: &NewUser<'_>) -> Made {
    at.store.create_user(ask).await.expect("an answer")
}

async fn read(at: &Fixture) -> Option<User> {
    unchanged(at, at.store.read_user(TAG, &alice())).await.expect("an answer")
}

#[tokio::test]
async fn a_user_is_made_and_read() {
    with_store(async |at| {
        assert_eq!(read(at).await, None);
        let user = alice();
        let (made, changed) = changes(at, make(at, &new_user(&user))).await;
        assert_eq!(made, Made::User { epoch: START_MS });
        assert_eq!(
            changed,
            format!(
                "+ {T}user (hash)\n\
                 + {T}user born \"1700000000000\"\n\
                 + {T}user deleted \"0\"\n\
                 + {T}user disabled \"0\"\n\
                 + {T}user epoch \"1700000000000\"\n\
                 + {T}user password \"phc-1\"\n\
                 + {T}user password_at \"1700000000000\"\n\
                 + {T}user roles \"operator\"\n\
                 + {T}user user_id \"user_alice\"\n\
                 + baton:{{u}}:users (zset)\n\
                 + baton:{{u}}:users \"user_alice\" 0\n"
            )
        );
        let expected = User {
            user_id: alice(),
            epoch: START_MS,
            disabled: false,
            roles: "operator".to_owned(),
            password: Some("phc-1".to_owned()),
            password_at_ms: Some(START_MS),
            born: START_MS.to_string(),
        };
        assert_eq!(read(at).await, Some(expected));
        let shown = format!("{:?}", read(at).await);
        assert!(!shown.contains("phc"), "{shown}");
    })
    .await;
}

#[tokio::test]
async fn one_who_exists_is_not_made_again() {
    with_store(async |at| {
        make_user(at).await;
        at.pass_ms(1);
        let user = alice();
        let other = NewUser { roles: "admin", password: Some("phc-2"), ..new_user(&user) };
        assert_eq!(unchanged(at, make(at, &other)).await, Made::Exists);
    })
    .await;
}

#[tokio::test]
async fn a_name_of_the_same_tag_is_refused_and_not_merged() {
    with_store(async |at| {
        make_user(at).await;
        let other = UserId::person("Alice").expect("a user id");
        at.store.list_user(&other).await.expect("an answer");
        assert_eq!(unchanged(at, make(at, &new_user(&other))).await, Made::TagCollision);
        let read = at.store.read_user(TAG, &other).await.expect("an answer");
        assert_eq!(read, None);
        at.store.change_user(TAG, &alice(), Change::Delete).await.expect("an answer");
        assert_eq!(unchanged(at, make(at, &new_user(&other))).await, Made::TagCollision);
    })
    .await;
}

/// Also by a clock that was set back, or that stands still.
#[tokio::test]
async fn a_namesake_never_revives_old_tokens() {
    for step in [0, -3_600_000, 3_600_000] {
        with_store(async |at| {
            let epoch = signed_in(at).await.epoch;
            let deleted = at.store.change_user(TAG, &alice(), Change::Delete).await.expect("an answer");
            assert_eq!(deleted, UserChanged::Epoch(epoch + 1));
            assert_eq!(read(at).await, None);
            at.pass_ms(step);
            let again = make_user(at).await;
            assert!(again > epoch + 1, "{again} after {epoch}");
            assert_eq!(again, (epoch + 2).max(at.now_ms()));
            assert_eq!(rotate(at, &token(1, 1)).await, no(Refused::StaleEpoch));
            assert_eq!(open(at, 2).await.epoch, again);
        })
        .await;
    }
}

#[tokio::test]
async fn one_without_a_password_or_disabled_is_made_too() {
    with_store(async |at| {
        let user = alice();
        make(at, &NewUser { password: None, disabled: true, ..new_user(&user) }).await;
        let read = read(at).await.expect("a user");
        assert_eq!((read.password, read.disabled), (None, true));
    })
    .await;
}

#[tokio::test]
async fn users_are_listed_page_by_page() {
    with_store(async |at| {
        for name in ["c", "a", "user_", "B", "{u}*", "é"] {
            at.store.list_user(&UserId::person(name).expect("a user id")).await.expect("an answer");
        }
        at.store.list_user(&UserId::service("a").expect("a user id")).await.expect("an answer");
        let mut after: Option<UserId> = None;
        let mut names = Vec::new();
        loop {
            let page = at.store.users(after.as_ref(), 3).await.expect("an answer");
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            names.extend(page.iter().map(|user| user.as_str().to_owned()));
        }
        let sorted = ["service_a", "user_B", "user_a", "user_c", "user_user_", "user_{u}*", "user_é"];
        assert_eq!(names, sorted);
    })
    .await;
}
