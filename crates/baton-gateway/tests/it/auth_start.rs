//! How gateways begin, and what is so where there are no logins.

use baton_gateway::Settings;
use baton_gateway::auth::StartError;
use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;
use serde_json::json;

use crate::auth_support::{Pair, bearing, form};
use crate::support::{Gateway, get, post, ring, until};

async fn open(accept_any: bool) -> Gateway {
    let redis = PrivateRedis::start().await;
    let mut options = Options::new(redis.url().parse().unwrap());
    options.logins = true;
    let (store, _) = Store::open(options).await.unwrap();
    let mut settings = Settings::default();
    settings.logins.ring = Some(std::sync::Arc::new(ring()));
    settings.logins.accept_any = accept_any;
    Gateway::over(redis, store, settings)
}

#[tokio::test]
async fn case_117_a_wrong_credential_is_refused_where_none_is_needed() {
    let gateway = open(false).await;
    assert_eq!(gateway.get("/auth/validate").await.problem(), (401, "unauthenticated".to_owned()));
    for token in ["x.y.z", "btk_nope", "btr_nope"] {
        assert_eq!(gateway.validate(token).await.status, 401, "{token}");
        let ticket = bearing(post("/auth/ticket", &json!({ "purpose": "sse" })), token);
        assert_eq!(gateway.ask(ticket).await.status, 401, "{token}");
    }
    assert_eq!(gateway.post("/auth/ticket", json!({ "purpose": "sse" })).await.status, 200);
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"] {
        assert_eq!(gateway.ask(form(path, &[])).await.problem(), (404, "not_found".to_owned()), "{path}");
    }
    assert_eq!(gateway.get("/.well-known/oauth-authorization-server").await.status, 404);
    assert_eq!(gateway.get("/health").await.json()["auth"], "none");
}

#[tokio::test]
async fn any_name_logs_in_for_those_who_try_it_out_and_nowhere_else() {
    let body = json!({ "username": "whoever", "password": "whatever" });
    let dev = open(true).await;
    let pair = Pair::of(&dev.post("/auth/login", body.clone()).await);
    let valid = dev.validate(&pair.access).await.json();
    assert_eq!((valid["user_id"].clone(), valid["scope"].clone()), (json!("user_whoever"), json!("admin")));
    let next = dev.assert_lives(&pair).await;
    assert_eq!(dev.log_out(&next.refresh).await.status, 200);
    dev.assert_dead(&next).await;
    assert_eq!(dev.post("/auth/login", json!({ "username": "", "password": "x" })).await.status, 400);
    let plain = open(false).await;
    assert_eq!(
        plain.post("/auth/login", body.clone()).await.problem(),
        (401, "invalid_credentials".to_owned())
    );
    let secured = Gateway::secured().await;
    assert_eq!(secured.post("/auth/login", body).await.problem(), (401, "invalid_credentials".to_owned()));
}

#[tokio::test]
async fn case_113_gateways_with_other_secrets_do_not_start() {
    let gateway = Gateway::secured().await;
    let line = |kid: u8, seed: u8| {
        let bytes = std::array::from_fn(|at| seed.wrapping_mul(at as u8 + 5) ^ 0x33);
        baton_auth::ring::Ring::line(kid, bytes).expose().clone()
    };
    let start = async |text: String| {
        let mut settings = crate::support::secured_settings();
        settings.logins.ring = Some(std::sync::Arc::new(baton_auth::ring::Ring::parse(&text).unwrap()));
        let store = gateway.app.store.clone();
        let app = baton_gateway::App::start(store, settings, tokio_util::sync::CancellationToken::new());
        app.auth.meet_others().await
    };
    assert!(matches!(start(line(1, 91)).await, Err(StartError::OtherBytes(1))));
    assert!(matches!(start(line(2, 91)).await, Err(StartError::FirstMissing(1))));
}

#[tokio::test]
async fn case_77_gateways_that_begin_at_once_sign_with_one_key() {
    let gateway = Gateway::secured().await;
    let twin = gateway.twin().await;
    let (one, two) = (gateway.get("/.well-known/jwks.json"), twin.ask(get("/.well-known/jwks.json")));
    let (one, two) = tokio::join!(one, two);
    assert_eq!(one.json(), two.json());
    let pair = gateway.log_in("alice").await;
    assert_eq!(twin.ask(bearing(get("/auth/validate"), &pair.access)).await.status, 200);
}

#[tokio::test]
async fn case_79_what_one_gateway_ends_all_refuse() {
    let gateway = Gateway::secured().await;
    let twin = gateway.twin().await;
    let pair = gateway.log_in("alice").await;
    let there = async || twin.ask(bearing(get("/auth/validate"), &pair.access)).await.status.as_u16();
    assert_eq!(there().await, 200);
    until(async || twin.app.auth.hears()).await;
    assert_eq!(gateway.log_out(&pair.refresh).await.status, 200);
    until(async || there().await == 401).await;
    let strict = twin.ask(bearing(get("/auth/users"), &pair.access)).await;
    assert_eq!(strict.status, 401);
}

#[tokio::test]
async fn case_110_only_what_must_stay_has_no_end() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    gateway.refresh(&pair.refresh).await;
    gateway.key(&pair.access, json!({ "name": "k", "scopes": [], "expires_in": 60 })).await;
    gateway.post_as("/auth/ticket", &pair.access, json!({ "purpose": "sse" })).await;
    gateway.post("/auth/login", json!({ "username": "bob", "password": "x" })).await;
    let snapshot = gateway.snapshot().await;
    let ours: Vec<_> = snapshot.0.iter().filter(|(key, _)| key.starts_with("baton:{u")).collect();
    let endless = ours.iter().filter(|(_, value)| !value.expires);
    let mut endless: Vec<&str> = endless.filter_map(|(key, _)| key.rsplit(':').next()).collect();
    endless.sort();
    endless.dedup();
    let known = ["jwks", "keys", "meta", "revoked", "user", "users"];
    assert!(endless.iter().all(|name| known.contains(name)), "{endless:?}");
    assert!(ours.len() > endless.len());
}
