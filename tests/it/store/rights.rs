//! Rights: the user that the scripts need, no more, and by name what it lacks.

use baton_store::boot::Unfit;
use baton_store::script::inner_commands;
use baton_store::{OpenError, Options};
use baton_testkit::{Fixture, Launch, with_launch};

use super::{open, options, submit};
use crate::hand::{by_hand, unchanged};

/// A user with these commands on our keys alone, and how to open the store as it.
async fn user(at: &Fixture, commands: &[&str]) -> Options {
    let beside = ["EVALSHA", "SCRIPT|LOAD", "SCRIPT|EXISTS", "INFO", "XREAD", "BLPOP"];
    let commands: Vec<String> = beside.iter().chain(commands).map(|command| format!("+{command}")).collect();
    let rule = format!("ACL SETUSER baton reset on >secret -@all ~baton:* {}", commands.join(" "));
    by_hand::<()>(at, &rule).await;
    let url = at.redis.tcp_url().unwrap();
    options(&url.replace("redis://", "redis://baton:secret@"))
}

async fn with_tcp(test: impl AsyncFnOnce(&mut Fixture)) {
    with_launch(Launch::default().tcp(0), test).await;
}

#[tokio::test]
async fn the_inner_commands_and_a_few_beside_are_enough() {
    with_tcp(async |at| {
        let as_user = user(at, &inner_commands()).await;
        let store = open(as_user).await.unwrap();
        submit(&store).await.unwrap();
        store.tick(baton_core::Shard::FIRST, Default::default()).await.unwrap();
        assert_eq!(store.events(baton_core::Shard::FIRST, None, 10).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_right_that_is_missing_is_named_and_nothing_is_written() {
    with_tcp(async |at| {
        let all = inner_commands();
        assert!(all.len() > 15, "{all:?}");
        for missing in &all {
            let rest: Vec<&str> = all.iter().copied().filter(|command| command != missing).collect();
            let as_user = user(at, &rest).await;
            let answer = unchanged(at, open(as_user)).await;
            match answer {
                Err(OpenError::Unfit(unfit)) => assert_eq!(unfit, [Unfit::Denied(missing.to_string())]),
                other => panic!("{missing} is not named: {other:?}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_user_of_other_keys_is_refused() {
    with_tcp(async |at| {
        let as_user = user(at, &inner_commands()).await;
        by_hand::<()>(at, "ACL SETUSER baton resetkeys ~other:*").await;
        assert!(unchanged(at, open(as_user)).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_is_no_outage() {
    with_tcp(async |at| {
        user(at, &inner_commands()).await;
        let url = at.redis.tcp_url().unwrap().replace("redis://", "redis://baton:wrong@");
        let answer = open(options(&url)).await;
        assert!(matches!(answer, Err(OpenError::Store(baton_store::Error::Fault { .. }))), "{answer:?}");
        let text = format!("{answer:?}");
        assert!(!text.contains("wrong@"), "{text}");
    })
    .await;
}
