//! One winner for each refresh token, and nobody who loses his session by losing a race.

use std::time::Duration;

use baton_core::login::RacePolicy;
use futures_util::future::join_all;
use serde_json::json;

use crate::auth_support::Pair;
use crate::support::{Gateway, until};

/// A leeway that a test can wait for.
const SHORT: Duration = Duration::from_millis(200);

async fn over(gateway: &Gateway, since_ms: u64, span: Duration) {
    until(async || {
        let now_ms = gateway.app.store.clock_ms().await.unwrap();
        now_ms > since_ms + span.as_millis() as u64
    })
    .await;
}

async fn now_ms(gateway: &Gateway) -> u64 {
    gateway.app.store.clock_ms().await.unwrap()
}

#[tokio::test]
async fn case_1_of_ten_at_once_one_wins_and_its_tokens_go_on() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let answers = join_all((0..10).map(|_| gateway.refresh(&pair.refresh))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 9));
    assert!(lost.iter().all(|answer| answer.problem() == (401, "refresh_token_superseded".to_owned())));
    gateway.assert_lives(&Pair::of(won[0])).await;
}

#[tokio::test]
async fn case_2_the_old_token_is_refused_at_once_and_the_chain_goes_on() {
    let gateway = Gateway::secured().await;
    let mut pair = gateway.log_in("alice").await;
    for _ in 0..5 {
        let next = Pair::of(&gateway.refresh(&pair.refresh).await);
        assert_eq!(gateway.refresh(&pair.refresh).await.status, 401);
        pair = next;
    }
    gateway.assert_lives(&pair).await;
}

#[tokio::test]
async fn case_3_twenty_users_with_five_at_once() {
    let gateway = Gateway::secured().await;
    let mut pairs = Vec::new();
    for number in 0..20 {
        gateway.user(&format!("user{number}"), "viewer").await;
        pairs.push(gateway.log_in(&format!("user{number}")).await);
    }
    let asks = pairs.iter().flat_map(|pair| (0..5).map(|_| gateway.refresh(&pair.refresh)));
    let answers = join_all(asks).await;
    let won: Vec<Pair> = answers.iter().filter(|answer| answer.status == 200).map(Pair::of).collect();
    assert_eq!((won.len(), answers.iter().filter(|answer| answer.status == 401).count()), (20, 80));
    for pair in &won {
        gateway.assert_lives(pair).await;
    }
}

#[tokio::test]
async fn case_6_a_hundred_repeats_of_one_request_get_one_token() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let answers = join_all((0..100).map(|_| gateway.refresh_with_key(&pair.refresh, "one-refresh"))).await;
    let mut tokens: Vec<String> = answers.iter().map(|answer| Pair::of(answer).refresh).collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    let outcomes =
        |word: &str| answers.iter().filter(|answer| answer.header("x-refresh-outcome") == word).count();
    assert_eq!((outcomes("rotated"), outcomes("replayed")), (1, 99));
}

#[tokio::test]
async fn case_7_another_key_is_another_request() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let won = Pair::of(&gateway.refresh_with_key(&pair.refresh, "a").await);
    let lost = gateway.refresh_with_key(&pair.refresh, "b").await;
    assert_eq!(lost.problem(), (401, "refresh_token_superseded".to_owned()));
    gateway.assert_lives(&won).await;
}

#[tokio::test]
async fn case_8_the_same_key_after_its_window_is_reuse() {
    let gateway = Gateway::secured_with(|logins| {
        logins.rules.retry_window = SHORT;
        logins.rules.refresh_leeway = SHORT;
    })
    .await;
    let pair = gateway.log_in("alice").await;
    let won = Pair::of(&gateway.refresh_with_key(&pair.refresh, "a").await);
    over(&gateway, now_ms(&gateway).await, SHORT).await;
    let late = gateway.refresh_with_key(&pair.refresh, "a").await;
    assert_eq!(late.problem(), (401, "refresh_token_reused".to_owned()));
    gateway.assert_dead(&won).await;
}

#[tokio::test]
async fn case_9_a_key_may_be_used_again_for_the_next_token() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let second = Pair::of(&gateway.refresh_with_key(&pair.refresh, "a").await);
    let third = gateway.refresh_with_key(&second.refresh, "a").await;
    assert_eq!(third.header("x-refresh-outcome"), "rotated");
    gateway.assert_lives(&Pair::of(&third)).await;
}

#[tokio::test]
async fn case_10_a_key_is_one_short_word_or_none() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    for wrong in ["x".repeat(10_000), "a b".to_owned(), "caf\u{e9}".to_owned()] {
        let answer = gateway.refresh_with_key(&pair.refresh, &wrong).await;
        assert_eq!(answer.problem(), (400, "malformed".to_owned()), "{wrong}");
    }
    for wrong in ["a\nb", "a\u{7f}"] {
        let body = json!({ "refresh_token": pair.refresh, "request_id": wrong });
        assert_eq!(gateway.post("/auth/refresh", body).await.status, 400, "{wrong:?}");
    }
    let both = |header: &str| {
        let body = json!({ "refresh_token": pair.refresh, "request_id": "a" });
        gateway.ask(crate::support::post("/auth/refresh", &body).with("idempotency-key", header))
    };
    assert_eq!(both("b").await.status, 400);
    let second = Pair::of(&gateway.refresh_with_key(&pair.refresh, "").await);
    assert_eq!(gateway.refresh_with_key(&pair.refresh, "").await.status, 401, "an empty key is none");
    gateway.assert_lives(&second).await;
}

