//! Rights: the users that we print, no more, and by name what is missing.

use baton_core::Namespace;
use baton_store::boot::Unfit;
use baton_store::script::{inner_commands, login_commands};
use baton_store::{OpenError, Options, acl};
use baton_testkit::{Fixture, Launch, with_launch};

use super::{open, options, submit};
use crate::hand::{by_hand, unchanged};

const WORKER: &str = "baton-worker";
const GATEWAY: &str = "baton-gateway";
const PASSWORD: &str = "a-secret";

/// A user of this name with the rights that we print for it, but for one command; and how to open the store as it.
async fn user(at: &Fixture, name: &str, without: Option<&str>) -> Options {
    let users = acl::users(&Namespace::default());
    let rules = &users.iter().find(|user| user.name == name).unwrap().rules;
    let less = without.map(|command| format!(" -{command}")).unwrap_or_default();
    by_hand::<()>(at, &format!("ACL SETUSER {name} reset on >{PASSWORD} {rules}{less}")).await;
    Options { logins: name == GATEWAY, ..options(&url_of(at, name, PASSWORD)) }
}

fn url_of(at: &Fixture, name: &str, password: &str) -> String {
    at.redis.tcp_url().unwrap().replace("redis://", &format!("redis://{name}:{password}@"))
}

async fn with_tcp(test: impl AsyncFnOnce(&mut Fixture)) {
    with_launch(Launch::default().tcp(0), test).await;
}

#[tokio::test]
async fn what_is_printed_is_enough() {
    with_tcp(async |at| {
        for name in [WORKER, GATEWAY] {
            let before = at.store.events(baton_core::Shard::FIRST, None, 10).await.unwrap().len();
            let as_user = user(at, name, None).await;
            let store = open(as_user).await.unwrap();
            submit(&store).await.unwrap();
            store.tick(baton_core::Shard::FIRST, Default::default()).await.unwrap();
            let events = store.events(baton_core::Shard::FIRST, None, 10).await.unwrap();
            assert_eq!(events.len(), before + 1, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_right_that_is_missing_is_named_and_nothing_is_written() {
    with_tcp(async |at| {
        let (tasks, logins) = (inner_commands(), login_commands());
        assert!(tasks.len() > 15 && logins.len() > 10, "{tasks:?} {logins:?}");
        for (name, all) in [(WORKER, &tasks), (GATEWAY, &logins)] {
            for missing in all {
                let as_user = user(at, name, Some(missing)).await;
                let named = missing.to_string();
                let unfit =
                    if tasks.contains(missing) { Unfit::Denied(named) } else { Unfit::DeniedLogins(named) };
                match unchanged(at, open(as_user)).await {
                    Err(OpenError::Unfit(found)) => assert_eq!(found, [unfit], "{name}"),
                    other => panic!("{missing} is not named: {other:?}"),
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_user_of_other_keys_is_refused() {
    with_tcp(async |at| {
        for name in [WORKER, GATEWAY] {
            let as_user = user(at, name, None).await;
            by_hand::<()>(at, &format!("ACL SETUSER {name} resetkeys ~other:*")).await;
            assert!(unchanged(at, open(as_user)).await.is_err(), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn case_44_a_wrong_password_is_no_outage_and_is_not_repeated() {
    with_tcp(async |at| {
        user(at, GATEWAY, None).await;
        let guess = "hunter2-of-nobody";
        let error = open(options(&url_of(at, GATEWAY, guess))).await.expect_err("it opened");
        assert!(matches!(error, OpenError::Store(baton_store::Error::Fault { .. })), "{error:?}");
        let mut told = format!("{error:?}");
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            told += &error.to_string();
            cause = error.source();
        }
        assert!(!told.contains(guess) && !told.contains(PASSWORD), "{told}");
    })
    .await;
}
