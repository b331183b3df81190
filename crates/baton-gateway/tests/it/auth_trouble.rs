//! Redis is full, is emptied, or its answers are lost; and the clocks differ.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use baton_store::{Options, Script, Store};
use baton_testkit::{FaultProxy, Loss, PrivateRedis, Then};
use serde_json::{Value, json};

use crate::auth_support::{Pair, login_body};
use crate::support::{Answer, Gateway, PASSWORD, secured_settings, until};

const NEW: &str = "a quite different phrase";

async fn full(gateway: &Gateway, full: bool) {
    let told: String = gateway.redis.say(&["CONFIG", "SET", "maxmemory", if full { "1" } else { "0" }]).await;
    assert_eq!(told, "OK");
}

fn again_later(answer: &Answer) {
    assert_eq!(answer.problem(), (507, "storage_full".to_owned()));
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn case_118_a_full_redis_logs_out_and_takes_no_tokens_away() {
    let gateway = Gateway::secured().await;
    let (goes, stays) = (gateway.log_in("bob").await, gateway.log_in("bob").await);
    full(&gateway, true).await;
    again_later(&gateway.refresh(&stays.refresh).await);
    again_later(&gateway.post("/auth/login", login_body("bob")).await);
    assert_eq!(gateway.log_out(&goes.refresh).await.status, 200);
    assert_eq!(gateway.validate(&goes.access).await.status, 401);
    assert_eq!(gateway.validate(&stays.access).await.status, 200);
    full(&gateway, false).await;
    gateway.assert_dead(&goes).await;
    gateway.assert_lives(&stays).await;
}

#[tokio::test]
async fn case_45_a_store_that_lost_everything_is_met_again() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let before = gateway.app.store.ring_kids().await.unwrap();
    assert_eq!((before.0.clone(), before.1.is_some()), (vec![1], true));
    let _: String = gateway.redis.say(&["FLUSHALL"]).await;
    assert_eq!(gateway.refresh(&pair.refresh).await.problem(), (401, "refresh_token_invalid".to_owned()));
    until(async || {
        let now = gateway.app.store.ring_kids().await.unwrap();
        now.0 == before.0 && now.1.is_some() && now.1 != before.1
    })
    .await;
    // What was signed before is worth nothing, and new users log in.
    until(async || gateway.validate(&pair.access).await.status == 401).await;
    gateway.user("carol", "viewer").await;
    let carol = gateway.log_in("carol").await;
    gateway.assert_lives(&carol).await;
}

#[tokio::test]
async fn a_password_that_was_changed_unheard_is_not_called_wrong() {
    let redis = PrivateRedis::start().await;
    let proxy = FaultProxy::start(redis.socket()).await;
    let mut options = Options::new(proxy.url().parse().unwrap());
    options.logins = true;
    let (store, _) = Store::open(options).await.unwrap();
    let gateway = Gateway::over(redis, store, secured_settings());
    gateway.user("bob", "viewer").await;
    let (here, there) = (gateway.log_in("bob").await, gateway.log_in("bob").await);
    let script = Script::all().iter().find(|known| known.name == "token/password").unwrap();
    proxy.lose(Loss::to(&*script.sha, Then::Close));
    let body = json!({ "current": PASSWORD, "new": NEW });
    let unheard = gateway.post_as("/auth/password", &here.access, body).await;
    proxy.lost().await;
    let next = Pair::of(&unheard);
    gateway.assert_lives(&next).await;
    for pair in [&here, &there] {
        gateway.assert_dead(pair).await;
    }
    Pair::of(&gateway.post("/auth/login", json!({ "username": "bob", "password": NEW })).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_new_passwords_at_once_one_wins_and_the_other_is_not_called_wrong() {
    let gateway = Gateway::secured().await;
    let pairs = [gateway.log_in("bob").await, gateway.log_in("bob").await];
    let ask = |at: usize, new: &str| {
        let body = json!({ "current": PASSWORD, "new": new });
        gateway.post_as("/auth/password", &pairs[at].access, body)
    };
    let (one, other) = tokio::join!(ask(0, NEW), ask(1, "yet another long phrase"));
    let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
    gateway.assert_lives(&Pair::of(&won)).await;
    // Whoever came so late that his password was not even looked at has lost his session already.
    let told = lost.problem();
    assert!(matches!((told.0, told.1.as_str()), (409, "conflict") | (401, _)), "{told:?}");
    if told.0 == 409 {
        assert!(lost.text().contains("log in with the new password"), "{}", lost.text());
    }
    for pair in &pairs {
        gateway.assert_dead(pair).await;
    }
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap())
        .unwrap()
}

#[tokio::test]
async fn case_78_tokens_say_the_time_of_redis() {
    let redis = PrivateRedis::start().await;
    #[expect(clippy::disallowed_methods, reason = "the clock that Redis is made to differ from")]
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // Redis is five minutes behind, which leaves the tokens ten minutes here.
    let theirs_s = now_s - 300;
    let mut options = Options::new(redis.url().parse().unwrap());
    options.logins = true;
    options.injected_ms = Some(Arc::new(AtomicU64::new(theirs_s * 1_000)));
    let (store, _) = Store::open(options).await.unwrap();
    let gateway = Gateway::over(redis, store, secured_settings());
    gateway.user("bob", "viewer").await;
    let first = gateway.log_in("bob").await;
    let second = Pair::of(&gateway.refresh(&first.refresh).await);
    for pair in [&first, &second] {
        let claims = claims(&pair.access);
        assert_eq!((claims["iat"].as_u64(), claims["exp"].as_u64()), (Some(theirs_s), Some(theirs_s + 900)));
        assert_eq!(claims["auth_time"].as_u64(), Some(theirs_s));
        assert_eq!(gateway.validate(&pair.access).await.status, 200);
    }
}