/// Logs in as the dashboard's policy has it: with a client of the operator that replays.
async fn replaying(leeway: Duration) -> (Gateway, Pair) {
    let gateway = Gateway::secured_with(|logins| {
        let text = "[[client]]\nid = \"portal\"\nfirst_party = true\n";
        logins.clients = baton_gateway::auth::clients::Clients::parse(text).unwrap();
        assert_eq!(logins.clients.get("portal").unwrap().policy, RacePolicy::Replay);
        logins.rules.refresh_leeway = leeway;
    })
    .await;
    let mut body = crate::auth_support::login_body("alice");
    body["client_id"] = json!("portal");
    let pair = Pair::of(&gateway.post("/auth/login", body).await);
    (gateway, pair)
}

async fn refresh_as_portal(gateway: &Gateway, token: &str) -> crate::support::Answer {
    gateway.post("/auth/refresh", json!({ "refresh_token": token, "client_id": "portal" })).await
}

#[tokio::test]
async fn case_11_a_client_that_replays_gets_one_successor_a_hundred_times() {
    let (gateway, pair) = replaying(Duration::from_secs(30)).await;
    let answers = join_all((0..100).map(|_| refresh_as_portal(&gateway, &pair.refresh))).await;
    let mut tokens: Vec<String> = answers.iter().map(|answer| Pair::of(answer).refresh).collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
}

#[tokio::test]
async fn case_12_a_replay_after_the_leeway_ends_the_family() {
    let (gateway, pair) = replaying(SHORT).await;
    let since_ms = now_ms(&gateway).await;
    let next = Pair::of(&refresh_as_portal(&gateway, &pair.refresh).await);
    let again = refresh_as_portal(&gateway, &pair.refresh).await;
    assert_eq!(again.header("x-refresh-outcome"), "replayed");
    over(&gateway, since_ms.max(now_ms(&gateway).await), SHORT).await;
    let late = refresh_as_portal(&gateway, &pair.refresh).await;
    assert_eq!(late.problem(), (401, "refresh_token_reused".to_owned()));
    assert_eq!(refresh_as_portal(&gateway, &next.refresh).await.status, 401);
    for token in [&pair.access, &next.access, &Pair::of(&again).access] {
        assert_eq!(gateway.validate(token).await.status, 401);
    }
}

#[tokio::test]
async fn case_14_only_the_last_token_but_one_is_forgiven() {
    let gateway = Gateway::secured().await;
    let first = gateway.log_in("alice").await;
    let second = Pair::of(&gateway.refresh(&first.refresh).await);
    let third = Pair::of(&gateway.refresh(&second.refresh).await);
    assert_eq!(gateway.refresh(&first.refresh).await.problem(), (401, "refresh_token_reused".to_owned()));
    gateway.assert_dead(&third).await;
}

#[tokio::test]
async fn case_15_whoever_was_robbed_can_end_the_thief() {
    let gateway = Gateway::secured().await;
    let owner = gateway.log_in("alice").await;
    let thief = Pair::of(&gateway.refresh(&owner.refresh).await);
    assert_eq!(gateway.refresh(&owner.refresh).await.problem(), (401, "refresh_token_superseded".to_owned()));
    assert_eq!(gateway.log_out(&owner.refresh).await.status, 200);
    gateway.assert_dead(&thief).await;
}

#[tokio::test]
async fn case_19_without_a_leeway_any_reuse_ends_the_family() {
    let gateway = Gateway::secured_with(|logins| logins.rules.refresh_leeway = Duration::ZERO).await;
    let first = gateway.log_in("alice").await;
    let second = Pair::of(&gateway.refresh(&first.refresh).await);
    assert_eq!(gateway.refresh(&first.refresh).await.problem(), (401, "refresh_token_reused".to_owned()));
    gateway.assert_dead(&second).await;
}

#[tokio::test]
async fn case_20_inside_the_leeway_superseded_and_outside_reused() {
    let gateway = Gateway::secured_with(|logins| logins.rules.refresh_leeway = Duration::from_secs(2)).await;
    let first = gateway.log_in("alice").await;
    let second = Pair::of(&gateway.refresh(&first.refresh).await);
    let since_ms = now_ms(&gateway).await;
    assert_eq!(gateway.refresh(&first.refresh).await.problem(), (401, "refresh_token_superseded".to_owned()));
    assert_eq!(gateway.validate(&second.access).await.status, 200);
    over(&gateway, since_ms, Duration::from_secs(2)).await;
    assert_eq!(gateway.refresh(&first.refresh).await.problem(), (401, "refresh_token_reused".to_owned()));
    gateway.assert_dead(&second).await;
}

#[tokio::test]
async fn case_23_24_families_of_one_user_do_not_touch_each_other() {
    let gateway = Gateway::secured().await;
    let (one, two) = (gateway.log_in("alice").await, gateway.log_in("alice").await);
    let one_next = gateway.assert_lives(&one).await;
    let two_next = gateway.assert_lives(&two).await;
    Pair::of(&gateway.refresh(&one_next.refresh).await);
    assert_eq!(gateway.refresh(&one.refresh).await.problem(), (401, "refresh_token_reused".to_owned()));
    gateway.assert_lives(&two_next).await;
}

#[tokio::test]
async fn a_session_in_a_loop_waits_and_keeps_its_token() {
    let gateway = Gateway::secured_with(|logins| logins.rules.refresh_rate = 1).await;
    let mut pair = gateway.log_in("alice").await;
    let refused = loop {
        let answer = gateway.refresh(&pair.refresh).await;
        if answer.status != 200 {
            break answer;
        }
        pair = Pair::of(&answer);
    };
    assert_eq!(refused.problem(), (429, "rate_limited".to_owned()));
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(gateway.validate(&pair.access).await.status, 200);
    until(async || gateway.refresh(&pair.refresh).await.status == 200).await;
}
