//! One token, many who bring it at once: one gets the successor.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use super::support::{Plan, winner, with_status};

/// So many refreshes of one session come at once in no real life, and the guard against loops would see to it. A machine that
/// does much else answers them late, and not with 503.
fn three() -> Plan {
    let plan = Plan::of(3).with("BATON_AUTH_REFRESH_RATE", "100000").with("BATON_AUTH_LOGIN_PER_IP", "60000");
    plan.with("BATON_AUTH_STORE_TIMEOUT", "10s")
}

/// Cases 1 and 4: over three gateways.
async fn exactly_one_of(times: usize, repeats: usize) {
    let at = three().start().await;
    at.user("alice").await;
    for _ in 0..repeats {
        let first = at.login(0, "alice").await;
        let answers = at.refresh_at_once(times, &first.refresh_token()).await;
        let won = winner(&answers);
        assert_eq!(won.outcome, "rotated");
        assert!(at.is_valid(1, &won.access_token()).await);
        // The old one is dead, and that it is tried does no harm to the new one.
        let old = at.refresh(2, &first.refresh_token()).await;
        assert_eq!(old.status, 401, "{old:?}");
        let next = at.refresh(2, &won.refresh_token()).await;
        assert_eq!(next.status, 200, "{next:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_1_of_ten_refreshes_at_once_exactly_one_succeeds() {
    exactly_one_of(10, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_4_of_a_hundred_refreshes_at_once_exactly_one_succeeds() {
    exactly_one_of(100, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_4_of_a_thousand_refreshes_at_once_exactly_one_succeeds() {
    exactly_one_of(1_000, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_2_each_old_token_is_refused_and_the_chain_goes_on() {
    let at = three().start().await;
    at.user("alice").await;
    for repeat in 0..20 {
        let mut token = at.login(repeat, "alice").await.refresh_token();
        for step in 0..5 {
            let next = at.refresh(step, &token).await;
            assert_eq!(next.status, 200, "{next:?}");
            let replay = at.refresh(step + 1, &token).await;
            assert_eq!((replay.status.as_u16(), replay.code()), (401, "refresh_token_superseded"));
            assert!(at.is_valid(step + 2, &next.access_token()).await);
            token = next.refresh_token();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_3_twenty_users_with_five_duplicates_each_have_one_winner_each() {
    let at = three().start().await;
    let names: Vec<String> = (0..20).map(|number| format!("user-{number}")).collect();
    let mut tokens = Vec::new();
    for name in &names {
        at.user(name).await;
        tokens.push(at.login(0, name).await.refresh_token());
    }
    for _ in 0..20 {
        // All hundred at once.
        let rounds = join_all(tokens.iter().map(|token| at.refresh_at_once(5, token))).await;
        let all: Vec<_> = rounds.iter().flatten().cloned().collect();
        assert_eq!((with_status(&all, 200), with_status(&all, 401)), (20, 80));
        let won: Vec<_> = rounds.iter().map(|answers| winner(answers)).collect();
        for answer in &won {
            assert!(at.is_valid(0, &answer.access_token()).await);
        }
        tokens = won.iter().map(|answer| answer.refresh_token()).collect();
    }
    let distinct: BTreeSet<&String> = tokens.iter().collect();
    assert_eq!(distinct.len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_5_nobody_is_logged_out_by_duplicates() {
    let at = three().start().await;
    let mut tokens = Vec::new();
    // A hundred sessions, of ten users: a password takes its time.
    for number in 0..100 {
        let name = format!("user-{}", number % 10);
        if number < 10 {
            at.user(&name).await;
        }
        tokens.push(at.login(number, &name).await.refresh_token());
    }
    let chains = tokens.into_iter().enumerate().map(|(number, mut token)| {
        let at = &at;
        async move {
            for step in 0..50 {
                let duplicates = 1 + (number * 7 + step * 3) % 4;
                token = winner(&at.refresh_at_once(duplicates, &token).await).refresh_token();
            }
        }
    });
    join_all(chains).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_6_with_the_same_key_all_get_the_same_successor() {
    let at = three().start().await;
    at.user("alice").await;
    for repeat in 0..5 {
        let token = at.login(0, "alice").await.refresh_token();
        let key = format!("key-{repeat}");
        let answers = join_all((0..100).map(|gateway| at.refresh_with_key(gateway, &token, &key))).await;
        assert_eq!(with_status(&answers, 200), 100, "{answers:?}");
        let distinct: BTreeSet<String> = answers.iter().map(|answer| answer.refresh_token()).collect();
        assert_eq!(distinct.len(), 1);
        let rotated = answers.iter().filter(|answer| answer.outcome == "rotated").count();
        assert_eq!(rotated, 1, "one of them was the first");
        let token = distinct.first().expect("a token").clone();
        // Case 9: for the next generation the same key is a request like any other.
        assert_eq!(at.refresh_with_key(1, &token, &key).await.outcome, "rotated");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_46_after_a_logout_is_answered_nothing_of_the_family_lives() {
    let at = three().start().await;
    at.user("alice").await;
    for repeat in 0..100 {
        let token = at.login(repeat, "alice").await.refresh_token();
        let body = json!({ "refresh_token": token });
        let logout = at.post(repeat + 1, "/auth/logout", &body, None);
        let (left, refreshed) = tokio::join!(logout, at.refresh_at_once(15, &token));
        assert_eq!(left.status, 200, "{left:?}");
        for answer in refreshed.iter().filter(|answer| answer.status == 200) {
            let after = at.refresh(repeat, &answer.refresh_token()).await;
            assert_eq!(after.status, 401, "a token outlived the logout: {after:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_49_a_new_password_ends_old_sessions_and_keeps_the_one_that_set_it() {
    let at = three().with("BATON_AUTH_LOGIN_PER_USER", "10000").start().await;
    at.user("alice").await;
    let other = at.login(0, "alice").await;
    let mine = at.login(1, "alice").await;
    let new = "another long password";
    let change = json!({ "current": super::support::PASSWORD, "new": new });
    let request = at.client.post(at.url(2, "/auth/password")).bearer_auth(mine.access_token()).json(&change);
    let stale = other.refresh_token();
    let (changed, refreshed) = tokio::join!(request.send(), at.refresh_at_once(10, &stale));
    let changed = changed.expect("an answer");
    assert_eq!(changed.status(), 200);
    let pair: serde_json::Value = changed.json().await.expect("a pair");
    for answer in refreshed.iter().filter(|answer| answer.status == 200) {
        let after = at.refresh(0, &answer.refresh_token()).await;
        assert_eq!(after.status, 401, "an old session outlived the password: {after:?}");
    }
    let next = at.refresh(1, pair["refresh_token"].as_str().expect("a token")).await;
    assert_eq!(next.status, 200, "{next:?}");
    let old = json!({ "username": "alice", "password": super::support::PASSWORD });
    assert_eq!(at.post(0, "/auth/login", &old, None).await.status, 401);
}
